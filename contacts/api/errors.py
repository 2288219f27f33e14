"""What goes wrong, in the shape of api.md: `{type, message, param?}`."""

from django.http import HttpResponse

from contacts.api.answers import json_answer

AUTHENTICATION, INVALID, RATE_LIMIT, API = (
    "authentication_error",
    "invalid_request_error",
    "rate_limit_error",
    "api_error",
)
FAILED = "Something failed on our side. Nothing was saved; it has been logged."


class ApiError(Exception):
    """An answer that ends the request. The messages are part of the contract: clients match them."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str = "",
        kind: str = INVALID,
        retry_after: int = 0,
        about: str = "",
        **more: object,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.param, self.kind = status, message, param, kind
        self.retry_after = retry_after  # seconds
        self.about = about  # the id of the contact whose values the message tells
        self.more = more

    @property
    def body(self) -> dict[str, object]:
        param = {"param": self.param} if self.param else {}
        return {"type": self.kind, "message": self.message, **param, **self.more}

    def answer(self) -> HttpResponse:
        response = json_answer(self.body, status=self.status)
        if self.retry_after:
            response["Retry-After"] = str(self.retry_after)
        return response


def bad(message: str, param: str = "") -> ApiError:
    """400: the request itself is wrong."""
    return ApiError(400, message, param=param)


def no_such(what: str, public_id: str) -> ApiError:
    return ApiError(404, f"No such {what}: '{public_id}'", param="id")


def unauthenticated() -> ApiError:
    return ApiError(401, "Invalid API key.", kind=AUTHENTICATION)


def unknown_address() -> ApiError:
    return ApiError(404, "There is nothing at this address.")


def wrong_method(method: str) -> ApiError:
    return ApiError(405, f"The method {method} is not allowed here.")


def failed() -> ApiError:
    return ApiError(500, FAILED, kind=API)
