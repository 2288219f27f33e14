"""Sync activity: who sees which deliveries, what they say, and what Retry does."""

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from contacts.models import Contact, User
from contacts.services import update_contact
from integrations.models import Delivery
from integrations.outbox import running
from tests.contacts.pages import text_of
from tests.factories import by, make_contact
from tests.integrations.webhooks.receiver import Receiver, receiver, subscribe

__all__ = ["receiver"]
pytestmark = pytest.mark.django_db
PAGE = "/sync/"
State = Delivery.State


def edit(contact: Contact, **values: Any) -> Delivery:
    update_contact(contact_id=contact.pk, actor=by(), values=values)
    return Delivery.objects.latest("pk")


@pytest.fixture
def failed(ada: Contact, receiver: Receiver) -> Delivery:
    subscribe(name="Billing")
    receiver.answers = [503]
    delivery = edit(ada, email="a@example.org", mobile_phone="+12025550147")
    running.run()
    return delivery


def test_the_page_says_what_changed_where_it_goes_and_when_it_is_tried_again(
    as_member: Client, failed: Delivery
) -> None:
    told = text_of(as_member.get(PAGE))
    assert "Email, mobile phone" in told and "Billing" in told and "Ada Lovelace" in told
    assert "The receiver answered 503. Next try" in told and "Retry now" in told
    assert "a@example.org" not in told


def test_a_stranger_sees_nothing_of_it_and_cannot_retry_it(
    client: Client, stranger: User, failed: Delivery
) -> None:
    client.force_login(stranger)
    assert "Billing" not in client.get(PAGE).content.decode().split("</form>")[-1]
    assert client.post(reverse("delivery_retry", args=[failed.pk])).status_code == 404
    assert "0 deliveries" in text_of(client.post(reverse("sync_retry_all"), follow=True))
    failed.refresh_from_db()
    assert failed.state == State.RETRYING


def test_retry_sends_at_once_under_the_same_id(
    as_member: Client, failed: Delivery, receiver: Receiver
) -> None:
    answer = as_member.post(reverse("delivery_retry", args=[failed.pk]), {"back": "/sync/?q=ada"})
    assert answer.headers["Location"] == "/sync/?q=ada"
    running.run()
    assert len(set(receiver.ids)) == 1 and len(receiver.ids) == 2
    told = text_of(as_member.get(PAGE))
    assert "Delivered" in told and "Retry now" not in told


def test_retry_all_takes_what_the_page_shows(
    as_admin: Client, member: User, failed: Delivery, receiver: Receiver
) -> None:
    other = edit(make_contact(member, first_name="Bob", email="bob@example.com"), city="Bath")
    Delivery.objects.filter(pk=other.pk).update(state=State.FAILED, next_at=None)
    answer = as_admin.post(reverse("sync_retry_all"), {"state": "failed"}, follow=True)
    assert "1 delivery is being sent again" in text_of(answer)
    assert Delivery.objects.get(pk=other.pk).state == State.PENDING
    assert Delivery.objects.get(pk=failed.pk).state == State.RETRYING


def test_an_administrator_replays_what_has_arrived(
    as_admin: Client, ada: Contact, receiver: Receiver
) -> None:
    subscribe()
    delivery = edit(ada, city="Bath")
    running.run()
    as_admin.post(reverse("delivery_retry", args=[delivery.pk]))
    running.run()
    assert [request.content for request in receiver.requests] == [delivery.payload.encode()] * 2


def test_a_member_does_not(as_member: Client, ada: Contact, receiver: Receiver) -> None:
    subscribe()
    delivery = edit(ada, city="Bath")
    running.run()
    assert as_member.post(reverse("delivery_retry", args=[delivery.pk])).status_code == 404


@pytest.mark.parametrize("query", ["state=failed", "q=Bob", "target=webhook+99999999", "q=EVNT-1"])
def test_filters_that_leave_nothing_say_so(as_member: Client, failed: Delivery, query: str) -> None:
    assert "No delivery matches" in text_of(as_member.get(f"{PAGE}?{query}"))


def test_a_delivery_is_found_by_name_and_by_every_id(as_member: Client, failed: Delivery) -> None:
    for q in ("lovelace", failed.contact_public_id, failed.event_id, str(failed.uid)):
        assert "Next try" in text_of(as_member.get(PAGE, {"q": q})), q


def test_pages_lead_back_and_forth_at_the_same_cost(
    as_admin: Client, ada: Contact, receiver: Receiver, django_assert_max_num_queries: Any
) -> None:
    hook = subscribe()
    Delivery.objects.bulk_create(
        Delivery(family="webhooks", target=hook.target, gate=hook.gate, kind="contact.updated",
                 contact_id=ada.pk, words=f"Row {number}.", state="failed", next_at=None)
        for number in range(120)
    )  # fmt: skip
    as_admin.get(PAGE)
    with django_assert_max_num_queries(22):
        first = as_admin.get(PAGE)
    assert "Row 119." in text_of(first) and "Row 70." in text_of(first)
    older = first.context["next_query"]
    second = as_admin.get(PAGE + older)
    assert "Row 69." in text_of(second) and "Row 70." not in text_of(second)
    assert "Row 119." in text_of(as_admin.get(PAGE + second.context["previous_query"]))


def test_the_navigation_counts_what_needs_somebody(
    as_member: Client, failed: Delivery, stranger: User, client: Client
) -> None:
    Delivery.objects.update(state=State.FAILED, next_at=None)
    assert "1 need attention" in text_of(as_member.get(PAGE))
    client.force_login(stranger)
    assert "need attention" not in text_of(client.get(PAGE))


def test_the_pane_shows_the_last_delivery_to_each_target(
    as_member: Client, failed: Delivery, ada: Contact
) -> None:
    told = text_of(as_member.get(reverse("contact_detail", args=[ada.public_id])))
    assert "Connected records" in told and "Billing" in told and "Retrying" in told


def test_of_a_deleted_contact_nothing_can_be_replayed(
    as_admin: Client, ada: Contact, receiver: Receiver
) -> None:
    from contacts.deleting import delete_contact

    subscribe("contact.updated")
    delivery = edit(ada, city="Bath")
    running.run()
    delete_contact(contact_id=ada.pk, actor=by())
    as_admin.post(reverse("delivery_retry", args=[delivery.pk]))
    running.run()
    assert len(receiver.requests) == 1
    assert ada.public_id in text_of(as_admin.get(PAGE))


def polled(client: Client, page: Any) -> Any:
    """What the page asks for by itself, from what it carries."""
    address = re.search(r'id="ledger" hx-get="([^"]+)"', page.content.decode())
    assert address is not None
    return client.get(html.unescape(address[1]), headers={"HX-Request": "true"})


@pytest.mark.parametrize("query", ["", "?state=retrying&q=ada"])
def test_the_page_asks_for_itself_and_hears_only_of_news(
    as_member: Client, failed: Delivery, query: str
) -> None:
    page = as_member.get(f"{PAGE}{query}")
    assert polled(as_member, page).status_code == 204
    Delivery.objects.update(words="Another answer.")
    news = polled(as_member, page)
    assert news.status_code == 200 and "Another answer." in news.content.decode()
    assert polled(as_member, news).status_code == 204


def test_what_is_refreshed_leads_back_to_the_page_and_not_to_a_part(
    as_member: Client, failed: Delivery
) -> None:
    page = as_member.get(f"{PAGE}?q=ada")
    Delivery.objects.update(words="Another answer.")
    news = polled(as_member, page).content.decode()
    assert 'name="back" value="/sync/?q=ada"' in news


def test_whoever_moves_through_the_rows_keeps_their_place(
    as_member: Client, failed: Delivery
) -> None:
    """Each control has a name that outlives the refresh: by it the focus is given back."""
    told = as_member.get(PAGE).content.decode()
    assert f'id="c{failed.pk}"' in told and f'id="a{failed.pk}"' in told
    assert 'id="retry-all"' in told
