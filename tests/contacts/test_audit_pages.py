"""The audit as administrators read it."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from contacts import history
from contacts.audit_words import register_words, words_of
from contacts.auditing import AuditState
from contacts.conflicts import ask, file_request
from contacts.deleting import delete_contact
from contacts.models import Account, AuditEntry, Contact, Source, User
from contacts.sealing import head, seal
from contacts.signals import Actor
from tests.contacts.imports.engine import bring_in
from tests.contacts.pages import text_of, url_of
from tests.factories import NEW_ADDRESS, by, make_contact, make_user, merge

AUDIT = "/settings/audit/"


def made(actor: User | None, action: str, at: datetime, object_id: str = "") -> AuditEntry:
    return AuditEntry.objects.create(
        actor=actor, source="person", action=action, at=at, object_id=object_id
    )


def ids_on(response: Any) -> list[str]:
    return re.findall(r"X-\d+", text_of(response))


def test_who_did_what_to_which_id_when_and_from_where_in_words(
    as_admin: Client, ada: Contact, member: User
) -> None:
    delete_contact(contact_id=ada.pk, actor=Actor(member, Source.API_KEY))
    page = as_admin.get(AUDIT)
    told = text_of(page)
    entry = AuditEntry.objects.get()
    assert f"{entry.at.day} {entry.at:%b %Y, %H:%M:%S}" in told
    assert f"MiaDeleted a contact {ada.public_id} deleted" in told and "API key" in told
    assert url_of("contact_detail", ada) not in page.content.decode()


def test_a_live_id_is_linked_and_a_merged_one_leads_to_the_survivor(
    as_admin: Client, ada: Contact, member: User
) -> None:
    old = ada.public_id
    history.audit(by(member), "identifier.released", old, kind="email")
    assert f'href="{url_of("contact_detail", ada)}"' in as_admin.get(AUDIT).content.decode()
    survivor = merge(ada, make_contact(member, email=NEW_ADDRESS))
    page = as_admin.get(AUDIT)
    assert page.content.decode().count(f'href="{url_of("contact_detail", survivor)}"') == 2
    assert f"{old} merged into {survivor.public_id}" in text_of(page)
    assert f"moved: {old}" in text_of(page) and "kind: email" in text_of(page)
    delete_contact(contact_id=survivor.pk, actor=by())
    page = as_admin.get(AUDIT)
    assert f"{old} merged into {survivor.public_id}, deleted" in text_of(page)
    assert url_of("contact_detail", survivor) not in page.content.decode()


def test_requests_and_imports_are_linked_too(
    as_admin: Client, admin_user: User, member: User
) -> None:
    filed = file_request(user=member, contact=None, typed={"email": "x@x.org"}, holders=[])
    ask(filed)
    batch = bring_in("Email\nbob@example.com\n", admin_user)
    page = as_admin.get(AUDIT).content.decode()
    assert reverse("request_detail", args=[filed.reference]) in page
    assert reverse("import_result", args=[batch.pk]) in page and "new: 1" in page


def test_an_action_without_words_is_shown_by_its_own_name() -> None:
    assert words_of("webhook.secret_rotated") == "Webhook secret rotated"
    register_words(webhook__secret_rotated="Renewed the secret of a webhook")
    assert words_of("webhook.secret_rotated") == "Renewed the secret of a webhook"


def test_a_person_is_named_and_linked_and_nobody_is_called_person(
    as_admin: Client, admin_user: User, member: User
) -> None:
    history.audit(by(admin_user), "person.role_changed", str(member.pk), role="Manager")
    history.audit(by(None), "signin.locked", str(member.pk), kind="password", by="user")
    history.audit(by(None), "signin.slowed", "", kind="password", by="address")
    page = as_admin.get(AUDIT)
    told = text_of(page)
    assert page.content.decode().count(f'href="{reverse("person", args=[member.pk])}"') == 2
    assert "Changed the role of a person Mia" in told
    assert "Somebody not signed inWas locked out by wrong passwords or codes Mia" in told


def test_a_chosen_action_without_words_stays_chosen(as_admin: Client) -> None:
    page = as_admin.get(f"{AUDIT}?what=robot.woken").content.decode()
    assert '<option value="robot.woken" selected>Robot woken</option>' in page


@pytest.fixture
def days(member: User, admin_user: User) -> None:
    """Ten entries, X-0 to X-9, one a day from 1 May on, of two people and two actions."""
    for n in range(10):
        made(
            [member, admin_user][n % 2],
            ["contact.deleted", "contact.merged"][n // 5],
            datetime(2026, 5, 1 + n, 12, tzinfo=UTC),
            f"X-{n}",
        )
    made(None, "contact.deleted", datetime(2026, 4, 1, tzinfo=UTC), "X-99")


@pytest.mark.usefixtures("days")
def test_filters_by_person_action_date_and_id_alone_and_together(
    as_admin: Client, member: User
) -> None:
    expected = {
        f"who={member.pk}": [8, 6, 4, 2, 0],
        "who=none": [99],
        "what=contact.merged": [9, 8, 7, 6, 5],
        "from=2026-05-09": [9, 8],
        "to=2026-05-01": [0, 99],
        "from=2026-05-02&to=2026-05-03": [2, 1],
        "id=X-3": [3],
        f"who={member.pk}&what=contact.merged&from=2026-05-08": [8],
        "what=no.such.action": [],
        "who=999999": [],
    }
    for query, numbers in expected.items():
        assert ids_on(as_admin.get(f"{AUDIT}?{query}")) == [f"X-{n}" for n in numbers], query
    assert "Nothing matches these filters" in text_of(as_admin.get(f"{AUDIT}?who=999999"))


@pytest.mark.usefixtures("days")
def test_days_are_those_of_the_one_who_looks(as_admin: Client, admin_user: User) -> None:
    admin_user.time_zone = "Pacific/Kiritimati"  # 14 hours ahead: noon is 2 o'clock the next day
    admin_user.save()
    page = as_admin.get(f"{AUDIT}?from=2026-05-10&to=2026-05-10")
    assert ids_on(page) == ["X-8"] and "10 May 2026, 02:00:00" in text_of(page)


@pytest.mark.parametrize(
    "query",
    ["from=nonsense", "to=2026-13-45", "from=0001-01-01", "who=abc", "after=x", "after=a&before=b"],
)
def test_what_cannot_be_understood_is_left_out_and_named(as_admin: Client, query: str) -> None:
    made(None, "contact.deleted", timezone.now(), "X-1")
    page = as_admin.get(f"{AUDIT}?{query}")
    assert (
        page.status_code == 200 and ids_on(page) == ["X-1"] and 'role="alert"' in str(page.content)
    )


def walk(client: Client, query: str) -> list[list[str]]:
    pages, address = [], f"{AUDIT}?{query}"
    while address:
        page = client.get(address)
        pages.append(ids_on(page))
        older = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
        address = older[1].replace("&amp;", "&") if older else ""
    return pages


def test_pages_are_exact_and_keep_the_filters(as_admin: Client, member: User) -> None:
    same = timezone.now()
    for n in range(110):  # several of one moment, as an import makes them
        made(member, "contact.deleted", same - timedelta(minutes=n // 4), f"X-{n}")
        made(None, "contact.merged", same)
    pages = walk(as_admin, f"who={member.pk}")
    assert [len(page) for page in pages] == [50, 50, 10]
    assert len({name for page in pages for name in page}) == 110


def plan_of(member: User, state: AuditState) -> str:
    """How the database would read a later page of these filters."""
    for n in range(60):
        made(member, "contact.deleted", timezone.now() - timedelta(minutes=n), "X")
    first, _ = AuditState().page()
    later = AuditState(actor=state.actor, action=state.action, after=first.next)
    sent: list[tuple[str, Any]] = []

    def hear(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(hear):
        later.page()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
        explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
        cursor.execute(f"{explain} {sent[0][0]}", sent[0][1])
        return " ".join(str(row[-1]) for row in cursor.fetchall())


@pytest.mark.parametrize(
    ("actor", "action", "index"),
    [
        ("", "", "audit_by_time"),
        ("member", "", "audit_by_actor"),
        ("", "contact.deleted", "audit_by_action"),
        ("member", "contact.deleted", "audit_by_both"),
    ],
)
def test_a_later_page_is_one_range_of_an_index(
    member: User, actor: str, action: str, index: str
) -> None:
    plan = plan_of(member, AuditState(actor=actor and str(member.pk), action=action))
    assert index in plan and "TEMP B-TREE" not in plan and "Sort" not in plan, plan


def test_the_page_costs_the_same_number_of_queries_however_full(
    as_admin: Client, member: User
) -> None:
    Account.load()
    counts = []
    for size in (2, 40):
        for n in range(size):
            contact = make_contact(member, first_name=f"{size}-{n}")
            history.audit(by(make_user()), "identifier.released", contact.public_id)
        with CaptureQueriesContext(connection) as queries:
            as_admin.get(AUDIT)
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.usefixtures("days")
def test_the_export_has_what_the_filters_leave_and_is_audited(
    as_admin: Client, member: User, admin_user: User
) -> None:
    member.first_name = "=cmd|' /C calc'!A0"
    member.save()
    answer: Any = as_admin.get(f"{AUDIT}export/?who={member.pk}&what=contact.deleted")
    assert answer.streaming and "attachment" in answer["Content-Disposition"]
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    header, *lines = csv.reader(io.StringIO(text))
    assert header[:3] == ["When", "Who", "Email"] and [line[5] for line in lines] == [
        "X-0", "X-2", "X-4",
    ]  # fmt: skip
    assert lines[0][:2] == ["2026-05-01T12:00:00+00:00", "'=cmd|' /C calc'!A0"]
    assert lines[0][3:5] == ["Deleted a contact", "contact.deleted"]
    entry = AuditEntry.objects.get(action="audit.exported")
    assert (entry.actor, entry.detail) == (admin_user, {"filtered": True})
    assert "Exported the audit" in text_of(as_admin.get(AUDIT))


def test_the_head_of_the_chain_is_shown_to_be_noted(as_admin: Client, member: User) -> None:
    history.audit(by(member), "contact.deleted", "CTC-1")
    seal()
    assert f"the head is now {head()}" in text_of(as_admin.get(AUDIT))


def test_head_is_answered_like_get_except_where_reading_is_recorded(
    as_admin: Client, ada: Contact
) -> None:
    for path in ("/healthz", "/contacts/", url_of("contact_detail", ada), "/duplicates/", AUDIT):
        answer = as_admin.head(path)
        assert (answer.status_code, answer.content) == (200, b""), path
    assert as_admin.head(reverse("audit_export")).status_code == 405
    assert not AuditEntry.objects.filter(action="audit.exported").exists()
