"""`manage.py verify_audit`: whether the audit was changed behind the application's back."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contacts.sealing import Head, verify


class Command(BaseCommand):
    help = (
        "Check the audit's chain of digests and name the first broken row. Without --head it "
        "proves that no row was changed, removed or put in unless everything after it was written "
        "anew, too. With heads that were noted elsewhere it also proves that, and that the newest "
        "rows are still there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--head",
            action="append",
            default=[],
            metavar="POSITION:DIGEST",
            help="a head as it was logged or printed earlier; may be given several times",
        )

    def handle(self, *args: Any, head: list[str], **options: Any) -> None:
        verdict = verify(noted=tuple(_read(text) for text in head))
        if verdict.fault:
            raise CommandError(f"{verdict.fault} Everything before it is intact.")
        self.stdout.write(f"The audit is intact: {verdict.head.position} entries in the chain.")
        if verdict.waiting:
            self.stdout.write(f"{verdict.waiting} newer entries wait for the relay to seal them.")
        self.stdout.write(f"Head, to be noted elsewhere: {verdict.head}")


def _read(text: str) -> Head:
    position, _, digest = text.partition(":")
    if not (position.isascii() and position.isdigit()) or len(digest) != 64:
        raise CommandError(
            f"{text!r} is not a head. Use POSITION:DIGEST as this command prints it."
        )
    return Head(int(position), digest)
