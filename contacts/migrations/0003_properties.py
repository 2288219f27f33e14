import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


def compare_by_bytes(apps, schema_editor):
    """As 0002 does for the sort columns of contacts: keyset paging compares the keys."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            'ALTER TABLE contacts_propertykey ALTER COLUMN key TYPE varchar(120) COLLATE "C"'
        )


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0002_postgresql'),
    ]

    operations = [
        migrations.CreateModel(
            name='Property',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=50, unique=True)),
                ('label', models.CharField(max_length=120)),
                ('kind', models.CharField(choices=[('text', 'Text'), ('long_text', 'Long text'), ('number', 'Number'), ('yes_no', 'Yes/no'), ('date', 'Date'), ('select', 'Single select'), ('multi_select', 'Multi select')], max_length=12)),
                ('options', models.JSONField(blank=True, default=list)),
                ('position', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name_plural': 'properties',
                'ordering': ['position', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='contact',
            name='custom',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.CreateModel(
            name='PropertyKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sorts', models.BooleanField(default=True)),
                ('key', models.CharField(max_length=120)),
                ('contact', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='property_keys', to='contacts.contact')),
                ('property', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='contacts.property')),
            ],
            options={
                'indexes': [models.Index(fields=['property', 'sorts', 'key', 'contact'], name='contact_by_property')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('sorts', True)), fields=('contact', 'property'), name='one_sort_key_per_property')],
            },
        ),
        migrations.RunPython(compare_by_bytes, migrations.RunPython.noop),
    ]
