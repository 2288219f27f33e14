"""Routing forms: questions on a public page, and rules that lead on from their answers."""
