"""Merging contacts and undoing it: what the prompt shows and what is done come from one plan."""
