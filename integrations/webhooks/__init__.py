"""Telling other people's systems of events: who wants which, what is said, how it is signed."""
