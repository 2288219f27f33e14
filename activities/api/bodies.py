"""What clients may send about bookings. Names that are not known are ignored, as OnceHub does:
its clients send what has no meaning here, such as a location."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

Text = str | None
_ANSWER = {
    "anyOf": [
        {"type": ["string", "number", "boolean", "null"]},
        {"type": "array", "items": {"type": "string"}},
    ]
}
BookingAnswers = Annotated[
    dict[str, Any] | None,
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "email": {"type": "string", "format": "email"},
                "mobile_phone": {"type": ["string", "null"]},
                "phone": {"type": ["string", "null"]},
                "company": {"type": ["string", "null"]},
                "note": {"type": ["string", "null"]},
                "guests": _ANSWER,
            },
            "required": ["name"],
            "additionalProperties": _ANSWER,
        }
    ),
]


class OpenBody(BaseModel):
    """A JSON object; what it does not name is ignored."""

    model_config = ConfigDict(strict=True, extra="ignore")


class CancelRequest(OpenBody):
    """Why, in words that the guest is told."""

    cancellation_reason: Text = None
    reason: Text = Field(None, description="Another name of cancellation_reason.")

    @property
    def why(self) -> tuple[str, str]:
        """The name of the field, and its text."""
        if self.cancellation_reason is None and self.reason is not None:
            return "reason", self.reason
        return "cancellation_reason", self.cancellation_reason or ""


class RescheduleRequest(OpenBody):
    """Why, in words that the guest is told."""

    reschedule_reason: Text = None
    reason: Text = Field(None, description="Another name of reschedule_reason.")

    @property
    def why(self) -> tuple[str, str]:
        """The name of the field, and its text."""
        if self.reschedule_reason is None and self.reason is not None:
            return "reason", self.reason
        return "reschedule_reason", self.reschedule_reason or ""


class ReassignRequest(OpenBody):
    """The colleague who is to host it."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["owner"], "properties": {"owner": {"type": "string"}}},
                {"required": ["host"], "properties": {"host": {"type": "string"}}},
            ]
        }
    )

    owner: Text = Field(None, description="The id of an active user.")
    host: Text = Field(None, description="Another name of owner.")


class ScheduleRequest(OpenBody):
    """A time that time-slots has offered, and the guest's details."""

    model_config = ConfigDict(
        json_schema_extra={"required": ["start_time", "guest_time_zone", "booking_form"]}
    )

    start_time: Text = None
    guest_time_zone: Text = Field(None, description="A name of the IANA database: Europe/London.")
    booking_form: BookingAnswers = Field(
        None,
        description="By the names that the calendar's booking_form has; other contact fields by "
        "theirs.",
    )
