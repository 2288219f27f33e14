"""The mapping page: what it shows of each field, and what was chosen and typed there."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.http import QueryDict

from contacts.fields import Field, known_fields
from integrations.connectors.crm import RemoteField
from integrations.crm import mapping
from integrations.crm.mapping import Rule
from integrations.crm.vendors import Vendor

ANOTHER = "{}: {} has no such field for it"
TWICE = "{}: another field is sent to {} already"
REQUIRED = "{}: {} refuses a record without it. Say what to send where the contact has none"
UNMAPPED = "{}: {} refuses a record without it. Choose the field that is sent to it"


@dataclass
class Line:
    """One field of ours, as the page shows it."""

    field: Field
    rule: Rule | None
    offered: list[RemoteField]
    trouble: str = ""
    fixed: bool = False  # by it records are found: always sent
    error: str = ""
    in_fallback: bool = False  # where the error is

    @property
    def remote(self) -> str:
        return self.rule.remote if self.rule else ""

    @property
    def has_fallback(self) -> bool:
        return mapping.has_fallback(self.field)

    @property
    def lost(self) -> bool:
        """Mapped to something that can no longer be chosen."""
        return bool(self.rule) and self.remote not in {each.name for each in self.offered}


@dataclass
class MappingForm:
    """Bound to what was typed, or to what is stored."""

    vendor: Vendor
    remotes: Mapping[str, RemoteField]
    rules: list[Rule]
    errors: dict[str, str] = field(default_factory=dict)  # by the name of the input
    in_fallbacks: set[str] = field(default_factory=set)  # those of them that are about a fallback
    loose: list[str] = field(default_factory=list)  # of no input

    @property
    def lines(self) -> list[Line]:
        chosen = {rule.field: rule for rule in self.rules}
        ours = {each.name: each for each in mapping.fields_of_ours()}
        archived = [known_fields()[n] for n in chosen if n not in ours and n in known_fields()]
        return [self._line(each, chosen.get(each.name)) for each in (*ours.values(), *archived)]

    def _line(self, ours: Field, rule: Rule | None) -> Line:
        return Line(
            field=ours,
            rule=rule,
            offered=[] if ours.archived else mapping.offered(ours, self.remotes),
            trouble=mapping.trouble(rule, self.remotes, self.vendor.label) if rule else "",
            fixed=ours.name == "email",
            error=self.errors.get(ours.name, ""),
            in_fallback=ours.name in self.in_fallbacks,
        )


def read(
    posted: QueryDict, vendor: Vendor, remotes: Mapping[str, RemoteField], stored: list[Rule]
) -> MappingForm:
    """What was chosen, with what is wrong with it."""
    before = {rule.field: rule.remote for rule in stored}
    names = [*(each.name for each in mapping.fields_of_ours()), *before]
    rules = []
    for name in dict.fromkeys(names):
        remote = vendor.email if name == "email" else posted.get(f"remote_{name}", "")
        if remote and name in known_fields():
            overwrite = f"overwrite_{name}" in posted
            fallback = posted.get(f"fallback_{name}", "").strip()
            rules.append(Rule(name, remote[:200], overwrite, fallback))
    form = MappingForm(vendor, remotes, rules)
    for rule in rules:
        if fault := _fault(rule, form, before):
            form.errors[rule.field] = fault
        elif fault := _fallback_fault(rule, form):
            form.errors[rule.field] = fault
            form.in_fallbacks.add(rule.field)
    mapped = {rule.remote for rule in rules}
    form.loose = [
        UNMAPPED.format(remote.label, vendor.label)
        for remote in remotes.values()
        if remote.required and not remote.locked and remote.name not in mapped
    ]
    return form


def _fault(rule: Rule, form: MappingForm, before: Mapping[str, str]) -> str:
    ours, remote = known_fields()[rule.field], form.remotes.get(rule.remote)
    kept = before.get(rule.field) == rule.remote
    if remote is None or remote.locked or not mapping.fits(ours, remote):
        # One that was mapped before it was removed or locked there stays until it is taken off.
        return "" if kept else ANOTHER.format(ours.label, form.vendor.label)
    if Counter(each.remote for each in form.rules)[rule.remote] > 1:
        return TWICE.format(ours.label, remote.label)
    return ""


def _fallback_fault(rule: Rule, form: MappingForm) -> str:
    """What identifies somebody has none: a contact without it is refused there, which its delivery says."""
    ours, remote = known_fields()[rule.field], form.remotes.get(rule.remote)
    if remote is None or remote.locked or not mapping.has_fallback(ours):
        return ""
    if wrong := mapping.wrong_fallback(rule.fallback, remote):
        return f"{ours.label}, fallback: {wrong}"
    if remote.required and not rule.fallback:
        return REQUIRED.format(ours.label, form.vendor.label)
    return ""
