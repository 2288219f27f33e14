import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0010_people'),
    ]

    operations = [
        migrations.CreateModel(
            name='BulkRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(max_length=20)),
                ('outcome', models.CharField(blank=True, choices=[('', 'Waiting'), ('done', 'Done'), ('same', 'Unchanged'), ('refused', 'Refused')], default='', max_length=7)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='ExportFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lease_token', models.CharField(blank=True, default='', max_length=36)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('format', models.CharField(choices=[('csv', 'CSV'), ('xlsx', 'XLSX')], max_length=4)),
                ('columns', models.JSONField(default=list)),
                ('selection', models.JSONField(blank=True, default=dict)),
                ('filename', models.CharField(max_length=120)),
                ('path', models.CharField(blank=True, default='', max_length=500)),
                ('state', models.CharField(choices=[('running', 'Being written'), ('ready', 'Ready'), ('stopped', 'Stopped'), ('failed', 'Failed'), ('gone', 'Removed')], default='running', max_length=7)),
                ('error', models.CharField(blank=True, default='', max_length=200)),
                ('total', models.PositiveIntegerField(default=0)),
                ('done_rows', models.PositiveIntegerField(default=0)),
                ('size', models.BigIntegerField(default=0)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-created_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='BulkAction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lease_token', models.CharField(blank=True, default='', max_length=36)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('kind', models.CharField(choices=[('owner', 'Assign owner'), ('status', 'Set status'), ('delete', 'Delete'), ('undo', 'Undo')], max_length=6)),
                ('value', models.CharField(blank=True, default='', max_length=20)),
                ('state', models.CharField(choices=[('running', 'Running'), ('done', 'Done'), ('stopped', 'Stopped'), ('failed', 'Failed')], default='running', max_length=7)),
                ('error', models.CharField(blank=True, default='', max_length=200)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('total', models.PositiveIntegerField(default=0)),
                ('done_rows', models.PositiveIntegerField(default=0)),
                ('done', models.PositiveIntegerField(default=0)),
                ('unchanged', models.PositiveIntegerField(default=0)),
                ('refused', models.PositiveIntegerField(default=0)),
                ('through', models.BigIntegerField(default=0)),
                ('started_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bulk_actions', to=settings.AUTH_USER_MODEL)),
                ('undoes', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='undos', to='contacts.bulkaction')),
            ],
            options={
                'ordering': ['-started_at', '-id'],
            },
        ),
        migrations.AddField(
            model_name='fieldchange',
            name='bulk',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='contacts.bulkaction'),
        ),
        migrations.AddIndex(
            model_name='fieldchange',
            index=models.Index(condition=models.Q(('bulk__isnull', False)), fields=['bulk', 'contact'], name='history_of_bulk_action'),
        ),
        migrations.AddField(
            model_name='bulkrow',
            name='action',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='contacts.bulkaction'),
        ),
        migrations.AddField(
            model_name='exportfile',
            name='created_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='export_files', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='bulkaction',
            index=models.Index(fields=['started_by', '-started_at'], name='bulk_actions_of_user'),
        ),
        migrations.AddConstraint(
            model_name='bulkaction',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['running', 'done'])), fields=('undoes',), name='one_undo_per_bulk_action'),
        ),
        migrations.AddConstraint(
            model_name='bulkaction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'undo'), ('undoes__isnull', False)), models.Q(models.Q(('kind', 'undo'), _negated=True), ('undoes__isnull', True)), _connector='OR'), name='an_undo_undoes_something'),
        ),
        migrations.AddIndex(
            model_name='bulkrow',
            index=models.Index(fields=['action', 'id'], name='bulk_rows_in_order'),
        ),
        migrations.AddConstraint(
            model_name='exportfile',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'running')), fields=('created_by',), name='one_running_export_per_user'),
        ),
    ]
