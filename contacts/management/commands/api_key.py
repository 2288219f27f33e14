"""`manage.py api_key create NAME`, `list`, `revoke KEY-…`: keys of the HTTP API."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from contacts.api_keys import active_keys, create_key, revoke_key
from contacts.identity import InvalidValue
from contacts.models import Source
from contacts.signals import Actor

BY_COMMAND = Actor(None, Source.COMMAND)


class Command(BaseCommand):
    help = "Make, list and revoke keys of the HTTP API. The key itself is the last line printed."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("create").add_argument("name", help="what the key is for")
        actions.add_parser("list")
        actions.add_parser("revoke").add_argument("id", help="KEY-…, as `list` shows it")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "create":
            self._create(options["name"])
        elif options["action"] == "revoke":
            self._revoke(options["id"])
        else:
            for key in active_keys():
                used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
                self.stdout.write(f"{key.public_id}  …{key.ending}  {used:16}  {key.name}")

    def _create(self, name: str) -> None:
        try:
            row, key = create_key(name=name, actor=BY_COMMAND)
        except InvalidValue as fault:
            raise CommandError(f"{fault}.") from fault
        self.stderr.write(f"{row.public_id}: this is shown once, and cannot be read again.")
        self.stdout.write(key)

    def _revoke(self, public_id: str) -> None:
        row = active_keys().filter(public_id=public_id).first()
        if row is None or not revoke_key(key=row, actor=BY_COMMAND):
            raise CommandError(f"There is no active key {public_id}.")
        self.stdout.write(f"{public_id} is revoked.")
