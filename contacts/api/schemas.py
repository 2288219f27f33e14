"""How the document describes what comes back. Answers are written by contacts.objects; the tests
hold both against each other."""

from typing import Any, Literal

from pydantic import BaseModel, Field


class Problem(BaseModel):
    """What went wrong."""

    type: Literal["authentication_error", "invalid_request_error", "rate_limit_error", "api_error"]
    message: str
    param: str | None = Field(None, description="The parameter or field that is wrong.")
    existing_id: str | None = Field(
        None, description="The contact that has the e-mail or mobile phone."
    )


def problems(*statuses: int) -> dict[int, Any]:
    """The errors of an endpoint, beside those that each can have."""
    return dict.fromkeys(sorted({400, 401, 429, 500, *statuses}), Problem)


class Message(BaseModel):
    message: str


class NamedValue(BaseModel):
    name: str
    value: str | None


class Team(BaseModel):
    object: Literal["team"]
    id: str
    name: str


class User(BaseModel):
    object: Literal["user"]
    id: str
    first_name: str | None
    last_name: str | None
    email: str
    status: Literal["active", "invited"]
    role_name: str
    timezone: str | None
    teams: list[str | Team]


class Contact(BaseModel):
    object: Literal["contact"]
    id: str
    creation_time: str
    last_updated_time: str
    last_interacted_time: str | None
    owner: str | User
    status: Literal["Qualified", "Marketing qualified", "Sales qualified", "Disqualified"] | None
    first_name: str | None
    last_name: str | None
    email: str | None
    mobile_phone: str | None
    phone: str | None
    company: str | None
    company_size: str | None
    job_title: str | None
    salutation: str | None
    street_address: str | None
    city: str | None
    state: str | None
    post_code: str | None
    country: str | None
    timezone: str | None
    employees: int | None
    has_consent: bool
    terms_of_sevice: bool = Field(description="So it is spelled on the wire.")
    terms_of_service: bool
    custom_fields: list[NamedValue]
    bot: str | None
    form: str | None


class DeletedContact(BaseModel):
    id: str
    object: Literal["contact"]
    deleted: Literal[True]


class Deleted(BaseModel):
    id: str
    deleted: Literal[True]


class ContactPage(BaseModel):
    object: Literal["list"]
    data: list[Contact]
    has_more: bool


class UserPage(BaseModel):
    object: Literal["list"]
    data: list[User]
    has_more: bool


class TeamPage(BaseModel):
    object: Literal["list"]
    data: list[Team]
    has_more: bool


class MergedField(BaseModel):
    name: str
    existing: str | None = Field(description="The survivor's value, as the history keeps it.")
    result: str | None
    outcome: Literal["fill", "replace", "keep"]
    of: str = Field(alias="from", description="The id of the contact whose value it is.")


class MergeResult(BaseModel):
    object: Literal["merge"]
    id: str | None = Field(description="Null of a dry run.")
    survivor: str
    duplicates: list[str]
    fields: list[MergedField]
    effects: list[str] = Field(description="What happens elsewhere because of it, in words.")
    undo_until: str | None
    contact: Contact | None


class UndoResult(BaseModel):
    object: Literal["merge"]
    id: str
    undone: Literal[True]
    contact: Contact
    returned: list[Contact]


class ContactList(BaseModel):
    object: Literal["contact_list"]
    id: str
    name: str
    owner: str
    query: str = Field(description="As it stands in the address of All Contacts.")
    creation_time: str
    last_updated_time: str


class ContactListPage(BaseModel):
    object: Literal["list"]
    data: list[ContactList]
    has_more: bool


class Import(BaseModel):
    object: Literal["import"]
    id: str
    state: Literal[
        "planning",
        "planned",
        "committing",
        "done",
        "cancelled",
        "failed",
        "uploaded",
        "undoing",
        "undone",
    ]
    filename: str
    mode: Literal["fill", "replace"]
    dry_run: bool
    columns: list["ImportColumn"]
    rows: int
    new: int
    updated: int
    unchanged: int
    merged: int
    invalid: int
    refused: int
    removed: int = Field(description="Of an undo: contacts that went again.")
    restored: int = Field(description="Of an undo: rows set back.")
    kept: int = Field(description="Of an undo: rows that stay, since the contact has changed.")
    error: str | None
    creation_time: str
    finished_time: str | None
    undo_until: str | None = Field(description="Null while or where there is nothing to undo.")


class ImportColumn(BaseModel):
    header: str
    field: str | None = Field(description="Null where the column is left out.")
