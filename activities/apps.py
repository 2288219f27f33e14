from django.apps import AppConfig
from django.db.models.signals import post_migrate


def _after_migrate(sender: AppConfig, **_: object) -> None:
    from django.contrib.auth.management import create_permissions

    from contacts.access import ensure_roles

    create_permissions(sender, verbosity=0)
    ensure_roles(sender.label)


class ActivitiesConfig(AppConfig):
    name = "activities"

    def ready(self) -> None:
        from activities import registered

        post_migrate.connect(_after_migrate, sender=self)
        registered.everywhere()
