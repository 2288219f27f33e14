"""Every answer under /v2 is JSON, has a Request-Id, and leaves a line in the log."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from contacts.api import errors
from contacts.api.answers import JSON
from contacts.request_ids import forget_request_id, new_request_id

logger = logging.getLogger("kith.api")
PREFIX = "/v2"


class ApiMiddleware:
    """Outside all others, so that what they refuse (another host, plain http) has the shape too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path != PREFIX and not request.path.startswith(f"{PREFIX}/"):
            return self.get_response(request)
        request_id = new_request_id()
        began = time.perf_counter()
        try:
            response = _shaped(request, self.get_response(request))
            response["Request-Id"] = request_id
            response.headers.setdefault("Cache-Control", "no-store, private")
            _log(request, response, 1000 * (time.perf_counter() - began))
        finally:
            forget_request_id()
        return response


def _shaped(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """What Django or another middleware has answered, said in the shape of the API."""
    if response.status_code < 400 or response.get("Content-Type", "").startswith(JSON):
        return response
    known = {
        404: errors.unknown_address(),
        405: errors.wrong_method(str(request.method)),
        400: errors.bad("The request could not be read."),
    }
    error = known.get(response.status_code)
    if error is None:
        kind = errors.API if response.status_code >= 500 else errors.INVALID
        text = errors.FAILED if response.status_code >= 500 else "The request was refused."
        error = errors.ApiError(response.status_code, text, kind=kind)
    shaped = error.answer()
    if response.has_header("Allow"):
        shaped["Allow"] = response["Allow"]
    return shaped


def _log(request: HttpRequest, response: HttpResponseBase, took: float) -> None:
    """No query and no path as it was sent, since both may hold an address of somebody."""
    match = request.resolver_match
    holder = getattr(request, "auth", None)
    logger.info(
        "%s /%s %s in %.0f ms, %s",
        request.method if request.method in _METHODS else "?",
        match.route if match else "?",
        response.status_code,
        took,
        holder.key.public_id if holder else "no key",
    )


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
