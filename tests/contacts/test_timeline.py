"""The one timeline of a contact: several sources, one order, page by page."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from contacts.models import Contact, User
from contacts.timeline import sources as timeline_sources
from contacts.timeline.reading import Place, timeline_of
from contacts.timeline.sources import Entry, Stretch, TimelineSource
from tests.contacts.pages import HTMX, text_of, url_of

Tell = Callable[..., None]
NOW = timezone.now()


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tell]:
    """Register a source with entries at these moments, called after it: "bell 0", "bell 1"."""
    monkeypatch.setattr(timeline_sources, "_sources", dict(timeline_sources._sources))

    def register(name: str, *moments: datetime, group: str = "chats", order: int = 20) -> None:
        entries = [Entry(at, "mail", f"{name} {n}") for n, at in enumerate(moments)]

        def find(contact: Contact, viewer: User, stretch: Stretch) -> list[Entry]:
            known = [e for e in entries if stretch.upto is None or e.at <= stretch.upto]
            return sorted(known, key=lambda e: e.at, reverse=True)[: stretch.limit]

        timeline_sources.register(TimelineSource(name, group, order, find))

    yield register


def walk(contact: Contact, size: int) -> list[str]:
    """The leads of every page of the chats, one after another."""
    told: list[str] = []
    place = None
    for _ in range(20):
        page = timeline_of(contact, contact.owner, group="chats", place=place, size=size)
        told += [entry.lead for entry in page.entries]
        place = Place.read(page.older)
        if place is None:
            return told
    raise AssertionError("the pages do not end")


def test_sources_are_told_in_one_order(ada: Contact, tell: Tell) -> None:
    tell("bell", NOW + timedelta(hours=3), NOW + timedelta(hours=1))
    tell("chat", NOW + timedelta(hours=2), NOW - timedelta(days=900))
    leads = [entry.lead for entry in timeline_of(ada, ada.owner).entries]
    assert leads == ["bell 0", "chat 0", "bell 1", "Mia", "chat 1"]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_tell_everything_once_whatever_is_of_one_moment(
    ada: Contact, tell: Tell, size: int
) -> None:
    tell("bell", *(NOW - timedelta(hours=n // 3) for n in range(8)), order=10)
    tell("chat", *(NOW - timedelta(hours=n // 2) for n in range(7)), order=20)
    told = walk(ada, size)
    assert len(told) == len(set(told)) == 15
    assert told == walk(ada, 100)


def test_a_source_is_asked_for_no_more_than_a_page(ada: Contact, tell: Tell) -> None:
    asked: list[Stretch] = []

    def find(contact: Contact, viewer: User, stretch: Stretch) -> list[Entry]:
        asked.append(stretch)
        return []

    timeline_sources.register(TimelineSource("silent", "chats", 1, find))
    timeline_of(ada, ada.owner, size=5, place=Place(NOW, 2))
    assert asked == [Stretch(NOW, 8)]


def test_the_pane_is_narrowed_to_a_group(as_member: Client, ada: Contact, tell: Tell) -> None:
    tell("bell", NOW)
    whole = as_member.get(url_of("contact_detail", ada), headers=HTMX)
    chats = as_member.get(url_of("contact_detail", ada) + "?q=ada&activity=chats", headers=HTMX)
    assert "bell 0" in text_of(whole) and "Mia created the contact" in text_of(whole)
    assert "bell 0" in text_of(chats) and "created the contact" not in text_of(chats)
    assert f'{url_of("contact_detail", ada)}?q=ada&amp;activity=changes"' in chats.content.decode()


def test_older_pages_are_reached_from_the_whole_history(
    as_member: Client, ada: Contact, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contacts.views.timeline.ENTRIES", 2)
    monkeypatch.setattr("contacts.views.timeline.MANY", 4)
    tell("bell", *(NOW - timedelta(days=n + 1) for n in range(6)))
    url = url_of("contact_detail", ada)
    assert "Show the whole history" in text_of(as_member.get(url))
    whole = as_member.get(url + "?history=all")
    assert "bell 2" in text_of(whole) and "bell 3" not in text_of(whole)
    older = as_member.get(whole.context["older_query"])
    assert "bell 3" in text_of(older) and "bell 5" in text_of(older)
    assert "Back to the latest" in text_of(older) and "older activity" not in text_of(older)


@pytest.mark.parametrize("upto", ["x", "-1", "1-", "9" * 30, "²-1", "1-1-1"])
def test_a_made_up_place_shows_the_latest_and_says_so(
    as_member: Client, ada: Contact, upto: str
) -> None:
    text = text_of(as_member.get(url_of("contact_detail", ada), {"upto": upto}))
    assert "not valid. Showing the latest" in text and "created the contact" in text


def test_a_group_that_the_pane_does_not_know_is_not_registered() -> None:
    with pytest.raises(KeyError):
        timeline_sources.register(TimelineSource("x", "nonsense", 1, lambda *_: []))
