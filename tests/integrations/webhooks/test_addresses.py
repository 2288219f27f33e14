"""An address that somebody typed leads out into the internet, and nowhere else."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from contacts.models import Contact
from contacts.services import update_contact
from integrations import addresses, http
from integrations.models import Delivery, WebhookSubscription
from integrations.outbox import running
from integrations.webhooks import subscriptions
from tests.factories import by
from tests.integrations.webhooks.receiver import Receiver, subscribe
from tests.shared import shared_json

PAYLOADS = "corpora/own/payloads/ssrf_urls.json"
#: Public by themselves: what they lead to is looked at when something is sent.
NAMES = ("rebind.test", "a-and-private.test", "redirect.test", "cname-private.test")


def resolving(monkeypatch: pytest.MonkeyPatch, *found: str) -> None:
    """The name of the moment leads to these addresses."""
    real = socket.getaddrinfo

    def getaddrinfo(host: str, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("flags"):
            return real(host, *args, **kwargs)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_no_notation_of_a_private_address_is_taken() -> None:
    taken = []
    for url in shared_json(PAYLOADS):
        for each in (url, url.replace("http:", "https:", 1)):
            try:
                place = addresses.check_url(each)
            except addresses.Refused:
                continue
            taken.append(place.host)
    assert set(taken) <= set(NAMES)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "192.0.0.8", "224.0.0.1",
        "0.0.0.0", "255.255.255.255", "::1", "::", "fe80::1", "fec0::1", "fd00:ec2::254",
        "ff02::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::",
        "::169.254.169.254", "2001:0:4136:e378:8000:63bf:5601:5601",
    ],
)  # fmt: skip
def test_a_name_that_leads_inside_is_refused_when_something_is_sent(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, "93.184.216.34", address)
    with pytest.raises(addresses.Refused):
        addresses.resolve(addresses.check_url("https://hooks.example.com/"))


@pytest.mark.parametrize("url", ["https://hooks.example.com:8443/", "http://hooks.example.com/"])
def test_only_https_on_its_own_port_is_used(url: str) -> None:
    with pytest.raises(addresses.Refused, match="https|443"):
        addresses.check_url(url)


@pytest.mark.django_db
def test_the_connection_goes_to_the_address_that_was_looked_at(
    ada: Contact, receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = False
    resolving(monkeypatch, "93.184.216.34")
    subscribe(url="https://hooks.example.com/events?a=b")
    update_contact(contact_id=ada.pk, actor=by(), values={"city": "Bath"})
    running.run()
    request = receiver.requests[0]
    assert str(request.url) == "https://93.184.216.34/events?a=b"
    assert request.headers["Host"] == "hooks.example.com"
    assert request.extensions["sni_hostname"] == "hooks.example.com"


@pytest.mark.django_db
def test_a_name_that_is_rebound_is_told_like_one_that_is_away(
    ada: Contact, receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = False
    resolving(monkeypatch, "127.0.0.1")
    subscribe(url="https://hooks.example.com/")
    update_contact(contact_id=ada.pk, actor=by(), values={"city": "Bath"})
    running.run()
    delivery = Delivery.objects.get()
    assert receiver.requests == [] and delivery.state == "retrying"
    assert (delivery.words, delivery.last_status) == ("The address could not be reached.", None)


@pytest.mark.django_db
def test_a_bad_subscription_names_what_is_wrong_and_makes_nothing() -> None:
    with pytest.raises(subscriptions.BadSubscription) as refused:
        subscriptions.create(name="", url="http://10.0.0.1/", wanted=["all"], actor=by())
    assert set(refused.value.errors) == {"name", "url", "events"}
    assert not WebhookSubscription.objects.exists()


@contextmanager
def dripping(first: bytes, rest: bytes) -> Iterator[int]:
    """A server that sends a byte every tenth of a second, for ever."""
    import threading

    stop = threading.Event()

    def serve() -> None:
        connection, _ = server.accept()
        with closing(connection):
            connection.sendall(first)
            while not stop.wait(0.1):
                try:
                    connection.sendall(rest)
                except OSError:
                    return

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        stop.set()
        thread.join(timeout=5)


@pytest.mark.parametrize("first", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b""])
def test_an_answer_that_drips_is_cut_at_the_deadline(first: bytes) -> None:
    import time

    with dripping(first, b"a") as port:
        began = time.monotonic()
        with pytest.raises(http.AnswerLost):
            http.call("POST", f"http://127.0.0.1:{port}/", content=b"{}", deadline=0.5)
        assert time.monotonic() - began < 1.0


def test_a_body_that_nobody_wants_is_left_where_it_is() -> None:
    with dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", b"a") as port:
        answer = http.call("POST", f"http://127.0.0.1:{port}/", content=b"{}", read=False)
    assert (answer.status, answer.body) == (200, b"")
