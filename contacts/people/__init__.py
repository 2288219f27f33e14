"""Colleagues: how they get in, what they may change about themselves, and who looks after them."""
