"""Reading pages and filling in their forms as a browser would, without one."""

import re
from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.urls import reverse

from contacts.forms import ContactForm
from contacts.models import Contact

HTMX = {"HX-Request": "true", "HX-Target": "pane"}


class _Inputs(HTMLParser):
    """The successful controls of every form on a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.words: list[str] = []
        self._select = self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "input" and name:
            off = given.get("type") in {"checkbox", "radio"} and "checked" not in given
            if not off:
                self.values[name] = given.get("value", "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            if "selected" in given or self._select not in self.values:
                self.values[self._select] = given.get("value", "")
        elif tag == "textarea":
            self._textarea = name
            self.values[name] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:  # a browser drops the line end that follows the tag
            first = not self.values[self._textarea]
            self.values[self._textarea] += data.removeprefix("\n") if first else data
        self.words.append(data)


def read(response: Any) -> _Inputs:
    page = _Inputs()
    page.feed(response.content.decode())
    return page


def text_of(response: Any) -> str:
    """What a person reads, blanks collapsed."""
    return " ".join("".join(read(response).words).split())


def typed_into(contact: Contact | None, user: Any, **typed: Any) -> dict[str, str]:
    """The form as it was opened, with some fields typed over."""
    form = ContactForm(user=user, contact=contact)
    texts = {name: text for name, text in form.texts.items() if text}
    return {**texts, "version": str(form.version), **typed}


def url_of(kind: str, contact: Contact | str, *more: int) -> str:
    public_id = contact if isinstance(contact, str) else contact.public_id
    return reverse(kind, args=[public_id, *more])


def save(client: Client, contact: Contact, data: dict[str, str], *, htmx: bool = True) -> Any:
    return client.post(url_of("contact_edit", contact), data, headers=HTMX if htmx else {})


def results_of(response: Any) -> dict[str, tuple[str, str]]:
    """The Result column of the merge prompt: {field label: (value, badge)}."""
    rows = re.findall(
        r'<th scope="row">(.*?)</th>.*?data-res>(.*?)</bdi>.*?data-out>(\w+)</span>',
        response.content.decode(),
        re.DOTALL,
    )
    return {label: (value, badge) for label, value, badge in rows}
