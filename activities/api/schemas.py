"""How the document describes bookings and calendars; activities.objects writes them."""

from typing import Literal

from pydantic import BaseModel, Field

from contacts.api.schemas import Contact, DeletedContact, NamedValue, User


class BookingCalendar(BaseModel):
    object: Literal["booking_calendar"]
    id: str
    name: str
    description: str | None
    owner: str | User
    duration_minutes: int
    timezone: str = Field(description="That of its working hours.")
    location_description: str | None
    active: bool = Field(description="Whether it offers times.")
    url: str = Field(description="Its public page.")
    creation_time: str


class FormField(BaseModel):
    name: str
    label: str
    required: bool
    options: list[str]


class BookingCalendarDetail(BookingCalendar):
    booking_form: list[FormField] = Field(description="What it asks for.")


class BookingCalendarPage(BaseModel):
    object: Literal["list"]
    data: list[BookingCalendar]
    has_more: bool


class TimeSlot(BaseModel):
    start_time: str
    end_time: str
    duration_minutes: int


class Scheduled(BaseModel):
    id: str = Field(description="Of the booking.")


class Conversation(BaseModel):
    object: Literal["conversation"]
    id: str
    creation_time: str
    last_updated_time: str
    status: Literal["active", "closed", "abandoned"]
    owner: str | User | None
    bot: str
    contact: str | Contact | DeletedContact | None
    booking: "str | Booking | None"
    customer_timezone: str | None
    answers: list[NamedValue]


class FormSubmission(BaseModel):
    name: str | None
    email: str | None
    phone: str | None
    mobile_phone: str | None
    note: str | None
    company: str | None
    guests: list[str]
    custom_fields: list[NamedValue]


class VirtualConferencing(BaseModel):
    join_url: str


class CancelRescheduleInformation(BaseModel):
    reason: str | None
    actioned_by: Literal["user", "customer"]
    user_id: str | None = Field(description="Null where an API key did it.")


class ExternalCalendar(BaseModel):
    type: str | None
    name: str | None
    id: str | None
    event_id: str


class Booking(BaseModel):
    object: Literal["booking"]
    id: str
    tracking_id: str
    subject: str
    status: Literal["requested", "scheduled", "rescheduled", "completed", "canceled", "no_show"]
    in_trash: bool
    creation_time: str
    last_updated_time: str
    starting_time: str
    duration_minutes: int
    customer_timezone: str
    owner: str | User
    contact: str | Contact | DeletedContact | None
    conversation: str | Conversation | None
    booking_calendar: str | BookingCalendar | None
    form_submission: FormSubmission | None
    attendees: list[str]
    location_description: str | None
    virtual_conferencing: VirtualConferencing | None
    cancel_reschedule_information: CancelRescheduleInformation | None
    rescheduled_booking_id: str | None
    external_calendar: ExternalCalendar | None
    ics_url: str
    cancel_url: str
    reschedule_url: str
    custom_fields: list[NamedValue]


class BookingPage(BaseModel):
    object: Literal["list"]
    data: list[Booking]
    has_more: bool
