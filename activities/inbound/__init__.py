"""Bookings that other schedulers tell of by signed webhooks."""
