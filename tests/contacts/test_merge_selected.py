"""Merging contacts that were selected in the list: the prompt, its rules, and every refusal."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.urls import reverse

from contacts.merging import counts as merge_counts
from contacts.merging.counts import MergeCount
from contacts.merging.merge import MergeChanged, merge_contacts, plan_selected
from contacts.models import Contact, Merge, PublicId, User
from contacts.retrying import Busy
from contacts.services import ContactGone
from tests.contacts.pages import HTMX, read, results_of, text_of, url_of
from tests.contacts.unmerge_tools import edit, fold
from tests.factories import by, make_contact

URL = reverse("contact_merge_selected")


@pytest.fixture
def cast(member: User) -> list[Contact]:
    return [
        make_contact(member, first_name="Ada", email="ada@example.com", status="Qualified"),
        make_contact(
            member,
            first_name="A.",
            email="a@example.com",
            mobile_phone="+12025550101",
            city="London",
            status="Disqualified",
            has_consent=True,
        ),
        make_contact(member, first_name="Countess", city="Ockham", company="Engines"),
    ]


def ids(*contacts: Contact | str) -> str:
    return ",".join(c if isinstance(c, str) else c.public_id for c in contacts)


def ask(client: Client, *contacts: Contact | str, htmx: bool = True) -> Any:
    return client.get(URL, {"ids": ids(*contacts)}, headers=HTMX if htmx else {})


def post(client: Client, data: dict[str, str], *, htmx: bool = True) -> Any:
    return client.post(URL, data, headers=HTMX if htmx else {})


# --- the rules


def test_the_survivors_values_win_and_blanks_are_filled_in_the_order_given(
    cast: list[Contact],
) -> None:
    survivor = fold(*cast)
    assert (survivor.first_name, survivor.status) == ("Ada", "Qualified")
    assert (survivor.city, survivor.company) == ("London", "Engines")
    assert survivor.mobile_phone == "+12025550101"


def test_a_chosen_value_wins_and_other_addresses_become_former_ones(cast: list[Contact]) -> None:
    choices = {"email": cast[1].public_id, "city": cast[2].public_id, "status": cast[1].public_id}
    survivor = fold(*cast, choices=choices)
    assert (survivor.city, survivor.status) == ("Ockham", "Disqualified")
    assert dict(survivor.identifiers.values_list("value", "current")) == {
        "a@example.com": True,
        "ada@example.com": False,
        "+12025550101": True,
    }


def test_consent_never_becomes_true_whatever_is_chosen(cast: list[Contact]) -> None:
    survivor = fold(*cast, choices={"has_consent": cast[1].public_id})
    assert survivor.has_consent is False


def test_creation_is_the_earliest_and_last_interaction_the_latest_of_all(member: User) -> None:
    days = [datetime(2026, 1, day, tzinfo=UTC) for day in (3, 1, 2)]
    cast = [make_contact(member, creation_time=d, last_interacted_time=d) for d in days]
    survivor = fold(*cast)
    assert (survivor.creation_time, survivor.last_interacted_time) == (days[1], days[0])


def test_every_id_leads_to_the_one_that_is_kept(cast: list[Contact]) -> None:
    fold(*cast)
    public = PublicId.objects.filter(value__in=[c.public_id for c in cast])
    assert {row.survivor().value for row in public} == {cast[0].public_id}
    assert Merge.objects.get().duplicates.count() == 2


def test_ten_can_be_merged_one_or_eleven_or_one_twice_cannot(member: User) -> None:
    cast = [make_contact(member) for _ in range(11)]
    for wrong in (cast[:1], cast, [cast[0], cast[0]]):
        with pytest.raises(ValueError, match="Two to ten"):
            plan_selected(contacts=wrong)
    fold(*cast[:10])
    assert Contact.objects.count() == 2


@pytest.mark.parametrize("happened", ["edited", "gone"])
def test_a_plan_that_is_out_of_date_merges_nothing(cast: list[Contact], happened: str) -> None:
    plan = plan_selected(contacts=cast)
    if happened == "edited":
        edit(cast[2], city="Turin")
    else:
        fold(cast[1], cast[2])
    before = Contact.objects.count()
    with pytest.raises(MergeChanged if happened == "edited" else ContactGone):
        merge_contacts(plan=plan, actor=by())
    assert Contact.objects.count() == before


# --- the prompt


@pytest.mark.parametrize("htmx", [True, False])
def test_the_prompt_shows_every_record_and_does_what_it_shows(
    as_member: Client, cast: list[Contact], htmx: bool
) -> None:
    prompt = ask(as_member, *cast, htmx=htmx)
    text = text_of(prompt)
    assert prompt.status_code == 200 and "You selected 3 contacts." in text
    assert results_of(prompt)["City"] == ("London", "Fill")
    assert results_of(prompt)["First name"] == ("Ada", "Keep")
    assert "You can undo this merge for 30 days from the contact's activity." in text
    done = post(as_member, read(prompt).values, htmx=htmx)
    if htmx:
        assert done.headers["HX-Replace-Url"] == url_of("contact_detail", cast[0])
        assert "Contacts merged" in done.headers["HX-Trigger"]
        assert "/undo/" in done.headers["HX-Trigger"]
    else:
        assert done.headers["Location"] == url_of("contact_detail", cast[0])
    assert list(Contact.objects.all()) == [cast[0]]


def test_a_choice_of_a_value_turns_keep_into_replace(
    as_member: Client, cast: list[Contact]
) -> None:
    data = {**read(ask(as_member, *cast)).values, "choice_first_name": cast[2].public_id}
    shown = post(as_member, {**data, "preview": "1"})
    assert results_of(shown)["First name"] == ("Countess", "Replace")
    post(as_member, read(shown).values)
    assert Contact.objects.get().first_name == "Countess"


def test_another_record_can_be_kept_and_its_values_win_then(
    as_member: Client, cast: list[Contact]
) -> None:
    data = {**read(ask(as_member, *cast)).values, "keep": cast[1].public_id}
    shown = post(as_member, {**data, "preview": "1"})
    assert results_of(shown)["First name"] == ("A.", "Keep")
    assert f"Kept as {cast[1].public_id}" in text_of(shown)
    post(as_member, read(shown).values)
    survivor = Contact.objects.get()
    assert (survivor.pk, survivor.first_name, survivor.has_consent) == (cast[1].pk, "A.", True)


def test_without_script_another_record_is_shown_before_it_is_kept(
    as_member: Client, cast: list[Contact]
) -> None:
    """What was chosen on the old prompt meant another record."""
    page = ask(as_member, *cast, htmx=False)
    data = {**read(page).values, "keep": cast[1].public_id}
    again = post(as_member, data, htmx=False)
    assert again.status_code == 409 and "You chose another record to keep" in text_of(again)
    assert Contact.objects.count() == 3
    assert post(as_member, read(again).values, htmx=False).status_code == 302
    assert list(Contact.objects.all()) == [cast[1]]


def test_made_up_choices_are_ignored(as_member: Client, cast: list[Contact]) -> None:
    data = read(ask(as_member, *cast)).values
    wrong = {"choice_city": "x", "choice_pk": "1", "keep": "CTC-X", "choice_company": "existing"}
    assert post(as_member, {**data, **wrong}).status_code == 200
    assert Contact.objects.get().city == "London"


def test_a_record_changed_since_the_prompt_is_shown_before_it_is_merged(
    as_member: Client, cast: list[Contact]
) -> None:
    data = read(ask(as_member, *cast)).values
    edit(cast[0], job_title="Baroness")
    again = post(as_member, data)
    assert again.status_code == 409 and results_of(again)["Job title"] == ("Baroness", "Keep")
    assert "changed since this was shown" in text_of(again) and Contact.objects.count() == 3


def test_what_changes_while_merging_is_shown_again_or_refused(
    as_member: Client, cast: list[Contact]
) -> None:
    data = read(ask(as_member, *cast)).values
    for error, words in ((MergeChanged, "changed since"), (Busy, "Try again in a moment")):
        with mock.patch("contacts.views.merge_selected.merge_contacts", side_effect=error):
            response = post(as_member, data)
        assert response.status_code == 409 and words in text_of(response)

    def quicker(**_: Any) -> None:
        fold(cast[1], cast[2])
        raise ContactGone

    with mock.patch("contacts.views.merge_selected.merge_contacts", quicker):
        response = post(as_member, data)
    assert response.status_code == 409 and "was already merged into" in text_of(response)


# --- refusals: nothing is done, nothing is told of what one may not see


def refused(response: Any, status: int, words: str) -> bool:
    text = text_of(response)
    return response.status_code == status and words in text and "Nothing was changed." in text


def test_too_few_too_many_and_one_twice_are_told(as_member: Client, member: User) -> None:
    many = [make_contact(member) for _ in range(11)]
    assert refused(ask(as_member, many[0]), 422, "1 is selected.")
    assert refused(ask(as_member), 422, "Select 2 to 10 contacts")
    assert refused(ask(as_member, *many), 422, "11 are selected.")
    assert refused(ask(as_member, many[0], many[0]), 422, "cannot be merged with itself")
    assert refused(post(as_member, {"ids": ids(*many)}), 422, "11 are selected.")
    assert Contact.objects.count() == 11


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_invisible_contact_is_exactly_like_one_that_does_not_exist(
    as_member: Client, ada: Contact, stranger: User, method: str
) -> None:
    hidden = make_contact(stranger, first_name="Secret")
    answers = []
    for other in (hidden.public_id, "CTC-NOTTHERE0000", "%00", "\x00"):
        answer = getattr(as_member, method)(URL, {"ids": ids(ada, other)}, headers=HTMX)
        assert refused(answer, 404, "One of these contacts does not exist")
        answers.append(answer.content.decode().replace(other, ""))
    assert len(set(answers)) == 1
    assert Contact.objects.count() == 2


def test_an_id_merged_into_another_of_the_list_says_so(
    as_member: Client, cast: list[Contact]
) -> None:
    fold(cast[0], cast[1])
    words = f"{cast[1].public_id} was already merged into Ada ({cast[0].public_id}), which is sel"
    assert refused(ask(as_member, *cast[:2]), 409, words)
    assert Contact.objects.count() == 2


def test_an_id_merged_elsewhere_is_told_only_to_who_sees_where(
    as_member: Client, cast: list[Contact], stranger: User
) -> None:
    fold(cast[0], cast[1])
    assert refused(ask(as_member, cast[1], cast[2]), 409, "was merged into Ada")
    Contact.objects.filter(pk=cast[0].pk).update(owner=stranger)
    assert refused(ask(as_member, cast[1], cast[2]), 404, "One of these contacts does not exist")


def test_signing_in_comes_first(client: Client, cast: list[Contact]) -> None:
    assert "/login/" in ask(client, *cast, htmx=False).headers["Location"]


# --- counts that later apps register


@pytest.fixture
def meetings() -> Iterator[None]:
    """A count as an app above registers it."""

    def count(contacts: Sequence[Contact]) -> dict[int, int]:
        return {contact.pk: 6 for contact in contacts[:2]}

    registered = list(merge_counts._counts)
    activities = MergeCount("Activities combined", 10, count, ("activity", "activities"))
    merge_counts.register(MergeCount("CRM records linked", 40, lambda _: {}))
    merge_counts.register(activities)
    yield
    merge_counts._counts[:] = registered


@pytest.mark.usefixtures("meetings")
def test_the_prompt_and_the_toast_tell_how_many_activities_are_combined(
    as_member: Client, cast: list[Contact]
) -> None:
    prompt = ask(as_member, *cast)
    text = text_of(prompt)
    assert "Activities combined6 + 6 + 0 = 12" in text.replace("combined 6", "combined6")
    assert text.index("Activities combined") < text.index("CRM records linked")
    done = post(as_member, read(prompt).values)
    assert "Contacts merged, 12 activities combined" in done.headers["HX-Trigger"]


def test_another_choice_in_the_open_prompt_gets_the_rows_and_merges_nothing(
    as_member: Client, cast: list[Contact]
) -> None:
    data = {**read(ask(as_member, *cast)).values, "preview": "1", "choice_status": "2"}
    response = as_member.post(URL, data, headers={**HTMX, "HX-Target": "dialog-rows"})
    assert (response.status_code, response.has_header("HX-Retarget")) == (200, False)
    assert 'id="dialog-rows"' in response.content.decode() and Merge.objects.count() == 0


def test_another_choice_about_records_that_are_gone_says_so_in_place_of_the_prompt(
    as_member: Client, cast: list[Contact], stranger: User
) -> None:
    data = {**read(ask(as_member, *cast)).values, "preview": "1"}
    Contact.objects.filter(pk=cast[1].pk).update(owner=stranger)
    response = as_member.post(URL, data, headers={**HTMX, "HX-Target": "dialog-rows"})
    assert response.headers["HX-Retarget"] == "#dialog"
    assert "One of these contacts does not exist" in text_of(response)
