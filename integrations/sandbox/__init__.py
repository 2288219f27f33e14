"""Doubles of other systems, on this machine: for the demo and for the tests. Never in production."""
