"""What the API keeps for a while, and the step of the relay that lets it go."""

import time
from datetime import timedelta

from django.utils import timezone

from contacts.models import ApiCount, FirstAnswer

ANSWERS_KEPT = timedelta(days=1)  # of requests with an Idempotency-Key
COUNTS_KEPT = 600  # seconds, of the rate limits


def forget_old() -> None:
    FirstAnswer.objects.filter(created_at__lt=timezone.now() - ANSWERS_KEPT).delete()
    ApiCount.objects.filter(window__lt=int(time.time()) - COUNTS_KEPT).delete()
