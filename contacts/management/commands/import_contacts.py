"""`manage.py import_contacts FILE`: an import without pages and without a worker."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import models

from contacts.access import Role
from contacts.imports.reading import UnreadableFile
from contacts.imports.running import run
from contacts.imports.uploading import receive
from contacts.models import Import, ImportRow, User

SHOWN_PROBLEMS = 50


class Command(BaseCommand):
    help = "Import contacts from a CSV or XLSX file and print what became of its rows."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--mode", choices=Import.Mode.values, default=Import.Mode.REPLACE)
        parser.add_argument("--dry-run", action="store_true", help="plan only, save nothing")
        parser.add_argument("--json", action="store_true", help="print the counts as one object")
        parser.add_argument("--owner", help="email of the owner of new contacts")
        parser.add_argument("--region", help="two letters: how local phone numbers are read")
        parser.add_argument("--encoding", help="a Python codec name, where it is not found out")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = _owner(options["owner"])
        batch = _receive(options["file"], owner, options["encoding"])
        if not any(batch.mapping):
            batch.file.unlink(missing_ok=True)
            batch.delete()
            raise CommandError("No column could be matched to a contact field. Nothing was saved.")
        batch.mode = options["mode"]
        batch.region = (options["region"] or batch.region).upper()
        batch.state = Import.State.PLANNING
        batch.save()
        try:
            self._run(batch, dry_run=options["dry_run"])
            self._report(batch, as_json=options["json"])
        finally:
            if options["dry_run"]:
                batch.file.unlink(missing_ok=True)
                batch.delete()

    def _run(self, batch: Import, *, dry_run: bool) -> None:
        run(batch.pk)
        batch.refresh_from_db()
        if batch.state == Import.State.PLANNED and not dry_run:
            Import.objects.filter(pk=batch.pk).update(state=Import.State.COMMITTING, done_rows=0)
            run(batch.pk)
            batch.refresh_from_db()
        if batch.state == Import.State.FAILED:
            raise CommandError(batch.error)

    def _report(self, batch: Import, *, as_json: bool) -> None:
        counts = batch.counts()
        if as_json:
            self.stdout.write(json.dumps(counts))
        else:
            for name, number in counts.items():
                self.stdout.write(f"{name:>9}  {number:,}")
        bad = [ImportRow.Outcome.INVALID, ImportRow.Outcome.REFUSED]
        rows = ImportRow.objects.filter(batch=batch, outcome__in=bad).order_by("number")
        for row in rows[:SHOWN_PROBLEMS]:
            self.stderr.write(f"row {row.number}: {'; '.join(row.problems)}")
        if rows.count() > SHOWN_PROBLEMS:
            self.stderr.write(f"and {rows.count() - SHOWN_PROBLEMS:,} more rows")


def _owner(email: str | None) -> User:
    users = User.objects.filter(is_active=True)
    if email:
        found = users.filter(email__iexact=email).first()
        if found is None:
            raise CommandError(f"No active user has the email {email}.")
        return found
    rank = models.Case(
        models.When(groups__name=Role.OWNER.value, then=0),
        models.When(groups__name=Role.ADMINISTRATOR.value, then=1),
        models.When(is_superuser=True, then=2),
    )
    first = users.annotate(rank=rank).filter(rank__isnull=False).order_by("rank", "pk").first()
    if first is None:
        raise CommandError("There is no administrator yet to own the contacts. Name one: --owner")
    return first


def _receive(path: Path, owner: User, encoding: str | None) -> Import:
    try:
        with path.open("rb") as file:
            return receive(
                file,
                filename=path.name,
                user=owner,
                encoding=encoding,
                origin=Import.Source.COMMAND,
            )
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from error
    except UnreadableFile as fault:
        raise CommandError(f"{path.name} cannot be imported. {fault}") from fault
