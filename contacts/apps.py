from django.apps import AppConfig
from django.db.models.signals import post_migrate


def _after_migrate(sender: AppConfig, **_: object) -> None:
    from django.contrib.auth.management import create_permissions

    from contacts.access import ensure_roles

    create_permissions(sender, verbosity=0)  # ours runs before Django's own handler does it
    ensure_roles()


class ContactsConfig(AppConfig):
    name = "contacts"

    def ready(self) -> None:
        from contacts import checks  # noqa: F401  registers them

        post_migrate.connect(_after_migrate, sender=self)
