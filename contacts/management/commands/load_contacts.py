"""`manage.py load_contacts N`: N made-up contacts, to measure speed with."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from contacts.models import Contact, User
from contacts.sample.loading import load, settle


class Command(BaseCommand):
    help = (
        "Load made-up contacts, the same each time, to measure speed with. They have identifiers "
        "and are found by the search, but have no history, and connected systems are not told."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", type=int)
        parser.add_argument(
            "--among-real",
            action="store_true",
            help="also into a production database that has contacts",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION and Contact.objects.exists() and not options["among_real"]:
            raise CommandError(
                "There are contacts in this database, and made-up ones would stand among them. "
                "To load them all the same, add --among-real."
            )
        owners = list(
            User.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True)
        )
        if not owners:
            raise CommandError("There is nobody to own contacts yet. Run create_owner first.")
        load(options["number"], owners=owners, until=timezone.now(), say=self.stdout.write)
        settle()
