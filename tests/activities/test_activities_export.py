"""Export of activities: what the filters show, safe to open, nothing of hidden contacts."""

import csv
import io
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from activities.models import BookingCalendar, Meeting
from contacts.deleting import delete_contact
from contacts.models import AuditEntry, Contact, User
from tests.activities.bookings import make_calendar, make_meeting, past_meeting, soon
from tests.contacts.pages import HTMX, text_of
from tests.factories import by

URL = "/activities/export/"


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member)


def export(client: Client, query: str = "", kind: str = "csv") -> tuple[Any, bytes]:
    response: Any = client.post(URL + query, {"format": kind})
    assert response.status_code == 200 and response.streaming, response
    return response, b"".join(response.streaming_content)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_the_file_holds_what_the_filters_show(as_member: Client, calendar: BookingCalendar) -> None:
    ada = make_meeting(calendar, note="Two\nlines", mobile_phone="+447700900142")
    make_meeting(calendar, soon(5), name="Bo", email="bo@example.com")
    past_meeting(calendar, name="Past", email="p@example.com")
    response, content = export(as_member, "?q=ada")
    [row] = rows(content)
    assert (row["Guest name"], row["Note"]) == ("Ada Lovelace", "Two\nlines")
    assert (row["Meeting ID"], row["Contact ID"]) == (ada.public_id, ada.contact_public_id)
    assert (row["Starts"], row["Minutes"]) == (f"{soon():%Y-%m-%dT%H:%M:%S}+00:00", "30")
    assert (row["Host"], row["Status"]) == ("member@kith.test", "Scheduled")
    assert "activities-upcoming-filtered-" in response["Content-Disposition"]
    assert [row["Guest name"] for row in rows(export(as_member, "?when=past")[1])] == ["Past"]


def test_a_workbook_holds_the_same(as_member: Client, calendar: BookingCalendar) -> None:
    make_meeting(calendar)
    _, content = export(as_member, kind="xlsx")
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    heads, row = ([cell.value for cell in row] for row in book["Activities"].iter_rows())
    told = dict(zip(heads, row, strict=False))
    assert (told["Guest email"], told["Minutes"]) == ("ada@example.com", 30)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_formula_is_made_harmless(
    as_member: Client, calendar: BookingCalendar, kind: str
) -> None:
    make_meeting(calendar, name="=HYPERLINK(1)", note="+cmd|' /C calc'!A0")
    _, content = export(as_member, kind=kind)
    if kind == "csv":
        [row] = rows(content)
        assert (row["Guest name"], row["Note"]) == ("'=HYPERLINK(1)", "'+cmd|' /C calc'!A0")
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(content))["Activities"]
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_of_a_contact_one_may_not_see_there_is_no_id(
    as_member: Client, calendar: BookingCalendar, stranger: User
) -> None:
    meeting = make_meeting(calendar)
    Contact.objects.update(owner=stranger)
    _, content = export(as_member)
    assert meeting.contact_public_id.encode() not in content


def test_a_deleted_contacts_meeting_says_so(
    as_member: Client, calendar: BookingCalendar, member: User
) -> None:
    meeting = make_meeting(calendar)
    delete_contact(contact_id=meeting.contact_id or 0, actor=by(member))
    [row] = rows(export(as_member)[1])
    assert (row["Guest email"], row["Contact ID"], row["Contact"]) == ("ada@example.com", "", "deleted")  # fmt: skip


def test_nobody_exports_what_they_do_not_see(client: Client, calendar: BookingCalendar, stranger: User) -> None:  # fmt: skip
    make_meeting(calendar)
    client.force_login(stranger)
    assert rows(export(client)[1]) == []


def test_asking_says_how_many_and_exports_nothing(
    as_member: Client, calendar: BookingCalendar
) -> None:
    make_meeting(calendar)
    dialog = as_member.get(URL + "?q=ada", headers=HTMX)
    assert "Export 1 meeting" in text_of(dialog) and dialog.headers["HX-Retarget"] == "#dialog"
    page = as_member.get(URL)
    assert page.content.decode().startswith("<!doctype html>")
    assert not AuditEntry.objects.filter(action="activities.exported").exists()


@pytest.mark.parametrize(
    ("query", "form", "said"),
    [
        ("", {"format": "pdf"}, "Choose a format."),
        ("", {}, "Choose a format."),
        ("?status=lost", {"format": "csv"}, "Status: there is no choice “lost”"),
    ],
)
def test_what_cannot_be_understood_exports_nothing(
    as_member: Client, calendar: BookingCalendar, query: str, form: dict[str, str], said: str
) -> None:
    make_meeting(calendar)
    response = as_member.post(URL + query, form)
    assert response.status_code == 422 and said in text_of(response)
    assert not AuditEntry.objects.filter(action="activities.exported").exists()


def test_an_export_is_audited(as_member: Client, calendar: BookingCalendar, member: User) -> None:
    make_meeting(calendar)
    export(as_member, kind="xlsx")
    entry = AuditEntry.objects.get(action="activities.exported")
    assert (entry.actor, entry.detail) == (member, {"count": 1, "format": "xlsx"})


def test_it_costs_the_same_however_many(as_member: Client, calendar: BookingCalendar) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            export(as_member)
        return len(asked)

    make_meeting(calendar)
    queries()
    with_one = queries()
    for hour in range(11, 20):
        make_meeting(calendar, soon(hour=hour), email=f"{hour}@example.com")
    assert queries() == with_one and Meeting.objects.count() == 10
