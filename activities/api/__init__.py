"""The endpoints of bookings and booking calendars."""
