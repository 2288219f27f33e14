"""Chatbots and their conversations, which can be searched as meetings can."""

import activities.models.ids
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


INDEX = (
    "CREATE INDEX conversation_search ON activities_conversation "
    "USING gin (search_text gin_trgm_ops)"
)


def index(statement):
    def apply(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(statement)

    return apply


class Migration(migrations.Migration):

    dependencies = [
        ('activities', '0006_plan_reminders'),
        ('contacts', '0002_postgresql'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='meeting',
            name='source',
            field=models.CharField(choices=[('page', 'Booking page'), ('api', 'API'), ('host', 'Host'), ('scheduler', 'Another scheduler'), ('chatbot', 'Chatbot')], default='page', max_length=9),
        ),
        migrations.CreateModel(
            name='Chatbot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=activities.models.ids.new_chatbot_id, max_length=20, unique=True)),
                ('slug', models.SlugField(max_length=80, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('flow', models.JSONField(blank=True, default=list)),
                ('sites', models.JSONField(blank=True, default=list)),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='chatbots', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='ChatbotVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64)),
                ('steps', models.JSONField()),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('bot', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='activities.chatbot')),
            ],
        ),
        migrations.AddField(
            model_name='chatbot',
            name='live',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='activities.chatbotversion'),
        ),
        migrations.CreateModel(
            name='Conversation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=activities.models.ids.new_conversation_id, max_length=20, unique=True)),
                ('state', models.CharField(choices=[('active', 'Active'), ('finished', 'Finished'), ('abandoned', 'Abandoned')], default='active', max_length=9)),
                ('is_test', models.BooleanField(default=False)),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('contact_public_id', models.CharField(blank=True, default='', max_length=20)),
                ('made_contact', models.BooleanField(default=False)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('last_message_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('messages_count', models.PositiveIntegerField(default=0)),
                ('answered', models.PositiveIntegerField(default=0)),
                ('step', models.CharField(blank=True, default='', max_length=20)),
                ('detail', models.CharField(blank=True, default='', max_length=20)),
                ('offered_from', models.DateTimeField(blank=True, null=True)),
                ('answers', models.JSONField(blank=True, default=dict)),
                ('status', models.CharField(blank=True, default='', max_length=30)),
                ('time_zone', models.CharField(blank=True, default='', max_length=64)),
                ('visitor', models.CharField(blank=True, default='', max_length=254)),
                ('search_text', models.TextField(blank=True, default='', editable=False)),
                ('bot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='conversations', to='activities.chatbot')),
                ('contact', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='conversations', to='contacts.contact')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='activities.chatbotversion')),
            ],
            options={
                'ordering': ['-started_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='ChatMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('by', models.CharField(choices=[('bot', 'Bot'), ('visitor', 'Visitor')], max_length=7)),
                ('text', models.TextField()),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('nonce', models.CharField(blank=True, default='', max_length=64)),
                ('meeting', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='activities.meeting')),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='activities.conversation')),
            ],
            options={
                'ordering': ['number'],
            },
        ),
        migrations.AddConstraint(
            model_name='chatbotversion',
            constraint=models.UniqueConstraint(fields=('bot', 'digest'), name='one_version_a_flow'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(fields=['started_at', 'id'], name='conversations_by_start'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(fields=['contact', 'started_at'], name='conversations_of_contact'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(fields=['state', 'last_message_at'], name='conversations_by_state'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(fields=['answered', 'last_message_at'], name='conversations_unanswered'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(fields=['is_test', 'last_message_at'], name='conversations_of_tests'),
        ),
        migrations.AddConstraint(
            model_name='chatmessage',
            constraint=models.UniqueConstraint(fields=('conversation', 'number'), name='one_message_a_number'),
        ),
        migrations.AddConstraint(
            model_name='chatmessage',
            constraint=models.UniqueConstraint(condition=models.Q(('nonce', ''), _negated=True), fields=('conversation', 'nonce'), name='one_message_a_nonce'),
        ),
        migrations.AddField(
            model_name='meeting',
            name='conversation',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='meetings', to='activities.conversation'),
        ),
        migrations.RunPython(index(INDEX), index("DROP INDEX conversation_search")),
    ]
