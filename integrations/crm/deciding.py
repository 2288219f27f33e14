"""What is written to a record: a pure function of the contact, the mapping and what is there.

Of a record that is linked already only what has changed here is written: somebody may have changed
the rest there since. At a first link blanks are filled. What they have gives way where the mapping
says Overwrite, or where it is a former address or number of the same contact, so came from here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contacts.fields import IDENTIFIER_FIELDS
from contacts.models import Contact
from integrations.connectors.crm import Record, RemoteField
from integrations.crm import mapping
from integrations.crm.mapping import Rule

NOTHING: Record = Record("")


@dataclass(frozen=True)
class Asked:
    """What a delivery is to bring: the fields that changed; `everything` where a person chose so."""

    fields: frozenset[str]
    everything: bool = False


def values_for(
    contact: Contact,
    record: Record | None,
    *,
    rules: Sequence[Rule],
    remotes: Mapping[str, RemoteField],
    asked: Asked,
    former: frozenset[str],
    newly_linked: bool = False,
) -> dict[str, str]:
    """Their field -> what to write; without `record` all of a new one. Never a blank.

    `former` are the contact's former addresses and numbers, as keys.
    """
    stored = (record or NOTHING).values
    named = asked.fields | (set(IDENTIFIER_FIELDS) if newly_linked else set())
    fills = record is None or newly_linked or asked.everything
    found: dict[str, str] = {}
    for rule in rules:
        remote = remotes[rule.remote]
        theirs, ours = stored.get(rule.remote, ""), mapping.said(contact, rule, remote)
        if not ours:
            if not theirs and rule.fallback and fills:
                found[rule.remote] = mapping.fallback_said(rule.fallback, remote)
        elif mapping.same(remote.kind, theirs, ours) or _reachable(
            rule, ours, record, newly_linked
        ):
            continue
        elif not theirs:
            if fills or rule.field in named:
                found[rule.remote] = ours
        elif _gives_way(rule, theirs, asked.everything or rule.field in named, former):
            found[rule.remote] = ours
    return {name: value for name, value in found.items() if value}


def _gives_way(rule: Rule, theirs: str, is_news: bool, former: frozenset[str]) -> bool:
    """Whether what they have may be replaced."""
    return is_news and (rule.overwrite or _key(theirs, rule) in former)


def _reachable(rule: Rule, ours: str, record: Record | None, newly_linked: bool) -> bool:
    """Found by an address of theirs that is not the record's first: it stays in its place."""
    return (
        newly_linked
        and rule.field == "email"
        and record is not None
        and ours.lower() in record.emails
    )


def _key(text: str, rule: Rule) -> str:
    if rule.field == "mobile_phone":
        return "+" + "".join(c for c in text if c.isdigit())
    return text.strip().lower()


def unconfirmed(
    record: Record, values: Mapping[str, str], remotes: Mapping[str, RemoteField]
) -> list[str]:
    """Of what was written, the fields that do not show it."""
    return [
        name
        for name, value in values.items()
        if not mapping.same(remotes[name].kind, record.values.get(name, ""), value)
    ]
