"""Who is asking: the header API-Key, or Authorization: Bearer."""

from django.http import HttpRequest
from ninja.security.base import AuthBase

from contacts.api.errors import unauthenticated
from contacts.api.limits import count_account, count_address
from contacts.api_keys import Holder, holder_of


class AskedByKey(HttpRequest):
    """A request behind the key."""

    auth: Holder


class ApiKey(AuthBase):
    """Limits, then the key: what every endpoint does first. Raises ApiError."""

    openapi_type = "apiKey"
    openapi_name = "API-Key"
    openapi_in = "header"

    def __init__(self) -> None:
        self.openapi_security_schema = {  # type: ignore[assignment]
            "type": "apiKey",
            "in": "header",
            "name": "API-Key",
        }

    def __call__(self, request: HttpRequest) -> Holder:
        count_address(request)
        holder = holder_of(_sent(request))
        if holder is None:
            raise unauthenticated()
        count_account()
        return holder


def _sent(request: HttpRequest) -> str:
    key = request.headers.get("API-Key", "").strip()
    if key:
        return key
    scheme, _, bearer = request.headers.get("Authorization", "").strip().partition(" ")
    return bearer.strip() if scheme.lower() == "bearer" else ""
