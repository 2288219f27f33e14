"""Settings, Chatbots: administrators build, test and publish them."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from activities.chats.bot_form import ChatbotForm, new_slug
from activities.chats.services import start, version_of
from activities.edited import EditedMeanwhile, save_edited, version_in, version_to_show
from activities.models import Chatbot
from contacts import history
from contacts.access import may_administer
from contacts.signals import Actor
from contacts.views.requests import HtmxHttpRequest
from contacts.views.settings import render_settings
from contacts.views.shell import toast

ARCHIVED = "Chatbot archived. Its conversations stay."


@login_required
@require_safe
def chatbot_list(request: HtmxHttpRequest) -> HttpResponse:
    _administrators_only(request)
    bots = Chatbot.objects.managed_by(request.user).select_related("owner", "live")
    context = {"bots": [(bot, page_url(request, bot)) for bot in bots]}
    return render_settings(request, "chat/bot_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def chatbot_new(request: HtmxHttpRequest) -> HttpResponse:
    _administrators_only(request)
    return _edit(request, None)


@login_required
@require_http_methods(["GET", "POST"])
def chatbot_edit(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    return _edit(request, _find(request, public_id))


@login_required
@require_POST
def chatbot_test(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """Talk to the flow as it was saved last; nothing of it is kept."""
    return _test(_find(request, public_id))


@login_required
@require_POST
def chatbot_state(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """Publish, take back, archive or restore. Conversations that are running go on."""
    bot = _find(request, public_id)
    action = request.POST.get("do", "")
    if action == "publish":
        return _publish(request, bot)
    texts = {"withdraw": "Chatbot taken back", "archive": ARCHIVED, "restore": "Chatbot restored"}
    if action not in texts:
        raise Http404
    if action != "restore":
        bot.live = None
    bot.archived_at = timezone.now() if action == "archive" else None
    _save(request, bot, f"chatbot.{action}", only=("live", "archived_at"))
    return toast(request, HttpResponseRedirect(reverse("chatbot_list")), texts[action])


def page_url(request: HttpRequest, bot: Chatbot) -> str:
    return request.build_absolute_uri(reverse("chat_page", args=[bot.slug]))


def embed_code(request: HttpRequest, bot: Chatbot) -> str:
    """The one tag that a site puts into its pages. The address without a hash stays the same when
    Kith is updated."""
    script = request.build_absolute_uri(f"{settings.STATIC_URL}chat.js")
    return f'<script src="{script}" data-bot="{bot.slug}" defer></script>'


def _edit(request: HtmxHttpRequest, bot: Chatbot | None) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = ChatbotForm(user=request.user, bot=bot, data=data)
    if form.bound and form.rearranged:
        return _form(request, form, bot, go_on=form.rearrange())
    if not form.is_valid:
        return _form(request, form, bot)
    try:
        saved = _keep(request, form, bot)
    except EditedMeanwhile:
        return _form(request, form, bot, edited=True)
    if form.asked_for == "test":
        return _test(saved)
    if form.asked_for == "publish":
        return _publish(request, saved)
    url = reverse("chatbot_edit", args=[saved.public_id])
    return toast(request, HttpResponseRedirect(url), "Chatbot saved")


def _keep(request: HtmxHttpRequest, form: ChatbotForm, bot: Chatbot | None) -> Chatbot:
    """Write the form. Of two new bots of one name, made at the same moment, each has an address."""
    kept = bot or Chatbot(slug=new_slug(form.values["name"]))
    for name, value in form.values.items():
        setattr(kept, name, value)
    if bot is not None:
        return _change(request, bot, list(form.values))
    try:
        return _save(request, kept, "chatbot.created")
    except IntegrityError:
        kept.slug = new_slug(kept.name)
        return _save(request, kept, "chatbot.created")


@transaction.atomic
def _change(request: HtmxHttpRequest, bot: Chatbot, columns: list[str]) -> Chatbot:
    """No more than was edited: a colleague may be publishing or archiving it at this moment."""
    save_edited(bot, columns, version_in(request.POST))
    history.audit(Actor(request.user), "chatbot.changed", bot.public_id)
    return bot


@transaction.atomic
def _save(
    request: HtmxHttpRequest, bot: Chatbot, action: str, only: tuple[str, ...] | None = None
) -> Chatbot:
    bot.save(update_fields=only)
    history.audit(Actor(request.user), action, bot.public_id)
    return bot


def _publish(request: HtmxHttpRequest, bot: Chatbot) -> HttpResponse:
    """Freeze the saved flow for new conversations; refused where it no longer holds, as when its
    booking calendar was closed since."""
    form = ChatbotForm(user=request.user, bot=bot)
    form.recheck()
    if form.error_list:
        return _form(request, form, bot, saved=True)
    with transaction.atomic():
        bot.live, bot.archived_at = version_of(bot, bot.flow), None
        _save(request, bot, "chatbot.published", only=("live", "archived_at"))
    url = reverse("chatbot_edit", args=[bot.public_id])
    return toast(request, HttpResponseRedirect(url), "Chatbot published")


def _test(bot: Chatbot) -> HttpResponse:
    token = start(bot=bot, is_test=True).token
    return HttpResponseRedirect(reverse("chat_talk", args=[bot.slug, token]))


def _administrators_only(request: HtmxHttpRequest) -> None:
    if not may_administer(request.user):
        raise PermissionDenied


def _find(request: HtmxHttpRequest, public_id: str) -> Chatbot:
    rows = Chatbot.objects.managed_by(request.user).select_related("live", "owner")
    bot = None if "\x00" in public_id else rows.filter(public_id=public_id).first()
    if bot is None:
        raise Http404
    return bot


def _form(
    request: HtmxHttpRequest,
    form: ChatbotForm,
    bot: Chatbot | None,
    *,
    go_on: str = "",
    edited: bool = False,
    saved: bool = False,
) -> HttpResponse:
    context = {
        "form": form,
        "bot": bot,
        "go_on": go_on,
        "page_url": page_url(request, bot) if bot else "",
        "embed": embed_code(request, bot) if bot else "",
        "origin": request.build_absolute_uri("/").rstrip("/"),
        "version": version_to_show(request.POST, bot, edited=edited or saved),
        "edited": edited,
    }
    status = 409 if edited else 422 if form.error_list else 200
    return render_settings(request, "chat/bot_form.html", context, status=status)
