"""The outbox: rows written with their cause, claimed, sent with no transaction open, settled."""
