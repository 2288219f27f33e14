"""Integrations, Zapier: how to connect, what is on, and the end of a Zap from here."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from contacts.models import AuditEntry, Contact
from integrations import http
from integrations.models import Delivery, ZapierHook
from integrations.sandbox import zapier
from integrations.sandbox.zapier import ZapierDouble
from integrations.zapier.triggers import TRIGGERS
from tests.contacts.api.client import Api
from tests.contacts.pages import text_of
from tests.integrations.zapier.conftest import BASE
from tests.integrations.zapier.zaps import deliver, edit, turn_on

pytestmark = pytest.mark.django_db
PAGE = "/integrations/zapier/"


def disconnect(client: Client) -> Any:
    page = reverse("zapier_disconnect", args=[ZapierHook.objects.get().public_id])
    assert "Disconnect Contact updated?" in text_of(client.get(page))
    return client.post(page, follow=True)


def test_the_page_says_how_to_connect_before_there_is_a_zap(as_admin: Client) -> None:
    told = text_of(as_admin.get(PAGE))
    assert "No Zaps yet" in told and "/v2/zapier/hooks" in told
    assert all(label in told for label in TRIGGERS.values())
    assert "No Zaps" in text_of(as_admin.get("/integrations/"))


def test_live_and_failing_zaps_are_told_apart(
    as_admin: Client, api: Api, double: ZapierDouble, ada: Contact
) -> None:
    turn_on(api, double)
    told = text_of(as_admin.get(PAGE))
    assert "None yetLive" in told
    double.faults = ["500"]
    edit(ada, city="Riga")
    deliver()
    assert "Retrying 1 failed in a row" in text_of(as_admin.get(PAGE))
    assert "1 failing" in text_of(as_admin.get("/integrations/"))
    log = text_of(as_admin.get(f"/sync/?target=zapier+{ZapierHook.objects.get().pk}"))
    assert "Zapier: Contact updated" in log and "answered 500" in log


def test_disconnecting_tells_zapier_to_pause_the_zap_and_takes_back_what_waits(
    as_admin: Client, api: Api, double: ZapierDouble, ada: Contact
) -> None:
    zap = turn_on(api, double)
    waiting = edit(ada, city="Riga")
    assert "Disconnecting" in text_of(disconnect(as_admin))
    assert edit(ada, city="Oslo") is None
    deliver()
    assert not zap.on and [request.method for request in double.requests] == ["DELETE"]
    assert waiting is not None and Delivery.objects.get(pk=waiting.pk).state == "cancelled"
    assert "No Zaps yet" in text_of(as_admin.get(PAGE))
    assert AuditEntry.objects.filter(action="zap.disconnected").exists()


def test_a_pause_that_does_not_get_through_is_tried_again(
    as_admin: Client, api: Api, double: ZapierDouble
) -> None:
    turn_on(api, double)
    disconnect(as_admin)
    double.faults = ["500"]
    deliver()
    assert Delivery.objects.get().state == "retrying" and ZapierHook.objects.exists()


def test_only_administrators_see_it(as_member: Client, api: Api, double: ZapierDouble) -> None:
    turn_on(api, double)
    page = reverse("zapier_disconnect", args=[ZapierHook.objects.get().public_id])
    assert as_member.get(PAGE).status_code == as_member.post(page).status_code == 404
    assert "Zapier" not in text_of(as_member.get("/integrations/"))


def test_the_demos_zapier_turns_a_zap_on_and_shows_what_arrives(
    settings: Any, tmp_path: Path, api: Api, ada: Contact, as_admin: Client
) -> None:
    settings.KITH_HOME, settings.WEBHOOKS_TO_LOOPBACK = tmp_path, True
    settings.ZAPIER_HOOKS_URL = f"{BASE}/zapier"
    sandbox = httpx.WSGITransport(zapier.mounted(lambda *_: [], BASE))
    http.transport = _Both(sandbox, api)
    try:
        assert f"{BASE}/zapier/" in as_admin.get(PAGE).content.decode()
        _press("on", key=api.key, event="contact.updated")
        assert ZapierHook.objects.count() == 1
        edit(ada, city="Riga")
        deliver()
        page = http.call("GET", f"{BASE}/zapier/").body.decode()
        assert "contact.updated, on" in page and "Riga" in page
        _press("off", zap=next(iter(zapier.ZapierDouble(**_kept()).zaps)))
        assert not ZapierHook.objects.exists()
    finally:
        http.transport = None


def test_the_demos_zapier_says_what_kith_refused(settings: Any, tmp_path: Path, api: Api) -> None:
    settings.KITH_HOME = tmp_path
    double = zapier.ZapierDouble(base=BASE, kith="http://kith.test/v2/zapier")
    http.transport = _Both(httpx.WSGITransport(double), api)
    try:
        double.turn_on("wrong", "contact.updated")
    finally:
        http.transport = None
    assert double.said == "Kith refused it: Invalid API key." and double.zaps == {}


def _press(button: str, **form: str) -> None:
    answer = http.call("POST", f"{BASE}/zapier/{button}", form=form)
    assert answer.status == 303


def _kept() -> dict[str, Any]:
    double = ZapierDouble()
    double.load()
    return {"zaps": double.zaps}


class _Both(httpx.BaseTransport):
    """The double at its address, and Kith itself for what the double asks it."""

    def __init__(self, sandbox: httpx.BaseTransport, api: Api) -> None:
        self.sandbox, self.api = sandbox, api

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if "/v2/" not in request.url.path:
            return self.sandbox.handle_request(request)
        path = request.url.path.partition("/v2/")[2]
        body = request.read().decode() or None
        key = request.headers["API-Key"]
        answer = self.api.ask(request.method, path, body, **{"API-Key": key})
        return httpx.Response(answer.status_code, content=answer.content)
