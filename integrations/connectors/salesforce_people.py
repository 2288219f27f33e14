"""Person Accounts of Salesforce: people who are an account and its only contact at the same time.

An org that has them has the field IsPersonAccount on contacts. Such a contact is read as any other one
and written through its account, where its fields have other names: Email is PersonEmail, a custom
Nickname__c is Nickname__pc (connectors.md, 7.1). Account and contact share their time stamps [vendor], so
the condition of a write is the same.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from integrations.connectors.crm import DuplicatesFound, FieldsRefused
from integrations.connectors.salesforce_words import ACCOUNT, CONTACT, any_of, kind_of, quoted

MARK = "IsPersonAccount"
PREFIX = "001"  # of an account's id
#: What is called the same on both; everything else has Person before its name.
SHARED = {
    "FirstName", "LastName", "MiddleName", "Suffix", "Salutation", "Phone", "Fax", "Description",
}  # fmt: skip
Query = Callable[[str], list[dict[str, Any]]]
Call = Callable[..., Any]


def on_account(name: str) -> str:
    """What an account calls a contact's field."""
    if name.endswith("__c"):
        return f"{name.removesuffix('__c')}__pc"
    return name if name in SHARED else f"Person{name}"


class PersonAccounts:
    """The people of an org that are accounts; `used` where the org has them."""

    def __init__(self, query: Query, call: Call, path: str, *, used: bool) -> None:
        self._query, self._call, self._path, self.used = query, call, path, used

    def accounts_of(self, record_ids: Sequence[str]) -> dict[str, str]:
        """Those of the contacts that are people of this kind, with their accounts. At most one call."""
        ids = [each for each in record_ids if kind_of(each) == CONTACT]
        if not self.used or not ids:
            return {}
        where = f"{any_of('Id', ids)} AND {MARK} = true"
        rows = self._query(f"SELECT Id, AccountId FROM {CONTACT} WHERE {where} LIMIT {len(ids)}")
        return {str(row["Id"]): str(row["AccountId"]) for row in rows if row.get("AccountId")}

    def write(self, account: str, body: Mapping[str, str], headers: Mapping[str, str]) -> None:
        """What refuses is told in the contact's words: its fields, and contacts."""
        names = {on_account(name): name for name in body}
        values = {there: body[here] for there, here in names.items()}
        url = f"{self._path}/sobjects/{ACCOUNT}/{quote(account, safe='')}"
        try:
            self._call("PATCH", url, headers=headers, json=values)
        except FieldsRefused as refused:
            ours = [names.get(name, name) for name in refused.names]
            raise FieldsRefused(str(refused), ours) from None
        except DuplicatesFound as found:
            raise DuplicatesFound(str(found), self._contacts_of(found.others)) from None

    def _contacts_of(self, record_ids: Sequence[str]) -> list[str]:
        """The contacts of accounts that a rule has named; other records stay."""
        found = []
        for each in record_ids:
            rows = []
            if each.startswith(PREFIX):
                where = f"AccountId = {quoted(each)} AND {MARK} = true"
                rows = self._query(f"SELECT Id FROM {CONTACT} WHERE {where} LIMIT 1")
            found += [str(row["Id"]) for row in rows] or [each]
        return found
