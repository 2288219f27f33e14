"""Zaps: what they are told of, how they subscribe to it, and how it is sent (docs.zapier.com)."""
