"""The queue of "Ask administrator", and what the one who asked gets to see of it."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contacts.conflicts import ask, file_request, find_by_reference, resolve
from contacts.deleting import delete_contact
from contacts.models import Account, AuditEntry, ConflictRequest, Contact, User
from contacts.services import release_identifier, update_contact
from tests.contacts.pages import HTMX, read, results_of, save, text_of, url_of
from tests.contacts.test_races import at_once
from tests.factories import by, make_contact, make_user

TYPED = {"email": "al@example.com", "job_title": "Countess", "company": ""}


@pytest.fixture
def hidden(stranger: User) -> Contact:
    return make_contact(
        stranger, first_name="Secret", last_name="Person", email="al@example.com", city="Turin"
    )


@pytest.fixture
def asked(ada: Contact, hidden: Contact, member: User) -> ConflictRequest:
    filed = file_request(user=member, contact=ada, typed=TYPED, holders=[hidden.pk])
    ask(filed)
    return filed


def detail(client: Client, filed: ConflictRequest) -> Any:
    return client.get(reverse("request_detail", args=[filed.reference]))


def post(client: Client, name: str, filed: ConflictRequest, **data: str) -> Any:
    return client.post(reverse(name, args=[filed.reference]), data)


def test_the_queue_lists_what_was_asked_and_counts_it_at_the_tab(
    as_admin: Client, asked: ConflictRequest, member: User
) -> None:
    shown = file_request(user=member, contact=None, typed=TYPED, holders=[])
    page = as_admin.get(reverse("request_list"))
    assert asked.reference in text_of(page) and shown.reference not in text_of(page)
    assert "Requests 1 to do" in text_of(page) and "Mia" in text_of(page)
    assert "1 to do" in text_of(as_admin.get(reverse("audit_list")))
    resolve(request=asked, note="", actor=by())
    assert "to do" not in text_of(as_admin.get(reverse("request_list")))


def test_a_request_shows_both_sides_and_only_what_was_changed(
    as_admin: Client, asked: ConflictRequest, ada: Contact, hidden: Contact
) -> None:
    page = detail(as_admin, asked)
    told = text_of(page)
    row = r'<th scope="row">([\w ]+)</th>.*?<bdi>(.*?)</bdi>.*?<bdi>(.*?)</bdi>'
    assert re.findall(row, page.content.decode()) == [
        ("Email", "al@example.com", "ada@example.com"),
        ("Company", "Cleared", "Engines"),
        ("Job title", "Countess", "Empty"),
    ]
    for link in (ada, hidden):
        assert url_of("contact_detail", link) in page.content.decode()
        assert url_of("contact_edit", link) + "#f-owner" in page.content.decode()
    assert "Ada Lovelace" in told and "Secret Person" in told


def test_open_to_merge_fills_in_what_was_typed_and_save_opens_the_prompt(
    as_admin: Client, asked: ConflictRequest, ada: Contact, hidden: Contact
) -> None:
    form = as_admin.post(url_of("contact_edit", ada), {**_merge_form(as_admin, asked), "back": "1"})
    filled = read(form).values
    assert (filled["email"], filled["job_title"], filled["company"]) == (*_first(TYPED), "")
    assert (filled["first_name"], form.status_code) == ("Ada", 200)
    prompt = save(as_admin, ada, filled)
    assert prompt.status_code == 409 and results_of(prompt)["Job title"] == ("Countess", "Fill")
    assert "Kept as " + hidden.public_id in text_of(prompt)
    merged = as_admin.post(url_of("contact_merge", ada), read(prompt).values, headers=HTMX)
    assert merged.status_code == 200
    assert "The records were merged: there is one contact now" in text_of(detail(as_admin, asked))


def _first(typed: dict[str, str]) -> tuple[str, str]:
    return typed["email"], typed["job_title"]


def _merge_form(client: Client, filed: ConflictRequest) -> dict[str, str]:
    """The hidden fields of "Open to merge": the page's other form has none of their names."""
    values = read(detail(client, filed)).values
    return {name: text for name, text in values.items() if name != "note"}


def test_a_refused_new_contact_is_opened_as_a_new_contact_of_the_one_who_asked(
    as_admin: Client, hidden: Contact, member: User
) -> None:
    filed = file_request(
        user=member, contact=None, typed={"email": "al@example.com"}, holders=[hidden.pk]
    )
    assert f'action="{reverse("contact_new")}"' in detail(as_admin, filed).content.decode()
    form = as_admin.post(reverse("contact_new"), {**_merge_form(as_admin, filed), "back": "1"})
    assert read(form).values["email"] == "al@example.com"
    assert read(form).values["owner"] == str(member.pk)


def test_resolving_tells_the_one_who_asked_and_forgets_what_was_typed(
    client: Client, as_admin: Client, asked: ConflictRequest, member: User, admin_user: User
) -> None:
    answer = post(as_admin, "request_resolve", asked, note="Merged.\r\nSave <b>again</b>")
    assert answer.status_code == 302 and answer["Location"] == reverse("request_list")
    asked.refresh_from_db()
    assert (asked.state, asked.typed, asked.resolved_by) == ("resolved", {}, admin_user)
    entry = AuditEntry.objects.get(action="conflict.resolved")
    assert (entry.actor, entry.object_id, entry.detail) == (admin_user, asked.reference, {})
    client.force_login(member)
    own = client.get(reverse("own_requests"))
    assert f"{asked.reference}Resolved" in text_of(own) and "Save &lt;b&gt;" in own.content.decode()


def test_a_note_that_is_too_long_is_kept_and_resolves_nothing(
    as_admin: Client, asked: ConflictRequest
) -> None:
    answer = post(as_admin, "request_resolve", asked, note="x" * 1001)
    assert answer.status_code == 422 and "1,001 characters, at most 1,000" in text_of(answer)
    assert read(answer).values["note"] == "x" * 1001
    asked.refresh_from_db()
    assert (asked.state, asked.typed) == ("open", TYPED)


def test_resolving_a_second_time_keeps_the_first_note_and_what_was_typed_now(
    as_admin: Client, asked: ConflictRequest
) -> None:
    post(as_admin, "request_resolve", asked, note="First")
    answer = post(as_admin, "request_resolve", asked, note="Second")
    assert answer.status_code == 409 and read(answer).values["note"] == "Second"
    assert "resolved already, by Hanna" in text_of(answer)
    asked.refresh_from_db()
    assert asked.note == "First"
    assert AuditEntry.objects.filter(action="conflict.resolved").count() == 1


@pytest.mark.parametrize("spelled", ["{0}", " {0} ", "{1}", "cr-{2}", "{2}"])
def test_a_request_that_was_never_sent_is_found_by_its_reference(
    as_admin: Client, hidden: Contact, member: User, spelled: str
) -> None:
    filed = file_request(user=member, contact=None, typed=TYPED, holders=[hidden.pk])
    code = filed.reference.removeprefix("CR-")
    text = spelled.format(filed.reference, filed.reference.lower(), code.lower())
    answer = as_admin.get(reverse("request_list"), {"reference": text})
    assert answer["Location"] == reverse("request_detail", args=[filed.reference])
    assert "Shown, not sent to administrators" in text_of(detail(as_admin, filed))


@pytest.mark.parametrize("text", ["CR-00000", "nonsense", "\x00", "'", "CR-"])
def test_an_unknown_reference_is_said_to_be_unknown(as_admin: Client, text: str) -> None:
    answer = as_admin.get(reverse("request_list"), {"reference": text})
    assert answer.status_code == (200 if text == "\x00" else 404)
    assert find_by_reference(text) is None


def test_the_queue_costs_the_same_however_long_it_is(
    as_admin: Client, member: User, stranger: User, ada: Contact
) -> None:
    counts = []
    Account.load()
    for size in (2, 20):
        for n in range(size):
            contact = make_contact(stranger, first_name=f"P{n}")
            ask(
                file_request(user=member, contact=contact, typed={"city": f"{size}{n}"}, holders=[])
            )
        with CaptureQueriesContext(connection) as queries:
            as_admin.get(reverse("request_list"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_one_who_asked_learns_nothing_about_the_other_record(
    as_member: Client, asked: ConflictRequest, hidden: Contact
) -> None:
    page = as_member.get(reverse("own_requests"))
    assert f"{asked.reference}Sent" in text_of(page)
    for secret in ("Secret", "Turin", "Sten", "al@example.com", hidden.public_id):
        assert secret not in page.content.decode()


def test_one_sees_only_ones_own_requests(
    client: Client, asked: ConflictRequest, stranger: User
) -> None:
    client.force_login(stranger)
    assert asked.reference not in text_of(client.get(reverse("own_requests")))
    for reference in (asked.reference, "CR-XXXXX", "%00"):
        url = f"/settings/your-requests/{reference}/ask/"
        assert client.post(url).status_code == 404


def test_a_request_can_be_sent_from_the_list_after_all(
    as_member: Client, hidden: Contact, member: User
) -> None:
    filed = file_request(user=member, contact=None, typed=TYPED, holders=[hidden.pk])
    assert "Not sent" in text_of(as_member.get(reverse("own_requests")))
    answer = as_member.post(reverse("own_request_ask", args=[filed.reference]), follow=True)
    assert f"{filed.reference} sent" in text_of(answer) and "Not sent" not in text_of(answer)
    filed.refresh_from_db()
    assert filed.asked_at is not None


def test_asking_about_a_resolved_request_says_so_and_passes_on_the_note(
    as_member: Client, hidden: Contact, member: User
) -> None:
    filed = file_request(user=member, contact=None, typed=TYPED, holders=[hidden.pk])
    resolve(request=filed, note="It is yours now.", actor=by())
    answer = as_member.post(reverse("ask_administrator", args=[filed.reference]), headers=HTMX)
    assert "resolved request" in text_of(answer) and "It is yours now." in text_of(answer)
    filed.refresh_from_db()
    assert filed.asked_at is None


def test_a_released_address_no_longer_stands_in_the_way(
    as_admin: Client, asked: ConflictRequest, hidden: Contact, stranger: User
) -> None:
    update_contact(contact_id=hidden.pk, actor=by(stranger), values={"email": "x@example.com"})
    assert "belongs to no other contact" not in text_of(detail(as_admin, asked))
    former = hidden.identifiers.get(current=False)
    release_identifier(contact_id=hidden.pk, identifier_id=former.pk, actor=by(stranger))
    assert "belongs to no other contact any more" in text_of(detail(as_admin, asked))


def test_deleting_the_other_record_closes_the_request(
    as_admin: Client, asked: ConflictRequest, hidden: Contact
) -> None:
    delete_contact(contact_id=hidden.pk, actor=by())
    page = as_admin.get(reverse("request_list") + "?show=resolved")
    assert f"{asked.reference}Mia" in text_of(page) and "was deleted" in text_of(page)
    told = text_of(detail(as_admin, asked))
    assert "What was typed is no longer kept" in told and "al@example.com" not in told


def test_a_limit_that_was_reached_is_shown_to_administrators(
    as_admin: Client, member: User
) -> None:
    AuditEntry.objects.create(actor=member, source="person", action="probing.limited")
    assert "Mia met contacts they may not view 20 times within an hour" in text_of(
        as_admin.get(reverse("request_list"))
    )


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="races need PostgreSQL")
def test_two_administrators_who_resolve_at_once_leave_one_note() -> None:
    member = make_user()
    filed = file_request(user=member, contact=None, typed=TYPED, holders=[])
    fresh = [ConflictRequest.objects.get(pk=filed.pk) for _ in range(2)]
    results = at_once(
        lambda: resolve(request=fresh[0], note="One", actor=by()),
        lambda: resolve(request=fresh[1], note="Two", actor=by()),
    )
    filed.refresh_from_db()
    assert sorted(results) == [False, True]
    assert filed.note == ("One" if results[0] else "Two")
