"""Where a change, and a contact, comes from."""

from django.db import models


class Source(models.TextChoices):
    """What made a change."""

    PERSON = "person", "Person"
    IMPORT = "import", "Import"
    MERGE = "merge", "Merge"
    ADMIN = "admin", "Administration"
    COMMAND = "command", "Command line"
    API_KEY = "api_key", "API key"
    BOOKING = "booking", "Booking"
    FORM = "form", "Routing form"
    CHATBOT = "chatbot", "Chatbot"
