"""What clients may send about contacts: names and types. What the values mean: contact_values."""

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from contacts.api.errors import bad

_VALUE = {
    "anyOf": [
        {"type": ["string", "number", "boolean", "null"]},
        {"type": "array", "items": {"type": "string"}},
    ]
}
#: An array of `{name, value}` or an object of values by name.
CustomFields = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"name": {"type": "string"}, "value": _VALUE},
                        "required": ["name", "value"],
                        "additionalProperties": False,
                    },
                },
                {"type": "object", "additionalProperties": _VALUE},
                {"type": "null"},
            ]
        }
    ),
]
Text = str | None
Email = Annotated[
    Text, WithJsonSchema({"anyOf": [{"type": "string", "format": "email"}, {"type": "null"}]})
]
YesNo = bool | None


class Body(BaseModel):
    """A JSON object that is sent. Names that it does not have are refused, as are other types."""

    model_config = ConfigDict(strict=True, extra="forbid")
    unsupported: ClassVar[str] = "Unsupported field"

    @model_validator(mode="before")
    @classmethod
    def _known(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for name in data:
                if name not in cls.model_fields:
                    raise cls.refusal(name)
        return data

    @classmethod
    def refusal(cls, name: str) -> Exception:
        """The error for a name that it does not have."""
        return bad(cls.unsupported, name)

    @property
    def given(self) -> dict[str, Any]:
        """What was sent, and only that."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Details(Body):
    """The fields of a contact that are no identifiers."""

    first_name: Text = None
    last_name: Text = None
    phone: Text = None
    company: Text = None
    company_size: Text = None
    job_title: Text = None
    salutation: Text = None
    street_address: Text = None
    city: Text = None
    state: Text = None
    post_code: Text = None
    country: Text = None
    timezone: Text = Field(None, description="A name of the IANA database: Europe/London.")
    status: Text = Field(None, description="One of the four; anything else is taken as null.")
    employees: int | None = Field(None, ge=0, le=2_147_483_647)
    has_consent: YesNo = None
    terms_of_sevice: YesNo = Field(None, description="Another spelling of terms_of_service.")
    terms_of_service: YesNo = None
    owner: Text = Field(None, description="The id of an active user.")
    custom_fields: CustomFields = None


class NewContact(Details):
    """At least an e-mail or a mobile phone, and both names."""

    model_config = ConfigDict(
        json_schema_extra={
            "required": ["first_name", "last_name"],
            "anyOf": [
                {"required": ["email"], "properties": {"email": {"type": "string"}}},
                {"required": ["mobile_phone"], "properties": {"mobile_phone": {"type": "string"}}},
            ],
        }
    )
    unsupported: ClassVar[str] = "Unsupported fields"

    email: Email = None
    mobile_phone: Text = None


class ContactChanges(Details):
    """At least one field. Null clears; custom_fields changes only those that it names."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    @classmethod
    def refusal(cls, name: str) -> Exception:
        if name in {"email", "mobile_phone"}:
            text = "Identifier fields (email, mobile_phone) cannot be updated via this endpoint"
            return bad(text, name)
        return super().refusal(name)


class Identifiers(Body):
    """A new e-mail, a new mobile phone, or both; null removes one."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["email"]}, {"required": ["mobile_phone"]}]}
    )

    email: Email = None
    mobile_phone: Text = None
    merge: bool = Field(
        False, description="Whether a contact that has one of them already is merged with this one."
    )


class MergeRequest(Body):
    """Which contacts become one. `fields` says whose value wins, where it is not the survivor's."""

    survivor: str
    duplicates: list[str] = Field(min_length=1, max_length=9)
    fields: dict[str, str] = Field({}, description="A field's name and the id of a contact.")
    dry_run: bool = Field(False, description="Only tell what merging would do.")


class UndoRequest(Body):
    """What happens to fields that were changed since the merge: "present" or "before"."""

    fields: dict[str, str] = {}
