"""Routing forms and what is sent in through them, searched like meetings; other schedulers."""

import activities.models.ids
import activities.models.scheduler
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

INDEX = (
    "CREATE INDEX submission_search ON activities_formsubmission "
    "USING gin (search_text gin_trgm_ops)"
)


def index(statement):
    def apply(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(statement)

    return apply


class Migration(migrations.Migration):

    dependencies = [
        ('activities', '0007_chatbots'),
        ('contacts', '0015_single_keys_help'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RoutingForm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=activities.models.ids.new_form_id, max_length=20, unique=True)),
                ('slug', models.SlugField(max_length=80, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('description', models.TextField(blank=True, default='', max_length=2000)),
                ('questions', models.JSONField(blank=True, default=list)),
                ('rules', models.JSONField(blank=True, default=list)),
                ('default_outcome', models.JSONField(default=dict)),
                ('contact_status', models.CharField(blank=True, choices=[('Qualified', 'Qualified'), ('Marketing qualified', 'Marketing'), ('Sales qualified', 'Sales'), ('Disqualified', 'Disqualified')], default='', max_length=20)),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='routing_forms', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='SchedulerConnection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=activities.models.ids.new_connection_id, max_length=20, unique=True)),
                ('kind', models.CharField(choices=[('calcom', 'Cal.com'), ('calendly', 'Calendly')], max_length=8)),
                ('name', models.CharField(max_length=120)),
                ('address', models.CharField(default=activities.models.scheduler.new_address, max_length=40, unique=True)),
                ('secret', models.TextField()),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('received_at', models.DateTimeField(blank=True, null=True)),
                ('refused_at', models.DateTimeField(blank=True, null=True)),
                ('refused_why', models.CharField(blank=True, default='', max_length=20)),
                ('host', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='scheduler_connections', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='FormSubmission',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=activities.models.ids.new_submission_id, max_length=20, unique=True)),
                ('contact_public_id', models.CharField(blank=True, default='', max_length=20)),
                ('is_test', models.BooleanField(default=False)),
                ('guest_name', models.CharField(blank=True, default='', max_length=200)),
                ('guest_email', models.CharField(blank=True, default='', max_length=254)),
                ('guest_mobile_phone', models.CharField(blank=True, default='', max_length=20)),
                ('guest_company', models.CharField(blank=True, default='', max_length=255)),
                ('answers', models.JSONField(blank=True, default=list)),
                ('outcome', models.CharField(choices=[('calendar', 'Booking page'), ('message', 'Message'), ('url', 'Web address')], max_length=8)),
                ('outcome_text', models.TextField(blank=True, default='')),
                ('rule', models.PositiveSmallIntegerField(default=0)),
                ('fell_back', models.BooleanField(default=False)),
                ('contact_status', models.CharField(blank=True, choices=[('Qualified', 'Qualified'), ('Marketing qualified', 'Marketing'), ('Sales qualified', 'Sales'), ('Disqualified', 'Disqualified')], default='', max_length=20)),
                ('nonce', models.CharField(max_length=64, unique=True)),
                ('creation_time', models.DateTimeField(default=django.utils.timezone.now)),
                ('search_text', models.TextField(blank=True, default='', editable=False)),
                ('calendar', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='form_submissions', to='activities.bookingcalendar')),
                ('contact', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='form_submissions', to='contacts.contact')),
                ('meeting', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='form_submissions', to='activities.meeting')),
                ('form', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='activities.routingform')),
            ],
            options={
                'ordering': ['-creation_time', '-id'],
                'indexes': [models.Index(fields=['creation_time', 'id'], name='submissions_by_time'), models.Index(fields=['contact', 'creation_time'], name='submissions_of_contact'), models.Index(fields=['form', 'creation_time'], name='submissions_of_form')],
            },
        ),
        migrations.CreateModel(
            name='ExternalBooking',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('external_id', models.CharField(max_length=300)),
                ('state', models.CharField(choices=[('active', 'Active'), ('canceled', 'Canceled'), ('moved', 'Moved')], default='active', max_length=8)),
                ('moved_to', models.CharField(blank=True, default='', max_length=300)),
                ('told_at', models.DateTimeField()),
                ('meeting', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='external_bookings', to='activities.meeting')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='bookings', to='activities.schedulerconnection')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('connection', 'external_id'), name='one_row_an_external_booking')],
            },
        ),
        migrations.CreateModel(
            name='SchedulerEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('event', models.CharField(max_length=40)),
                ('outcome', models.CharField(choices=[('booked', 'Meeting booked'), ('moved', 'Meeting moved'), ('canceled', 'Meeting canceled'), ('early', 'Noted: the booking itself has not come yet'), ('nothing', 'Nothing to change'), ('ignored', 'Of no interest here'), ('unreadable', 'Could not be understood')], max_length=10)),
                ('digest', models.CharField(max_length=64)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='activities.schedulerconnection')),
                ('meeting', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='activities.meeting')),
            ],
            options={
                'ordering': ['-received_at', '-id'],
                'indexes': [models.Index(fields=['connection', 'received_at'], name='scheduler_events_by_time')],
                'constraints': [models.UniqueConstraint(fields=('connection', 'digest'), name='one_event_a_body')],
            },
        ),
        migrations.RunPython(index(INDEX), index("DROP INDEX submission_search")),
    ]
