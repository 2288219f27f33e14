"""What chatbots put into the registries, called by activities.registered."""

from activities import (
    activity_views,
    chat_erasing,
    chat_keeping,
    chat_kept,
    chat_sample,
    chat_timeline,
)
from contacts import erasing, kept, periodic, settings_pages, timeline_sources
from contacts.audit_words import register_words
from contacts.sample import add_to_sample


def everywhere() -> None:
    """Called once, when all apps are there."""
    settings_pages.register(settings_pages.SettingsPage("Chatbots", "chatbot_list", 62))
    activity_views.register(activity_views.ActivityView("Chats", "chat_list", 20))
    timeline_sources.register(chat_timeline.SOURCE)
    kept.register(chat_kept.KEPT)
    erasing.register(chat_erasing.ERASER)
    register_words(
        chats__exported="Exported chats",
        chatbot__created="Created a chatbot",
        chatbot__changed="Changed a chatbot",
        chatbot__published="Published a chatbot",
        chatbot__withdraw="Took a chatbot back",
        chatbot__archive="Archived a chatbot",
        chatbot__restore="Restored a chatbot",
    )
    periodic.register(periodic.Step("chats", 30.0, chat_keeping.keep_up))
    add_to_sample(chat_sample.load)
