"""Columns of All Contacts: chosen, ordered, kept; a hand-made choice never breaks the list."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contacts.columns import MAX_COLUMNS, chosen_columns, columns, placed, usual_columns
from contacts.lists import create_list
from contacts.models import Account, Contact, Property, User
from tests.contacts.pages import HTMX, read, text_of
from tests.contacts.test_list import names, show
from tests.factories import by, make_contact, make_property

USUAL = ["Name", "Email", "Mobile phone", "Company", "Owner", "Last activity", "Upcoming", "Sync"]  # fmt: skip


def heads(response: Any) -> list[str]:
    """The heads of the table, left to right."""
    found = re.findall(r'<th scope="col".*?</th>', response.content.decode(), re.DOTALL)
    return [re.sub("<.*?>", "", head) for head in found][
        1:-1
    ]  # without those of the checkboxes and the menus


def choose(client: Client, *shown: str, **more: str) -> Any:
    return client.post("/contacts/columns/", {"column": shown, "show": shown, **more})


@pytest.mark.django_db
def test_columns_are_chosen_ordered_and_kept(as_member: Client, ada: Contact) -> None:
    make_property("Tier")
    assert heads(show(as_member)) == USUAL
    answer = choose(as_member, "custom_tier", "city", "updated", "email")
    assert answer["Location"] == "/contacts/"
    page = show(as_member)
    assert heads(page) == ["Name", "Tier", "City", "Last updated", "Email"]
    assert "Columns saved" in text_of(page)


def test_the_choice_is_each_persons_own(as_member: Client, ada: Contact, admin_user: User) -> None:
    choose(as_member, "city")
    as_member.force_login(admin_user)
    assert heads(show(as_member)) == USUAL


def test_the_form_shows_what_is_chosen_first_and_offers_the_rest(
    as_member: Client, member: User
) -> None:
    User.objects.filter(pk=member.pk).update(columns=["status", "email"])
    make_property("Tier")
    page = as_member.get("/contacts/columns/?q=a")
    boxes = re.findall(r'name="show" value="(\w+)"( checked)?', page.content.decode())
    assert boxes[:3] == [("status", " checked"), ("email", " checked"), ("mobile_phone", "")]
    assert boxes[-1][0] == "custom_tier" and "name" not in dict(boxes)
    assert 'action="/contacts/columns/?q=a"' in page.content.decode()


def test_a_column_is_moved_without_script_and_nothing_is_saved_yet(
    as_member: Client, member: User
) -> None:
    sent = {"column": ["email", "city", "status"], "show": ["email", "city"]}
    page = as_member.post("/contacts/columns/", {**sent, "up": "city"})
    boxes = re.findall(r'name="show" value="(\w+)"( checked)?', page.content.decode())
    assert boxes[:3] == [("city", " checked"), ("email", " checked"), ("status", "")]
    assert 'id="down-city" data-autofocus' in page.content.decode()  # it is the first now
    moved = as_member.post("/contacts/columns/", {**sent, "down": "email"}, headers=HTMX)
    assert 'id="down-email" data-autofocus' in moved.content.decode()
    assert moved.headers["HX-Retarget"] == "#dialog"
    member.refresh_from_db()
    assert member.columns is None


def test_reset_brings_the_usual_ones_back(as_member: Client, ada: Contact, member: User) -> None:
    choose(as_member, "city")
    answer = as_member.post("/contacts/columns/?q=a", {"reset": "1"}, headers=HTMX)
    assert answer["HX-Redirect"] == "/contacts/?q=a"
    assert heads(show(as_member)) == USUAL


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (["password"], "There is no column “password”."),
        (["custom_old"], "There is no column “custom_old”."),
        ([f"x{n}" for n in range(500)], "There is no column “x0”."),
        (None, "Choose at most 20 columns beside the name. These are 2"),
    ],
)
def test_a_choice_made_up_by_hand_is_refused_and_changes_nothing(
    as_member: Client, ada: Contact, member: User, shown: list[str] | None, said: str
) -> None:
    make_property("Old")
    Property.objects.update(archived_at=timezone.now())
    User.objects.filter(pk=member.pk).update(columns=["city"])
    page = choose(as_member, *(shown if shown is not None else columns()))
    assert page.status_code == 422 and said in text_of(page)
    member.refresh_from_db()
    assert member.columns == ["city"]


def test_the_name_and_a_column_sent_twice_count_once(as_member: Client, member: User) -> None:
    choose(as_member, "email", "name", "email")
    member.refresh_from_db()
    assert member.columns == ["email"]


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ([], ["Name"]),
        (["nope", 7, None, ["email"], "email", "email", "name"], ["Name", "Email"]),
        ({"email": 1}, USUAL),
        ("email", USUAL),
        (["city"] * 500, ["Name", "City"]),
    ],
)
def test_whatever_is_stored_the_list_has_columns(
    as_member: Client, ada: Contact, member: User, stored: Any, shown: list[str]
) -> None:
    User.objects.filter(pk=member.pk).update(columns=stored)
    page = show(as_member)
    assert heads(page) == shown and names(page) == ["Ada Lovelace"]


@pytest.mark.django_db
def test_never_more_than_twenty_are_shown() -> None:
    for n in range(5):
        make_property(f"Extra {n}")
    assert len(chosen_columns(list(columns()))) == MAX_COLUMNS + 1


def test_the_column_of_an_archived_property_goes_and_comes_back(
    as_member: Client, ada: Contact, member: User
) -> None:
    make_property("Tier")
    choose(as_member, "email", "custom_tier", "city")
    Property.objects.update(archived_at=timezone.now())
    assert heads(show(as_member)) == ["Name", "Email", "City"]
    choose(as_member, "email", "city", "status")  # chosen again while it is away
    Property.objects.update(archived_at=None)
    assert heads(show(as_member)) == ["Name", "Email", "Tier", "City", "Status"]


# ---------------------------------------------------------------------------------- lists


def test_a_list_may_have_columns_of_its_own(as_member: Client, member: User, ada: Contact) -> None:
    choose(as_member, "email", "city")
    as_member.post("/contacts/lists/new/?q=ada", {"name": "With columns", "columns": "1"})
    [row] = member.lists.all()
    assert row.columns == ["email", "city"]
    choose(as_member, "status")
    assert heads(show(as_member)) == ["Name", "Status"]
    assert heads(show(as_member, f"?list={row.public_id}")) == ["Name", "Email", "City"]
    url = f"/contacts/columns/?list={row.public_id}"
    assert read(as_member.get(url)).values["for_list"] == "1"
    as_member.post(url, {"column": "owner", "show": "owner", "for_list": "1"})
    assert heads(show(as_member, f"?list={row.public_id}")) == ["Name", "Owner"]
    assert heads(show(as_member)) == ["Name", "Status"]
    as_member.post(url, {"column": "phone", "show": "phone"})
    assert heads(show(as_member, f"?list={row.public_id}")) == ["Name", "Phone"]
    assert heads(show(as_member)) == ["Name", "Phone"]


def test_the_columns_of_somebody_elses_list_are_said_to_be_its_own(
    as_member: Client, member: User, stranger: User, ada: Contact
) -> None:
    row = create_list(actor=by(stranger), name="Theirs", query="", shared=True, columns=["city"])
    page = as_member.get(f"/contacts/columns/?list={row.public_id}")
    assert "The list Theirs has columns of its own" in text_of(page)
    assert "for_list" not in page.content.decode()
    answer = as_member.post(
        f"/contacts/columns/?list={row.public_id}",
        {"column": "owner", "show": "owner", "for_list": "1"},
    )
    assert answer.status_code == 302
    row.refresh_from_db()
    assert row.columns == ["city"]


# ---------------------------------------------------------------------------------- cells


def test_each_kind_of_value_is_shown_as_people_read_it(as_member: Client, member: User) -> None:
    make_property("Fee", "number")
    make_property("Due", "date")
    make_property("Likes", "multi_select", "Tea", "Milk")
    make_contact(
        member, employees=12408, has_consent=True, phone="+442079460123;ext=5",
        street_address="1 Road\nTown", custom_fee="-1234567.5", custom_due="2025-03-14",
        custom_likes="Tea; Milk", timezone="Europe/London",
    )  # fmt: skip
    shown = ["employees", "has_consent", "terms_of_service", "phone", "street_address", "timezone"]
    choose(as_member, *shown, "custom_fee", "custom_due", "custom_likes", "city")
    assert (
        "12,408 Yes No +44 20 7946 0123 ext. 5 1 Road Town Europe/London "
        "-1,234,567.5 14 Mar 2025 Tea, Milk –No city" in text_of(show(as_member))
    )


def test_a_hostile_value_is_only_text_in_every_column(as_member: Client, member: User) -> None:
    hostile = '"><script>alert(1)</script>'
    make_property("Tier")
    text = dict.fromkeys(("company", "city", "job_title", "custom_tier"), hostile)
    make_contact(member, first_name=hostile, **text)
    choose(as_member, *text)
    assert "<script>alert" not in show(as_member).content.decode()


def test_all_columns_cost_no_query_a_row(
    as_member: Client, member: User, stranger: User, django_assert_num_queries: Any
) -> None:
    for n in range(4):
        make_property(f"Extra {n}")
    every = [name for name in columns() if name != "name"]
    User.objects.filter(pk=member.pk).update(columns=every[-MAX_COLUMNS:])
    make_contact(member, custom_extra_1="x")
    Account.load()
    for rows in (1, 50):
        for _ in range(rows - Contact.objects.count()):
            make_contact(member, custom_extra_1="x")
        with django_assert_num_queries(11):
            assert len(names(show(as_member))) == rows


def test_a_column_head_sorts_by_a_property(as_member: Client, member: User) -> None:
    make_property("Fee", "number")
    for name, fee in (("Nine", "9"), ("Ten", "10"), ("None", "")):
        make_contact(member, first_name=name, custom_fee=fee)
    choose(as_member, "custom_fee")
    assert 'href="/contacts/?sort=custom_fee"' in show(as_member).content.decode()
    page = show(as_member, "?sort=custom_fee")
    assert names(page) == ["Nine", "Ten", "None"]
    assert 'aria-sort="ascending"><a id="sort-custom_fee" href="/contacts/?sort=-custom_fee"' in page.content.decode()  # fmt: skip
    assert names(show(as_member, "?sort=-custom_fee")) == ["Ten", "Nine", "None"]


# ------------------------------------------------------------------------------- little room


def stays(css: str, names_: list[str], *, usual: bool) -> list[str]:
    chosen = usual_columns() if usual else chosen_columns(names_)
    gone = {"wide": (), "1120": ("gw-1",), "880": ("gw-1", "gw-2"), "560": ("gw-1", "gw-2", "gw-3")}
    return [p.column.name for p in placed(chosen, usual=usual) if not {*p.css.split()} & {*gone[css]}]  # fmt: skip


@pytest.mark.django_db
def test_the_usual_columns_give_way_as_the_design_says() -> None:
    assert stays("1120", [], usual=True) == ["name", "email", "mobile_phone", "activity", "upcoming", "sync"]  # fmt: skip
    assert stays("880", [], usual=True) == ["name", "email", "mobile_phone", "sync"]
    assert stays("560", [], usual=True) == ["name", "sync"]


@pytest.mark.django_db
def test_of_chosen_columns_the_last_give_way_first() -> None:
    chosen = ["city", "owner", "company", "email", "status", "phone"]
    assert stays("1120", chosen, usual=False) == ["name", *chosen[:5]]
    assert stays("880", chosen, usual=False) == ["name", *chosen[:3]]
    assert stays("560", chosen, usual=False) == ["name", "city"]


@pytest.mark.django_db
def test_a_card_has_an_address_and_the_first_chosen_columns() -> None:
    on_card = {p.column.name: p.css.split()[-1] for p in placed(chosen_columns(["city", "email", "owner"]), usual=False)}  # fmt: skip
    assert (on_card["email"], on_card["city"], on_card["owner"]) == ("card-main", "card-side", "card-more")  # fmt: skip
    usual = [p for p in placed(usual_columns(), usual=True) if "card-" in p.css]
    assert [p.column.name for p in usual] == ["email", "upcoming", "sync"]
