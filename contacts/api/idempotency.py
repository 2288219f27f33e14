"""Idempotency-Key: the same request sent again is answered as it was the first time.

The row that takes the key, what the request does and its answer are one transaction. Of fifty at
once the first inserts the row and the others wait at the unique index; they then find its answer. A
process that dies halfway leaves neither the row nor anything it did.
"""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone

from contacts import vault
from contacts.api.answers import JSON, json_answer
from contacts.api.authentication import AskedByKey
from contacts.api.errors import ApiError, bad
from contacts.api.parsing import body_of
from contacts.api_sweeping import ANSWERS_KEPT
from contacts.models import ApiKey, FirstAnswer
from contacts.objects import deleted_object
from contacts.retrying import retrying

LONGEST = 255
NOT_KEPT = "-"  # as `about`: an answer that has changed nothing may be made anew
HEADER = "Idempotency-Key"
OTHER_BODY = "This Idempotency-Key was already used with another request."
UNREADABLE = "The first answer can no longer be read. What it tells of was done."
SEALED, PURPOSE = "sealed ", "first answer"  # JSON never begins like that
#: How the document describes the header.
PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "The same key with the same request gets the first answer again, for a day.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"},
}
View = Callable[..., HttpResponse]


def idempotent(view: View) -> View:
    """An endpoint that may be sent twice. Its answer names the contact that it tells of, if any, as
    `response.about`: with that contact the copy goes. One that holds a secret says so as
    `response.secret`: its copy is sealed."""

    @wraps(view)
    def once(request: AskedByKey, *args: Any, **kwargs: Any) -> HttpResponse:
        return answer_once(
            request, lambda: body_of(request), lambda: view(request, *args, **kwargs)
        )

    return once


def answer_once(
    request: AskedByKey, sent: Callable[[], bytes], work: Callable[[], HttpResponse]
) -> HttpResponse:
    """Do the work, unless a request with the same key was answered. `sent` is what was sent, or a
    digest of it. Raises ApiError."""
    token = request.headers.get(HEADER)
    if token is None:
        return work()
    if not token or len(token) > LONGEST or not (token.isascii() and token.isprintable()):
        raise bad(f"Idempotency-Key: use 1 to {LONGEST} printable characters.", HEADER)
    spoken = f"{request.method} {request.get_full_path()}\n".encode()
    return _answer(request.auth.key, token, hashlib.sha256(spoken + sent()).hexdigest(), work)


@retrying
@transaction.atomic
def _answer(key: ApiKey, token: str, digest: str, work: Callable[[], HttpResponse]) -> HttpResponse:
    row, fresh = _take(key, token, digest)
    if not fresh:
        return _again(row, digest)
    response, about = _work(work)
    if response.status_code >= 500:
        transaction.set_rollback(True)
        return response
    if about == NOT_KEPT:
        row.delete()
        return response
    row.status, row.body = response.status_code, _kept(response)
    row.about = about
    row.save(update_fields=["status", "body", "about"])
    return response


def _take(key: ApiKey, token: str, digest: str) -> tuple[FirstAnswer, bool]:
    """The row of this key, and whether it is ours to fill. Waits while another request fills it."""
    FirstAnswer.objects.filter(
        key=key, token=token, created_at__lt=timezone.now() - ANSWERS_KEPT
    ).delete()
    fresh = FirstAnswer(key=key, token=token, request=digest)
    FirstAnswer.objects.bulk_create([fresh], ignore_conflicts=True)  # here the others wait
    row = FirstAnswer.objects.select_for_update().get(key=key, token=token)
    return row, row.status == 0


def _work(work: Callable[[], HttpResponse]) -> tuple[HttpResponse, str]:
    """A refusal is an answer too; what was done until then is taken back."""
    try:
        with transaction.atomic():
            response = work()
    except ApiError as error:
        return error.answer(), error.about
    return response, getattr(response, "about", "")


def _kept(response: HttpResponse) -> str:
    body = response.content.decode()
    secret = getattr(response, "secret", False)
    return SEALED + vault.seal(body, purpose=PURPOSE) if secret else body


def _opened(kept: str) -> str:
    """Raises ApiError where the key that has sealed it is gone."""
    if not kept.startswith(SEALED):
        return kept
    try:
        return vault.unseal(kept.removeprefix(SEALED), purpose=PURPOSE)
    except vault.Unreadable:
        raise ApiError(409, UNREADABLE, param=HEADER) from None


def _again(row: FirstAnswer, digest: str) -> HttpResponse:
    if row.request != digest:
        raise ApiError(422, OTHER_BODY, param=HEADER)
    if row.about and not row.body:
        return json_answer(deleted_object(row.about))
    return HttpResponse(_opened(row.body), status=row.status, content_type=JSON)
