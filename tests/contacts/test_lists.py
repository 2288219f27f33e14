"""Contact lists: saved, opened, changed, shared, left behind."""

import re
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from contacts import lists
from contacts.identity import InvalidValue
from contacts.listing import ListState
from contacts.lists import MAX_LISTS, create_list, left_behind, take_over
from contacts.models import Account, AuditEntry, Contact, ContactList, Property, User
from tests.contacts.pages import HTMX, read, text_of
from tests.contacts.test_list import RESULTS, names, show
from tests.contacts.test_races import at_once
from tests.factories import by, make_contact, make_property, make_user


def make_list(owner: User, query: str = "", name: str = "Leads", **fields: Any) -> ContactList:
    return create_list(actor=by(owner), name=name, query=query, **fields)


def tabs(response: Any) -> list[str]:
    """The saved views above the list, left to right."""
    [strip] = re.findall(r'<nav class="views" id="views".*?</nav>', response.content.decode(), re.S)
    return re.findall(r'<bdi>(.*?)</bdi><span class="n"', strip)


def leave(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


@pytest.fixture
def people(member: User) -> None:
    for name, city, status in (("Ana", "Lyon", "Qualified"), ("Bo", "Lyon", ""), ("Cy", "Rome", "")):  # fmt: skip
        make_contact(member, first_name=name, city=city, status=status)


# ------------------------------------------------------------------------- saving and opening


def test_save_view_keeps_search_filters_and_sort_under_a_name(
    as_member: Client, member: User, people: None
) -> None:
    query = "?q=bo&f.city=is:Lyon&sort=name"
    form = as_member.get(f"/contacts/lists/new/{query}")
    assert "Save view" in text_of(form) and "Only you" in text_of(form)
    answer = as_member.post(f"/contacts/lists/new/{query}&rows=20", {"name": "  In  Lyon "})
    row = ContactList.objects.get()
    assert (row.name, row.owner, row.shared, row.columns) == ("In Lyon", member, False, None)
    assert row.query == "q=bo&f.city=is:Lyon&sort=name"
    assert answer["Location"] == f"/contacts/?list={row.public_id}"
    page = show(as_member, f"?list={row.public_id}")
    assert names(page) == ["Bo"] and "In Lyon saved" in text_of(page)
    assert tabs(page) == ["My contacts", "In Lyon"]
    assert re.search(r'id="nav-lists">.*aria-current="page"><bdi class="ellipsis">In Lyon', page.content.decode(), re.S)  # fmt: skip


def test_a_list_is_evaluated_when_it_is_opened(as_member: Client, member: User) -> None:
    row = make_list(member, "f.city=is:Lyon")
    assert names(show(as_member, f"?list={row.public_id}")) == []
    make_contact(member, first_name="New", city="Lyon")
    assert names(show(as_member, f"?list={row.public_id}")) == ["New"]


def test_what_the_address_says_besides_overrides_the_list_and_shows_as_changed(
    as_member: Client, member: User, people: None
) -> None:
    row = make_list(member, "status=Qualified&f.city=is:Lyon&sort=name")
    opened = show(as_member, f"?list={row.public_id}")
    assert names(opened) == ["Ana"] and "Update list" not in text_of(opened)
    changed = show(as_member, f"?list={row.public_id}&status=&f.city=is:Rome")
    assert names(changed) == ["Cy"] and "Update list" in text_of(changed)
    assert changed.context["list_query"] == (
        f"?list={row.public_id}&f.city=is:Rome&sort=name&status="
    )
    back = show(as_member, f"?list={row.public_id}&sort=name&f.city=is:Lyon&status=Qualified")
    assert back.context["list_query"] == f"?list={row.public_id}"


def test_the_form_without_script_can_take_a_filter_of_the_list_away(
    as_member: Client, member: User, people: None
) -> None:
    row = make_list(member, "status=Qualified&captured=30&sort=name&q=a&owner=me")
    sent = read(show(as_member, f"?list={row.public_id}")).values
    assert (sent["q"], sent["captured"], sent["sort"]) == ("a", "30", "name")
    sent |= {"captured": "", "q": ""}
    answer = as_member.get("/contacts/", {**sent, "status": ""})
    assert names(answer) == ["Ana", "Bo", "Cy"]
    assert answer.context["list_query"] == (
        f"?list={row.public_id}&owner=me&sort=name&q=&status=&captured="
    )


def test_paging_and_the_pane_stay_within_the_list(as_member: Client, member: User) -> None:
    row = make_list(member, "f.city=is:Lyon&sort=name")
    for n in range(21):
        make_contact(member, first_name=f"Person {n:02}", city="Lyon")
    first = show(as_member, f"?list={row.public_id}&rows=20")
    assert first.context["next_query"].startswith(f"?list={row.public_id}&rows=20&after=")
    assert names(show(as_member, first.context["next_query"])) == ["Person 20"]
    html = first.content.decode()
    assert f"/?list={row.public_id}&amp;rows=20" in html


def test_update_list_saves_what_is_on_screen(as_member: Client, member: User, people: None) -> None:
    row = make_list(member, "f.city=is:Lyon")
    query = f"?list={row.public_id}&f.city=is:Rome&sort=name"
    answer = as_member.post(f"/contacts/lists/{row.public_id}/update/{query}")
    assert answer["Location"] == f"/contacts/?list={row.public_id}"
    row.refresh_from_db()
    assert row.query == "f.city=is:Rome&sort=name"
    with_htmx = as_member.post(
        f"/contacts/lists/{row.public_id}/update/?list={row.public_id}&q=a", headers=HTMX
    )
    assert with_htmx["HX-Redirect"] == f"/contacts/?list={row.public_id}"


def test_my_contacts_is_a_list_of_everybodys_own(
    as_admin: Client, admin_user: User, ada: Contact
) -> None:
    make_contact(admin_user, first_name="Mine")
    page = show(as_admin, "?list=mine")
    assert names(page) == ["Mine"] and tabs(page) == ["My contacts"]
    assert "Update list" not in text_of(show(as_admin, "?list=mine&sort=name"))


# --------------------------------------------------------------------- what cannot be read


def test_a_filter_that_cannot_be_read_is_named_and_saving_again_asks(
    as_member: Client, member: User, people: None
) -> None:
    make_property("Tier", "select", "Gold")
    row = make_list(member, "f.custom_tier=is:Gold&f.city=is:Lyon")
    Property.objects.update(archived_at=timezone.now())
    opened = show(as_member, f"?list={row.public_id}")
    assert "The property “Tier” is archived. That filter was left out." in text_of(opened)
    assert sorted(names(opened)) == ["Ana", "Bo"] and "Update list" not in text_of(opened)
    url = f"/contacts/lists/{row.public_id}/update/?list={row.public_id}&sort=name"
    asked = as_member.post(url)
    assert asked.status_code == 409 and "“Tier” is archived" in text_of(asked)
    row.refresh_from_db()
    assert row.query == "f.custom_tier=is:Gold&f.city=is:Lyon"
    assert as_member.post(url, {"confirm": "1"}).status_code == 302
    row.refresh_from_db()
    assert row.query == "f.city=is:Lyon&sort=name"


@pytest.mark.parametrize("query", ["f.nope=is:1", "sort=custom_gone", "owner=999999999", "captured=x&q=%00"])  # fmt: skip
def test_a_list_with_anything_saved_opens(as_member: Client, member: User, query: str) -> None:
    row = make_list(member, query)
    assert as_member.get(f"/contacts/?list={row.public_id}").status_code == 200


# --------------------------------------------------------------------------- who sees what


@pytest.mark.parametrize("wanted", ["LST-NOTHINGATALL", "x" * 5000, "%00", "'"])
def test_a_list_that_does_not_exist_is_not_found(as_member: Client, wanted: str) -> None:
    assert as_member.get(f"/contacts/?list={wanted}").status_code == 404
    assert as_member.get(f"/contacts/export/?list={wanted}").status_code == 404


def test_a_private_list_is_like_none_for_everybody_else(
    as_admin: Client, admin_user: User, member: User, ada: Contact
) -> None:
    row = make_list(member, "q=ada", name="Secret plans")
    base = f"/contacts/lists/{row.public_id}"
    for url in (f"/contacts/?list={row.public_id}", f"{base}/edit/", f"{base}/delete/"):
        assert as_admin.get(url).status_code == 404
    for action in ("edit", "update", "delete", "move", "take-over"):
        assert as_admin.post(f"{base}/{action}/").status_code == 404
    assert "Secret plans" not in text_of(as_admin.get("/contacts/lists/"))
    pane = as_admin.get(f"/contacts/{ada.public_id}/?list={row.public_id}")
    assert "There is no list" in text_of(pane) and "Secret plans" not in text_of(pane)
    counts = as_admin.get(f"/contacts/lists/counts/?list={row.public_id}&list=mine&list=%00")
    assert "vn-mine" in counts.content.decode() and row.public_id not in counts.content.decode()


def test_closing_a_pane_tells_nothing_of_a_list_that_is_somebody_elses(
    as_member: Client, stranger: User
) -> None:
    theirs = make_list(stranger, "f.city=contains:secretcity").public_id
    told = []
    for wanted in (theirs, "LST-000000000000"):
        here = f"http://testserver/contacts/?list={wanted}&q=zz"
        close = {**HTMX, "HX-Current-URL": here}
        told.append(as_member.get("/contacts/", headers=close)["HX-Push-Url"].replace(wanted, ""))
    assert told[0] == told[1] and "secretcity" not in told[0]


def test_what_a_new_list_would_lack_is_said_before_it_is_saved(
    as_member: Client, member: User, people: None
) -> None:
    path = "/contacts/lists/new/?q=bo&f.custom_gone=is:Gold"
    assert "will be saved without that part" in text_of(as_member.get(path))
    unasked = as_member.post(path, {"name": "Gold"})
    assert unasked.status_code == 409 and not ContactList.objects.exists()
    assert read(unasked).values["name"] == "Gold"
    as_member.post(path, {"name": "Gold", "confirm": read(unasked).values["confirm"]})
    assert ContactList.objects.get().query == "q=bo"


def test_a_list_that_lost_a_filter_is_not_counted(as_member: Client, member: User) -> None:
    lost, whole = make_list(member, "f.custom_gone=is:Gold"), make_list(member, name="All")
    path = f"/contacts/lists/counts/?list={lost.public_id}&list={whole.public_id}"
    counted = as_member.get(path, headers=HTMX).content.decode()
    assert whole.public_id in counted and lost.public_id not in counted


def test_a_shared_list_shows_each_person_only_what_they_may_see(
    as_member: Client, member: User, stranger: User, people: None
) -> None:
    make_contact(stranger, first_name="Own", city="Lyon")
    row = make_list(member, "f.city=is:Lyon", shared=True)
    as_member.force_login(stranger)
    page = show(as_member, f"?list={row.public_id}")
    assert names(page) == ["Own"] and "Edit list" not in text_of(page)
    changed = show(as_member, f"?list={row.public_id}&sort=name")
    assert "Update list" not in text_of(changed)
    for action in ("edit", "update", "delete", "move", "take-over"):
        assert as_member.post(f"/contacts/lists/{row.public_id}/{action}/").status_code == 404
    assert ContactList.objects.get().name == "Leads"


def test_a_shared_list_of_somebodys_contacts_does_not_grow_for_who_sees_less(
    as_member: Client, member: User, stranger: User, ada: Contact
) -> None:
    make_contact(stranger, first_name="Own")
    row = make_list(member, f"owner={member.pk}", shared=True)
    as_member.force_login(stranger)
    page = show(as_member, f"?list={row.public_id}")
    assert names(page) == [] and "Mia" not in text_of(page)
    assert "Owner: somebody whose contacts you do not see" in text_of(page)


# ---------------------------------------------------------------------- names and numbers


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Enter a name"),
        (" \t\u0007 ", "Enter a name"),
        ("x" * 61, "Too long: 61 characters, at most 60"),
        ("STRASSE", "You have a list named “STRASSE” already"),
    ],
)
def test_a_name_that_will_not_do_is_refused_and_kept(
    as_member: Client, member: User, typed: str, said: str
) -> None:
    make_list(member, name="Straße")
    answer = as_member.post("/contacts/lists/new/?q=a", {"name": typed, "shared": "1"})
    assert answer.status_code == 422 and said in text_of(answer)
    assert read(answer).values["shared"] == "1"
    if typed == typed.strip():
        assert read(answer).values["name"] == typed
    assert ContactList.objects.count() == 1


def test_two_people_may_have_a_list_of_one_name(member: User, stranger: User) -> None:
    assert make_list(member).name == make_list(stranger).name


def test_there_are_at_most_a_hundred_lists_a_person(as_member: Client, member: User) -> None:
    ContactList.objects.bulk_create(
        ContactList(owner=member, name=f"L{n}", name_key=f"l{n}") for n in range(MAX_LISTS)
    )
    answer = as_member.post("/contacts/lists/new/", {"name": "One more"})
    assert answer.status_code == 422 and "You have 100 lists" in text_of(answer)
    page = as_member.get("/contacts/lists/")
    assert len(re.findall("row-actions", page.content.decode())) == MAX_LISTS


def test_the_navigation_holds_eight_and_the_one_that_is_open(
    as_member: Client, member: User, stranger: User
) -> None:
    for n in range(9):
        last = make_list(member, name=f"Own {n}")
    make_list(stranger, name="A shared one", shared=True)
    assert tabs(show(as_member)) == ["My contacts", *(f"Own {n}" for n in range(8))]
    assert tabs(show(as_member, f"?list={last.public_id}"))[-1] == "Own 8"
    everything = text_of(as_member.get("/contacts/lists/"))
    assert "Own 8" in everything and "A shared one" in everything and "Sten" in everything


# ------------------------------------------------------------- renamed, moved, deleted, left


def test_a_list_is_renamed_shared_and_made_private_again(as_member: Client, member: User) -> None:
    row = make_list(member, "q=a")
    url = f"/contacts/lists/{row.public_id}/edit/"
    assert read(as_member.get(url)).values["name"] == "Leads"
    answer = as_member.post(f"{url}?list={row.public_id}", {"name": "leads", "shared": "1"})
    assert answer["Location"] == f"/contacts/?list={row.public_id}"
    row.refresh_from_db()
    assert (row.name, row.shared, row.query) == ("leads", True, "q=a")
    assert as_member.post(url, {"name": "leads"})["Location"] == "/contacts/lists/"
    row.refresh_from_db()
    assert not row.shared
    told = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert told == ["list.created", "list.shared", "list.made_private"]


def test_lists_stand_in_the_order_their_owner_gives_them(as_member: Client, member: User) -> None:
    rows = [make_list(member, name=name) for name in "ABC"]
    as_member.post(f"/contacts/lists/{rows[2].public_id}/move/", {"up": "1"})
    as_member.post(f"/contacts/lists/{rows[0].public_id}/move/", {"down": "1"})
    as_member.post(f"/contacts/lists/{rows[2].public_id}/move/", {"up": "1"})
    assert tabs(show(as_member)) == ["My contacts", "C", "A", "B"]


def test_deleting_a_list_asks_and_leaves_its_contacts(
    as_member: Client, member: User, ada: Contact
) -> None:
    row = make_list(member, "q=ada")
    url = f"/contacts/lists/{row.public_id}/delete/"
    assert "Its contacts stay" in text_of(as_member.get(url))
    assert as_member.post(url, headers=HTMX)["HX-Redirect"] == "/contacts/lists/"
    assert ContactList.objects.count() == 0 and Contact.objects.count() == 1
    assert as_member.get(f"/contacts/?list={row.public_id}").status_code == 404


def test_a_shared_list_outlives_its_owners_stay_and_an_administrator_takes_it_over(
    as_admin: Client, admin_user: User, member: User, stranger: User
) -> None:
    row = make_list(member, "q=ada", shared=True)
    make_list(member, name="Private")
    make_list(admin_user, name="LEADS")
    base = f"/contacts/lists/{row.public_id}"
    assert as_admin.post(f"{base}/take-over/").status_code == 404  # its owner is still here
    leave(member)
    page = text_of(as_admin.get("/contacts/lists/"))
    assert "A former colleague" in page and "Mia" not in page and "Private" not in page
    assert "Former colleagues also kept 1 private list." in page
    assert left_behind(member) == (1, 1)
    as_admin.force_login(stranger)
    assert as_admin.get(f"/contacts/?list={row.public_id}").status_code == 200
    assert as_admin.post(f"{base}/take-over/").status_code == 404
    assert "private list" not in text_of(as_admin.get("/contacts/lists/"))
    as_admin.force_login(admin_user)
    as_admin.post(f"{base}/take-over/")
    row.refresh_from_db()
    assert (row.owner, row.name, row.shared, row.query) == (admin_user, "Leads 2", True, "q=ada")


def test_an_administrator_deletes_what_a_colleague_left_behind(
    as_admin: Client, member: User
) -> None:
    row = make_list(member, shared=True)
    url = f"/contacts/lists/{row.public_id}/delete/"
    assert as_admin.get(url).status_code == 404
    leave(member)
    assert as_admin.post(url).status_code == 302
    assert not ContactList.objects.exists()


def test_a_list_is_taken_over_only_while_there_is_room(admin_user: User, member: User) -> None:
    row = make_list(member, shared=True)
    leave(member)
    ContactList.objects.bulk_create(
        ContactList(owner=admin_user, name=f"L{n}", name_key=f"l{n}") for n in range(MAX_LISTS)
    )
    with pytest.raises(InvalidValue, match="You have 100 lists"):
        take_over(actor=by(admin_user), list_id=row.pk)


def test_the_owner_of_a_list_is_not_deleted_with_it(member: User) -> None:
    make_list(member)
    with pytest.raises(Exception, match="protected"):
        member.delete()


# --------------------------------------------------------------------------- htmx and counts


def test_opening_a_tab_swaps_the_results_with_the_tabs_and_the_navigation(
    as_member: Client, member: User, people: None
) -> None:
    row = make_list(member, "f.city=is:Lyon&status=none")
    here = {**RESULTS, "HX-Current-URL": "http://testserver/contacts/"}
    turned = show(as_member, f"?list={row.public_id}", **here)
    html = turned.content.decode()
    for region in ("views", "nav-lists", "pops", "applied"):
        assert re.search(rf'id="{region}"[^>]*hx-swap-oob="', html), region
    assert turned.headers["HX-Push-Url"] == f"/contacts/?list={row.public_id}"
    here["HX-Current-URL"] += f"?list={row.public_id}"
    same = show(as_member, f"?list={row.public_id}&q=a", **here).content.decode()
    assert 'id="views"' not in same and re.search('id="view-tools"[^>]*hx-swap-oob', same)
    assert "Update list" in same


def test_the_tabs_are_counted_afterwards_within_a_bound(
    as_member: Client, member: User, people: None, django_assert_num_queries: Any
) -> None:
    make_list(member, "f.city=is:Lyon")
    row = make_list(member, "f.city=is:Nowhere", name="Empty")
    [url] = re.findall('hx-get="(/contacts/lists/counts/.*?)"', show(as_member).content.decode())
    with django_assert_num_queries(9):
        counts = as_member.get(url.replace("&amp;", "&")).content.decode()
    assert 'id="vn-mine" hx-swap-oob="true">3<' in counts
    assert f'id="vn-{row.public_id}" hx-swap-oob="true">0<' in counts
    assert 'hx-swap-oob="true">2<' in counts


def test_lists_cost_the_pages_one_query_however_many_there_are(
    as_member: Client, member: User, ada: Contact, django_assert_num_queries: Any
) -> None:
    Account.load()
    with django_assert_num_queries(11):
        show(as_member)
    for n in range(12):
        make_list(member, "q=a", name=f"L{n}", shared=True)
    with django_assert_num_queries(11):
        show(as_member)


def test_a_state_spells_itself_out_for_work_that_goes_on_later(member: User) -> None:
    row = make_list(member, "f.city=is:Lyon&owner=me")
    state = ListState.from_query(QueryDict(f"list={row.public_id}&sort=name"))
    assert state.spelled.urlencode(safe=":") == "owner=me&f.city=is:Lyon&sort=name"
    ContactList.objects.update(query="")
    assert ListState.from_query(state.spelled).terms("city")


def test_a_list_that_is_gone_finds_nothing_rather_than_everything(ada: Contact) -> None:
    state = ListState.from_query(QueryDict("list=LST-GONE"))
    assert not state.apply(Contact.objects.all()).exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="races need PostgreSQL")
def test_two_saves_at_once_make_one_list_of_a_name_and_never_one_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lists, "MAX_LISTS", 3)
    owner = make_user()
    results = at_once(*(lambda n=n: make_list(owner, name=f"N{n % 2}") for n in range(4)))
    assert sum(isinstance(result, InvalidValue) for result in results) == 2
    results = at_once(*(lambda n=n: make_list(owner, name=f"M{n}") for n in range(4)))
    assert sum(isinstance(result, InvalidValue) for result in results) == 3
    assert ContactList.objects.count() == 3
