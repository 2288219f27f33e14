"""The bulk bar as a person uses it: what is asked, what is done, what the answer says."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from contacts.access import Role
from contacts.bulk_actions import starting
from contacts.models import Account, AuditEntry, BulkAction, Contact, User
from contacts.services import update_contact
from tests.contacts.bulk.doing import DIALOG, ask, begin, confirm, finish, ids, people
from tests.contacts.pages import read, text_of
from tests.factories import by, make_contact, make_team, make_user


def offered(client: Client) -> list[str]:
    """The buttons of the bulk bar."""
    bar = client.get("/contacts/").content.decode().split('class="bulk-actions"')[1]
    return re.findall(r"<span>(.*?)</span>", bar.split("</form>")[0])


def figures(page: Any) -> dict[str, str]:
    """The counts of a result page."""
    return dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page.content.decode()))


def test_the_bar_offers_only_what_this_person_may_do(
    client: Client, member: User, admin_user: User, ada: Contact
) -> None:
    client.force_login(admin_user)
    assert offered(client) == ["Assign owner", "Set status", "Export", "Merge", "Delete"]
    Account.objects.update(members_may_delete=False)
    client.force_login(member)
    assert offered(client) == ["Set status", "Export", "Merge"]


def test_owner_asks_says_how_many_and_sets_it(
    as_admin: Client, admin_user: User, member: User, stranger: User
) -> None:
    hers, his = people(member, 3), people(stranger, 1)
    asked = ask(as_admin, "owner", ids=ids(hers + his))
    assert "4 contacts selected." in text_of(asked)
    chosen = ask(as_admin, "owner", ids=ids(hers + his), value=stranger.pk)
    assert "Set owner to Sten on 3 contacts. 1 already has it." in text_of(chosen)
    answer = confirm(as_admin, chosen)
    assert answer.status_code == 302
    assert "Owner set to Sten on 3 contacts. 1 already had it" in text_of(as_admin.get(answer.url))
    assert set(Contact.objects.values_list("owner", flat=True)) == {stranger.pk}
    action = BulkAction.objects.get()
    assert (action.state, action.total, action.done, action.unchanged) == ("done", 4, 3, 1)


def test_a_status_is_set_and_removed(as_member: Client, member: User) -> None:
    contacts = people(member, 2, status="Qualified")
    confirm(as_member, ask(as_member, "status", ids=ids(contacts), value="Disqualified"))
    assert set(Contact.objects.values_list("status", "sort_status")) == {("Disqualified",) * 2}
    asked = ask(as_member, "status", ids=ids(contacts), value="none")
    assert "Remove the status from 2 contacts." in text_of(asked)
    confirm(as_member, asked)
    assert set(Contact.objects.values_list("status", flat=True)) == {""}


def test_foreign_absent_and_unreadable_ids_are_counted_together_and_change_nothing(
    as_member: Client, member: User, stranger: User
) -> None:
    own, foreign = people(member, 2), people(stranger, 1)
    given = [*ids(own), *ids(own), *ids(foreign), "CTC-AAAAAAAAAAAA", "<script>"]
    asked = ask(as_member, "status", ids=given, value="Qualified")
    assert "3 of the selected cannot be changed by you or no longer exist." in text_of(asked)
    form = {"value": "Qualified", "confirmed": "Qualified", "expected": 2}
    page = as_member.get(ask(as_member, "status", ids=given, **form).url)
    assert "Status set to Qualified on 2 contacts. 3 not available" in text_of(page)
    assert Contact.objects.get(pk=foreign[0].pk).status == ""
    foreign_answer = text_of(ask(as_member, "status", ids=ids(foreign), value="Qualified"))
    absent_answer = text_of(ask(as_member, "status", ids=["CTC-AAAAAAAAAAAA"], value="Qualified"))
    assert foreign_answer == absent_answer


def test_a_refusal_says_what_is_still_selected_only_where_that_is_true(
    as_member: Client, member: User, stranger: User
) -> None:
    own, still = ids(people(member, 1)), "is still selected in the list behind this"
    assert still in text_of(ask(as_member, "merge", ids=own, htmx=True))
    alone = text_of(ask(as_member, "merge", ids=own))
    assert still not in alone and "Select them in the list again." in alone
    gone = ask(as_member, "status", ids=ids(people(stranger, 1)), htmx=True)
    assert "None of the selected" in text_of(gone) and still not in text_of(gone)


def test_all_that_match_is_counted_now_and_says_when_the_list_showed_another_number(
    as_member: Client, member: User
) -> None:
    people(member, 3, company="Engines")
    make_contact(member, first_name="Other")
    asked = ask(as_member, "status", "?q=engines", all="1", shown="2", value="Qualified")
    assert "Set status to Qualified on 3 contacts." in text_of(asked)
    assert "The list showed 2. 3 match now." in text_of(asked)
    confirm(as_member, asked, "?q=engines")
    assert Contact.objects.filter(status="Qualified").count() == 3


def test_when_more_match_than_was_confirmed_it_asks_again(as_member: Client, member: User) -> None:
    people(member, 2)
    asked = ask(as_member, "delete", all="1", shown="2")
    make_contact(member, first_name="Late")
    answer = confirm(as_member, asked)
    assert answer.status_code == 409 and Contact.objects.count() == 3
    assert "3 contacts match by now, not 2. Nothing was changed yet." in text_of(answer)
    again = as_member.post("/contacts/bulk/", read(answer).values | {"confirmed": "1"})
    assert again.status_code == 302 and Contact.objects.count() == 0


def test_delete_says_with_sums_what_goes_and_what_stays(as_member: Client, member: User) -> None:
    contacts = [make_contact(member, email=f"a{n}@example.com", company="E") for n in range(3)]
    asked = ask(as_member, "delete", ids=ids(contacts))
    text = text_of(asked)
    assert "Delete 3 contacts?" in text and "The contact records are permanently removed." in text
    assert "Names, 3 emails, 0 mobile phones and 3 other details." in text
    assert "12 recorded changes, and their values in the reports of imports." in text
    page = as_member.get(confirm(as_member, asked).url).content.decode()
    assert "3 contacts deleted" in page and "/undo/" not in page
    assert not Contact.objects.exists()


def test_members_may_not_delete_where_the_account_says_so(as_member: Client, ada: Contact) -> None:
    Account.load()
    Account.objects.update(members_may_delete=False)
    for form in ({}, {"confirmed": "1", "expected": "1"}):
        assert ask(as_member, "delete", ids=[ada.public_id], **form).status_code == 403
    assert Contact.objects.filter(pk=ada.pk).exists()


def test_a_manager_assigns_only_members_of_the_team(
    client: Client, member: User, stranger: User, ada: Contact
) -> None:
    manager = make_user(Role.MANAGER, first_name="Max")
    make_team(manager=manager, members=[member])
    client.force_login(manager)
    asked = ask(client, "owner", ids=[ada.public_id])
    assert "Mia" in text_of(asked) and "Sten" not in text_of(asked)
    form = {"value": stranger.pk, "confirmed": stranger.pk, "expected": 1}
    assert ask(client, "owner", ids=[ada.public_id], **form).status_code == 422
    ada.refresh_from_db()
    assert ada.owner == member


# --------------------------------------------------------------------------- htmx


def test_with_htmx_the_dialog_closes_the_list_refreshes_and_the_toast_has_undo(
    as_admin: Client, admin_user: User, member: User, ada: Contact
) -> None:
    asked = ask(as_admin, "owner", ids=[ada.public_id], value=admin_user.pk, htmx=True)
    assert asked.headers["HX-Retarget"] == "#dialog" and "<dialog" in asked.content.decode()
    answer = confirm(as_admin, asked, htmx=True)
    assert answer.headers["HX-Retarget"] == "#dialog"
    assert "contactsChanged" in answer.headers["HX-Trigger"]
    told = json.loads(answer.headers["HX-Trigger"])["toast"]
    undone = as_admin.post(told["undo"], headers={"HX-Request": "true"})
    assert "Set back on 1 contact" in undone.headers["HX-Trigger"]
    ada.refresh_from_db()
    assert ada.owner == member


def test_deleting_the_contact_of_the_open_pane_closes_the_pane(
    as_member: Client, ada: Contact
) -> None:
    asked = ask(as_member, "delete", ids=[ada.public_id], htmx=True)
    form = read(asked).values | {"confirmed": "1"}
    url = f"http://testserver/contacts/{ada.public_id}/?q=ada"
    answer = as_member.post("/contacts/bulk/?q=ada", form, headers={**DIALOG, "HX-Current-URL": url})  # fmt: skip
    assert answer.headers["HX-Retarget"] == "#pane"
    assert answer.headers["HX-Replace-Url"] == "/contacts/?q=ada"


# --------------------------------------------------------------------- large actions


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three contacts are too many to wait for, and no worker has heard of them yet."""
    monkeypatch.setattr(starting, "SMALL", 2)
    monkeypatch.setattr(starting, "hint_after_commit", lambda *_: None)


@pytest.mark.usefixtures("large")
def test_a_large_action_has_a_page_with_progress_and_then_its_result(
    as_member: Client, member: User, stranger: User
) -> None:
    foreign = people(stranger, 1)
    asked = ask(
        as_member, "status", ids=[*ids(people(member, 3)), *ids(foreign)], value="Qualified"
    )
    answer = confirm(as_member, asked)
    page = as_member.get(answer.url)
    assert "Set status to Qualified" in text_of(page) and "0 of 4 contacts" in text_of(page)
    action = finish(BulkAction.objects.get())
    progress = as_member.get(f"{answer.url}progress/", headers=DIALOG)
    assert progress.headers["HX-Redirect"] == answer.url
    shown = figures(as_member.get(answer.url))
    assert shown == {"Changed": "3", "Already had it": "0", "Not available": "1"}
    refused: Any = as_member.get(f"/contacts/bulk/{action.pk}/refused.csv")
    lines = b"".join(refused.streaming_content).decode("utf-8-sig").split()
    assert lines == ["Contact", "ID", foreign[0].public_id]


@pytest.mark.usefixtures("large")
def test_progress_is_announced_at_each_tenth_only(as_member: Client, member: User) -> None:
    action = begin(member, "status", "Qualified", *people(member, 3))
    BulkAction.objects.update(total=100, done_rows=47)
    url = f"/contacts/bulk/{action.pk}/progress/"
    assert "40% done" in text_of(as_member.get(url, {"said": "30"}))
    assert "40% done" not in text_of(as_member.get(url, {"said": "40"}))


@pytest.mark.usefixtures("large")
def test_stop_keeps_what_is_done_and_says_how_many_were_not_reached(
    as_member: Client, member: User
) -> None:
    action = begin(member, "status", "Qualified", *people(member, 3))
    url = f"/contacts/bulk/{action.pk}/"
    assert as_member.get(f"{url}stop/").headers["Location"] == url  # a GET changes nothing
    assert "Stop" in text_of(as_member.get(url))
    page = as_member.post(f"{url}stop/", follow=True)
    assert "Stopped." in text_of(page) and "Not reached" in text_of(page)
    finish(action)
    assert not Contact.objects.filter(status="Qualified").exists()
    assert AuditEntry.objects.filter(action="bulk.stopped", object_id=str(action.pk)).exists()


def test_actions_of_others_are_like_absent_ones_except_for_administrators(
    client: Client, member: User, stranger: User, admin_user: User, ada: Contact
) -> None:
    action = begin(member, "status", "Qualified", ada)
    for who, status in ((stranger, 404), (admin_user, 200), (member, 200)):
        client.force_login(who)
        for tail in ("", "refused.csv"):
            assert client.get(f"/contacts/bulk/{action.pk}/{tail}").status_code == status
        assert client.get("/contacts/bulk/999999/").status_code == 404
        listed = text_of(client.get("/contacts/bulk/"))
        assert ("Set status to Qualified" in listed) == (status == 200)
    client.force_login(stranger)
    for tail in ("stop/", "undo/"):
        assert client.post(f"/contacts/bulk/{action.pk}/{tail}").status_code == 404


# ------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("form", "query", "told"),
    [
        ({"action": "explode", "ids": "{ada}"}, "", "There is no such action"),
        ({"action": "status"}, "", "Nothing is selected"),
        ({"action": "status", "ids": ""}, "", "Nothing is selected"),
        ({"action": "status", "ids": "{ada}", "value": "Great"}, "", "Choose one of the statuses"),
        ({"action": "status", "ids": "{ada}", "confirmed": ""}, "", "Choose one of the statuses"),
        ({"action": "owner", "ids": "{ada}", "value": "999999"}, "", "Choose one of the owners"),
        ({"action": "owner", "ids": "{ada}", "value": "1 OR 1=1"}, "", "Choose one of the owners"),
        ({"action": "status", "all": "1"}, "?status=Great", "no choice “Great”"),
        ({"action": "delete", "all": "1"}, "?owner=999999999", "no owner “999999999”"),
        ({"action": "delete", "all": "1"}, "?from=yesterday", "is not a date"),
        ({"action": "delete", "all": "1"}, "?q=nobody", "No contact matches"),
        ({"action": "merge", "ids": "{ada}"}, "", "Select 2 to 10 contacts"),
        ({"action": "merge", "all": "1"}, "", "Select 2 to 10 contacts"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("htmx", [False, True])
def test_bad_input_gets_a_clear_answer_and_changes_nothing(
    as_admin: Client, ada: Contact, form: dict[str, str], query: str, told: str, htmx: bool
) -> None:
    before = Contact.objects.values().get()
    sent = {name: text.format(ada=ada.public_id) for name, text in form.items()}
    sent |= {"expected": "1", "confirmed": sent.get("value", "1")} if "value" in sent else {}
    answer = as_admin.post(f"/contacts/bulk/{query}", sent, headers=DIALOG if htmx else {})
    assert answer.status_code == 422 and told in text_of(answer)
    assert Contact.objects.values().get() == before and not BulkAction.objects.exists()


def test_a_refused_choice_keeps_the_selection(as_admin: Client, ada: Contact) -> None:
    answer = ask(as_admin, "status", ids=[ada.public_id], value="Great")
    assert read(answer).values["ids"] == ada.public_id


def test_ten_thousand_selected_ids_work_and_one_more_is_refused_with_the_limit(
    as_member: Client, ada: Contact
) -> None:
    given = [ada.public_id, *(f"CTC-{n:012}" for n in range(9_999))]
    asked = ask(as_member, "status", ids=given, value="Qualified")
    assert "9,999 of the selected cannot be changed by you" in text_of(asked)
    answer = confirm(as_member, asked)
    assert answer.url.startswith("/contacts/bulk/")
    action = finish(BulkAction.objects.get())
    assert (action.total, action.done, action.refused) == (10_000, 1, 9_999)
    over = ask(as_member, "status", ids=[*given, "CTC-ZZZZZZZZZZZZ"])
    assert over.status_code == 422
    assert "At most 10,000 contacts can be selected one by one; these are 10,001." in text_of(over)
    assert "Use all that match" in text_of(over)


def test_more_fields_than_a_form_may_have_are_told_the_limit_too(as_member: Client) -> None:
    answer = ask(as_member, "status", ids=[f"CTC-{n:012}" for n in range(20_000)])
    assert answer.status_code == 400 and "At most 10,000 contacts" in text_of(answer)


def test_merge_leads_to_the_page_that_merges(as_member: Client, member: User) -> None:
    contacts = people(member, 2)
    url = f"/contacts/merge/?ids={','.join(sorted(ids(contacts)))}"
    assert ask(as_member, "merge", ids=ids(contacts)).url == url
    assert ask(as_member, "merge", ids=ids(contacts), htmx=True).headers["HX-Redirect"] == url


def test_asking_costs_the_same_however_many_are_selected(
    as_member: Client, member: User, django_assert_num_queries: Any
) -> None:
    few, many = people(member, 1), people(member, 40)
    Account.load()
    ask(as_member, "delete", ids=ids(few))
    with django_assert_num_queries(23):
        ask(as_member, "delete", ids=ids(few))
    with django_assert_num_queries(23):
        ask(as_member, "delete", ids=ids(many))


def test_nobody_signed_out_gets_in(client: Client, ada: Contact) -> None:
    for url in ("/contacts/bulk/", "/contacts/bulk/1/", "/contacts/export/", "/contacts/export/1/"):
        assert client.get(url).headers["Location"].startswith("/login/")
        assert client.post(url).status_code in {302, 405}


def test_an_edit_after_the_confirmation_does_not_stop_a_bulk_status(
    as_member: Client, member: User, ada: Contact
) -> None:
    asked = ask(as_member, "status", ids=[ada.public_id], value="Qualified")
    update_contact(contact_id=ada.pk, actor=by(member), values={"city": "Turin"})
    confirm(as_member, asked)
    ada.refresh_from_db()
    assert (ada.status, ada.city) == ("Qualified", "Turin")
