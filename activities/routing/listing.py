"""The page of what was sent in through forms, as it stands in the URL."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Model, QuerySet

from activities.choices import Choices, submission_choices_for
from activities.listing import ActivityState
from activities.models import FormSubmission
from contacts.models import User


@dataclass(frozen=True)
class SubmissionState(ActivityState):
    """Search, filters and page of one request, cleaned; the latest come first."""

    model: ClassVar[type[Model]] = FormSubmission
    moment: ClassVar[str] = "creation_time"
    sort: ClassVar[str] = "sent"
    tabs: ClassVar[bool] = False

    @staticmethod
    def choices_of(user: User) -> Choices:
        return submission_choices_for(user)

    def in_tab(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """All but tests."""
        return rows.filter(is_test=False)
