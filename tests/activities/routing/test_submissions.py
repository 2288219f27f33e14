"""What was sent in, in the account: the list, the timeline, merging, deleting, erasing."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities.capture import Answer
from activities.models import FormSubmission, RoutingForm
from activities.models.ids import new_nonce
from activities.routing.public_form import PublicForm
from activities.routing.submitting import submit
from contacts.access import Role
from contacts.deleting import delete_contact
from contacts.erasing import erase_contact, plan_erasure
from contacts.merging.counts import combined
from contacts.models import Contact, User
from tests.activities.bookings import make_calendar, make_meeting
from tests.activities.routing.filling import NEED, make_form, message, page_of, question
from tests.contacts.pages import text_of, url_of
from tests.contacts.unmerge_tools import fold as merge_into
from tests.contacts.unmerge_tools import merge_of, unfold
from tests.factories import by, make_contact, make_user
from tests.stored import everything_stored


def make_submission(form: RoutingForm, **told: Any) -> FormSubmission:
    """Sent in just now, or `days` ago."""
    days = told.pop("days", 0)
    told = {"name": "Ada Lovelace", "email": "ada@example.com", **told}
    questions = PublicForm(form).questions
    answers = [
        Answer(q.name, q.label, told.get(q.name, ""), q.field, told.get(q.name, ""))
        for q in questions
    ]
    at = timezone.now() - timedelta(days=days)
    return submit(form=form, questions=questions, answers=answers, nonce=new_nonce(), now=at)


def show(client: Client, query: str = "", **headers: str) -> Any:
    response = client.get(f"/activities/forms/{query}", headers=headers or None)
    assert response.status_code == 200
    return response


def guests(page: Any) -> list[str]:
    """The guests in the list, top to bottom."""
    return re.findall(r'c-name c-first"><span.*?<bdi.*?>(.*?)</bdi>', page.content.decode(), re.S)


@pytest.fixture
def form(admin_user: User) -> RoutingForm:
    return make_form(admin_user, NEED)


# --- the list


def test_the_latest_stand_first_beside_the_meetings(as_admin: Client, form: RoutingForm) -> None:
    make_submission(form, name="Older", email="o@example.com", days=3)
    make_submission(form, name="Newer", email="n@example.com", days=1)
    page = show(as_admin)
    assert guests(page) == ["Newer", "Older"]
    assert re.search('<a class="view" id="tab-forms".*?aria-current="page"', page.content.decode())
    meetings = as_admin.get(reverse("activity_list")).content.decode()
    assert 'href="/activities/forms/"' in meetings


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("?q=engin", ["Ada"]),
        ("?q=bob@example", ["Bob"]),
        ("?days=7", ["Ada"]),
        ("?outcome=calendar", ["Bob"]),
        ("?outcome=message&q=bob", []),
    ],
)
def test_the_list_is_searched_and_filtered(
    as_admin: Client, admin_user: User, query: str, left: list[str]
) -> None:
    company = question("company", "Company", field="company")
    make_submission(make_form(admin_user, company), name="Ada", company="Engines")
    booking = make_form(admin_user, default=page_of(make_calendar(admin_user)))
    make_submission(booking, name="Bob", email="bob@example.com", days=20)
    assert guests(show(as_admin, query)) == left


def test_the_form_is_a_filter(as_admin: Client, admin_user: User, form: RoutingForm) -> None:
    other = make_form(admin_user, name="After your meeting")
    make_submission(form, name="Ada")
    make_submission(other, name="Bob", email="bob@example.com")
    page = show(as_admin, f"?form={other.public_id}")
    assert guests(page) == ["Bob"] and "Form: After your meeting" in text_of(page)
    wrong = show(as_admin, "?form=FRM-000000000000&days=x")
    assert "there is no choice" in text_of(wrong) and len(guests(wrong)) == 2


def test_pages_show_each_once(
    as_admin: Client, form: RoutingForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.listing.ROWS", 2)
    for n in range(5):
        make_submission(form, name=f"Guest {n}", email=f"g{n}@example.com", days=n)
    seen, query = [], ""
    for _ in range(3):
        page = show(as_admin, query)
        seen += guests(page)
        found = re.search(r'id="next" rel="next" href="/activities/forms/(\?[^"]*)"', page.content.decode())  # fmt: skip
        query = found[1].replace("&amp;", "&") if found else ""
    assert seen == [f"Guest {n}" for n in range(5)] and not query


def test_htmx_gets_the_list_alone(as_admin: Client, form: RoutingForm) -> None:
    make_submission(form)
    page = show(as_admin, "?q=ada", **{"HX-Request": "true", "HX-Target": "results"})
    assert "<html" not in page.content.decode() and guests(page) == ["Ada Lovelace"]
    assert page["HX-Push-Url"] == "/activities/forms/?q=ada"


def test_one_sees_those_of_the_contacts_one_sees(
    client: Client, member: User, admin_user: User, ada: Contact
) -> None:
    form = make_form(admin_user, default=message())
    mine, others = make_submission(form), make_submission(form, email="new@example.com")
    nobodys = make_submission(make_form(admin_user, questions=[NEED]))
    boss = make_user(Role.MANAGER)
    team = boss.managed_teams.create(name="Tax")
    team.members.add(member)
    for user, seen in ((member, {mine}), (boss, {mine}), (admin_user, {mine, others, nobodys})):
        client.force_login(user)
        assert set(FormSubmission.objects.visible_to(user)) == seen
        for row in (mine, others, nobodys):
            answer = client.get(reverse("submission_detail", args=[row.public_id]))
            assert answer.status_code == (200 if row in seen else 404)
    assert client.get(reverse("submission_detail", args=["FSUB-000000000000"])).status_code == 404


def test_a_meeting_that_one_may_not_see_is_not_told_of(
    as_member: Client, form: RoutingForm, ada: Contact
) -> None:
    submission = make_submission(form)
    meeting = make_meeting(make_calendar(form.owner), email="other@example.com")
    FormSubmission.objects.update(meeting=meeting)
    page = as_member.get(reverse("submission_detail", args=[submission.public_id]))
    assert page.status_code == 200 and meeting.public_id not in page.content.decode()


def test_it_costs_the_same_however_many(as_admin: Client, form: RoutingForm) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            show(as_admin)
        return len(found)

    make_submission(form)
    show(as_admin)  # what is read once for a session
    first = queries()
    for n in range(8):
        make_submission(form, email=f"g{n}@example.com")
    assert queries() == first


def test_the_export_holds_what_is_shown_made_harmless(as_admin: Client, form: RoutingForm) -> None:
    make_submission(form, name="=1+1", need="Tax")
    make_submission(form, name="Bob", email="bob@example.com", days=9)
    asked = as_admin.get("/activities/forms/export/?days=7")
    assert "Export 1 form submission" in text_of(asked)
    file = as_admin.post("/activities/forms/export/?days=7", {"format": "csv"})
    text = b"".join(file).decode()
    assert "'=1+1" in text and "What do you need?: Tax" in text and "Bob" not in text
    assert "form-submissions-filtered-" in file["Content-Disposition"]
    book = as_admin.post("/activities/forms/export/", {"format": "xlsx"})
    assert b"".join(book)[:2] == b"PK"


# --- its contact


def test_the_timeline_tells_of_it(as_admin: Client, form: RoutingForm) -> None:
    submission = make_submission(form)
    text = text_of(as_admin.get(url_of("contact_detail", submission.contact)))  # type: ignore[arg-type]
    assert "Form sent in: How can we help?" in text and "Led to a message" in text
    only = as_admin.get(url_of("contact_detail", submission.contact) + "?activity=forms")  # type: ignore[arg-type]
    assert submission.public_id in only.content.decode()


def test_a_merge_takes_it_along_counts_it_and_its_undo_gives_it_back(
    form: RoutingForm, ada: Contact
) -> None:
    bob = make_contact(ada.owner, first_name="Bob", email="bob@example.com")
    submission = make_submission(form, name="Bob", email="bob@example.com")
    make_submission(form)
    counts = {count.label: count.numbers for count in combined([ada, bob])}
    assert counts["Activities combined"] == (1, 1)
    survivor = merge_into(ada, bob)
    submission.refresh_from_db()
    assert submission.contact_id in {ada.pk, bob.pk}
    assert FormSubmission.objects.filter(contact=submission.contact).count() == 2
    unfold(merge_of(survivor))
    submission.refresh_from_db()
    assert submission.contact and submission.contact.email == "bob@example.com"


def test_a_deleted_contacts_submissions_stay_and_say_so(
    as_admin: Client, form: RoutingForm
) -> None:
    submission = make_submission(form)
    contact = submission.contact
    assert contact
    asked = as_admin.get(url_of("contact_delete", contact))
    assert "1 activity" in text_of(asked) and "1 form submission stays" in text_of(asked)
    delete_contact(contact_id=contact.pk, actor=by())
    page = show(as_admin, "?contact=deleted")
    assert "Ada Lovelace" in text_of(page) and "Contact deleted" in text_of(page)
    detail = as_admin.get(reverse("submission_detail", args=[submission.public_id]))
    assert "Contact deleted. The details are those that were sent in." in text_of(detail)


@pytest.mark.parametrize("deleted", [False, True])
def test_erasing_leaves_nothing_of_the_person(
    form: RoutingForm, admin_user: User, deleted: bool
) -> None:
    submission = make_submission(
        form, name="Ada Zorkova", email="zorkova@example.com", need="Zorkovas"
    )
    public_id = submission.contact_public_id
    if deleted:
        delete_contact(contact_id=submission.contact_id or 0, actor=by())
    assert plan_erasure(public_id).others["form submissions"] == 1
    erase_contact(public_id=public_id, actor=by())
    assert "zorkova" not in everything_stored().lower()
    assert FormSubmission.objects.get().guest == "Guest"
