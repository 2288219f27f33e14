"""The endpoints of webhooks and deliveries."""
