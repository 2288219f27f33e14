"""All Contacts as a person gets it: rows, search, filters, states, and what htmx gets."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts import finding
from contacts.access import Role
from contacts.models import Account, Contact, User
from tests.contacts.pages import text_of
from tests.factories import make_contact, make_team, make_user
from tests.shared import shared_json

RESULTS = {"HX-Request": "true", "HX-Target": "results"}
TYPING = {**RESULTS, "HX-Trigger-Name": "q", "HX-Trigger": "q"}


def names(response: Any) -> list[str]:
    """The names in the list, top to bottom."""
    html = response.content.decode()
    return re.findall(r'class="rowlink".*?<bdi>(.*?)</bdi>', html, re.DOTALL)


def show(client: Client, query: str = "", **headers: str) -> Any:
    response = client.get(f"/contacts/{query}", headers=headers or None)
    assert response.status_code == 200
    return response


def part(client: Client, query: str = "") -> Any:
    return show(client, query, **RESULTS)


def test_people_see_their_own_contacts_and_the_count_says_how_many(
    as_member: Client, ada: Contact, stranger: User
) -> None:
    make_contact(stranger, first_name="Hidden")
    page = show(as_member)
    assert names(page) == ["Ada Lovelace"]
    assert 'id="total">1<' in page.content.decode()


@pytest.mark.parametrize("at_once", [5000, 0], ids=["few", "many"])
@pytest.mark.parametrize("query", ["", "?q=person", "?q=person&status=Qualified&sort=name"])
@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.MANAGER, Role.MEMBER])
def test_the_list_costs_the_same_however_many_rows_it_shows(
    db: None, client: Client, monkeypatch: pytest.MonkeyPatch, role: Role, query: str, at_once: int
) -> None:
    monkeypatch.setattr(finding, "FEW", at_once)
    viewer, colleague = make_user(role), make_user()
    make_team(manager=viewer, members=[colleague])
    client.force_login(viewer)
    Account.load()
    make_contact(viewer, first_name="Person 0", status="Qualified")
    with CaptureQueriesContext(connection) as one:
        assert len(names(show(client, query))) == 1
    for n in range(1, 50):
        owner = colleague if n < 5 and role is not Role.MEMBER else viewer
        make_contact(owner, first_name=f"Person {n}", status="Qualified")
    with CaptureQueriesContext(connection) as fifty:
        assert len(names(show(client, query))) == 50
    assert len(fifty) == len(one) <= 14


def test_a_row_shows_what_is_known_and_says_what_is_missing(
    as_member: Client, member: User
) -> None:
    make_contact(member, first_name="Ada", mobile_phone="+447700900142")
    row = "Ada No email +44 7700 900142 –No company Mia None NoneNo upcoming meetings Not linked"
    assert row in text_of(show(as_member))


def test_the_row_leads_to_the_contact_and_keeps_the_view(as_member: Client, ada: Contact) -> None:
    html = show(as_member, "?q=ada&sort=name").content.decode()
    assert f'href="/contacts/{ada.public_id}/?q=ada&amp;sort=name"' in html


def test_the_row_menu_has_no_delete_where_members_may_not(as_member: Client, ada: Contact) -> None:
    assert text_of(show(as_member)).count("Delete") == 2  # of the row, and of the bulk bar
    Account.objects.update(members_may_delete=False)
    assert "Delete" not in text_of(show(as_member)) and "Edit" in text_of(show(as_member))


def test_import_csv_is_offered_to_administrators_only(
    client: Client, member: User, admin_user: User
) -> None:
    client.force_login(admin_user)
    assert "Import CSV" in text_of(show(client))
    client.force_login(member)
    assert "Import" not in text_of(show(client))


@pytest.mark.parametrize(
    ("own", "accounts", "day"),
    [
        ("", "UTC", "14 Mar 2025"),
        ("", "Pacific/Auckland", "15 Mar 2025"),
        ("Pacific/Auckland", "UTC", "15 Mar 2025"),
        ("Nowhere/Land", "UTC", "14 Mar 2025"),
        ("../etc/passwd", "UTC", "14 Mar 2025"),
    ],
)
def test_days_are_those_of_who_is_looking(
    as_member: Client, member: User, own: str, accounts: str, day: str
) -> None:
    Account.load()
    Account.objects.update(time_zone=accounts)
    User.objects.filter(pk=member.pk).update(time_zone=own)
    make_contact(member, creation_time=datetime(2025, 3, 14, 23, 30, tzinfo=UTC))
    shown = datetime.strptime(day, "%d %b %Y").date().isoformat()
    assert day in text_of(show(as_member, f"?from={shown}&to={shown}"))


# ---------------------------------------------------------------- search and filters


def test_search_says_how_many_match(as_member: Client, ada: Contact, member: User) -> None:
    make_contact(member, first_name="Charles")
    page = show(as_member, "?q=lovel")
    assert names(page) == ["Ada Lovelace"]
    assert "1 matches" in text_of(page)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("an a an a an a an ada zz", "more than 8 words. What follows “ada” was left out."),
        ("a" * 201, "longer than 200 characters. What follows was left out."),
    ],
)
def test_what_of_a_search_is_not_looked_for_is_said(
    as_member: Client, ada: Contact, text: str, said: str
) -> None:
    assert said in text_of(show(as_member, f"?q={text}"))
    everything = as_member.post(f"/contacts/bulk/?q={text}", {"all": "1", "action": "delete"})
    assert everything.status_code == 422 and Contact.objects.count() == 1


def test_several_values_of_a_filter_are_combined(as_member: Client, member: User) -> None:
    for status in ("Qualified", "Disqualified", ""):
        make_contact(member, first_name=status or "None", status=status)
    assert set(names(show(as_member, "?status=Qualified&status=none"))) == {"Qualified", "None"}


def test_an_applied_filter_is_a_chip_whose_cross_removes_only_it(
    as_member: Client, ada: Contact
) -> None:
    html = show(as_member, "?status=Qualified&captured=30&sort=name").content.decode()
    assert "Status: Qualified" in html and "Captured on: last 30 days" in html
    assert 'href="/contacts/?captured=30&amp;sort=name"' in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?captured=today", ["New"]),
        ("?captured=90", ["New", "Older"]),
        ("?to={old}", ["Oldest"]),
        ("?from={old}&to={old}", ["Oldest"]),
        ("?captured=today&from={old}", ["New"]),
    ],
)
def test_captured_on_takes_a_preset_or_dates(
    as_member: Client, member: User, query: str, found: list[str]
) -> None:
    now = timezone.now()
    for name, days in (("New", 0), ("Older", 40), ("Oldest", 400)):
        when = now - timedelta(days=days)
        make_contact(member, first_name=name, creation_time=when, last_interacted_time=when)
    old = timezone.localdate() - timedelta(days=400)
    assert names(show(as_member, query.format(old=old.isoformat()))) == found


def test_a_manager_filters_by_the_owners_of_the_team_and_by_no_others(
    client: Client, member: User, stranger: User, ada: Contact
) -> None:
    manager = make_user(Role.MANAGER, first_name="Max")
    make_team(manager=manager, members=[member])
    client.force_login(manager)
    assert names(show(client, f"?owner={member.pk}")) == ["Ada Lovelace"]
    hidden = text_of(show(client, f"?owner={stranger.pk}"))
    assert "Sten" not in hidden
    assert f"Owner: there is no owner “{stranger.pk}”. That filter was left out." in hidden


def test_the_contacts_of_a_colleague_who_left_can_be_found(
    as_admin: Client, member: User, ada: Contact
) -> None:
    User.objects.filter(pk=member.pk).update(is_active=False)
    page = show(as_admin, f"?owner={member.pk}")
    assert names(page) == ["Ada Lovelace"] and "Owner: Mia" in text_of(page)


@pytest.mark.parametrize(
    "query",
    [
        "?sort=password",
        "?rows=7",
        "?status=Great",
        "?owner=1e9",
        "?owner=99999999999999999999",
        "?captured=ever",
        "?from=2024-02-31",
        "?to=0001-01-01",
        "?after=made-up",
        "?before=%00",
        "?after=a&before=b",
    ],
)
def test_an_address_made_up_by_hand_shows_the_list_and_says_what_was_ignored(
    as_member: Client, ada: Contact, query: str
) -> None:
    page = show(as_member, query)
    assert names(page) == ["Ada Lovelace"]
    assert 'class="notice warn" role="alert"' in page.content.decode()


# ------------------------------------------------------------------- sorting and pages


def test_a_column_head_sorts_and_then_turns_the_order(as_member: Client, ada: Contact) -> None:
    plain = show(as_member).content.decode()
    assert 'aria-sort="descending"><a id="sort-activity"' in plain
    assert 'href="/contacts/?sort=name"' in plain
    sorted_by_name = show(as_member, "?sort=name").content.decode()
    assert 'aria-sort="ascending"><a id="sort-name" href="/contacts/?sort=-name"' in sorted_by_name


def test_the_first_page_has_no_previous_and_the_last_no_next(
    as_member: Client, member: User
) -> None:
    for n in range(21):
        make_contact(member, first_name=f"Person {n:02}")
    first = show(as_member, "?sort=name&rows=20")
    assert '<a class="btn btn-sm" id="prev" aria-disabled="true"' in first.content.decode()
    last = show(as_member, first.context["next_query"])
    assert names(last) == ["Person 20"]
    assert 'id="next" aria-disabled="true"' in last.content.decode()


def test_a_page_that_has_gone_meanwhile_shows_the_last_one_there_is(
    as_member: Client, member: User
) -> None:
    for n in range(21):
        make_contact(member, first_name=f"Person {n:02}")
    following = show(as_member, "?sort=name&rows=20").context["next_query"]
    Contact.objects.filter(first_name="Person 20").delete()
    page = show(as_member, following)
    assert names(page)[-1] == "Person 19"
    assert "No contacts yet" not in text_of(page)


def test_beyond_the_bound_the_total_says_so(
    as_member: Client, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "EXACT_UP_TO", 2)
    for _ in range(2):
        make_contact(member)
    assert 'id="total">2<' in show(as_member).content.decode()
    make_contact(member)
    assert 'id="total">2+<' in show(as_member).content.decode()


# ------------------------------------------------------------------------------ states


def test_an_empty_account_offers_only_what_the_person_may_do(
    as_member: Client, admin_user: User
) -> None:
    empty = text_of(show(as_member))
    assert "No contacts yet" in empty and "Add a contact" in empty
    assert "Choose a file to import" not in empty
    as_member.force_login(admin_user)
    assert "Choose a file to import" in text_of(show(as_member))


def test_no_match_names_the_search_and_the_filters_and_offers_the_way_back(
    as_member: Client, ada: Contact
) -> None:
    page = show(as_member, "?q=brightwatr&status=Qualified")
    assert "No contacts match “brightwatr”" in text_of(page)
    assert "without Status: Qualified" in text_of(page)
    html = page.content.decode()
    assert 'href="/contacts/?q=brightwatr"' in html  # Clear filters
    assert 'href="/contacts/?status=Qualified"' in html  # Clear search


@pytest.mark.parametrize("name", ["corpora/blns/blns.json", "corpora/own/payloads/xss_contact_fields.json"])  # fmt: skip
def test_whatever_is_searched_for_is_answered_and_never_becomes_markup(
    as_member: Client, ada: Contact, name: str
) -> None:
    for text in shared_json(name):
        response = as_member.get("/contacts/", {"q": text}, headers=RESULTS)
        assert response.status_code == 200, text
        assert not re.search(r"<(script|img|iframe|svg/|object)\b", response.content.decode()), text


# -------------------------------------------------------------------------------- htmx


def test_htmx_gets_the_results_with_counts_and_chips_and_an_address(
    as_member: Client, ada: Contact
) -> None:
    response = part(as_member, "?q=&status=Qualified&captured=")
    html = response.content.decode()
    assert html.startswith('<div class="results" id="results"') and "<html" not in html
    for region in ("applied", "match-count", "total", "export"):
        assert re.search(rf'id="{region}"[^>]*hx-swap-oob="(true|innerHTML)"', html)
    assert response.headers["HX-Push-Url"] == "/contacts/?status=Qualified"


def test_typing_replaces_the_address_instead_of_filling_the_history(
    as_member: Client, ada: Contact
) -> None:
    response = show(as_member, "?q=ad", **TYPING)
    assert response.headers["HX-Replace-Url"] == "/contacts/?q=ad"
    assert "HX-Push-Url" not in response.headers


def test_going_back_gets_the_whole_page(as_member: Client, ada: Contact) -> None:
    response = show(as_member, **{**RESULTS, "HX-History-Restore-Request": "true"})
    assert response.content.decode().startswith("<!doctype html>")


def test_closing_the_pane_leaves_the_list_alone(as_member: Client, ada: Contact) -> None:
    response = show(as_member, "?q=ada", **{"HX-Request": "true", "HX-Target": "pane"})
    html = response.content.decode()
    assert html.startswith("<section") and 'id="pane"' in html and " hidden>" in html
    assert response.headers["HX-Push-Url"] == "/contacts/?q=ada"


def test_closing_the_pane_leads_to_the_list_as_it_is_by_now(
    as_member: Client, ada: Contact
) -> None:
    now = "http://testserver/contacts/?status=Qualified"
    headers = {"HX-Request": "true", "HX-Target": "pane", "HX-Current-URL": now}
    response = show(as_member, "?q=as-it-was-when-the-pane-was-opened", **headers)
    assert response.headers["HX-Push-Url"] == "/contacts/?status=Qualified"


def test_rows_can_be_selected_and_all_that_match_are_offered_beyond_one_page(
    as_member: Client, ada: Contact, member: User
) -> None:
    one_page = show(as_member).content.decode()
    assert f'name="ids" value="{ada.public_id}" form="bulk"' in one_page
    assert 'id="bulk"' in one_page and "data-select-all" not in one_page
    for n in range(20):
        make_contact(member, first_name=f"Person {n}")
    assert "Select all 21 contacts" in text_of(show(as_member, "?rows=20"))


def test_the_list_is_kept_by_no_cache_and_a_part_is_never_taken_for_the_page(
    as_member: Client, ada: Contact
) -> None:
    response = show(as_member)
    assert response.headers["Cache-Control"] == "no-store, private"
    assert {"HX-Request", "HX-Target"} <= set(response.headers["Vary"].split(", "))
