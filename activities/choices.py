"""The filters of the Activities page that are ticked: their choices, for one person, and what each
asks of the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict

from activities.models import BookingCalendar, FormSubmission, Meeting, RoutingForm
from contacts.access import assignable_owners
from contacts.models import Contact, User

MAX_VALUES, NAMED = 50, 3
ME, DELETED = "me", "deleted"
AT_HAND = {
    "status",
    "host",
    "form",
}  # the others stand in one pop-up, since a phone has little room
LABELS = {
    "status": "Status",
    "host": "Host",
    "calendar": "Booking calendar",
    "source": "Booked through",
    "form": "Form",
    "outcome": "Led to",
    "contact": "Contact",
}


@dataclass(frozen=True)
class Choices:
    """By filter, what may be chosen: the value as the URL has it, and its words."""

    labels: ClassVar[Mapping[str, str]] = LABELS

    user: User
    known: Mapping[str, Mapping[str, str]]

    def read(self, query: QueryDict, notices: list[str]) -> dict[str, tuple[str, ...]]:
        """What a URL has ticked. A value that nobody offered is left out and named.

        A host or calendar of others is answered like one that does not exist.
        """
        chosen: dict[str, tuple[str, ...]] = {}
        for name, known in self.known.items():
            asked = list(dict.fromkeys(filter(None, query.getlist(name))))
            values = tuple(value for value in asked if value in known)
            notices += _said(self.labels[name], [value for value in asked if value not in known])
            if len(values) > MAX_VALUES:
                over = len(values) - MAX_VALUES
                notices.append(
                    f"{self.labels[name]}: at most {MAX_VALUES}. The last {over} were left out."
                )
            if values:
                chosen[name] = values[:MAX_VALUES]
        return chosen

    def condition(self, name: str, values: Sequence[str]) -> Q:
        """The rows of which one of the values is true."""
        match name:
            case "host":
                return Q(host__in=[self.user.pk if v == ME else int(v) for v in values])
            case "calendar":
                return Q(calendar__public_id__in=values)
            case "form":
                return Q(form__in=RoutingForm.objects.filter(public_id__in=values))
            case "contact":
                return Q(contact=None) & ~Q(contact_public_id="")
        return Q(**{f"{name}__in": values})

    def words(self, name: str, value: str) -> str:
        """A choice as a chip says it: "Host: Tom Reyes"."""
        if name == "contact":
            return self.known[name][value]
        return f"{self.labels[name]}: {self.known[name][value]}"

    def pops(self, chosen: Mapping[str, Sequence[str]]) -> list["Pop"]:
        """The pop-ups. Who sees only meetings of their own has no host to choose."""
        offers = [o for o in self.offers(chosen) if len(o.choices) > (2 if o.name == "host" else 0)]
        own = [Pop(offer.label, "plus", [offer]) for offer in offers if offer.name in AT_HAND]
        return [*own, Pop("More filters", "list-filter", [o for o in offers if o.name not in AT_HAND])]  # fmt: skip

    def offers(self, chosen: Mapping[str, Sequence[str]]) -> list["Offer"]:
        """Each filter, with what is ticked of it."""
        return [
            Offer(
                name,
                self.labels[name],
                [(value, words, value in chosen.get(name, ())) for value, words in known.items()],
            )
            for name, known in self.known.items()
        ]


def _said(label: str, unknown: Sequence[str]) -> list[str]:
    """What is said of values that nobody offered: the first of them by name, the rest by number."""
    said = [f"{label}: there is no choice “{v[:40]}”. That filter was left out." for v in unknown[:NAMED]]  # fmt: skip
    more = len(unknown) - NAMED
    return [*said, f"{label}: {more} more were left out."] if more > 0 else said


@dataclass(frozen=True)
class Offer:
    """One filter: its choices are (value, words, whether it is ticked)."""

    name: str
    label: str
    choices: list[tuple[str, str, bool]]


@dataclass(frozen=True)
class Pop:
    """One pop-up of the page, with one filter or several."""

    label: str
    icon: str
    offers: list[Offer]


def choices_for(user: User) -> Choices:
    """Two queries: the hosts of the meetings that `user` sees, and the calendars of those hosts."""
    people = User.objects.filter(_hosts_for(user)).distinct()
    hosts = {str(h.pk): str(h) for h in people.order_by("first_name", "last_name", "pk")}
    calendars = BookingCalendar.objects.filter(host__in=[int(pk) for pk in hosts])
    return Choices(
        user,
        {
            "status": {value: str(label) for value, label in Meeting.Status.choices},
            "host": {ME: "Me", **hosts},
            "calendar": {each.public_id: each.name for each in calendars},
            "source": {value: str(label) for value, label in Meeting.Source.choices},
            "contact": {DELETED: "Contact deleted"},
        },
    )


def _hosts_for(user: User) -> Q:
    """Who hosts meetings that `user` sees. Whether somebody hosts one is asked of an index; of the
    others, only the meetings of the contacts that `user` sees are read."""
    hosting = Q(Exists(Meeting.objects.filter(host=OuterRef("pk"))))
    if user.role.administers:
        return Q(pk=user.pk) | hosting
    theirs = Meeting.objects.filter(contact__in=Contact.objects.visible_to(user).values("pk"))
    return Q(pk=user.pk) | hosting & assignable_owners(user) | Q(pk__in=theirs.values("host"))


def submission_choices_for(user: User) -> Choices:
    """One query: the forms of which `user` sees what was sent in."""
    seen = FormSubmission.objects.real().visible_to(user).filter(form=OuterRef("pk"))
    forms = RoutingForm.objects.filter(Exists(seen))
    return Choices(
        user,
        {
            "form": {form.public_id: form.name for form in forms},
            "outcome": {value: str(label) for value, label in FormSubmission.Outcome.choices},
            "contact": {DELETED: "Contact deleted"},
        },
    )
