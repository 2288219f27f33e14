"""The queues of people, what probing is counted by, and an audit that only grows.

The audit's rows are protected by the database: whatever code is run on it, short of taking the
triggers away, no row is changed or deleted. Each new row gets an empty seal in its own transaction,
which contacts.sealing fills in.
"""

import datetime
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

SQLITE = [
    """CREATE TRIGGER audit_entry_stays BEFORE UPDATE ON contacts_auditentry
    BEGIN SELECT RAISE(ABORT, 'The audit is append-only'); END""",
    """CREATE TRIGGER audit_entry_kept BEFORE DELETE ON contacts_auditentry
    BEGIN SELECT RAISE(ABORT, 'The audit is append-only'); END""",
    # INSERT OR REPLACE deletes without a DELETE trigger.
    """CREATE TRIGGER audit_entry_not_replaced BEFORE INSERT ON contacts_auditentry
    WHEN EXISTS (SELECT 1 FROM contacts_auditentry WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'The audit is append-only'); END""",
    """CREATE TRIGGER audit_entry_to_be_sealed AFTER INSERT ON contacts_auditentry
    BEGIN INSERT INTO contacts_auditseal (entry_id, digest) VALUES (NEW.id, ''); END""",
    """CREATE TRIGGER audit_seal_stays BEFORE UPDATE ON contacts_auditseal
    WHEN OLD.position IS NOT NULL OR NEW.position IS NULL OR NEW.entry_id <> OLD.entry_id
    BEGIN SELECT RAISE(ABORT, 'The audit is append-only'); END""",
    """CREATE TRIGGER audit_seal_kept BEFORE DELETE ON contacts_auditseal
    BEGIN SELECT RAISE(ABORT, 'The audit is append-only'); END""",
    """CREATE TRIGGER audit_seal_not_replaced BEFORE INSERT ON contacts_auditseal
    WHEN EXISTS (SELECT 1 FROM contacts_auditseal WHERE entry_id = NEW.entry_id)
    BEGIN SELECT RAISE(ABORT, 'The audit is append-only'); END""",
]
SQLITE_OFF = [
    "DROP TRIGGER IF EXISTS audit_entry_stays",
    "DROP TRIGGER IF EXISTS audit_entry_kept",
    "DROP TRIGGER IF EXISTS audit_entry_not_replaced",
    "DROP TRIGGER IF EXISTS audit_entry_to_be_sealed",
    "DROP TRIGGER IF EXISTS audit_seal_stays",
    "DROP TRIGGER IF EXISTS audit_seal_kept",
    "DROP TRIGGER IF EXISTS audit_seal_not_replaced",
]
POSTGRESQL = [
    """CREATE FUNCTION contacts_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'The audit is append-only' USING ERRCODE = 'restrict_violation'; END $$""",
    """CREATE FUNCTION contacts_audit_queue() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO contacts_auditseal (entry_id, digest) VALUES (NEW.id, ''); RETURN NULL; END $$""",
    """CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE ON contacts_auditentry
    FOR EACH ROW EXECUTE FUNCTION contacts_audit_refuse()""",
    """CREATE TRIGGER audit_entries_kept BEFORE TRUNCATE ON contacts_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION contacts_audit_refuse()""",
    """CREATE TRIGGER audit_entry_to_be_sealed AFTER INSERT ON contacts_auditentry
    FOR EACH ROW EXECUTE FUNCTION contacts_audit_queue()""",
    """CREATE TRIGGER audit_seal_stays BEFORE UPDATE ON contacts_auditseal FOR EACH ROW
    WHEN (OLD.position IS NOT NULL OR NEW.position IS NULL OR NEW.entry_id <> OLD.entry_id)
    EXECUTE FUNCTION contacts_audit_refuse()""",
    """CREATE TRIGGER audit_seal_kept BEFORE DELETE ON contacts_auditseal
    FOR EACH ROW EXECUTE FUNCTION contacts_audit_refuse()""",
    """CREATE TRIGGER audit_seals_kept BEFORE TRUNCATE ON contacts_auditseal
    FOR EACH STATEMENT EXECUTE FUNCTION contacts_audit_refuse()""",
]
POSTGRESQL_OFF = [
    "DROP FUNCTION IF EXISTS contacts_audit_refuse() CASCADE",  # its triggers with it
    "DROP FUNCTION IF EXISTS contacts_audit_queue() CASCADE",
]
ON = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
OFF = {"sqlite": SQLITE_OFF, "postgresql": POSTGRESQL_OFF}


def protect(apps, schema_editor):
    for statement in ON[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def unprotect(apps, schema_editor):
    for statement in OFF[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def queue_what_is_there(apps, schema_editor):
    """Entries from before are sealed too, as they stand now."""
    schema_editor.execute(
        "INSERT INTO contacts_auditseal (entry_id, digest) SELECT id, '' FROM contacts_auditentry"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0004_contact_source"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="seal",
                        serialize=False,
                        to="contacts.auditentry",
                    ),
                ),
                ("position", models.BigIntegerField(null=True, unique=True)),
                ("digest", models.CharField(blank=True, default="", max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="DuplicateSearch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "through_time",
                    models.DateTimeField(
                        default=datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
                    ),
                ),
                ("through_id", models.BigIntegerField(default=0)),
                ("complete_at", models.DateTimeField(blank=True, null=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("lease_token", models.CharField(blank=True, default="", max_length=36)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "duplicate searches",
            },
        ),
        migrations.CreateModel(
            name="HiddenHit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("confirmed", models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name="MatchKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "Name And Company"),
                            (2, "Landline"),
                            (3, "Plain Email"),
                            (4, "Local Part"),
                            (5, "Name"),
                        ]
                    ),
                ),
                ("key", models.BigIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name="conflictrequest",
            name="note",
            field=models.CharField(blank=True, default="", max_length=1000),
        ),
        migrations.AddField(
            model_name="possibleduplicate",
            name="by_search",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="possibleduplicate",
            name="dismissed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="actor",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["at", "id"], name="audit_by_time"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["actor", "at", "id"], name="audit_by_actor"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["action", "at", "id"], name="audit_by_action"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["actor", "action", "at", "id"], name="audit_by_both"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["object_id", "at", "id"], name="audit_by_object"),
        ),
        migrations.AddIndex(
            model_name="conflictrequest",
            index=models.Index(
                condition=models.Q(("asked_at__isnull", False), ("state", "open")),
                fields=["asked_at", "id"],
                name="request_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="conflictrequest",
            index=models.Index(
                condition=models.Q(("resolved_at__isnull", False)),
                fields=["resolved_at", "id"],
                name="requests_resolved",
            ),
        ),
        migrations.AddIndex(
            model_name="conflictrequest",
            index=models.Index(
                fields=["requested_by", "created_at", "id"], name="requests_of_person"
            ),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["last_updated_time", "id"], name="contact_by_saved"),
        ),
        migrations.AddIndex(
            model_name="possibleduplicate",
            index=models.Index(
                condition=models.Q(("dismissed_at", None)),
                fields=["found_at", "id"],
                name="duplicates_to_review",
            ),
        ),
        migrations.AddIndex(
            model_name="possibleduplicate",
            index=models.Index(
                condition=models.Q(("dismissed_at__isnull", False)),
                fields=["dismissed_at", "id"],
                name="duplicates_dismissed",
            ),
        ),
        migrations.AddIndex(
            model_name="auditseal",
            index=models.Index(
                condition=models.Q(("position", None)), fields=["entry"], name="audit_to_be_sealed"
            ),
        ),
        migrations.AddField(
            model_name="hiddenhit",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="matchkey",
            name="contact",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="contacts.contact",
            ),
        ),
        migrations.AddIndex(
            model_name="hiddenhit",
            index=models.Index(fields=["user", "at"], name="hits_of_user"),
        ),
        migrations.AddIndex(
            model_name="matchkey",
            index=models.Index(fields=["key", "contact"], name="match_key_lookup"),
        ),
        migrations.AddConstraint(
            model_name="matchkey",
            constraint=models.UniqueConstraint(
                fields=("contact", "kind"), name="one_match_key_per_kind"
            ),
        ),
        migrations.RunPython(queue_what_is_there, migrations.RunPython.noop),
        migrations.RunPython(protect, unprotect),
    ]
