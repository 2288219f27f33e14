"""The chatbot in a real browser: its widget on another site, its page without script, its editor."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from activities.models import Chatbot, Conversation, Meeting
from contacts.models import Contact, User
from tests.activities.bookings import make_calendar
from tests.activities.chats import make_bot, talk
from tests.browser.sites import strict_site
from tests.browser.test_screens import fit_and_accessible

SCRIPT = "<img src=x onerror=alert(1)>"


@pytest.fixture
def bot(administrator: User) -> Chatbot:
    return make_bot(administrator, calendar=make_calendar(administrator), slug="front-desk")  # fmt: skip


@pytest.fixture
def site(live_server: Any, bot: Chatbot) -> Iterator[str]:
    """Another origin, whose policy allows Kith's script and connections and nothing else."""
    with strict_site(live_server.url, bot.slug) as address:
        bot.sites = [address]
        bot.save()
        yield address


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture
def unwatched(browser: Browser) -> Iterator[Page]:
    """A page on which the browser may complain of a request that is lost or refused."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def open_chat(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_role("button", name="Chat with us").click()
    expect(page.get_by_text("What is your name?")).to_be_visible()


def answer(page: Page, text: str) -> None:
    page.get_by_label("Your answer").fill(text)
    page.get_by_role("button", name="Send").click()


def test_a_visitor_of_another_site_books_in_the_widget(
    page: Page, site: str, size: str, look: tuple[str, str], picture: Callable[[str], None]
) -> None:
    page.emulate_media(color_scheme="dark" if look[1] == "dark" else "light")
    open_chat(page, site)
    fit_and_accessible(page, "the widget")
    picture("asks")
    answer(page, "Ada Lovelace")
    expect(page.get_by_text("Your email?")).to_be_visible()
    answer(page, "ada@nowhere")
    expect(page.get_by_role("alert")).to_contain_text("needs a dot")
    expect(page.get_by_label("Your answer")).to_have_value("ada@nowhere")
    picture("fault")
    answer(page, "ada@example.com")
    page.get_by_role("button", name="Tax").click()
    expect(page.get_by_text("Times in")).to_be_visible()
    picture("times")
    page.get_by_role("button", name=",").first.click()
    expect(page.get_by_text("Booked: ")).to_be_visible()
    expect(page.get_by_role("link", name="Change or cancel it")).to_be_visible()
    fit_and_accessible(page, "a booked meeting")
    picture("booked")
    assert Meeting.objects.get().contact == Contact.objects.get(email="ada@example.com")


def test_the_keyboard_alone_talks_closes_and_comes_back(page: Page, site: str) -> None:
    page.goto(site)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Chat with us")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your answer")).to_be_focused()
    page.keyboard.type("Ada Lovelace")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log").get_by_text("Your email?")).to_be_visible()
    page.keyboard.type("ada@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Tax")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Chat with us")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Tax")).to_be_focused()


def test_a_conversation_goes_on_on_the_next_page(page: Page, site: str) -> None:
    open_chat(page, site)
    answer(page, SCRIPT)
    page.get_by_role("link", name="More").click()
    page.get_by_role("button", name="Chat with us").click()
    expect(page.get_by_role("log").get_by_text(SCRIPT)).to_be_visible()
    answer(page, "ada@example.com")
    expect(page.get_by_role("button", name="Tax")).to_be_visible()
    kept = page.evaluate("Object.entries(sessionStorage)")
    assert len(kept) == 1 and kept[0][0] == "kith-chat:front-desk" and len(kept[0][1]) == 64
    assert page.evaluate("localStorage.length") == 0 and page.context.cookies() == []
    assert Conversation.objects.count() == 1


def test_an_answer_that_does_not_arrive_is_kept_and_sent_again(unwatched: Page, site: str) -> None:
    page = unwatched
    open_chat(page, site)
    page.route("**/answer/", lambda route: route.abort(), times=1)
    answer(page, "Ada Lovelace")
    expect(page.get_by_role("alert")).to_contain_text("There is no connection")
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_text("Your email?")).to_be_visible()
    assert Conversation.objects.get().answered == 1


def test_a_site_that_is_not_named_gets_no_conversation(
    unwatched: Page, site: str, bot: Chatbot
) -> None:
    page = unwatched
    bot.sites = []
    bot.save()
    page.goto(site)
    page.get_by_role("button", name="Chat with us").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert not Conversation.objects.exists()


def test_a_visitor_talks_without_script(plain: Page, live_server: Any, bot: Chatbot) -> None:
    plain.goto(f"{live_server.url}/chat/{bot.slug}/")
    plain.get_by_role("button", name="Start").click()
    for text in ("Ada Lovelace", "ada@example.com"):
        plain.get_by_label("Your answer").fill(text)
        plain.get_by_role("button", name="Send").click()
    plain.get_by_label("Tax").check()
    plain.get_by_role("button", name="Send").click()
    plain.get_by_role("radio").first.check()
    plain.get_by_role("button", name="Send").click()
    expect(plain.get_by_text("The conversation is finished.")).to_be_visible()
    assert Meeting.objects.get().guest_name == "Ada Lovelace"


def test_a_bot_is_built_without_script(
    plain: Page, enter: Callable[[User, str], Page], page: Page, administrator: User
) -> None:
    enter(administrator, "/settings/chatbots/new/")
    plain.context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    plain.goto(page.url)
    plain.get_by_label("Name", exact=True).fill("Front desk")
    plain.get_by_role("button", name="Question").click()
    plain.get_by_role("group", name="Step 4, Question").get_by_label("The bot asks").fill("Budget?")
    plain.get_by_role("button", name="Move step 4 up").click()
    third = plain.get_by_role("group", name="Step 3, Question")
    expect(third.get_by_label("The bot asks")).to_have_value("Budget?")
    third.get_by_label("Answer", exact=True).select_option("Number")
    plain.get_by_role("button", name="Remove step 1").click()
    plain.get_by_role("button", name="Save and publish").click()
    expect(plain.get_by_text("Published", exact=True)).to_be_visible()
    steps = Chatbot.objects.get().flow
    assert [step.get("text") for step in steps][1] == "Budget?" and len(steps) == 4


def test_every_screen_of_chatbots(
    page: Page, live_server: Any, bot: Chatbot, themed: User, size: str,
    enter: Callable[[User, str], Page], picture: Callable[[str], None],
) -> None:  # fmt: skip
    said = talk(Client(), bot, "Ada Lovelace", "ada@example.com", "Tax")
    chat = said.conversation
    assert chat.contact is not None
    for name, path in (
        ("list", "/settings/chatbots/"),
        ("editor", f"/settings/chatbots/{bot.public_id}/"),
        ("chats", "/activities/chats/"),
        ("chat", f"/activities/chats/{chat.public_id}/"),
        ("pane", f"/contacts/{chat.contact.public_id}/?activity=chats"),
        ("welcome", f"/chat/{bot.slug}/"),
        ("talk", f"/chat/{bot.slug}/{said.token}/"),
    ):
        enter(themed, path)
        if name == "pane":
            page.get_by_text("Show what was said").click()
        fit_and_accessible(page, name)
        picture(name)
    page.goto(f"{live_server.url}/settings/chatbots/{bot.public_id}/")
    page.get_by_label("The bot asks").first.fill("")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.get_by_role("alert")).to_contain_text("Step 2: Enter what the bot says")
    fit_and_accessible(page, "a refused flow")
    picture("refused")
