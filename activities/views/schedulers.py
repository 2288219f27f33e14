"""Settings, Other schedulers: what may send its bookings here, and what it has sent."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from activities.cleaning import one_line
from activities.edited import EditedMeanwhile, save_edited, version_in, version_to_show
from activities.models import SchedulerConnection
from contacts import history, vault
from contacts.identity import InvalidValue
from contacts.models import User
from contacts.signals import Actor
from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from contacts.views.settings import render_settings
from contacts.views.shell import toast

Kind = SchedulerConnection.Kind
EVENTS = 50
SHORTEST, LONGEST = 8, 200  # characters of a signing key


@dataclass
class ConnectionForm:
    """What was typed about a new connection; it stays, whatever is wrong with it."""

    texts: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, data: QueryDict) -> "ConnectionForm":
        names = ("kind", "name", "host", "secret")
        return cls({name: str(data.get(name, "")).replace("\x00", "") for name in names})

    def connection(self) -> SchedulerConnection | None:
        """The connection, not saved yet; None when something is wrong, which `errors` says."""
        kind, name = self.texts["kind"], self._name()
        if kind not in Kind.values:
            self.errors["kind"] = "Choose a scheduler"
        host = next((u for u in hosts() if str(u.pk) == self.texts["host"]), None)
        if host is None:
            self.errors["host"] = "Choose a host from the list"
        secret = secrets.token_urlsafe(32)
        if kind == Kind.CALENDLY:
            secret = self._key()
        if self.errors:
            return None
        sealed = vault.seal(secret, purpose=SchedulerConnection.PURPOSE)
        return SchedulerConnection(kind=kind, name=name, host=host, secret=sealed)

    def _name(self) -> str:
        try:
            name = one_line(self.texts["name"], 120)
        except InvalidValue as fault:
            self.errors["name"] = str(fault)
            return ""
        if not name:
            self.errors["name"] = "Enter a name"
        return name

    def _key(self) -> str:
        key = self.texts["secret"].strip()
        if not SHORTEST <= len(key) <= LONGEST:
            self.errors["secret"] = f"Paste the signing key: {SHORTEST} to {LONGEST} characters"
        return key

    @property
    def error_list(self) -> list[tuple[str, str]]:
        return [(f"c-{name}", text) for name, text in self.errors.items()]


def hosts() -> list[User]:
    """Who may have the meetings."""
    return list(User.objects.filter(is_active=True).order_by("first_name", "last_name", "pk"))


@administrators_only
@require_GET
def scheduler_list(request: HtmxHttpRequest) -> HttpResponse:
    connections = SchedulerConnection.objects.select_related("host")
    return render_settings(request, "activities/scheduler_list.html", {"connections": connections})


@administrators_only
@require_http_methods(["GET", "POST"])
def scheduler_new(request: HtmxHttpRequest) -> HttpResponse:
    """What is sent and from whom; the secret of a new connection is shown on the answer alone."""
    form = ConnectionForm.read(request.POST)
    if request.method == "GET":
        form.texts |= {"kind": Kind.CALCOM, "host": str(request.user.pk)}
        return _form(request, form)
    connection = form.connection()
    if connection is None:
        return _form(request, form)
    with transaction.atomic():
        connection.save()
        history.audit(Actor(request.user), "scheduler.connected", connection.public_id)
    if connection.kind == Kind.CALENDLY:
        return toast(request, _to(connection), "Connection made")
    return _show(request, connection, secret=_secret(connection))


@administrators_only
@require_GET
def scheduler_detail(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """The address to paste, when something last came, and what came last."""
    return _show(request, _find(public_id))


@administrators_only
@require_POST
def scheduler_action(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """Close or open a connection, or give it another secret. Its meetings stay as they are."""
    connection, do = _find(public_id), request.POST.get("do", "")
    if do not in {"close", "open", "secret"}:
        raise Http404
    if do == "secret":
        return _new_secret(request, connection)
    connection.closed_at = timezone.now() if do == "close" else None
    _save(request, connection, "closed_at", "scheduler.closed" if do == "close" else "scheduler.opened")  # fmt: skip
    return toast(request, _to(connection), "Connection closed" if do == "close" else "Connection opened")  # fmt: skip


def _new_secret(request: HtmxHttpRequest, connection: SchedulerConnection) -> HttpResponse:
    form = ConnectionForm.read(request.POST)
    is_pasted = connection.kind == Kind.CALENDLY
    secret = form._key() if is_pasted else secrets.token_urlsafe(32)
    if form.errors:
        return _show(request, connection, errors=form.errors, typed=form.texts["secret"])
    connection.secret = vault.seal(secret, purpose=SchedulerConnection.PURPOSE)
    try:
        with transaction.atomic():
            save_edited(connection, ["secret"], version_in(request.POST))
            history.audit(Actor(request.user), "scheduler.secret_changed", connection.public_id)
    except EditedMeanwhile:
        return _show(request, connection, edited=True, typed=form.texts["secret"])
    if is_pasted:
        return toast(request, _to(connection), "Signing key saved")
    return _show(request, connection, secret=secret)


def _save(
    request: HtmxHttpRequest, connection: SchedulerConnection, column: str, action: str
) -> None:
    with transaction.atomic():
        connection.save(update_fields=[column])
        history.audit(Actor(request.user), action, connection.public_id)


def _secret(connection: SchedulerConnection) -> str:
    return vault.unseal(connection.secret, purpose=SchedulerConnection.PURPOSE)


def _find(public_id: str) -> SchedulerConnection:
    rows = SchedulerConnection.objects.select_related("host")
    found = None if "\x00" in public_id else rows.filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def _to(connection: SchedulerConnection) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("scheduler_detail", args=[connection.public_id]))


def address_of(request: HttpRequest, connection: SchedulerConnection) -> str:
    return request.build_absolute_uri(reverse("scheduler_hook", args=[connection.address]))


def _form(request: HtmxHttpRequest, form: ConnectionForm) -> HttpResponse:
    context = {"form": form, "kinds": Kind.choices, "hosts": hosts()}
    status = 422 if form.errors else 200
    return render_settings(request, "activities/scheduler_form.html", context, status=status)


def _show(request: HtmxHttpRequest, connection: SchedulerConnection, **more: Any) -> HttpResponse:
    context = {
        "connection": connection,
        "address": address_of(request, connection),
        "events": connection.events.select_related("meeting")[:EVENTS],
        "version": version_to_show(QueryDict(), connection, edited=False),
        "stored_url": reverse("scheduler_detail", args=[connection.public_id]),
        **more,
    }
    status = 409 if more.get("edited") else 422 if more.get("errors") else 200
    return render_settings(request, "activities/scheduler.html", context, status=status)
