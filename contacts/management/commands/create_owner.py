"""`manage.py create_owner EMAIL`: the first account owner of a new installation."""

import getpass
import os
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from contacts.access import Role
from contacts.models import User


class Command(BaseCommand):
    help = "Make an account owner. The password is asked for, or read from KITH_OWNER_PASSWORD."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--first-name", default="")
        parser.add_argument("--last-name", default="")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip()
        if User.objects.filter(email__iexact=email).exists():
            raise CommandError(f"{email} is already a user.")
        password = os.environ.get("KITH_OWNER_PASSWORD") or getpass.getpass("Password: ")
        user = User(
            email=email,
            first_name=options["first_name"],
            last_name=options["last_name"],
            is_staff=True,
        )
        try:
            user.clean_fields(exclude=["password"])
            validate_password(password, user)
        except ValidationError as fault:
            raise CommandError(" ".join(fault.messages)) from fault
        user.set_password(password)
        user.save()
        user.groups.add(Group.objects.get(name=Role.OWNER.value))
        self.stdout.write(f"{email} is now an account owner.")
