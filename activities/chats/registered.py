"""What chatbots put into the registries, called by activities.registered."""

from activities import activity_views
from activities.chats import erasing, keeping, kept, sample, timeline
from contacts import erasing as contacts_erasing
from contacts import kept as contacts_kept
from contacts import periodic, settings_pages
from contacts.audit_words import register_words
from contacts.sample import add_to_sample
from contacts.timeline import sources as timeline_sources


def everywhere() -> None:
    """Called once, when all apps are there."""
    settings_pages.register(settings_pages.SettingsPage("Chatbots", "chatbot_list", 62))
    activity_views.register(activity_views.ActivityView("Chats", "chat_list", 20))
    timeline_sources.register(timeline.SOURCE)
    contacts_kept.register(kept.KEPT)
    contacts_erasing.register(erasing.ERASER)
    register_words(
        chats__exported="Exported chats",
        chatbot__created="Created a chatbot",
        chatbot__changed="Changed a chatbot",
        chatbot__published="Published a chatbot",
        chatbot__withdraw="Took a chatbot back",
        chatbot__archive="Archived a chatbot",
        chatbot__restore="Restored a chatbot",
    )
    periodic.register(periodic.Step("chats", 30.0, keeping.keep_up))
    add_to_sample(sample.load)
