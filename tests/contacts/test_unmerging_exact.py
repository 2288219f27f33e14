"""Merge and undo, at random: every table is as it was before, in whatever order it is undone."""

import itertools
import os
import random

import pytest

from contacts.models import Contact, Merge, MovedRow, User
from tests.contacts.unmerge_tools import (
    dump,
    fold,
    hold,
    make_full,
    merge_of,
    suspect,
    unfold,
)
from tests.factories import make_property


def make_cast(owner: User, seed: int, size: int) -> tuple[random.Random, list[Contact]]:
    """Contacts with everything that can point at them, among themselves too."""
    rng = random.Random(seed)
    make_property("Tier")
    cast = [make_full(owner, rng, number) for number in range(seed * 10, seed * 10 + size)]
    outsider = make_full(owner, rng, 9_000 + seed)
    for one, other in itertools.combinations([*cast, outsider], 2):
        if rng.random() < 0.5:
            suspect(one, other)
    for contact in cast:
        hold(contact, owner, *rng.sample([*cast, outsider], rng.randrange(4)))
    return rng, cast


@pytest.mark.parametrize("seed", range(8))
def test_merge_and_undo_leave_every_table_as_it_was(seed: int, member: User) -> None:
    rng, cast = make_cast(member, seed, 2 + seed % 4)
    before = dump()
    names = ["email", "mobile_phone", "company", "city", "status"]
    choices = {name: rng.choice(cast[1:]).public_id for name in rng.sample(names, rng.randrange(4))}
    fold(cast[0], *cast[1:], choices=choices)
    assert Contact.objects.count() == 2
    unfold(Merge.objects.get())
    assert dump() == before
    assert not MovedRow.objects.exists()


ORDERS = list(itertools.permutations(range(3)))
SHAPES = {
    "a chain": ((1, 0), (2, 1), (3, 2)),  # (survivor, duplicate)
    "into one": ((0, 1), (0, 2), (0, 3)),
    "a chain that ends in one": ((1, 0), (2, 1), (2, 3)),
    "two pairs": ((1, 0), (3, 2), (1, 3)),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(int(os.environ.get("KITH_SEEDS", 1))))
def test_three_merges_undone_in_any_order_leave_every_table_as_it_was(
    seed: int, shape: str, order: tuple[int, ...], member: User
) -> None:
    rng, cast = make_cast(member, seed, 4)
    before = dump()
    merges = []
    for survivor, duplicate in SHAPES[shape]:
        other = cast[duplicate].public_id
        names = rng.sample(["email", "mobile_phone", "company", "city", "status"], 3)
        fold(cast[survivor], cast[duplicate], choices=dict.fromkeys(names, other))
        merges.append(merge_of(cast[survivor]))
    for number in order:
        unfold(merges[number])
    assert dump() == before
    assert not MovedRow.objects.exists()


@pytest.mark.parametrize("seed", range(int(os.environ.get("KITH_FUZZ", 6))))
def test_any_mixture_of_merging_and_undoing_can_be_taken_back(seed: int, member: User) -> None:
    rng, cast = make_cast(member, seed, 5)
    before = dump()
    for _ in range(8):
        standing = list(Merge.objects.filter(undone_at=None).order_by("pk"))
        alive = list(Contact.objects.filter(pk__in=[contact.pk for contact in cast]).order_by("pk"))
        if standing and (len(alive) < 2 or rng.random() < 0.4):
            unfold(rng.choice(standing))
        else:
            some = rng.sample(alive, rng.randrange(2, min(4, len(alive) + 1)))
            names = rng.sample(["email", "mobile_phone", "company", "city", "status"], 3)
            fold(*some, choices=dict.fromkeys(names, some[-1].public_id))
    standing = list(Merge.objects.filter(undone_at=None).order_by("pk"))
    rng.shuffle(standing)
    for merge in standing:
        unfold(merge)
    after = dump()
    # Of two suspicions that the merges of several trees made one, only one may be left.
    suspicions = before.pop("PossibleDuplicate")
    assert after.pop("PossibleDuplicate").items() <= suspicions.items()
    assert after == before
    assert not MovedRow.objects.exists()
