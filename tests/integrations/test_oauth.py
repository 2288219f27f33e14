"""Signing in at a vendor: the way there and back, renewing once, and what ends a connection."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from django.db import connection as database
from django.utils import timezone

from contacts.models import User
from integrations import http, oauth
from integrations.connectors import base
from integrations.models import Connection
from integrations.oauth import Provider
from integrations.sandbox.double import Reply, Request
from integrations.sandbox.google import GoogleDouble
from integrations.sandbox.graph import GraphDouble
from integrations.sign_ins import ConnectionSignIn, columns_of
from tests.integrations.vendors import GOOGLE, GRAPH, CheckedDouble, network
from tests.shared import shared_json

BACK = "https://kith.example/integrations/google_calendar/back/"


def provider_of(double: Any) -> Provider:
    google = isinstance(double, GoogleDouble)
    token = "/token" if google else "/common/oauth2/v2.0/token"
    return Provider(
        label="Google" if google else "Microsoft",
        client_id=double.sign_in.client_id,
        client_secret=double.sign_in.client_secret,
        authorize_url="https://vendor.example/authorize",
        token_url=f"https://vendor.example{token}",
        scopes=("openid", "events"),
        required=("events",),
    )


@pytest.fixture(params=["google", "graph"])
def double(request: pytest.FixtureRequest) -> Iterator[Any]:
    google = request.param == "google"
    double: Any = GoogleDouble() if google else GraphDouble()
    contract, prefix = (GOOGLE, "/calendar/v3") if google else (GRAPH, "/v1.0")
    with network(CheckedDouble(double, contract, prefix)):
        yield double


def allow(double: Any, provider: Provider, verifier: str) -> str:
    """The person is sent there and allows it: the code that comes back."""
    url = oauth.authorize_url(
        provider, state="s", verifier=verifier, redirect_uri=BACK, login_hint="mia@kith.test"
    )
    asked = dict(parse_qsl(urlsplit(url).query))
    reply = double.sign_in.consent(Request("GET", "", {**asked, "answer": "allow"}))
    return dict(parse_qsl(urlsplit(reply.headers["Location"]).query))["code"]


def grant(double: Any, provider: Provider | None = None) -> oauth.Grant:
    provider, verifier = provider or provider_of(double), oauth.new_verifier()
    code = allow(double, provider, verifier)
    return oauth.exchange(provider, code=code, verifier=verifier, redirect_uri=BACK)


def connect(double: Any, user: User, **values: Any) -> Connection:
    """A connection whose access token has run out."""
    columns = {**columns_of(grant(double)), "expires_at": timezone.now(), **values}
    return Connection.objects.create(vendor="google_calendar", user=user, **columns)


def test_a_code_is_good_for_tokens_once_and_tells_whose_they_are(double: Any) -> None:
    provider, verifier = provider_of(double), oauth.new_verifier()
    code = allow(double, provider, verifier)
    first = oauth.exchange(provider, code=code, verifier=verifier, redirect_uri=BACK)
    assert (first.account, first.scopes) == ("mia@kith.test", ("openid", "events"))
    assert first.refresh and not first.missing(provider)
    with pytest.raises(base.ReconnectRequired):
        oauth.exchange(provider, code=code, verifier=verifier, redirect_uri=BACK)


def test_a_code_that_somebody_else_has_caught_is_worth_nothing(double: Any) -> None:
    provider = provider_of(double)
    code = allow(double, provider, oauth.new_verifier())
    with pytest.raises(base.ReconnectRequired):
        oauth.exchange(provider, code=code, verifier=oauth.new_verifier(), redirect_uri=BACK)


def test_a_scope_that_was_unticked_is_missed(double: Any) -> None:
    double.sign_in.withheld = {"events"}
    assert grant(double).missing(provider_of(double)) == ["events"]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, "google_oauth_invalid_grant", base.ReconnectRequired),
        (400, "ms_oauth_invalid_grant_inactive", base.ReconnectRequired),
        (400, {"error": "invalid_client", "error_codes": [7000215]}, base.Misconfigured),
        (400, {"error": "invalid_grant", "error_codes": [7000222]}, base.Misconfigured),
        (401, {"error": "invalid_client"}, base.Misconfigured),
        (400, {"error": "invalid_scope"}, base.Misconfigured),
        (400, {"error": "interaction_required"}, base.ReconnectRequired),
        (400, [1], base.Misconfigured), (400, {"error": ["x"], "error_codes": "x"}, base.Misconfigured),
        (429, {}, base.RetryableError), (500, {"error": "invalid_grant"}, base.RetryableError),
        (302, {}, base.RetryableError), (503, {}, base.RetryableError),
    ],
)  # fmt: skip
def test_only_a_clear_refusal_ends_a_connection(
    status: int, body: Any, kind: type[Exception]
) -> None:
    if isinstance(body, str):
        body = shared_json(f"contracts/examples/{body}.json")["body"]
    told = oauth.error_of(http.Answer(status, {}, json.dumps(body).encode()), "Google")
    assert type(told) is kind and "AADSTS" not in str(told)


@pytest.mark.django_db
def test_tokens_are_stored_encrypted_and_renewed_before_they_run_out(
    double: Any, member: User
) -> None:
    connection = connect(double, member)
    before = connection.tokens()
    sign_in = ConnectionSignIn(connection.pk, provider_of(double))
    token = sign_in.token()
    connection.refresh_from_db()
    assert connection.tokens()[0] == token != before[0] and token not in connection.access_token
    kept = connection.tokens()[1] == before[1]
    assert kept is isinstance(double, GoogleDouble)  # Microsoft gives a new one each time
    assert sign_in.token() == token and double.sign_in.refreshes == 1


@pytest.mark.django_db
def test_a_token_that_somebody_has_renewed_already_is_taken_over(double: Any, member: User) -> None:
    connection = connect(double, member, expires_at=timezone.now() + timedelta(hours=1))
    sign_in = ConnectionSignIn(connection.pk, provider_of(double))
    refused = sign_in.token()
    assert sign_in.renewed(refused) != refused
    assert sign_in.renewed(refused) == sign_in.token() and double.sign_in.refreshes == 1


@pytest.mark.django_db
def test_a_revoked_sign_in_asks_for_a_person(double: Any, member: User) -> None:
    connection = connect(double, member)
    double.sign_in.revoke("mia@kith.test")
    with pytest.raises(base.ReconnectRequired):
        ConnectionSignIn(connection.pk, provider_of(double)).token()


@pytest.mark.django_db
@pytest.mark.parametrize("reply", [Reply(503), Reply(429), Reply(401, {"error": "invalid_client"})])
def test_trouble_at_the_token_endpoint_costs_no_token(
    double: Any, member: User, reply: Reply
) -> None:
    connection = connect(double, member)
    double.sign_in.fails = [reply]
    sign_in = ConnectionSignIn(connection.pk, provider_of(double))
    with pytest.raises((base.RetryableError, base.Misconfigured)):
        sign_in.token()
    connection.refresh_from_db()
    assert connection.state == "connected" and connection.renewing_until is None
    assert sign_in.token()


@pytest.mark.parametrize(
    "told", [[1], {}, {"access_token": 7}, {"access_token": "a", "id_token": "a.b.c", "scope": 7}]
)
def test_an_answer_that_holds_no_token_is_none(double: Any, told: Any) -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, json=told))
    with network(transport):
        if "scope" in told:
            got = oauth.refresh(provider_of(double), "r")
            assert (got.access, got.account, got.expires_in) == ("a", "", 3600)
            return
        with pytest.raises(base.RetryableError, match="cannot be read"):
            oauth.refresh(provider_of(double), "r")


@pytest.mark.django_db
def test_a_connect_meanwhile_wins_over_a_refusal(double: Any, member: User) -> None:
    connection = connect(double, member)
    double.sign_in.revoke("mia@kith.test")
    fresh = {**columns_of(grant(double)), "version": 7}
    renew = double.sign_in.token

    def sign_in_again(request: Request) -> Reply:
        Connection.objects.filter(pk=connection.pk).update(**fresh)
        reply: Reply = renew(request)
        return reply

    double.sign_in.token = sign_in_again
    connection.refresh_from_db()
    token = ConnectionSignIn(connection.pk, provider_of(double)).token()
    assert double.sign_in.account_of(Request("GET", "", {}, {"authorization": f"Bearer {token}"}))


@pytest.mark.django_db
def test_the_right_to_renew_of_a_dead_worker_runs_out(double: Any, member: User) -> None:
    held = timezone.now() + timedelta(seconds=10)
    connection = connect(double, member, renewing_until=held)

    def worker_dies(_seconds: float) -> None:
        Connection.objects.update(renewing_until=timezone.now() - timedelta(seconds=1))

    sign_in = ConnectionSignIn(connection.pk, provider_of(double), sleep=worker_dies)
    assert sign_in.token() and double.sign_in.refreshes == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rotates", [True, False])
def test_eight_workers_renew_once(double: Any, member: User, rotates: bool) -> None:
    connection = connect(double, member)
    double.sign_in.rotates = rotates
    start, tokens = threading.Barrier(8), []

    def work() -> None:
        start.wait(10)
        try:
            tokens.append(ConnectionSignIn(connection.pk, provider_of(double)).token())
        finally:
            database.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    connection.refresh_from_db()
    assert len(tokens) == 8 and set(tokens) == {connection.tokens()[0]}
    assert double.sign_in.refreshes == 1 and connection.version == 1
