"""`manage.py renew_secrets`: after SECRET_KEY was changed, before the earlier key is thrown away."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contacts.vault import renew


class Command(BaseCommand):
    help = (
        "Encrypt stored secrets with the present SECRET_KEY. The earlier key must be among "
        "SECRET_KEY_FALLBACKS meanwhile. The relay does the same every hour."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done = renew()
        self.stdout.write(f"{done.renewed} encrypted with the present key.")
        if done.unreadable:
            raise CommandError(
                f"{done.unreadable} cannot be read with SECRET_KEY or SECRET_KEY_FALLBACKS. Name the "
                "key they were written with; else these people need their recovery codes."
            )
