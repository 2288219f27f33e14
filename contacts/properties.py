"""Defining, changing, archiving and restoring custom properties (administrators)."""

import re
import unicodedata
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.db.models import Count, Max
from django.utils import timezone

from contacts import history
from contacts.fields import FIELDS
from contacts.models import Property, PropertyKey
from contacts.retrying import retrying
from contacts.search import fold, sort_key
from contacts.signals import Actor

MAX_PROPERTIES = 100
MAX_OPTIONS = 200
MAX_OPTION = 100
MAX_LABEL, MAX_NAME = 120, 50
CHOICES = {Property.Kind.SELECT, Property.Kind.MULTI_SELECT}
#: Identifiers that mean something else in the API or in an import.
RESERVED = {f.name for f in FIELDS} | {"id", "object", "name", "note", "guests", "custom_fields"}
#: Labels of other columns of an export, which would be taken for a property when imported again.
RESERVED_LABELS = {f.label.casefold() for f in FIELDS} | {
    "full name",
    "contact id",
    "captured on",
    "last activity",
    "last updated",
}
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
COUNT_UP_TO = 50_000


@dataclass
class BadProperty(Exception):
    """What is wrong, by input: "label", "name", "kind", "options" or "" for the whole."""

    errors: dict[str, str] = field(default_factory=dict)


def suggest_name(label: str) -> str:
    """An identifier made of a label: "Größe (cm)" is "grosse_cm"."""
    plain = unicodedata.normalize("NFKD", label.replace("ß", "ss")).encode("ascii", "ignore")
    words = re.findall(r"[a-z0-9]+", plain.decode().lower())
    name = "_".join(words)[:MAX_NAME].strip("_")
    return name if name[:1].isalpha() else f"property_{name}".strip("_")[:MAX_NAME]


@retrying
@transaction.atomic
def create_property(
    *, actor: Actor, label: str, kind: str, name: str = "", options: str = ""
) -> Property:
    """Define a property. `options` holds one choice a line. Raises BadProperty."""
    label = _line(label)
    name = name.strip() or suggest_name(label)
    errors = _label_errors(label) | _name_errors(name)
    if kind not in Property.Kind.values:
        errors["kind"] = "Choose a type"
    choices = _choices(options, errors) if kind in CHOICES else []
    if Property.objects.filter(archived_at=None).count() >= MAX_PROPERTIES:
        errors[""] = f"There are {MAX_PROPERTIES} properties already. Archive one first"
    if errors:
        raise BadProperty(errors)
    last = Property.objects.aggregate(last=Max("position"))["last"]
    try:
        with transaction.atomic():
            made = Property.objects.create(
                name=name, label=label, kind=kind, options=choices, position=(last or 0) + 1
            )
    except IntegrityError:  # somebody made it this very moment
        raise BadProperty(_name_errors(name)) from None
    history.audit(actor, "property.created", name)
    return made


@retrying
@transaction.atomic
def change_property(*, pk: int, actor: Actor, label: str, options: str = "") -> Property:
    """Change the label, and the choices of a select. Raises BadProperty, Property.DoesNotExist.

    Contacts keep a choice that is taken away; it can no longer be chosen.
    """
    row = Property.objects.select_for_update().get(pk=pk)
    label = _line(label)
    errors = _label_errors(label, besides=pk)
    choices = _choices(options, errors) if row.kind in CHOICES else row.options
    if errors:
        raise BadProperty(errors)
    row.label, row.options = label, choices
    row.save(update_fields=["label", "options"])
    history.audit(actor, "property.changed", row.name)
    return row


@retrying
@transaction.atomic
def archive_property(*, pk: int, actor: Actor) -> Property:
    """Take it out of sight; the values stay. Raises Property.DoesNotExist."""
    row = Property.objects.select_for_update().get(pk=pk)
    if row.archived_at is None:
        row.archived_at = timezone.now()
        row.save(update_fields=["archived_at"])
        history.audit(actor, "property.archived", row.name)
    return row


@retrying
@transaction.atomic
def restore_property(*, pk: int, actor: Actor) -> Property:
    """Show it again, with its values. Raises BadProperty where its label has been taken since."""
    row = Property.objects.select_for_update().get(pk=pk)
    if row.archived_at is None:
        return row
    errors = _label_errors(row.label, besides=pk)
    if Property.objects.filter(archived_at=None).count() >= MAX_PROPERTIES:
        errors[""] = f"There are {MAX_PROPERTIES} properties already. Archive one first"
    if errors:
        raise BadProperty(errors)
    row.archived_at = None
    row.save(update_fields=["archived_at"])
    history.audit(actor, "property.restored", row.name)
    return row


@retrying
@transaction.atomic
def move_property(*, pk: int, up: bool, actor: Actor) -> None:
    """One place up or down among those in use."""
    rows = list(Property.objects.select_for_update().filter(archived_at=None))
    at = next((n for n, row in enumerate(rows) if row.pk == pk), None)
    to = None if at is None else at - 1 if up else at + 1
    if at is None or to is None or not 0 <= to < len(rows):
        return
    rows[at], rows[to] = rows[to], rows[at]
    for position, row in enumerate(rows, 1):
        row.position = position
        row.save(update_fields=["position"])
    history.audit(actor, "property.moved", rows[to].name)


def holders(row: Property, option: str = "") -> int:
    """How many contacts have a value (or this choice), counted up to 50,001."""
    keys = PropertyKey.objects.filter(property=row, sorts=True)
    if option:
        of_many = row.kind == Property.Kind.MULTI_SELECT
        keys = PropertyKey.objects.filter(property=row, sorts=not of_many, key=sort_key(option))
    return keys.values("pk")[: COUNT_UP_TO + 1].count()


def _line(typed: str) -> str:
    """One line without control characters; "" for one of which nothing can be seen."""
    kept = (c for c in typed if c.isspace() or unicodedata.category(c) not in {"Cc", "Cs"})
    line = " ".join("".join(kept).split())
    return line if fold(line) else ""


def holders_of_options(row: Property) -> list[tuple[str, int]]:
    """Each choice, and how many contacts have it. One query."""
    of_many = row.kind == Property.Kind.MULTI_SELECT
    keys = PropertyKey.objects.filter(property=row, sorts=not of_many).order_by()
    counts = dict(keys.values_list("key").annotate(number=Count("pk")))
    return [(option, counts.get(sort_key(option), 0)) for option in row.options]


def _label_errors(label: str, besides: int = 0) -> dict[str, str]:
    if not label:
        return {"label": "Enter a label"}
    if len(label) > MAX_LABEL:
        return {"label": f"Too long: {len(label)} characters, at most {MAX_LABEL}"}
    if label.casefold() in RESERVED_LABELS:
        return {"label": "Every contact has a field of this name already"}
    live = Property.objects.filter(archived_at=None).exclude(pk=besides)
    if any(label.casefold() == other.casefold() for other in live.values_list("label", flat=True)):
        return {"label": "Another property has this label"}
    return {}


def _name_errors(name: str) -> dict[str, str]:
    if len(name) > MAX_NAME:
        return {"name": f"Too long: {len(name)} characters, at most {MAX_NAME}"}
    if not _NAME.fullmatch(name):
        return {"name": "Use small letters, digits and _, beginning with a letter"}
    if name in RESERVED:
        return {"name": "Every contact has a field of this name already"}
    known = Property.objects.filter(name=name).first()
    if known is not None:
        where = "an archived property" if known.archived_at else "another property"
        return {"name": f"This identifier belongs to {where}, {known.label}"}
    return {}


def _choices(text: str, errors: dict[str, str]) -> list[str]:
    """One choice a line; what is wrong goes into `errors`."""
    lines = [_line(line) for line in text.splitlines()]
    choices = [line for line in lines if line]
    twice = {c for c in choices if sum(c.casefold() == other.casefold() for other in choices) > 1}
    if not choices:
        errors["options"] = "Enter at least one choice, each on a line of its own"
    elif len(choices) > MAX_OPTIONS:
        errors["options"] = f"{len(choices)} choices are too many. Use at most {MAX_OPTIONS}"
    elif long := next((c for c in choices if len(c) > MAX_OPTION), None):
        errors["options"] = f"“{long[:40]}…” is too long: at most {MAX_OPTION} characters"
    elif split := next((c for c in choices if ";" in c), None):
        errors["options"] = f"“{split}” holds a semicolon, which stands between choices in a file"
    elif twice:
        errors["options"] = f"“{min(twice)}” stands there twice"
    return choices
