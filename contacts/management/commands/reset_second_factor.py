"""`manage.py reset_second_factor EMAIL`: for an account owner who has lost phone and codes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from contacts.models import Source, User
from contacts.people import second_factor
from contacts.signals import Actor


class Command(BaseCommand):
    help = "Remove the second factor of a user and end their sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"].strip()).first()
        if user is None:
            raise CommandError(f"{options['email']} is not a user.")
        if not user.second_factor_since:
            raise CommandError(f"{user.email} has no second factor.")
        second_factor.reset(actor=Actor(None, Source.COMMAND), person_id=user.pk)
        self.stdout.write(f"{user.email} signs in with the password alone now.")
