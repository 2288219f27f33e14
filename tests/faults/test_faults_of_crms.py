"""CRMs and Zaps: no record is made twice, whoever dies and whenever, and nobody waits for a dead one."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import redis

from config.crms import crm_settings
from contacts.access import Role
from contacts.models import Contact, OutgoingMail, Source, User
from contacts.services import update_contact
from contacts.signals import Actor
from integrations import http
from integrations.models import Connection, Delivery
from integrations.outbox import again
from integrations.sandbox.zapier import Zap, ZapierDouble
from tests.contacts.api.client import Api
from tests.factories import by, make_contact, make_user
from tests.faults.cast import Cast, until
from tests.faults.crms import Crm, Keeping, judge_crm, revoke, running, serving
from tests.faults.test_faults import Told, edit, stream
from tests.faults.verdict import Edits, Verdict, judge
from tests.integrations.outbox.target import Target
from tests.integrations.webhooks.receiver import subscribe
from tests.integrations.zapier.zaps import turn_on

State = Delivery.State
KINDS = ["hubspot", "salesforce"]
IMPORT = Actor(None, Source.IMPORT)
IN_BACKLOG = 500


@pytest.fixture
def owner(transactional_db: None) -> User:
    return make_user(Role.OWNER, email="owner@kith.test")


@pytest.fixture
def crms(
    cast: Cast, owner: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Crm]]:
    """Both, for this process and for the others. Nobody has signed in yet."""
    with ExitStack() as stack:
        found: dict[str, Crm] = {}
        for kind in KINDS:
            found[kind], leads_to = stack.enter_context(running(kind))
            cast.environment |= leads_to
        for name, value in cast.environment.items():
            monkeypatch.setenv(name, value)
        settings.CRMS = crm_settings()
        yield found


@pytest.fixture
def zapier(cast: Cast, settings: Any) -> Iterator[Keeping]:
    double = ZapierDouble()
    keeping = Keeping(double)
    with serving(keeping) as base:
        double.base = settings.ZAPIER_HOOKS_URL = base
        cast.environment["ZAPIER_HOOKS_URL"] = base
        yield keeping
        keeping.revive()


def people(owner: User, number: int) -> list[Contact]:
    return [
        make_contact(owner, first_name=f"Guest {n}", email=f"guest{n}@example.com")
        for n in range(number)
    ]


def settled() -> bool:
    ended = [State.DELIVERED, State.SUPERSEDED]
    return not Delivery.objects.exclude(state__in=ended).exists()


def converge(seconds: float = 60) -> float:
    return until(settled, seconds, "convergence")


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_dies_after_a_crm_has_made_the_record(
    cast: Cast, crms: dict[str, Crm], owner: User, told: Told, kind: str
) -> None:
    """Of contacts that have an address, only a number, and nothing but a name."""
    crm, made, longest = crms[kind], [], 0.0
    crm.sign_in(owner)
    crm.double.search_lag = 8.0  # longer than a claim; Salesforce has no such thing
    cast.relay()
    worker = cast.worker()
    for number in range(6):
        crm.keeping.hold("POST")
        known = [{"email": f"guest{number}@example.com"}, {"mobile_phone": f"+1202555019{number}"}, {}]  # fmt: skip
        named = {"first_name": f"Guest {number}", "last_name": "Of six", "city": f"{number}"}
        made.append(make_contact(owner, **{"email": "", **named, **known[number % 3]}))
        assert crm.keeping.arrived.wait(30)
        cast.kill(worker)
        crm.keeping.release()
        worker = cast.worker()
        longest = max(longest, converge(160))
    verdict = judge_crm(f"{kind}: 6 x kill -9 after it made a record", crm, made, len(made))
    verdict.seconds = longest
    told(verdict)


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_dies_after_a_crm_has_the_edit(
    cast: Cast, crms: dict[str, Crm], owner: User, told: Told, kind: str
) -> None:
    crm, longest = crms[kind], 0.0
    crm.sign_in(owner)
    cast.relay()
    worker = cast.worker()
    guests = people(owner, 5)
    converge()
    for number, contact in enumerate(guests):
        crm.keeping.hold("PATCH")
        edit(Edits(), contact, f"{number}")
        assert crm.keeping.arrived.wait(30)
        cast.kill(worker)
        crm.keeping.release()
        worker = cast.worker()
        longest = max(longest, converge())
    verdict = judge_crm(f"{kind}: 5 x kill -9 after it has an edit", crm, guests, len(guests))
    verdict.seconds = longest
    assert verdict.requests == 0  # what is there is not written again
    told(verdict)


def test_a_worker_dies_after_a_zap_has_the_event(
    cast: Cast, zapier: Keeping, owner: User, told: Told
) -> None:
    zap = turn_on(Api(owner), zapier.double)  # type: ignore[arg-type]
    guests, edits, longest = people(owner, 3), Edits(), 0.0
    cast.relay()
    worker = cast.worker()
    for number in range(5):
        zapier.hold("POST")
        edit(edits, guests[number % 3], f"{number}")
        assert zapier.arrived.wait(30)
        cast.kill(worker)
        zapier.release()
        worker = cast.worker()
        longest = max(longest, converge())
    verdict = judge_zap("zapier: 5 x kill -9 after a Zap has the event", zap, edits, longest)
    assert 0 < verdict.requests <= 5
    told(verdict)


def judge_zap(name: str, zap: Zap, edits: Edits, seconds: float) -> Verdict:
    """As Zapier sees it, which knows a repeat by the id of the event."""
    verdict = Verdict(name, edits=len(edits.made), seconds=seconds)
    first: dict[str, Any] = {}
    for told in zap.received:
        first.setdefault(told["id"], told)
    sent = set(Delivery.objects.filter(family="zapier").values_list("event_id", flat=True))
    verdict.lost = len(sent - set(first)) + len(edits.made) - len(sent)
    verdict.repeated = len(set(first) - sent)
    verdict.requests = len(zap.received) - len(first)
    newest: dict[str, str] = {}
    for told in first.values():
        who, at = told["contact"]["id"], told["occurred_at"]
        verdict.inversions += at < newest.get(who, "")
        newest[who] = max(at, newest.get(who, ""))
    return verdict


@pytest.mark.parametrize("kind", KINDS)
def test_a_crm_is_revoked_in_the_middle_of_a_backlog(
    cast: Cast, crms: dict[str, Crm], owner: User, told: Told, kind: str
) -> None:
    crm, guests = crms[kind], people(owner, IN_BACKLOG)
    crm.sign_in(owner)
    import_cities(guests, 1)
    redis.Redis(
        port=int(os.environ["FAULTS_REDIS_PORT"])
    ).flushall()  # no hint for each, but bundles
    crm.keeping.left, crm.keeping.then = 3, revoke(crm)  # at the third bundle
    cast.worker(), cast.relay()
    until(lambda: Connection.objects.get().state == "needs_reconnect", 60, "the notice")
    arrived = Delivery.objects.filter(state=State.DELIVERED).count()
    import_cities(guests[::2], 2)
    mails = OutgoingMail.objects.filter(kind=OutgoingMail.Kind.RECONNECT).count()
    crm.sign_in(owner)
    seconds = converge(120)
    changes = IN_BACKLOG + len(guests[::2])
    verdict = judge_crm(f"{kind}: revoked in a backlog of {IN_BACKLOG}", crm, guests, changes)
    verdict.seconds = seconds
    verdict.repeated += mails - 1
    verdict.note = f"{arrived} had arrived; the administrators were told {mails} time"
    told(verdict)


def import_cities(guests: list[Contact], city: int) -> None:
    for contact in guests:
        update_contact(contact_id=contact.pk, actor=IMPORT, values={"city": f"{city}"})


@pytest.mark.parametrize("how", ["503", "hang"])
def test_one_crm_is_dead_among_other_systems(
    cast: Cast, crms: dict[str, Crm], zapier: Keeping, owner: User, targets: list[Target],
    told: Told, how: str,
) -> None:  # fmt: skip
    if how == "hang":  # a claim outlives the call that it covers, as it does in production
        cast.environment["RETRY_SCALE"] = "0.5"
    for crm in crms.values():
        crm.sign_in(owner)
    turn_on(Api(owner), zapier.double)  # type: ignore[arg-type]
    subscribe("contact.updated", url=targets[0].url)
    cast.worker(), cast.worker(), cast.relay()
    guests, edits = people(owner, 20), Edits()
    converge()
    stream(edits, guests, 60)
    calm = converge()
    crms["hubspot"].keeping.released.clear()
    crms["hubspot"].keeping.dead, calls = how, crms["hubspot"].keeping.calls
    stream(edits, guests, 60)
    dead = Connection.objects.get(vendor="hubspot").gate
    others = Delivery.objects.exclude(gate=dead)
    ended = [State.DELIVERED, State.SUPERSEDED]
    took = until(lambda: not others.exclude(state__in=ended).exists(), 120, "the others")
    calls = crms["hubspot"].keeping.calls - calls
    crms["hubspot"].keeping.revive()
    began = time.monotonic()
    again.retry(Delivery.objects.filter(gate=dead), actor=by(owner))
    converge(180)
    verdict = judge(f"hubspot dead ({how}) among four", edits, targets[:1], time.monotonic() - began)  # fmt: skip
    for kind, crm in crms.items():
        one = judge_crm(kind, crm, guests, 0)
        verdict.lost, verdict.repeated = verdict.lost + one.lost, verdict.repeated + one.repeated
        verdict.inversions += one.inversions
    assert took < http.DEADLINE  # nobody waits for a call that hangs
    verdict.note = f"the others took {took:.1f} s (before {calm:.1f} s); it got {calls} calls"
    told(verdict)
