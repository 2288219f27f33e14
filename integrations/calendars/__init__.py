"""Colleagues' own calendars: connected, kept in step with their meetings, asked when they are busy."""
