import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0005_queues'),
    ]

    operations = [
        migrations.AddField(
            model_name='merge',
            name='records',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='merge',
            name='undone_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='fieldchange',
            name='detail',
            field=models.CharField(blank=True, default='', max_length=200),
        ),
    ]
