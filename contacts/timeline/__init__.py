"""The one timeline of a contact, made of what the apps register."""
