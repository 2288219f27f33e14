"""Settings, Routing forms: administrators build, try and publish them."""

from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from activities.edited import EditedMeanwhile, save_edited, version_in, version_to_show
from activities.models import RoutingForm
from activities.routing.editor import FormEditor
from activities.views.routing import fill_out
from contacts import history
from contacts.signals import Actor
from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from contacts.views.settings import render_settings
from contacts.views.shell import toast

#: What a button of the list does: the columns it sets, the audit's word, and what the page says.
ACTIONS = {
    "publish": ("published", "Form published"),
    "unpublish": ("unpublished", "Form closed"),
    "archive": ("archived", "Form archived. What was sent in stays"),
    "restore": ("restored", "Form restored. Publish it when it is ready"),
}


@administrators_only
@require_GET
def form_list(request: HtmxHttpRequest) -> HttpResponse:
    """Those in use, and the archived ones."""
    sent = Count("submissions", filter=Q(submissions__is_test=False))
    rows = RoutingForm.objects.annotate(sent=sent)
    context = {
        "live": [(row, public_url(request, row)) for row in rows if row.archived_at is None],
        "archived": [row for row in rows if row.archived_at is not None],
    }
    return render_settings(request, "activities/form_list.html", context)


@administrators_only
@require_http_methods(["GET", "POST"])
def form_new(request: HtmxHttpRequest) -> HttpResponse:
    return _edit(request, None)


@administrators_only
@require_http_methods(["GET", "POST"])
def form_edit(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    return _edit(request, _find(public_id))


@administrators_only
@require_http_methods(["GET", "POST"])
def form_preview(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """The form as the public sees it, published or not; what is sent is a test."""
    return fill_out(request, _find(public_id), is_test=True)


@administrators_only
@require_POST
def form_action(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """Publish, close, archive or restore a form. What was sent in stays in any case."""
    form = _find(public_id)
    action = request.POST.get("do", "")
    if action not in ACTIONS:
        raise Http404
    word, told = ACTIONS[action]
    with transaction.atomic():
        _act(form, action)
        form.save(update_fields=["published_at", "archived_at"])
        history.audit(Actor(request.user), f"form.{word}", form.public_id)
    return toast(request, HttpResponseRedirect(reverse("form_list")), told)


def public_url(request: HttpRequest, form: RoutingForm) -> str:
    return request.build_absolute_uri(reverse("form_page", args=[form.slug]))


def _act(form: RoutingForm, action: str) -> None:
    if action == "publish":
        form.published_at = form.published_at or timezone.now()
    else:
        form.published_at = None
    form.archived_at = timezone.now() if action == "archive" else None


def _find(public_id: str) -> RoutingForm:
    form = None if "\x00" in public_id else RoutingForm.objects.filter(public_id=public_id).first()
    if form is None:
        raise Http404
    return form


def _edit(request: HtmxHttpRequest, form: RoutingForm | None) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    editor = FormEditor(form, request.user, data)
    if not editor.is_valid:
        return _show(request, editor)
    return _save(request, editor, form or RoutingForm())


def _save(request: HtmxHttpRequest, editor: FormEditor, form: RoutingForm) -> HttpResponse:
    new, publish = form.pk is None, request.POST.get("do") == "publish"
    for name, value in editor.values.items():
        setattr(form, name, value)
    if publish:
        _act(form, "publish")
    try:
        with transaction.atomic():
            # No more than was edited: a colleague may be closing or archiving it at this moment.
            acted = ["published_at", "archived_at"] if publish else []
            if new:
                form.save()
            else:
                save_edited(form, [*editor.values, *acted], version_in(request.POST))
            history.audit(
                Actor(request.user), "form.created" if new else "form.changed", form.public_id
            )
            if publish:
                history.audit(Actor(request.user), "form.published", form.public_id)
    except EditedMeanwhile:
        return _show(request, editor, edited=True)
    except IntegrityError:  # somebody took the address this moment
        editor.errors["slug"] = "Another form has this address"
        return _show(request, editor)
    told = "Form saved and published" if publish else "Form saved"
    url = reverse("form_edit", args=[form.public_id])
    return toast(request, HttpResponseRedirect(url), told)


def _show(request: HtmxHttpRequest, editor: FormEditor, *, edited: bool = False) -> HttpResponse:
    context = {
        "editor": editor,
        "form": editor.form,
        "public_url": public_url(request, editor.form) if editor.form else "",
        "public_prefix": request.build_absolute_uri("/form/"),
        "version": version_to_show(request.POST, editor.form, edited=edited),
        "edited": edited,
    }
    status = 409 if edited else 422 if editor.errors else 200
    return render_settings(request, "activities/form_edit.html", context, status=status)
