"""What was announced before a write is what follows it, exactly: in the outbox and at the targets.

The demo's account, with two calendars connected and two webhooks; people then edit, merge, undo,
delete and change several at once, at random. Of each step three things are compared with what plan()
showed before it: the rows that it wrote, what arrived at the targets, and which reminders go to
another address. An import joins by adding its step to STEPS.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from django.db import transaction

from activities.models import Meeting, Reminder
from activities.reminders.addresses import address_of
from contacts.deleting import delete_contact
from contacts.merging.merge import merge_contacts, plan_selected
from contacts.merging.undo import effects_of_undo, undo_merge
from contacts.models import Contact, FieldChange, Merge, User
from contacts.planning import Plan
from contacts.previewing import effects_of_delete, effects_of_set
from contacts.sample import load_sample_account
from contacts.services import plan_update, update_contact
from contacts.undoing import assignable_ids, changes_of_save, may_undo, undo_save, what_goes_back
from integrations.calendars.connecting import connect
from integrations.calendars.vendors import UPDATED
from integrations.models import Delivery
from integrations.outbox import running
from integrations.sandbox.google import GoogleDouble
from integrations.sandbox.graph import GraphDouble
from tests.activities.bookings import make_calendar, make_meeting, soon
from tests.contacts.bulk.doing import begin, finish
from tests.contacts.unmerge_tools import planned
from tests.factories import by
from tests.integrations.calendars import CONFIG, later, read_busy_times
from tests.integrations.test_oauth import grant
from tests.integrations.vendors import GOOGLE, GRAPH, CheckedDouble, network
from tests.integrations.webhooks.receiver import Receiver, subscribe

pytestmark = pytest.mark.django_db
STEPS_EACH, BOOKED_EACH = 40, 6
#: What was shown, and the write that follows.
Step = tuple[Plan, Callable[[], object]]


class Everybody(httpx.BaseTransport):
    """Both vendors and the receiver of webhooks, by their addresses."""

    def __init__(self) -> None:
        self.receiver, self.google, self.graph = Receiver(), GoogleDouble(), GraphDouble()
        self.vendors = {
            "google": CheckedDouble(self.google, GOOGLE, "/calendar/v3"),
            "graph": CheckedDouble(self.graph, GRAPH, "/v1.0"),
        }

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "127.0.0.1":
            return self.receiver.handle_request(request)
        google = request.url.path.startswith(("/calendar/v3", "/token"))
        return self.vendors["google" if google else "graph"].handle_request(request)

    def events(self) -> dict[str, str]:
        """Every event with who is on it, by the vendor's id."""
        doubles: list[Any] = [self.google, self.graph]
        return {
            pk: json.dumps(event.get("attendees"), sort_keys=True)
            for double in doubles
            for events in double.calendars.values()
            for pk, event in events.items()
        }


@dataclass
class World:
    """The account while things happen to it."""

    chance: random.Random
    owner: User
    network: Everybody
    number: int = 0
    did: Counter[str] = field(default_factory=Counter)

    def contact(self) -> Contact:
        """Mostly one of those that have a meeting ahead, where there is more to happen."""
        rows = Contact.objects.order_by("pk")
        invited = rows.filter(meetings__in=Meeting.objects.exclude(external_event_id=""))
        busy = rows.filter(upcoming_meetings__gt=0)
        among = self.chance.choice([rows, busy, invited.distinct()])
        return self.chance.choice(list(among or rows))

    def address(self) -> str:
        self.number += 1
        return f"moved{self.number}@example.org"


def edit(world: World) -> Step:
    contact, chance = world.contact(), world.chance
    values = chance.choice(
        [
            {"email": world.address()},
            {"email": ""},
            {"mobile_phone": f"+1202555{chance.randrange(10_000):04d}"},
            {"city": f"City {world.number}", "email": world.address()},
            {"job_title": f"Title {world.number}"},
        ]
    )
    actor = by(world.owner)
    shown = plan_update(contact, actor=actor, values=values, base_version=contact.version)
    return shown, lambda: update_contact(contact_id=contact.pk, actor=actor, values=values)


def merge(world: World) -> Step:
    pair = {contact.pk: contact for contact in (world.contact(), world.contact(), world.contact())}
    chosen = list(pair.values())[:2]
    if len(chosen) < 2:
        return edit(world)
    plan = plan_selected(contacts=chosen)
    return plan.effects, lambda: merge_contacts(plan=plan, actor=by(world.owner))


def undo_a_merge(world: World) -> Step:
    made = Merge.objects.exclude(before={}).filter(undone_at=None).order_by("-pk").first()
    if made is None:
        return merge(world)
    plan = planned(made)
    return effects_of_undo(plan), lambda: undo_merge(plan=plan, actor=by(world.owner))


def undo_a_save(world: World) -> Step:
    last = FieldChange.objects.filter(source="person", actor=world.owner, version__gt=1)
    change = last.order_by("-pk").first()
    contact = change.contact if change is not None else None
    rows = changes_of_save(contact, change.version) if contact and change else []
    if contact is None or change is None or not may_undo(rows):
        return edit(world)
    back = what_goes_back(contact, rows, owners=assignable_ids(world.owner)).values
    shown = plan_update(contact, actor=by(world.owner), values=back, base_version=contact.version)
    version = change.version
    return shown, lambda: undo_save(contact_id=contact.pk, version=version, user=world.owner)


def delete(world: World) -> Step:
    contact = world.contact()
    shown = effects_of_delete([contact], by(world.owner))
    return shown, lambda: delete_contact(contact_id=contact.pk, actor=by(world.owner))


def set_status_of_several(world: World) -> Step:
    contacts = list({c.pk: c for c in (world.contact() for _ in range(6))}.values())
    status = world.chance.choice(["Qualified", "Disqualified"])
    shown = effects_of_set(contacts, "status", status, by(world.owner))
    return shown, lambda: finish(begin(world.owner, "status", status, *contacts))


def delete_several(world: World) -> Step:
    contacts = list({c.pk: c for c in (world.contact() for _ in range(2))}.values())
    shown = effects_of_delete(contacts, by(world.owner))
    return shown, lambda: finish(begin(world.owner, "delete", "", *contacts))


STEPS: list[Callable[[World], Step]] = [
    edit, edit, edit, merge, undo_a_merge, undo_a_save, delete, set_status_of_several,
    delete_several,
]  # fmt: skip


@pytest.fixture(scope="module")
def sample(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The account, made once; each world takes back what it does to it."""
    with django_db_blocker.unblock(), transaction.atomic():
        load_sample_account()
        yield
        transaction.set_rollback(True)


@pytest.fixture(params=range(3))
def world(request: pytest.FixtureRequest, sample: None, db: None, settings: Any) -> Iterator[World]:
    """Two hosts whose events are kept up, one whose calendar never is, and two webhooks."""
    settings.CALENDARS, settings.WEBHOOKS_TO_LOOPBACK = CONFIG, True
    everybody = Everybody()
    with network(everybody):
        owner = User.objects.get(email="owner@example.com")
        chance = random.Random(request.param)
        hosts = list(User.objects.filter(booking_calendars__isnull=False).distinct().order_by("pk"))
        for host, kind, double in zip(
            hosts, UPDATED, (everybody.google, everybody.graph), strict=False
        ):
            vendor = UPDATED[kind]
            connect(user=host, vendor=vendor, grant=grant(double, vendor.provider))
        read_busy_times()
        Meeting.objects.upcoming().filter(host=hosts[2]).update(external_calendar_type="icloud")
        made = World(chance, owner, everybody)
        for host in hosts[:2]:
            _book(made, host)
        later()  # more than a window of the limit may have been booked
        running.run()
        subscribe("contact.updated", "contact.merged", name="One")
        subscribe("contact", name="All")
        yield made


def _book(world: World, host: User) -> None:
    calendar = make_calendar(host)
    known = Contact.objects.exclude(email="").order_by("pk")
    for number, contact in enumerate(world.chance.sample(list(known), BOOKED_EACH)):
        make_meeting(calendar, soon(40 + number), email=contact.email, name=str(contact))
    running.run()


def announced(plan: Plan) -> Counter[tuple[object, ...]]:
    """What the outbox is to hold of a plan; reminders have no rows."""
    rows = [effect for effect in plan.effects if effect.planner != "reminders"]
    return Counter((e.planner, e.contact_id, e.target, e.done) for e in rows)


def written(after: int) -> Counter[tuple[object, ...]]:
    rows = Delivery.objects.filter(pk__gt=after)
    # A row that is planned and waits for a sign-in says "not done" like the plan; here there is none.
    return Counter((r.family, r.contact_id, r.target, r.state != "skipped") for r in rows)


def addresses() -> dict[int, str]:
    """Where each reminder that is still to be sent would go now."""
    rows = Reminder.objects.filter(next_at__isnull=False).select_related("meeting__contact")
    return {row.pk: address_of(row.meeting, row.channel) for row in rows}


def test_what_was_shown_is_what_happens(world: World) -> None:
    for number in range(STEPS_EACH):
        take = world.chance.choice(STEPS)
        shown, act = take(world)
        what = f"step {number}: {take.__name__}"
        last = Delivery.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        reminders, events = addresses(), world.network.events()
        told = len(world.network.receiver.requests)
        act()
        assert written(last) == announced(shown), what
        moved = {f"reminder {pk}" for pk, to in addresses().items() if reminders.get(pk) != to}
        assert moved == {e.target for e in shown.effects if e.planner == "reminders"}, what
        later()
        running.run()
        assert _changed(world, events) == _calendars(shown, last), what
        hooks = sum(effect.planner == "webhooks" for effect in shown.effects)
        assert len(world.network.receiver.requests) - told == hooks, what
        world.did[take.__name__] += bool(shown.effects)
        world.did.update({effect.planner for effect in shown.effects})
    assert len(world.did) >= 10 and all(world.did.values())


def _changed(world: World, before: dict[str, str]) -> set[str]:
    """The meetings whose events have other guests than before."""
    ids = [pk for pk, guests in world.network.events().items() if before.get(pk) != guests]
    meetings = Meeting.objects.filter(external_event_id__in=ids)
    return {f"meeting {pk}" for pk in meetings.values_list("pk", flat=True)}


def _calendars(shown: Plan, last: int) -> set[str]:
    """The meetings of the plan whose events were to follow, and could: they had an address."""
    targets = {e.target for e in shown.effects if e.planner == "calendars" and e.done}
    sent = Delivery.objects.filter(pk__gt=last, target__in=targets, state="delivered")
    assert set(sent.values_list("target", flat=True)) == targets
    return {target.rpartition(" at ")[0] for target in targets}
