from celery.signals import task_prerun
from django.apps import AppConfig
from django.core.signals import request_started
from django.db.models.signals import post_delete, post_migrate, post_save


def _after_migrate(sender: AppConfig, using: str, **_: object) -> None:
    from django.contrib.auth.management import create_permissions
    from django.db import connections

    from contacts import search_index
    from contacts.access import ensure_roles

    create_permissions(sender, verbosity=0)  # ours runs before Django's own handler does it
    ensure_roles()
    search_index.keep(connections[using])


class ContactsConfig(AppConfig):
    name = "contacts"

    def ready(self) -> None:
        from contacts import (
            api_sweeping,
            checks,  # noqa: F401  registers them
            periodic,
            vault,
        )
        from contacts.fields import forget_fields
        from contacts.models import AuthenticatorApp, Property

        post_migrate.connect(_after_migrate, sender=self)
        for begins in (request_started, task_prerun):
            begins.connect(forget_fields)
        for changed in (post_save, post_delete):
            changed.connect(forget_fields, sender=Property)
        vault.register(AuthenticatorApp, "secret", purpose=AuthenticatorApp.PURPOSE)
        periodic.register(periodic.Step("secrets", 3600.0, vault.renew_during_rotation))
        periodic.register(periodic.Step("answers of the API", 60.0, api_sweeping.forget_old))
