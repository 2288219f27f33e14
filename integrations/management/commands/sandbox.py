"""`manage.py sandbox PORT`: the demo's doubles of Twilio, Google and Microsoft, on this machine only."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.sandbox import demo


class Command(BaseCommand):
    help = "Answer in the place of Twilio, Google and Microsoft: nothing leaves this machine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("port", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The sandbox is for the demo and for tests.")
        demo.serve(options["port"])
