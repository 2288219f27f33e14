"""Asking for an export that takes a while, and stopping it."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from contacts.access import may_administer
from contacts.background import hint_after_commit
from contacts.bulk_actions.selecting import Selection
from contacts.exporting.contents import remove_file
from contacts.models import ExportFile, User
from contacts.tasks import write_export

State = ExportFile.State


class AlreadyRunning(Exception):
    """This person has an export that is still being written: `file`."""

    def __init__(self, file: ExportFile) -> None:
        super().__init__("already running")
        self.file = file


def files_of(user: User) -> QuerySet[ExportFile]:
    """The files that `user` may fetch: one's own; for administrators, all."""
    files = ExportFile.objects.select_related("created_by")
    return files if may_administer(user) else files.filter(created_by=user)


@transaction.atomic
def ask_for_file(
    *, user: User, kind: str, names: Sequence[str], selection: Selection, total: int, filename: str
) -> ExportFile:
    """Write down what is wanted, and tell a worker. Raises AlreadyRunning."""
    chosen: dict[str, Any] = {"ids": selection.ids}
    if selection.everything:
        # Spelled out: a contact list may be changed or deleted before the file is written.
        chosen = {"query": selection.state.spelled.urlencode()}
    file = ExportFile(
        created_by=user, format=kind, columns=list(names), selection=chosen, total=total,
        filename=filename,
    )  # fmt: skip
    try:
        with transaction.atomic():
            file.save()
    except IntegrityError:  # the database holds to one a person, also against two clicks at once
        running = ExportFile.objects.filter(created_by=user, state=State.RUNNING)
        raise AlreadyRunning(running.get()) from None
    hint_after_commit(write_export, file.pk)
    return file


def stop(file: ExportFile) -> bool:
    """Stop an export that runs; False when it was no longer running."""
    running = ExportFile.objects.filter(pk=file.pk, state=State.RUNNING)
    stopped = running.update(
        state=State.STOPPED, finished_at=timezone.now(), selection={}, path="",
        lease_token="", lease_until=None,
    )  # fmt: skip
    if stopped:
        remove_file(file.path)
    return bool(stopped)
