"""Without a mail server mails are files: nobody who was erased is left in them."""

from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage, get_connection

from contacts.erasing import erase_contact, plan_erasure
from contacts.models import Contact
from tests.factories import by

pytestmark = pytest.mark.django_db
WHAT = "mails kept as files"


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path
    return tmp_path


def send(*mails: tuple[str, str]) -> None:
    """All of them by one connection, which is one file."""
    with get_connection() as connection:
        for to, body in mails:
            EmailMessage("Booked", body, to=[to], connection=connection).send()


def left(folder: Path) -> str:
    return "".join(file.read_text() for file in folder.glob("*.log"))


def test_erasing_takes_a_persons_mails_and_leaves_those_of_others(
    folder: Path, ada: Contact, django_capture_on_commit_callbacks: Any
) -> None:
    send(("ada@example.com", "Hello"), ("canada@example.com", "Yours"), ("b@x.example", "Büro"))
    send(("host@kith.test", "Bücher: a new guest, Ada@Example.com, has booked."))
    assert plan_erasure(ada.public_id).others[WHAT] == 2
    with django_capture_on_commit_callbacks(execute=True):
        receipt = erase_contact(public_id=ada.public_id, actor=by())
    assert receipt.detail["counts"][WHAT] == 2
    text = left(folder)
    assert "To: ada@example.com" not in text and "host@kith.test" not in text
    assert "To: canada@example.com" in text and "To: b@x.example" in text
    assert len(list(folder.glob("*.log"))) == 1


def test_an_erasure_that_does_not_happen_leaves_the_files(folder: Path, ada: Contact) -> None:
    send(("ada@example.com", "Hello"))
    plan_erasure(ada.public_id)
    assert "To: ada@example.com" in left(folder)
