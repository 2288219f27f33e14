"""What a change does to the organisation's CRM: shown before Save, then delivered. A delete does nothing."""

from collections import Counter
from collections.abc import Sequence

from contacts.fields import is_blank
from contacts.planning import Effect, Line
from contacts.signals import ContactChange
from integrations.crm import mapping, records, rows, vendors
from integrations.crm.rows import NAME
from integrations.crm.vendors import Vendor
from integrations.models import Connection, Delivery
from integrations.planning import priority_of

UPDATE, FIND, HOLD, LEFT = "update", "find", "hold", "left"
ALWAYS = {"created", "merged"}  # whatever their fields
NEVER = {"deleted", "erased"}
AS_DECIDED = "Somebody decided that these contacts go without a record there."
State = Connection.State


class CrmPlanner:
    """One effect for each contact and account."""

    name, order, forgets_deleted = NAME, 40, True

    def effects(self, changes: Sequence[ContactChange]) -> list[Effect]:
        found: list[Effect] = []
        if all(change.kind in NEVER for change in changes):
            return found
        for connection in rows.active():
            wanted = [change for change in changes if _concerns(change, _mapped(connection))]
            ids = [change.contact_id for change in wanted]
            merged = {pk for change in wanted for pk in change.merged_pks}
            linked = records.linked_ids(connection, [*ids, *merged]) if ids else set()
            left = records.left_ids(connection, ids) if ids else set()
            for change in wanted:
                known = bool({change.contact_id, *change.merged_pks} & linked)
                what = _what(connection, known, change.contact_id in left)
                kind = f"{what} {connection.vendor}"
                target, done = rows.target_of(connection), what in {UPDATE, FIND}
                found.append(Effect(NAME, change.contact_id, target, kind, done))
        return found

    def lines(self, effects: Sequence[Effect]) -> list[Line]:
        counts = Counter(effect.kind for effect in effects)
        found: list[Line] = []
        for vendor in vendors.CRMS.values():
            for what in (UPDATE, FIND, HOLD, LEFT):
                if n := counts[f"{what} {vendor.kind}"]:
                    found.append(_line(vendor, what, n))
        return found

    def deliveries(
        self, effects: Sequence[Effect], changes: Sequence[ContactChange]
    ) -> list[Delivery]:
        changed = {change.contact_id: change for change in changes}
        known = {rows.target_of(each): each for each in rows.active()}
        priority = priority_of(changes)
        older = {
            target: rows.outstanding(
                connection, [e.contact_id for e in effects if e.target == target]
            )
            for target, connection in known.items()
        }
        made = []
        for effect in effects:
            change = changed[effect.contact_id]
            before = older[effect.target].get(effect.contact_id, set())
            made.append(_row(effect, change, known[effect.target], before, priority))
        return made


def _row(
    effect: Effect, change: ContactChange, connection: Connection, older: set[str], priority: int
) -> Delivery:
    left = effect.kind.startswith(LEFT)
    skipped = {"state": Delivery.State.SKIPPED, "next_at": None, "words": AS_DECIDED}
    row = rows.delivery(
        connection,
        {"fields": sorted(_news(change) | older)},
        kind=f"contact.{change.kind}",
        contact_id=change.contact_id,
        contact_public_id=change.public_id,
        contact_version=change.version,
        changed=sorted(change.fields),
        priority=priority,
        latest_only=True,
    )
    for name, value in (skipped if left else {}).items():
        setattr(row, name, value)
    return row


def _news(change: ContactChange) -> set[str]:
    """The fields that may take the place of what they have. Of a new contact none may: whoever types
    a known address into a public page must not rewrite a record there."""
    if change.kind == "created":
        return set()
    return {name for name, (_, new) in change.fields.items() if not is_blank(new)}


def _mapped(connection: Connection) -> set[str]:
    """The fields of ours that are sent; before the account was read, those that usually are."""
    account = getattr(connection, "crm", None)
    if account is None or account.read_at is None:
        kind = account.record_kind if account is not None else ""
        return set(vendors.vendor_of(connection).defaults_of(kind))
    return {rule.field for rule in mapping.stored_rules(account.rules)}


def _concerns(change: ContactChange, mapped: set[str]) -> bool:
    """A blank is never sent, so that clearing a field changes nothing there."""
    if change.kind in NEVER:
        return False
    return change.kind in ALWAYS or bool(_news(change) & mapped)


def _what(connection: Connection, linked: bool, left: bool) -> str:
    if left and not linked:
        return LEFT
    if connection.state == State.NEEDS_RECONNECT:
        return HOLD
    return UPDATE if linked else FIND


def _line(vendor: Vendor, what: str, n: int) -> Line:
    records_ = vendor.record if n == 1 else f"{n:,} {vendor.record}s"
    the = f"the {vendor.record}" if n == 1 else records_
    if what == UPDATE:
        return Line(f"update {the}")
    if what == FIND:
        return Line(f"update or create {the}")
    if what == HOLD:
        updates = "update" if n == 1 else "updates"
        return Line(f"hold {records_ if n > 1 else the} {updates} until you reconnect", done=False)
    return Line(f"{the} will NOT be updated", done=False, note=AS_DECIDED)


PLANNER = CrmPlanner()
