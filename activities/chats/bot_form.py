"""The editor of a chatbot: its steps as rows that are added, moved and removed without script.

Every button sends the whole form. It keeps what was typed, whatever is wrong with it.
"""

import secrets
from collections.abc import Callable
from typing import Any

from django.http import QueryDict
from django.utils.text import slugify

from activities.chats.bot_rows import MOST_STEPS, every_field, read_row, row_of, typed_rows
from activities.chats.checks import NO_STEPS, NOBODY_ASKED, faults_of
from activities.chats.flow import ANSWERS, END, KINDS, OPS, QUESTION, Flow, Step
from activities.chats.sites import read_sites
from activities.cleaning import one_line
from activities.models import BookingCalendar, Chatbot
from contacts.identity import InvalidValue
from contacts.models import Contact, User

STARTER = Flow(
    (
        Step("hello", "message", "Welcome. How can we help?"),
        Step("name", QUESTION, "What is your name?", required=True, field="name"),
        Step("email", QUESTION, "Which email can we reach you at?", answer="email", required=True),
        Step("bye", END, "Thank you. We will be in touch."),
    )
)


class ChatbotForm:
    """What a person typed about a bot, or the bot's own values."""

    def __init__(
        self, *, user: User, bot: Chatbot | None = None, data: QueryDict | None = None
    ) -> None:
        self.user, self.bot, self.bound = user, bot, data is not None
        self.asked_for = ""
        self.errors: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        self.calendars = list(BookingCalendar.objects.active().select_related("host"))
        if data is None:
            self.texts = _stored(bot, user)
            steps = Flow.read(bot.flow).steps if bot else STARTER.steps
            self.rows = [row_of(step) for step in steps]
            return
        self.texts = {
            name: str(data.get(name, "")).replace("\x00", "") for name in ("name", "owner", "sites")
        }
        self.rows = typed_rows(data)
        self.asked_for = str(data.get("do", ""))
        if not self.rearranged:
            self._validate()

    @property
    def is_valid(self) -> bool:
        return self.bound and not self.rearranged and not self.error_list

    @property
    def rearranged(self) -> bool:
        """Whether a button was pressed that changes the order of the steps, and saves nothing."""
        return self.asked_for.partition(":")[0] in {"add", "up", "down", "remove"}

    def rearrange(self) -> str:
        """Do what the button says; the id of the element to go on with."""
        action, _, which = self.asked_for.partition(":")
        if action == "add":
            return self._add(which)
        place = int(which) if which.isdigit() else len(self.rows)
        if place >= len(self.rows):
            return ""
        if action == "remove":
            self.rows.pop(place)
            return f"step-{min(place, len(self.rows) - 1)}"
        other = place - 1 if action == "up" else place + 1
        if 0 <= other < len(self.rows):
            self.rows[place], self.rows[other] = self.rows[other], self.rows[place]
            place = other
        return f"step-{place}"

    def _add(self, kind: str) -> str:
        """At the end, or before a step that ends the conversation there."""
        if kind not in KINDS:
            return ""
        if len(self.rows) >= MOST_STEPS:
            self.errors["steps"] = f"A bot has at most {MOST_STEPS} steps"
            return ""
        ends = bool(self.rows) and self.rows[-1].kind == END and kind != END
        place = len(self.rows) - ends
        self.rows.insert(place, row_of(Step(secrets.token_hex(4), kind, required=True)))
        return f"step-{place}"

    # --- reading

    def recheck(self) -> None:
        """Look at the steps as they are saved: what was right then may be wrong now."""
        self._read_steps()

    def _validate(self) -> None:
        self._take("name", lambda: _needed(one_line(self.texts["name"], 120)))
        self._take("owner", self._owner)
        self._take("sites", lambda: read_sites(self.texts["sites"]))
        self._read_steps()

    def _read_steps(self) -> None:
        steps = [read_row(row) for row in self.rows]
        flow = Flow(tuple(steps))
        if not steps:
            self.errors["steps"] = NO_STEPS
        elif not any(step.kind == QUESTION for step in steps):
            self.errors["steps"] = NOBODY_ASKED
        for place, name, text in faults_of(flow, {c.public_id for c in self.calendars}):
            self.rows[place].errors.setdefault(name, text)
        self.values["flow"] = flow.stored()

    def _take(self, name: str, read: Callable[[], Any]) -> None:
        try:
            self.values[name] = read()
        except InvalidValue as fault:
            self.errors[name] = str(fault)

    def _owner(self) -> User:
        for user in self.owners:
            if str(user.pk) == self.texts["owner"]:
                return user
        raise InvalidValue("Choose an owner from the list")

    # --- for the template

    kinds = tuple(KINDS.items())
    answers = tuple(ANSWERS.items())
    ops = tuple(OPS.items())
    statuses = tuple((value, value) for value in Contact.Status.values)

    @property
    def owners(self) -> list[User]:
        active = User.objects.filter(is_active=True)
        return list(active.order_by("first_name", "last_name", "pk"))

    @property
    def fields(self) -> list[tuple[str, str]]:
        return every_field()

    @property
    def places(self) -> list[tuple[str, str]]:
        """The steps as a rule names them: (id, "3. Question: What is your name?")."""
        return [(r.texts["id"], f"{n}. {r.short}") for n, r in enumerate(self.rows, 1)]

    @property
    def questions(self) -> list[tuple[str, str]]:
        asking = {QUESTION, "meeting"}
        return [
            (r.texts["id"], f"{n}. {r.short}")
            for n, r in enumerate(self.rows, 1)
            if r.kind in asking
        ]

    @property
    def error_list(self) -> list[tuple[str, str]]:
        """(id of the input, sentence) for the summary."""
        found = [(f"c-{name}", text) for name, text in self.errors.items()]
        for place, row in enumerate(self.rows):
            found += [
                (f"s{place}-{name}", f"Step {place + 1}: {text}")
                for name, text in row.errors.items()
            ]
        return found


def _stored(bot: Chatbot | None, user: User) -> dict[str, str]:
    if bot is None:
        return {"name": "", "owner": str(user.pk), "sites": ""}
    return {"name": bot.name, "owner": str(bot.owner_id), "sites": "\n".join(bot.sites)}


def new_slug(name: str) -> str:
    """An address that no bot has: of the name, with digits where another one has that."""
    base = slugify(name)[:60] or "bot"
    taken = set(Chatbot.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return base if base not in taken else f"{base}-{secrets.token_hex(3)}"


def _needed(text: str) -> str:
    if not text:
        raise InvalidValue("Enter a name")
    return text
