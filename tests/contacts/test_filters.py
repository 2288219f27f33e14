"""Filters on any property: what each finds, what a made-up one says, how one is added by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from contacts.access import Role
from contacts.fields import Field, Kind, forget_fields
from contacts.filters import conditions, registry
from contacts.filters.registry import filters
from contacts.filters.terms import Filter, Op, Shape
from contacts.listing import ListState
from contacts.models import Contact, Property, User
from contacts.services import update_contact
from tests.contacts.pages import read, text_of
from tests.contacts.test_list import RESULTS, names, show
from tests.factories import by, make_contact, make_property, make_team, make_user

ADDING = {"HX-Request": "true", "HX-Target": "adding"}


def found(query: str, user: User | None = None) -> list[str]:
    """The first names that a query string finds, sorted; nothing of it is left out."""
    state = ListState.from_query(QueryDict(query))
    assert state.notices == ()
    contacts = Contact.objects.visible_to(user) if user else Contact.objects.all()
    return sorted(state.apply(contacts).values_list("first_name", flat=True))


def notices(query: str) -> str:
    return " ".join(ListState.from_query(QueryDict(query)).notices)


@pytest.fixture
def crowd(member: User) -> list[Contact]:
    """Three people who differ in everything that can be asked for."""
    now = timezone.now()
    return [
        make_contact(
            member, first_name="Ana", email="Ana@Müller.example", mobile_phone="+447700900142",
            phone="+442079460123", company="Brightwater Énergie", city="Lyon", employees=50,
            timezone="Europe/Paris", status="Qualified", has_consent=True,
            last_interacted_time=now - timedelta(days=3),
        ),
        make_contact(
            member, first_name="Bo", email="bo@example.com", company="bright", city="LYON 2",
            employees=7, status="Disqualified", creation_time=datetime(2025, 3, 14, tzinfo=UTC),
        ),
        make_contact(member, first_name="Cy", city="Öland", creation_time=now - timedelta(days=20)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "people"),
    [
        ("f.city=contains:lyon", "Ana Bo"),
        ("f.city=contains:ÖLAND", "Cy"),
        ("f.city=is:lyon", "Ana"),
        ("f.city=starts-with:ly", "Ana Bo"),
        ("f.city=is:100%25", ""),
        ("f.first_name=is:bo", "Bo"),
        ("f.job_title=blank", "Ana Bo Cy"),
        ("f.company=has-value", "Ana Bo"),
        ("f.company=is:BRIGHT", "Bo"),
        ("f.company=starts-with:bright", "Ana Bo"),
        ("f.company=contains:energie", "Ana"),
        ("f.company=blank", "Cy"),
        ("f.timezone=is:europe/paris", "Ana"),
        ("f.email=contains:example.com", "Bo"),
        ("f.email=is:ana@m%C3%BCller.example", "Ana"),
        ("f.email=blank", "Cy"),
        ("f.mobile_phone=contains:07700 900", "Ana"),
        ("f.mobile_phone=is:%2B44 7700 900142", "Ana"),
        ("f.mobile_phone=has-value", "Ana"),
        ("f.phone=contains:(020) 7946", "Ana"),
        ("f.phone=blank", "Bo Cy"),
        ("f.employees=is:50", "Ana"),
        ("f.employees=at-least:7", "Ana Bo"),
        ("f.employees=at-most:7", "Bo"),
        ("f.employees=between:60..8", "Ana"),
        ("f.employees=blank", "Cy"),
        ("f.has_consent=is:yes", "Ana"),
        ("f.has_consent=is:no", "Bo Cy"),
        ("status=Qualified&status=none", "Ana Cy"),
        ("f.status=has-value", "Ana Bo"),
        ("f.captured=last:30", "Ana Cy"),
        ("f.captured=today", "Ana"),
        ("from=2025-03-14&to=2025-03-14", "Bo"),
        ("f.captured=between:2025-03-14..2025-03-13", "Bo"),
        ("f.updated=today", "Ana Bo Cy"),
        ("f.activity=last:3", "Ana"),
        ("f.activity=to:2100-01-01", "Ana"),
        ("f.activity=blank", "Bo Cy"),
        ("f.city=contains:lyon&f.employees=at-most:10", "Bo"),
        ("f.city=is:lyon&f.city=contains:land&f.has_consent=is:no", "Cy"),
    ],
)
def test_each_kind_of_field_can_be_asked_for(crowd: list[Contact], query: str, people: str) -> None:
    assert found(query) == people.split()


LONG = "Ä long text " * 20


@pytest.fixture
def described(member: User) -> list[Contact]:
    """Three people who differ in their custom properties."""
    make_property("Note", "long_text")
    make_property("Fee", "number")
    make_property("Due", "date")
    make_property("Vip", "yes_no")
    make_property("Tier", "select", "Gold", "Silver")
    make_property("Likes", "multi_select", "Tea", "Coffee", "Milk")
    today = timezone.localdate()
    return [
        make_contact(
            member, first_name="Ana", custom_note=LONG + "the end", custom_fee="-12.5",
            custom_due=(today + timedelta(days=5)).isoformat(), custom_vip="Yes",
            custom_tier="Gold", custom_likes="Tea; Coffee",
        ),
        make_contact(
            member, first_name="Bo", custom_note="Short", custom_fee="1200",
            custom_due="2025-03-14", custom_vip="No", custom_tier="Silver", custom_likes="Milk",
        ),
        make_contact(member, first_name="Cy"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "people"),
    [
        ("f.custom_note=contains:LONG TEXT", "Ana"),
        ("f.custom_note=contains:the end", "Ana"),
        ("f.custom_note=contains:sh", "Bo"),
        ("f.custom_note=starts-with:a long", "Ana"),
        ("f.custom_note=is:SHORT", "Bo"),
        ("f.custom_note=blank", "Cy"),
        ("f.custom_note=has-value", "Ana Bo"),
        ("f.custom_fee=at-least:-12.5", "Ana Bo"),
        ("f.custom_fee=at-most:0", "Ana"),
        ("f.custom_fee=between:-100..1,200.00", "Ana Bo"),
        ("f.custom_fee=is:1200", "Bo"),
        ("f.custom_due=next:5", "Ana"),
        ("f.custom_due=next:4", ""),
        ("f.custom_due=today", ""),
        ("f.custom_due=to:14 Mar 2025", "Bo"),
        ("f.custom_due=from:2025-03-15", "Ana"),
        ("f.custom_due=blank&f.custom_due=last:3650", "Bo Cy"),
        ("f.custom_vip=is:yes", "Ana"),
        ("f.custom_vip=blank", "Cy"),
        ("f.custom_tier=is:gold&f.custom_tier=is:Silver", "Ana Bo"),
        ("f.custom_tier=is:Gold&f.custom_tier=blank", "Ana Cy"),
        ("f.custom_likes=is:Coffee", "Ana"),
        ("f.custom_likes=is:Tea&f.custom_likes=is:Milk", "Ana Bo"),
        ("f.custom_likes=blank", "Cy"),
        ("f.custom_tier=is:Gold&f.custom_likes=is:Milk", ""),
    ],
)
def test_each_kind_of_custom_property_can_be_asked_for(
    described: list[Contact], query: str, people: str
) -> None:
    assert found(query) == people.split()


def test_a_text_that_only_begins_like_the_one_asked_for_is_not_it(described: list[Contact]) -> None:
    assert found(f"f.custom_note=is:{LONG}the end") == ["Ana"]
    assert found(f"f.custom_note=is:{LONG}another end") == []


def test_me_is_whoever_is_looking(client: Client, member: User, stranger: User) -> None:
    for user in (member, stranger):
        make_contact(user, first_name=user.first_name)
    for user in (member, stranger):
        client.force_login(user)
        page = show(client, "?owner=me")
        assert names(page) == [user.first_name] and "Owner: me" in text_of(page)
    assert found("owner=me") == []  # nobody is looking: nothing, rather than everything


def test_a_filter_is_spelled_the_same_after_it_was_read() -> None:
    for query in (
        "?f.city=contains:lyon&f.employees=at-least:50",
        "?status=Qualified&status=none&owner=me&captured=30",
        "?from=2025-03-14&to=2025-03-15&sort=name",
        "?f.activity=blank&f.activity=last:3&f.city=is:a:b",
    ):
        assert ListState.from_query(QueryDict(query[1:])).query == query
    spelled = ListState.from_query(QueryDict("f.status=is:qualified&f.captured=last:7&q="))
    assert spelled.query == "?status=Qualified&captured=7"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("f.nope=is:1", "There is no property “nope”. That filter was left out."),
        ("f.=x", "There is no property “”"),
        ("f.password=is:1", "There is no property “password”"),
        ("f.custom_old=is:1", "The property “Old” is archived. That filter was left out."),
        ("f.city=lyon", "City: “lyon” does not say how to compare. Use contains:…, is:…"),
        ("f.city=blank:x", "City: “blank:x” does not say how to compare"),
        ("f.city=contains:", "City: enter a text"),
        ("f.city=contains:%00", "City: enter a text"),
        ("f.city=is:" + "x" * 256, "City: too long: 256 characters"),
        ("f.employees=is:-3", "Employees: use a whole number"),
        ("f.employees=between:3", "Employees: enter two numbers"),
        ("f.email=is:bo@nowhere", "Email: the part after the @ needs a dot"),
        ("f.mobile_phone=is:12", "Mobile phone: too short"),
        ("f.phone=contains:abc", "Phone: use digits"),
        ("f.captured=next:3", "Captured on: “next:3” does not say how to compare"),
        ("captured=0", "Captured on: use a number of days from 1 to 3650"),
        ("from=1850-01-01", "Captured on: “1850-01-01” is out of range. Use a date from 1900"),
        ("from=2024-02-31", "Captured on: “2024-02-31” is not a date"),
        ("f.has_consent=is:perhaps", "Consent: use yes or no"),
        ("f.custom_tier=is:Bronze", "Tier: there is no choice “Bronze”. That filter was left out."),
        ("f.custom_tier=is:Gold&f.custom_tier=is:Tin", "“Tin”. That value was left out."),
        ("sort=custom_old", "cannot be sorted by “custom_old”"),
        ("sort=custom_", "cannot be sorted by “custom_”"),
    ],
)
def test_a_filter_that_makes_no_sense_is_named_and_the_rest_applies(
    as_member: Client, ada: Contact, query: str, said: str
) -> None:
    make_property("Tier", "select", "Gold", "Silver")
    make_property("Old")
    Property.objects.filter(name="old").update(archived_at=timezone.now())
    update_contact(contact_id=ada.pk, actor=by(), values={"custom_tier": "Gold"})
    page = show(as_member, f"?{query}&f.company=is:Engines")
    assert said in text_of(page)
    assert names(page) == ["Ada Lovelace"] and "Company: Engines" in text_of(page)


@pytest.mark.django_db
def test_more_than_can_be_asked_for_is_told() -> None:
    many = "&".join(f"f.{name}=has-value" for name in list(filters_that_may_be_blank())[:22])
    assert "A list takes at most 20 filters. Left out: " in notices(many)
    assert len(ListState.from_query(QueryDict(many)).filters) == 20
    values = "&".join(f"f.city=is:{n}" for n in range(53))
    assert "City: at most 50 values. The last 3 were left out." in notices(values)
    assert len(ListState.from_query(QueryDict(values)).terms("city")) == 50


def filters_that_may_be_blank() -> Iterator[str]:
    for n in range(9):
        make_property(f"Extra {n}")
    yield from (name for name, spec in filters().items() if Op.FILLED in spec.allowed)


def test_filters_and_counts_tell_nothing_of_hidden_contacts(
    client: Client, member: User, stranger: User, ada: Contact
) -> None:
    make_contact(stranger, first_name="Hidden", city="Oslo")
    client.force_login(member)
    page = show(client, "?f.city=is:Oslo")
    assert names(page) == [] and "0 match" in text_of(page) and "Sten" not in text_of(page)


def test_the_owners_offered_are_those_whose_contacts_one_sees(
    client: Client, member: User, stranger: User, ada: Contact
) -> None:
    manager = make_user(Role.MANAGER, first_name="Max")
    make_team(manager=manager, members=[member])
    client.force_login(manager)
    editor = text_of(client.get("/contacts/?add=owner", headers=ADDING))
    assert "Me" in editor and "Mia" in editor and "Sten" not in editor


@pytest.mark.parametrize("kind", ["select", "multi_select"])
def test_a_removed_choice_is_found_as_long_as_a_contact_keeps_it(
    as_member: Client, ada: Contact, kind: str
) -> None:
    make_property("Tier", kind, "Gold", "Silver")
    update_contact(contact_id=ada.pk, actor=by(), values={"custom_tier": "Gold"})
    Property.objects.update(options=["Silver"])
    forget_fields()
    page = show(as_member, "?f.custom_tier=is:Gold")
    assert names(page) == ["Ada Lovelace"] and "Tier: Gold (removed)" in text_of(page)
    editor = as_member.get("/contacts/?f.custom_tier=is:Gold&add=custom_tier", headers=ADDING)
    assert 'value="is:Gold" checked' in editor.content.decode()
    update_contact(contact_id=ada.pk, actor=by(), values={"custom_tier": "Silver"})
    assert "there is no choice “Gold”" in text_of(show(as_member, "?f.custom_tier=is:Gold"))


# ------------------------------------------------------------------------- adding by hand


def test_the_pop_up_lists_every_property_and_leads_to_its_editor(
    as_member: Client, ada: Contact
) -> None:
    make_property("Tier", "select", "Gold")
    every = text_of(show(as_member))
    for label in ("City", "Last activity", "Custom properties Tier"):
        assert label in every
    page = as_member.get("/contacts/?q=ada&add=city")
    assert page.status_code == 200 and names(page) == ["Ada Lovelace"]
    assert {"add": "city", "add.op": "contains", "add.v": ""}.items() <= read(page).values.items()


def test_a_plain_form_adds_a_filter_to_what_is_in_force(as_member: Client, ada: Contact) -> None:
    answer = as_member.get(
        "/contacts/?q=ada&status=none&f.city=is:Turin&add=city&add.op=contains&add.v=+lyon+"
    )
    assert answer.status_code == 302
    assert answer["Location"] == (
        "/contacts/?q=ada&status=none&f.city=is:Turin&f.city=contains:lyon"
    )


def test_what_was_typed_wrongly_stays_in_the_editor_and_the_list_as_it_was(
    as_member: Client, ada: Contact
) -> None:
    page = as_member.get("/contacts/?q=ada&add=employees&add.op=at-least&add.v=lots")
    assert page.status_code == 422 and names(page) == ["Ada Lovelace"]
    assert "Use a whole number" in text_of(page)
    assert read(page).values["add.v"] == "lots" and read(page).values["add.op"] == "at-least"


def test_htmx_gets_the_editor_alone_then_the_results_and_the_new_address(
    as_member: Client, ada: Contact
) -> None:
    editor = as_member.get("/contacts/?q=ada&add=city", headers=ADDING)
    assert editor.content.decode().startswith('<details class="pop adding" id="adding" open>')
    added = as_member.get("/contacts/?q=ada&add=city&add.op=blank", headers=RESULTS)
    assert added.headers["HX-Push-Url"] == "/contacts/?q=ada&f.city=blank"
    assert '<details class="pop adding" id="adding" hx-swap-oob="true">' in added.content.decode()
    wrong = as_member.get("/contacts/?q=ada&add=city&add.op=is&add.v=", headers=RESULTS)
    assert wrong.status_code == 422 and "Enter a text" in text_of(wrong)


def test_ticked_values_take_the_place_of_those_in_force(as_member: Client, ada: Contact) -> None:
    make_property("Tier", "select", "Gold", "Silver")
    base = "/contacts/?f.custom_tier=is:Gold&add=custom_tier"
    shown = as_member.get(base, headers=ADDING).content.decode()
    assert 'value="is:Gold" checked' in shown and 'value="is:Silver" checked' not in shown
    answer = as_member.get(f"{base}&add.set=1&add.v=is:Silver&add.v=blank")
    assert answer["Location"] == "/contacts/?f.custom_tier=is:Silver&f.custom_tier=blank"
    assert as_member.get(f"{base}&add.set=1")["Location"] == "/contacts/"
    nothing = as_member.get("/contacts/?add=custom_tier&add.set=1")
    assert nothing.status_code == 422 and "Choose one or more" in text_of(nothing)


def test_a_chip_opens_its_value_in_the_editor_which_changes_it(
    as_member: Client, ada: Contact
) -> None:
    query = "?f.employees=between:5..10&f.employees=blank"
    assert "add=employees&amp;add.was=between:5..10" in show(as_member, query).content.decode()
    editor = as_member.get(f"/contacts/{query}&add=employees&add.was=between:5..10")
    typed = read(editor).values
    assert (typed["add.op"], typed["add.v"], typed["add.to"]) == ("between", "5", "10")
    changed = as_member.get(
        f"/contacts/{query}&add=employees&add.was=between:5..10&add.op=is&add.v=6"
    )
    assert changed["Location"] == "/contacts/?f.employees=blank&f.employees=is:6"


def test_one_filter_too_many_is_refused_where_it_is_added(as_member: Client, ada: Contact) -> None:
    many = "&".join(f"f.{name}=has-value" for name in list(filters_that_may_be_blank())[:20])
    page = as_member.get(f"/contacts/?{many}&add=has_consent&add.set=1&add.v=is:yes")
    assert page.status_code == 422 and "at most 20 filters. Remove one first" in text_of(page)


def test_a_property_that_cannot_be_added_is_named(as_member: Client, ada: Contact) -> None:
    page = show(as_member, "?add=nope&add.op=is&add.v=1")
    assert "There is no property “nope”. No filter was added." in text_of(page)


def test_a_later_app_registers_a_filter_for_a_column_that_it_keeps(
    as_member: Client, ada: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_more", dict(registry._more))
    registry.register(
        Filter(
            name="saves",
            label="Number of saves",
            shape=Shape.NUMBER,
            condition=conditions.on_number("version"),
            field=Field("version", "Number of saves", Kind.NUMBER),
        )
    )
    assert names(show(as_member, "?f.saves=at-least:2")) == []
    update_contact(contact_id=ada.pk, actor=by(), values={"city": "Turin"})
    page = show(as_member, "?f.saves=at-least:2")
    assert names(page) == ["Ada Lovelace"] and "Number of saves: at least 2" in text_of(page)


@pytest.mark.parametrize("query", ["", "?f.custom_tier=is:Gold&f.activity=blank&sort=custom_tier"])
def test_filters_cost_no_query_a_row(
    as_member: Client, member: User, django_assert_num_queries: Any, query: str
) -> None:
    make_property("Tier", "select", "Gold")
    make_contact(member, custom_tier="Gold")
    expected = 12 if query else 11
    for rows in (1, 50):
        for _ in range(rows - Contact.objects.count()):
            make_contact(member, custom_tier="Gold")
        as_member.get("/login/")  # a request begins: nothing is known of the properties
        with django_assert_num_queries(expected):
            assert len(names(show(as_member, query))) == rows
