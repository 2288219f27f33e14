"""Which field of ours fills which of theirs, and how a value of ours is said there.

A blank is never said: to most vendors it would clear what they have. What does not fit (a choice they
do not have) is not said either.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from contacts.fields import Field, Kind, as_text, current_value, known_fields, live_fields
from contacts.models import Contact
from integrations.connectors import crm
from integrations.connectors.crm import RemoteField

#: Which kinds of theirs can take a kind of ours. An owner is a colleague of ours, whom they do not know.
TAKES: dict[Kind, tuple[str, ...]] = {
    Kind.TEXT: (crm.TEXT,),
    Kind.LONG_TEXT: (crm.TEXT,),
    Kind.EMAIL: (crm.EMAIL, crm.TEXT),
    Kind.MOBILE: (crm.PHONE, crm.TEXT),
    Kind.PHONE: (crm.PHONE, crm.TEXT),
    Kind.NUMBER: (crm.NUMBER, crm.TEXT),
    Kind.DECIMAL: (crm.NUMBER, crm.TEXT),
    Kind.YES_NO: (crm.YES_NO,),
    Kind.STATUS: (crm.TEXT, crm.CHOICE),
    Kind.OWNER: (),
    Kind.TIME_ZONE: (crm.TEXT, crm.CHOICE),
    Kind.DATE: (crm.DATE, crm.TEXT),
    Kind.SELECT: (crm.CHOICE, crm.TEXT, crm.YES_NO),
    Kind.MULTI_SELECT: (crm.CHOICES, crm.TEXT),
}
GONE = "{} no longer has this field. Nothing is sent to it."
LOCKED = "{} has locked this field. Nothing is sent to it."
CHANGED = "{} has changed the type of this field. Nothing is sent to it."
ARCHIVED = "The property is archived. Nothing of it is sent."
LONGEST_FALLBACK = 255


@dataclass(frozen=True)
class Rule:
    """Our field `field` fills theirs, `remote`.

    Without `overwrite` a value that they have stays. Where ours is blank and theirs too, `fallback`
    is said, so that a field without which they refuse a record has something.
    """

    field: str
    remote: str
    overwrite: bool = True
    fallback: str = ""


def stored_rules(rows: Iterable[Mapping[str, Any]]) -> list[Rule]:
    return [Rule(**row) for row in rows]


def as_rows(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    return [asdict(rule) for rule in rules]


def stored_fields(rows: Iterable[Mapping[str, Any]]) -> dict[str, RemoteField]:
    """Their fields by name, as CrmAccount keeps them."""
    return {
        row["name"]: RemoteField(**{**row, "options": tuple(map(tuple, row["options"]))})
        for row in rows
    }


def default_rules(
    defaults: Mapping[str, str], remotes: Mapping[str, RemoteField],
    fallbacks: Mapping[str, str] | None = None,
) -> list[Rule]:  # fmt: skip
    """The mapping that a new connection begins with: what both sides have and may be written."""
    ours, texts = known_fields(), fallbacks or {}
    return [
        Rule(name, remote, fallback=texts.get(remote, "") if remotes[remote].required else "")
        for name, remote in defaults.items()
        if remote in remotes and fits(ours[name], remotes[remote]) and not remotes[remote].locked
    ]


def fits(field: Field, remote: RemoteField) -> bool:
    return remote.kind in TAKES[field.kind]


def offered(field: Field, remotes: Mapping[str, RemoteField]) -> list[RemoteField]:
    """The fields of theirs that may be chosen for one of ours, by label."""
    found = (r for r in remotes.values() if fits(field, r) and not r.locked)
    return sorted(found, key=lambda remote: remote.label.casefold())


def fields_of_ours() -> list[Field]:
    return [field for field in live_fields() if TAKES[field.kind]]


def trouble(rule: Rule, remotes: Mapping[str, RemoteField], label: str) -> str:
    """Why nothing is sent by a rule; "" where it is in order."""
    field, remote = known_fields().get(rule.field), remotes.get(rule.remote)
    if remote is None:
        return GONE.format(label)
    if field is None or field.archived:
        return ARCHIVED
    if remote.locked:
        return LOCKED.format(label)
    return "" if fits(field, remote) else CHANGED.format(label)


def usable(rules: Sequence[Rule], remotes: Mapping[str, RemoteField]) -> list[Rule]:
    """Those by which something can be sent."""
    return [rule for rule in rules if not trouble(rule, remotes, "")]


def held_back(rules: Sequence[Rule], remotes: Mapping[str, RemoteField]) -> list[Rule]:
    """Those by which a property of ours cannot be sent because of what the vendor's side has done."""
    ours = known_fields()
    live = (rule for rule in rules if rule.field in ours and not ours[rule.field].archived)
    return [rule for rule in live if trouble(rule, remotes, "")]


def has_value(contact: Contact, rule: Rule) -> bool:
    return bool(as_text(current_value(contact, known_fields()[rule.field])))


def label_of(rule: Rule, remotes: Mapping[str, RemoteField]) -> str:
    """Theirs, as far as it is still known."""
    remote = remotes.get(rule.remote)
    return remote.label if remote is not None else known_fields()[rule.field].label


def said(contact: Contact, rule: Rule, remote: RemoteField) -> str:
    """The contact's value as they would have it; "" where there is nothing to say."""
    field = known_fields()[rule.field]
    value = current_value(contact, field)
    return spelled(field, value, remote)


def spelled(field: Field, value: Any, remote: RemoteField) -> str:
    text = as_text(value)
    if not text:
        return ""
    if remote.kind == crm.YES_NO:
        return {"yes": "true", "Yes": "true", "No": "false"}.get(text, "")
    if remote.kind == crm.CHOICE:
        return _choice(text, remote)
    if remote.kind == crm.CHOICES:
        chosen = [_choice(each, remote) for each in text.split("; ")]
        return ";".join(each for each in chosen if each)
    return text


def _choice(text: str, remote: RemoteField) -> str:
    """The value of their choice that is called so."""
    wanted = text.casefold()
    named = (v for v, label in remote.options if wanted in {v.casefold(), label.casefold()})
    return next(named, "")


def same(kind: str, stored: str, wanted: str) -> bool:
    """Whether they show what was said: they may spell it in another way."""
    stored, wanted = stored.strip(), wanted.strip()
    if stored == wanted:
        return True
    if kind == crm.EMAIL:
        return stored.lower() == wanted.lower()
    if kind == crm.PHONE:
        return _digits(stored) == _digits(wanted) != ""
    if kind == crm.NUMBER:
        try:
            return Decimal(stored) == Decimal(wanted)
        except InvalidOperation:
            return False
    if kind == crm.CHOICES:
        return set(stored.split(";")) == set(wanted.split(";"))
    if kind == crm.YES_NO:
        return stored.lower() == wanted
    return kind == crm.DATE and stored[:10] == wanted


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def has_fallback(field: Field) -> bool:
    """Whether there can be a text for those who have none: not where it says who somebody is."""
    return not field.identifies and field.kind != Kind.PHONE


def wrong_fallback(text: str, remote: RemoteField) -> str:
    """Why a fallback cannot be said there; "" where it can. Blank is none."""
    if not text:
        return ""
    if len(text) > LONGEST_FALLBACK:
        return f"too long: {len(text)} characters, at most {LONGEST_FALLBACK}"
    if any(ord(c) < 32 for c in text):
        return "it holds a character that cannot be seen"
    if remote.kind in {crm.EMAIL, crm.PHONE}:
        return "what identifies a person has no fallback"
    if remote.kind == crm.NUMBER and not _is_number(text):
        return "enter a number"
    if remote.kind == crm.DATE and not _is_date(text):
        return "enter a date as 2031-01-31"
    if remote.kind in {crm.CHOICE, crm.CHOICES, crm.YES_NO} and not fallback_said(text, remote):
        choices = ", ".join(label for _, label in remote.options[:20]) or "Yes, No"
        return f"choose one of: {choices}"
    return ""


def fallback_said(text: str, remote: RemoteField) -> str:
    """A fallback as they would have it."""
    if remote.kind in {crm.CHOICE, crm.CHOICES}:
        return _choice(text, remote)
    if remote.kind == crm.YES_NO:
        return {"yes": "true", "true": "true", "no": "false", "false": "false"}.get(
            text.lower(), ""
        )
    return text


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10
