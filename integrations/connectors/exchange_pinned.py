"""The one connection that integrations.http does not make: NTLM signs in a connection, which has to
stay open, and exchangelib makes it with requests. It is held to the same rules: only where an address
of a server may lead, to the very IP that was looked at, without redirects, proxies or environment.
"""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from exchangelib.protocol import BaseProtocol
from requests.adapters import HTTPAdapter

from integrations import addresses
from integrations.http import CONNECT_WITHIN, DEADLINE

RequestFailed = requests.exceptions.RequestException


class NotConnected(requests.exceptions.ConnectionError):
    """The address leads where it may not: the server has got nothing."""


class Pinned(HTTPAdapter):
    """Connects to the looked-at IP, with the certificate and the Host header of the name."""

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(request.url)
        try:
            place = addresses.check_server(request.url)
            ip = addresses.resolve(place)
        except addresses.Refused:
            raise NotConnected(request=request) from None
        if parts.scheme == "https":
            tls = {"server_hostname": parts.hostname, "assert_hostname": parts.hostname}
            self.poolmanager.connection_pool_kw.update(tls)
        request.headers["Host"] = parts.netloc
        where = f"[{ip}]" if ":" in ip else ip
        port = f":{parts.port}" if parts.port else ""
        asked = request.url
        request.url = urlunsplit(parts._replace(netloc=f"{where}{port}"))
        kwargs.update(proxies={}, timeout=(CONNECT_WITHIN, DEADLINE))
        try:
            answer = super().send(request, *args, **kwargs)
        finally:
            request.url = asked
        answer.url = asked
        return answer


def use() -> None:
    """Have exchangelib connect like this, always."""
    BaseProtocol.HTTP_ADAPTER_CLS = Pinned
    BaseProtocol.TIMEOUT = DEADLINE
