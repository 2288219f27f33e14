"""Secrets at rest: what is sealed for one purpose opens with the right key, and for no other."""

import pytest

from contacts.vault import Unreadable, seal, unseal


def test_what_is_sealed_comes_back_and_looks_different_each_time() -> None:
    first, second = seal("Ключ ü", purpose="a"), seal("Ключ ü", purpose="a")
    assert first != second and "Ключ" not in first
    assert unseal(first, purpose="a") == unseal(second, purpose="a") == "Ключ ü"


@pytest.mark.parametrize("broken", ["", "x", "gAAAAA", "ü"])
def test_what_is_not_ours_is_told(broken: str) -> None:
    with pytest.raises(Unreadable):
        unseal(broken, purpose="a")


def test_a_changed_letter_or_another_purpose_opens_nothing() -> None:
    sealed = seal("secret", purpose="a")
    swapped = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]
    for token, purpose in ((swapped, "a"), (sealed, "b")):
        with pytest.raises(Unreadable):
            unseal(token, purpose=purpose)
