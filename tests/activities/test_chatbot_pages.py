"""Settings, Chatbots: the editor keeps what is typed; only administrators build, test and publish."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from activities.chats.bot_rows import MOST_STEPS
from activities.chats.sites import read_sites
from activities.models import BookingCalendar, Chatbot, Conversation, Meeting
from contacts.identity import InvalidValue
from contacts.models import AuditEntry, Contact, User
from tests.activities.bookings import make_calendar
from tests.activities.chats import SITE, Talk, make_bot
from tests.contacts.pages import read, text_of

LIST, NEW = "/settings/chatbots/", "/settings/chatbots/new/"


@pytest.fixture
def bot(admin_user: User) -> Chatbot:
    return make_bot(admin_user, calendar=make_calendar(admin_user))


def edit_url(bot: Chatbot) -> str:
    return reverse("chatbot_edit", args=[bot.public_id])


def opened(client: Client, bot: Chatbot) -> dict[str, str]:
    """The editor's form as a browser has it."""
    return read(client.get(edit_url(bot))).values


def post(client: Client, bot: Chatbot, do: str = "", **typed: str) -> Any:
    return client.post(edit_url(bot), {**opened(client, bot), **typed, "do": do})


def set_state(client: Client, bot: Chatbot, do: str) -> Any:
    return client.post(reverse("chatbot_state", args=[bot.public_id]), {"do": do})


def test_a_new_bot_is_made_from_a_starter_and_published(as_admin: Client, client: Client) -> None:
    form = read(as_admin.get(NEW)).values
    response = as_admin.post(
        NEW, {**form, "name": "Café desk", "sites": SITE, "do": "publish"}, follow=True
    )
    bot = Chatbot.objects.get()
    assert "Chatbot published" in text_of(response) and bot.slug == "cafe-desk" and bot.is_live
    assert Talk(client, bot).start().bot_says[0].startswith("Welcome")
    assert AuditEntry.objects.filter(action="chatbot.published", object_id=bot.public_id).exists()


def test_saving_unchanged_keeps_the_flow_to_the_letter(as_admin: Client, bot: Chatbot) -> None:
    before = bot.flow
    assert post(as_admin, bot).status_code == 302
    bot.refresh_from_db()
    assert bot.flow == before and not bot.has_changes


def test_steps_are_added_moved_and_removed_and_nothing_is_saved_by_it(
    as_admin: Client, bot: Chatbot
) -> None:
    added = post(as_admin, bot, "add:message", s0_text="Changed")
    values = read(added).values
    assert values["s0_text"] == "Changed" and values["s7_kind"] == "message"  # before the end
    moved = as_admin.post(edit_url(bot), {**values, "s7_text": "New", "do": "up:7"})
    values = read(moved).values
    assert (values["s6_text"], values["s7_kind"]) == ("New", "meeting")
    removed = as_admin.post(edit_url(bot), {**values, "do": "remove:0"})
    assert read(removed).values["s0_text"] == "What is your name?"
    assert "Not saved yet" in text_of(removed)
    assert bot.flow == Chatbot.objects.get().flow


@pytest.mark.parametrize("do", ["up:0", "down:99", "remove:x", "remove:-1", "add:shout", "up:"])
def test_a_button_that_leads_nowhere_changes_nothing(
    as_admin: Client, bot: Chatbot, do: str
) -> None:
    response = post(as_admin, bot, do)
    assert response.status_code == 200 and read(response).values["s0_text"] == "Welcome."


def test_a_bot_has_so_many_steps_at_most(as_admin: Client, bot: Chatbot) -> None:
    rows = {f"s{n}_kind": "message" for n in range(MOST_STEPS)}
    response = as_admin.post(edit_url(bot), {"name": "x", **rows, "do": "add:message"})
    assert response.status_code == 422 and f"at most {MOST_STEPS} steps" in text_of(response)


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"name": " "}, "Enter a name"),
        ({"owner": "999999999"}, "Choose an owner from the list"),
        ({"sites": "javascript:alert(1)"}, "use the form https://www.example.com"),
        ({"s1_text": ""}, "Step 2: Enter what the bot says"),
        ({"s1_text": "x" * 1001}, "Step 2: Too long: 1,001 characters, at most 1,000"),
        ({"s3_options": "Only one"}, "Step 4: Enter at least two answers"),
        ({"s3_field": "employees"}, "Step 4: Employees takes no answer of this kind"),
        ({"s4_r0_value": ""}, "Step 5: Enter what the answer is compared with"),
        ({"s4_r0_then": "gone"}, "Step 5: Choose the step that it leads to"),
        ({"s4_r0_question": ""}, "Step 5: Choose the question that it looks at"),
        ({"s5_status": "Rich"}, "Step 6: Choose a status"),
        ({"s6_calendar": "BKC-NOBODY"}, "Step 7: This booking calendar is closed"),
        ({"s6_then": "hot"}, "Step 6: From here the bot would talk for ever"),
    ],
)
def test_a_fault_stands_at_its_field_and_what_was_typed_stays(
    as_admin: Client, bot: Chatbot, typed: dict[str, str], fault: str
) -> None:
    if "s6_then" in typed:  # a loop: the meeting leads back to the status before it
        typed = {"s6_then": bot.flow[5]["id"]}
    response = post(as_admin, bot, **typed)
    assert response.status_code == 422 and fault in text_of(response)
    values = read(response).values
    kept = {name: text for name, text in typed.items() if "r0" not in name and name[:2] != "s5"}
    assert all(values[n] == t for n, t in kept.items() if n not in {"owner", "s6_calendar"})
    assert bot.flow == Chatbot.objects.get().flow


def test_a_bot_that_asks_nothing_and_one_without_steps_are_refused(
    as_admin: Client, bot: Chatbot
) -> None:
    form = {"name": "x", "owner": str(bot.owner_id)}
    assert "Add a step" in text_of(as_admin.post(edit_url(bot), form))
    alone = {**form, "s0_kind": "message", "s0_text": "Hi"}
    assert "Add a question" in text_of(as_admin.post(edit_url(bot), alone))


def test_what_is_published_stays_until_it_is_published_again(
    as_admin: Client, client: Client, bot: Chatbot
) -> None:
    post(as_admin, bot, s0_text="Good day.")
    assert "Published, with changes that are not" in text_of(as_admin.get(LIST))
    assert Talk(client, bot).start().bot_says[0] == "Welcome."
    post(as_admin, bot, "publish")
    assert Talk(client, bot).start().bot_says[0] == "Good day."


def test_a_flow_whose_calendar_was_closed_is_not_published(as_admin: Client, bot: Chatbot) -> None:
    set_state(as_admin, bot, "withdraw")
    BookingCalendar.objects.update(archived_at=timezone.now())
    response = set_state(as_admin, bot, "publish")
    assert response.status_code == 422 and "This booking calendar is closed" in text_of(response)
    assert not Chatbot.objects.get().is_live


def test_a_bot_is_taken_back_archived_and_restored(as_admin: Client, bot: Chatbot) -> None:
    for do, live, words in (("withdraw", False, "Draft"), ("publish", True, "Published"),
                            ("archive", False, "Archived"), ("restore", False, "Draft")):  # fmt: skip
        set_state(as_admin, bot, do)
        assert Chatbot.objects.get().is_live is live and words in text_of(as_admin.get(LIST))


def test_a_test_writes_nothing_outside_itself(as_admin: Client, bot: Chatbot) -> None:
    page = as_admin.post(reverse("chatbot_test", args=[bot.public_id]), follow=True)
    assert "Test. No contact is made" in text_of(page)
    url = page.redirect_chain[-1][0]
    for text in ("Ada", "ada@example.com", "Tax"):
        page = as_admin.post(url, {**read(page).values, "text": text}, follow=True)
    values = read(page)
    start = next(o for o in page.content.decode().split('name="text" value="')[1:])[:17]
    page = as_admin.post(url, {**values.values, "text": start}, follow=True)
    assert "would be booked now" in text_of(page)
    assert not Contact.objects.exists() and not Meeting.objects.exists()
    assert "No conversations" in text_of(as_admin.get(reverse("chat_list")))
    assert Conversation.objects.get().is_test


def test_the_code_to_embed_is_one_tag(as_admin: Client, bot: Chatbot) -> None:
    code = read(as_admin.get(edit_url(bot))).words
    assert f'<script src="http://testserver/static/chat.js" data-bot="{bot.slug}" defer></script>' in "".join(code)  # fmt: skip


def test_others_than_administrators_have_no_chatbots(
    as_member: Client, client: Client, bot: Chatbot
) -> None:
    assert as_member.get(LIST).status_code == 403 and as_member.get(NEW).status_code == 403
    assert as_member.get(edit_url(bot)).status_code == 404
    assert set_state(as_member, bot, "archive").status_code == 404
    assert as_member.post(reverse("chatbot_test", args=[bot.public_id])).status_code == 404
    assert "Chatbots" not in text_of(as_member.get("/settings/profile/"))
    client.logout()
    assert client.get(LIST).status_code == 302


@pytest.mark.parametrize(
    ("typed", "origins"),
    [
        ("HTTPS://Shop.Example/path?q", ["https://shop.example"]),
        ("shop.example\n\nhttps://shop.example", ["https://shop.example"]),
        ("http://localhost:8080\nhttps://[::1]:443", ["http://localhost:8080", "https://[::1]"]),
        ("https://bücher.example", ["https://xn--bcher-kva.example"]),
    ],
)
def test_sites_are_read_as_origins(typed: str, origins: list[str]) -> None:
    assert read_sites(typed) == origins


@pytest.mark.parametrize("typed", ["*", "https://*.example", "ftp://x.example", "https://u:p@x.example", "https://x:99999", "https:// x", "file:///etc"])  # fmt: skip
def test_what_is_no_site_is_named(typed: str) -> None:
    with pytest.raises(InvalidValue, match="use the form"):
        read_sites(typed)
