"""A routing form, and what was sent in through it."""

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from activities.access import submission_condition
from activities.models.calendar import BookingCalendar
from activities.models.editable import Editable
from activities.models.ids import new_form_id, new_submission_id
from activities.models.meeting import Meeting
from contacts.models import Contact
from contacts.search import reading, spelled, wanted

if TYPE_CHECKING:
    from contacts.models import User


class RoutingFormQuerySet(models.QuerySet["RoutingForm"]):
    def published(self) -> Self:
        """Those whose public page is open."""
        return self.filter(published_at__isnull=False, archived_at=None)


class RoutingForm(Editable):
    """Questions, and where their answers lead. An archived one is kept for its submissions."""

    public_id = models.CharField(max_length=20, unique=True, default=new_form_id)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(max_length=2000, blank=True, default="")
    #: Whose the contacts are that the form makes, unless it leads to the booking page of another.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="routing_forms"
    )
    questions = models.JSONField(default=list, blank=True)  # see activities.routing.questions
    rules = models.JSONField(default=list, blank=True)  # see activities.routing.rules
    default_outcome = models.JSONField(default=dict)
    contact_status = models.CharField(max_length=20, choices=Contact.Status, blank=True, default="")
    published_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = RoutingFormQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.published_at is not None and self.archived_at is None


class FormSubmissionQuerySet(models.QuerySet["FormSubmission"]):
    def real(self) -> Self:
        """Without tests, which count nowhere."""
        return self.filter(is_test=False)

    def visible_to(self, user: "User") -> Self:
        """Those of contacts that `user` sees; administrators see every one."""
        condition = submission_condition(user)
        return self if condition is None else self.filter(condition)

    def search(self, text: str) -> Self:
        """Those in which every word of `text` is found."""
        what = wanted(text, region="")
        return self.filter(reading(what)) if what else self


class FormSubmission(models.Model):
    """One form as it was filled in.

    It stays as it is when the contact is edited, and stays when it is deleted: then `contact` is
    empty and `contact_public_id` still says whose it was. A test of an administrator has never had
    a contact, and goes after a day.
    """

    class Outcome(models.TextChoices):
        CALENDAR = "calendar", "Booking page"
        MESSAGE = "message", "Message"
        URL = "url", "Web address"

    public_id = models.CharField(max_length=20, unique=True, default=new_submission_id)
    form = models.ForeignKey(RoutingForm, models.PROTECT, related_name="submissions")
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="form_submissions"
    )
    contact_public_id = models.CharField(max_length=20, blank=True, default="")  # when sent in
    is_test = models.BooleanField(default=False)

    # As submitted; what they mean for the contact is decided once, by activities.capture.
    guest_name = models.CharField(max_length=200, blank=True, default="")
    guest_email = models.CharField(max_length=254, blank=True, default="")
    guest_mobile_phone = models.CharField(max_length=20, blank=True, default="")
    guest_company = models.CharField(max_length=255, blank=True, default="")
    answers = models.JSONField(default=list, blank=True)  # [{"name", "label", "field", "value"}]

    # Where it led.
    outcome = models.CharField(max_length=8, choices=Outcome)
    outcome_text = models.TextField(blank=True, default="")  # the message, or the address
    calendar = models.ForeignKey(
        BookingCalendar, models.SET_NULL, null=True, blank=True, related_name="form_submissions"
    )
    rule = models.PositiveSmallIntegerField(default=0)  # counted from 1; 0 is the default outcome
    fell_back = models.BooleanField(default=False)  # the booking page meant was closed
    contact_status = models.CharField(max_length=20, choices=Contact.Status, blank=True, default="")
    meeting = models.ForeignKey(  # that was booked on from here
        Meeting, models.SET_NULL, null=True, blank=True, related_name="form_submissions"
    )

    nonce = models.CharField(max_length=64, unique=True)  # of the page: sent twice, it is one
    creation_time = models.DateTimeField(default=timezone.now)
    search_text = models.TextField(blank=True, default="", editable=False)

    objects = FormSubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["-creation_time", "-id"]
        indexes = [
            models.Index(fields=["creation_time", "id"], name="submissions_by_time"),
            models.Index(fields=["contact", "creation_time"], name="submissions_of_contact"),
            models.Index(fields=["form", "creation_time"], name="submissions_of_form"),
        ]

    def __str__(self) -> str:
        return self.public_id

    def save(self, *args: Any, **kwargs: Any) -> None:
        """What is searched never changes later, but for being erased."""
        if self._state.adding:
            self.search_text = self.searched
        super().save(*args, **kwargs)

    @property
    def searched(self) -> str:
        """The `search_text` of a submission with these details."""
        guest = f"{self.guest_name} {self.guest_email} {self.guest_company}"
        return spelled(f"{guest} {self.form.name} {self.public_id}")

    @property
    def guest(self) -> str:
        """Who sent it, as submitted: never empty on screen."""
        return self.guest_name or self.guest_email or self.guest_mobile_phone or "Guest"
