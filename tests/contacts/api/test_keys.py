"""Settings, API keys; `manage.py api_key`; what the audit says of a key."""

import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from contacts.api_keys import create_key, holder_of
from contacts.models import ApiKey, AuditEntry, User
from tests.contacts.api.client import Api, person
from tests.contacts.pages import text_of
from tests.factories import by
from tests.stored import everything_stored

PAGE = "api_key_list"


def key_on(page: Any) -> str:
    found = re.search(r"kith_[\w-]{43}", page.content.decode())
    assert found
    return found[0]


def test_a_key_is_shown_once_and_only_its_digest_is_kept(as_admin: Client, owner: User) -> None:
    key = key_on(as_admin.post(reverse(PAGE), {"name": "Warehouse"}))
    page = text_of(as_admin.get(reverse(PAGE)))
    assert "Warehouse" in page and key not in page and f"…{key[-4:]}" in page
    assert "acts with the rights of an administrator" in page
    assert key not in everything_stored() and holder_of(key) is not None


def test_the_page_revokes(as_admin: Client, api: Api) -> None:
    as_admin.post(reverse("api_key_revoke", args=[api.row.public_id]))
    assert api.get("test").status_code == 401
    assert "Revoked" in text_of(as_admin.get(reverse(PAGE)))
    again = as_admin.post(reverse("api_key_revoke", args=[api.row.public_id]))
    assert again.status_code == 302
    assert AuditEntry.objects.filter(action="api_key.revoked").count() == 1


@pytest.mark.parametrize(
    ("name", "problem"),
    [(" ", "Enter a name"), ("a\x00b", "Enter a name"), ("x" * 61, "Too long: 61 characters, at most 60"),
     ("warehouse", "An active key has this name already")],
)  # fmt: skip
def test_a_name_that_cannot_be_is_kept_and_said(
    as_admin: Client, api: Api, name: str, problem: str
) -> None:
    page = as_admin.post(reverse(PAGE), {"name": name})
    assert page.status_code == 422 and problem in text_of(page)
    assert ApiKey.objects.count() == 1


def test_the_twenty_sixth_active_key_is_refused(as_admin: Client, owner: User) -> None:
    for number in range(25):
        create_key(name=f"Key {number}", actor=by(owner))
    page = as_admin.post(reverse(PAGE), {"name": "One more"})
    assert page.status_code == 422 and "There are 25 active keys" in text_of(page)
    as_admin.post(reverse("api_key_revoke", args=[ApiKey.objects.latest("pk").public_id]))
    assert as_admin.post(reverse(PAGE), {"name": "One more"}).status_code == 200


def test_members_have_no_such_page(as_member: Client, api: Api) -> None:
    assert as_member.get(reverse(PAGE)).status_code == 404
    assert as_member.post(reverse(PAGE), {"name": "X"}).status_code == 404
    assert as_member.post(reverse("api_key_revoke", args=[api.row.public_id])).status_code == 404
    assert api.get("test").status_code == 200


def test_the_audit_names_the_key(as_admin: Client, api: Api) -> None:
    public_id = api.post("contacts", person()).json()["id"]
    api.delete(f"contacts/{public_id}")
    page = text_of(as_admin.get(reverse("audit_list")))
    assert "API key Warehouse" in page and "Deleted a contact" in page
    rows = b"".join(as_admin.get(reverse("audit_export")).streaming_content).decode()  # type: ignore[attr-defined]
    assert "API key Warehouse" in rows and api.row.public_id in rows


def test_the_command_prints_the_key_as_its_last_line(owner: User) -> None:
    said = StringIO()
    call_command("api_key", "create", "Script", stdout=said, stderr=StringIO())
    key = said.getvalue().splitlines()[-1]
    holder = holder_of(key)
    assert holder is not None and holder.key.name == "Script"
    listed = StringIO()
    call_command("api_key", "list", stdout=listed)
    assert holder.key.public_id in listed.getvalue() and key not in listed.getvalue()
    call_command("api_key", "revoke", holder.key.public_id, stdout=StringIO())
    assert holder_of(key) is None


def test_the_command_says_what_is_wrong(owner: User) -> None:
    with pytest.raises(CommandError, match="Enter a name"):
        call_command("api_key", "create", " ")
    with pytest.raises(CommandError, match="There is no active key KEY-1"):
        call_command("api_key", "revoke", "KEY-1")
