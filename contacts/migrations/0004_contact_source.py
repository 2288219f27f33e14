from django.db import migrations, models


def of_history(apps, schema_editor):
    """Contacts that are there already come from whatever gave them their first owner."""
    Contact = apps.get_model("contacts", "Contact")
    FieldChange = apps.get_model("contacts", "FieldChange")
    first = FieldChange.objects.filter(contact=models.OuterRef("pk"), field="owner", old="")
    made_by = first.exclude(version=0).order_by("pk").values("source")[:1]
    Contact.objects.filter(models.Exists(first.exclude(version=0))).update(
        source=models.Subquery(made_by)
    )


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0003_properties'),
    ]

    operations = [
        migrations.AddField(
            model_name='contact',
            name='source',
            field=models.CharField(choices=[('person', 'Person'), ('import', 'Import'), ('merge', 'Merge'), ('admin', 'Administration'), ('command', 'Command line'), ('api_key', 'API key'), ('booking', 'Booking'), ('form', 'Routing form'), ('chatbot', 'Chatbot')], default='person', max_length=8),
        ),
        migrations.AddField(
            model_name='import',
            name='matched_email',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='import',
            name='matched_mobile',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.RunPython(of_history, migrations.RunPython.noop),
    ]
