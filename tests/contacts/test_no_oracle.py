"""Hidden contacts add nothing: not to the work that is done, nor to what a link carries."""

import base64
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contacts.access import Role
from contacts.fencing import FENCED_UP_TO
from contacts.models import Account, Contact, PublicId, User, new_public_id
from contacts.opaque import NotOurs, conceal, reveal
from contacts.public_ids import ends_of, ids_behind
from tests.contacts.imports.engine import plan
from tests.contacts.pages import HTMX, url_of
from tests.factories import NEW_ADDRESS, make_contact, make_team, make_user, merge


@pytest.fixture
def foreign(stranger: User) -> Contact:
    return make_contact(stranger, first_name="Secret", email="secret@example.com", company="Vault")


def statements(client: Client, url: str) -> list[str]:
    """What the database is asked, but for the values and the session's key."""
    with CaptureQueriesContext(connection) as asked:
        client.get(url, headers=HTMX)
    return [re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in asked.captured_queries]


@pytest.mark.parametrize("role", [Role.MEMBER, Role.MANAGER])
@pytest.mark.parametrize("kind", ["contact_detail", "contact_edit", "contact_delete"])
def test_foreign_merged_deleted_and_absent_ids_are_the_same_work(
    client: Client, foreign: Contact, stranger: User, member: User, role: Role, kind: str
) -> None:
    asker = make_user(role)
    make_team(manager=asker, members=[member])
    merged = make_contact(stranger)
    merged_id = merged.public_id
    merge(merged, make_contact(stranger, email=NEW_ADDRESS))
    PublicId.objects.create(value="CTC-DELETED00000", state=PublicId.State.DELETED)
    client.force_login(asker)
    Account.load()
    absent = statements(client, url_of(kind, new_public_id()))
    assert len(absent) > 3
    for public_id in (foreign.public_id, merged_id, "CTC-DELETED00000"):
        assert statements(client, url_of(kind, public_id)) == absent


def test_a_search_reads_no_index_over_hidden_contacts(member: User, admin_user: User) -> None:
    mine = str(Contact.objects.visible_to(member).search("secret vault", region="US").query)
    every = str(Contact.objects.visible_to(admin_user).search("secret vault", region="US").query)
    assert "contacts_search" not in mine and "contacts_search" in every


def test_a_search_within_the_fence_finds_the_same(
    member: User, ada: Contact, foreign: Contact
) -> None:
    for text, found in {"ada engines": [ada], "lov ada@": [ada], "secret": [], "a": [ada]}.items():
        assert list(Contact.objects.visible_to(member).search(text, region="US")) == found


def test_who_sees_very_much_searches_by_the_index(
    member: User, ada: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contacts.models.contact.FENCED_UP_TO", 0)
    found = Contact.objects.visible_to(member).search("ada", region="US")
    assert "contacts_search" in str(found.query)
    assert list(found) == [ada] and FENCED_UP_TO == 50_000


def test_no_link_on_a_page_tells_a_value_or_a_row_number(
    as_member: Client, member: User, ada: Contact
) -> None:
    for n in range(25):
        make_contact(member, first_name=f"Person{n:02}")
    page = as_member.get(reverse("contact_list") + "?rows=20&sort=name&after=").content.decode()
    cursor = re.search(r"after=([\w-]+)", page)
    assert cursor and b"erson" not in _decoded(cursor[1])
    with pytest.raises(NotOurs):
        reveal(cursor[1], purpose="row")
    pane = as_member.get(url_of("contact_detail", ada), headers=HTMX).content.decode()
    assert not re.search(r"/(history|identifiers)/\d", pane)


def _decoded(token: str) -> bytes:
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


@pytest.mark.parametrize("token", ["", "1", "x" * 22, "é" * 30, "A" * 64, "-_-_" * 8])
def test_a_made_up_token_is_refused(as_member: Client, ada: Contact, token: str) -> None:
    with pytest.raises(NotOurs):
        reveal(token, purpose="row")
    url = f"/contacts/{ada.public_id}/history/{token}/restore/"
    assert as_member.post(url, headers=HTMX).status_code == 404


@pytest.mark.parametrize("text", ["", "1", "ü" * 100, '["name", "Ada", 5]'])
def test_a_token_comes_back_whole_or_not_at_all(settings: Any, text: str) -> None:
    token = conceal(text, purpose="cursor")
    assert (
        reveal(token, purpose="cursor") == text == reveal(conceal(text, purpose="x"), purpose="x")
    )
    assert conceal(text, purpose="cursor") == token != conceal(text, purpose="row")
    changed = ("B" if token[0] == "A" else "A") + token[1:]
    with pytest.raises(NotOurs):
        reveal(changed, purpose="cursor")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 12, [settings.SECRET_KEY]
    assert reveal(token, purpose="cursor") == text
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(NotOurs):
        reveal(token, purpose="cursor")


def test_ids_are_followed_through_chains_in_one_query(
    member: User, ada: Contact, django_assert_num_queries: Any
) -> None:
    first = ada.public_id
    second = merge(ada, make_contact(member, email=NEW_ADDRESS))
    third = make_contact(member, email="c@example.com")
    Contact.objects.filter(pk=second.pk).delete()
    PublicId.objects.filter(pk=second.public_id).update(state="merged", merged_into=third.public_id)
    wanted = [first, second.public_id, third.public_id, "CTC-NEVER"]
    with django_assert_num_queries(1):
        ends = ends_of(wanted)
    assert ends == dict.fromkeys(wanted[:3], (third.public_id, "live")) and ends_of([]) == {}
    assert ids_behind(third.public_id) == set(wanted[:3])


def test_a_row_of_an_import_with_a_hidden_holder_is_refused_in_the_same_words_whatever_it_clashes_with(
    member: User, ada: Contact, foreign: Contact, stranger: User
) -> None:
    make_contact(stranger, first_name="Other", mobile_phone="+12025550177")
    text = (
        "Email,Mobile Phone\n"
        "secret@example.com,\n"  # hidden
        "secret@example.com,+12025550177\n"  # two hidden ones
        "ada@example.com,+12025550177\n"  # one hidden, one visible
    )
    batch = plan(text, member)
    told = [(row.outcome, row.problems, row.contact) for row in batch.import_rows.all()]
    assert told == [("refused", ["This contact could not be saved"], None)] * 3


@pytest.mark.parametrize("path", ["", "contacts/identifier/", "contacts/contact/"])
def test_the_admin_opens_by_role_and_not_by_permissions(
    client: Client, foreign: Contact, path: str
) -> None:
    staff = make_user(Role.MEMBER, is_staff=True)
    staff.user_permissions.set(Permission.objects.all())
    client.force_login(staff)
    assert client.get(f"/admin/{path}").status_code == 403
    client.force_login(make_user(Role.ADMINISTRATOR))
    assert client.get(f"/admin/{path}").status_code == 200
