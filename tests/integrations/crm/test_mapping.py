"""How values of ours are said there, and which fields fit."""

import pytest

from contacts.fields import Field, Kind
from integrations.connectors import crm
from integrations.connectors.crm import RemoteField
from integrations.crm.mapping import fits, offered, same, spelled, wrong_fallback

PLANS = (("basic", "Basic plan"), ("premium", "Premium"))


def field(kind: Kind) -> Field:
    return Field("x", "X", kind)


@pytest.mark.parametrize(
    ("kind", "value", "remote", "said"),
    [
        (Kind.TEXT, "Bath", crm.TEXT, "Bath"), (Kind.TEXT, "", crm.TEXT, ""),
        (Kind.NUMBER, 0, crm.NUMBER, "0"), (Kind.NUMBER, None, crm.NUMBER, ""),
        (Kind.YES_NO, True, crm.YES_NO, "true"), (Kind.YES_NO, False, crm.YES_NO, ""),
        (Kind.SELECT, "No", crm.YES_NO, "false"), (Kind.SELECT, "premium", crm.CHOICE, "premium"),
        (Kind.SELECT, "Basic Plan", crm.CHOICE, "basic"), (Kind.SELECT, "Gold", crm.CHOICE, ""),
        (Kind.MULTI_SELECT, "Premium; Gold; basic", crm.CHOICES, "premium;basic"),
        (Kind.DATE, "2031-01-31", crm.DATE, "2031-01-31"),
    ],
)  # fmt: skip
def test_a_value_is_said_as_they_would_have_it_or_not_at_all(
    kind: Kind, value: object, remote: str, said: str
) -> None:
    assert spelled(field(kind), value, RemoteField("r", "R", remote, PLANS)) == said


@pytest.mark.parametrize(
    ("kind", "remote", "fit"),
    [
        (Kind.TEXT, crm.TEXT, True), (Kind.TEXT, crm.NUMBER, False), (Kind.TEXT, crm.EMAIL, False),
        (Kind.NUMBER, crm.NUMBER, True), (Kind.DATE, crm.NUMBER, False), (Kind.EMAIL, crm.EMAIL, True),
        (Kind.MOBILE, crm.PHONE, True), (Kind.YES_NO, crm.YES_NO, True), (Kind.YES_NO, crm.TEXT, False),
        (Kind.SELECT, crm.CHOICE, True), (Kind.OWNER, crm.TEXT, False), (Kind.TEXT, crm.OTHER, False),
    ],
)  # fmt: skip
def test_only_what_fits_is_offered(kind: Kind, remote: str, fit: bool) -> None:
    there = RemoteField("r", "R", remote)
    assert fits(field(kind), there) == fit
    assert offered(field(kind), {"r": there}) == ([there] if fit else [])
    assert offered(field(kind), {"r": RemoteField("r", "R", remote, locked=True)}) == []


@pytest.mark.parametrize(
    ("kind", "stored", "wanted", "equal"),
    [
        (crm.EMAIL, "Ada@Example.com", "ada@example.com", True),
        (crm.PHONE, "+1 (202) 555-0195", "+12025550195", True), (crm.PHONE, "", "", True),
        (crm.PHONE, "x", "y", False), (crm.NUMBER, "5.0", "5", True), (crm.NUMBER, "x", "5", False),
        (crm.CHOICES, "b;a", "a;b", True), (crm.DATE, "2031-01-31T00:00:00Z", "2031-01-31", True),
        (crm.TEXT, "bath", "Bath", False), (crm.TEXT, " Bath ", "Bath", True),
    ],
)  # fmt: skip
def test_the_same_in_another_spelling(kind: str, stored: str, wanted: str, equal: bool) -> None:
    assert same(kind, stored, wanted) == equal


@pytest.mark.parametrize(
    ("kind", "text", "right"),
    [
        (crm.TEXT, "anything", True), (crm.TEXT, "a\nb", False), (crm.EMAIL, "a@b.example", False),
        (crm.NUMBER, "5", True), (crm.NUMBER, "NaN", False), (crm.DATE, "2031-02-30", False),
        (crm.DATE, "20310131", False), (crm.CHOICE, "Premium", True), (crm.CHOICE, "Gold", False),
        (crm.YES_NO, "yes", True), (crm.YES_NO, "perhaps", False), (crm.TEXT, "", True),
    ],
)  # fmt: skip
def test_a_fallback_has_to_be_a_value_of_its_field(kind: str, text: str, right: bool) -> None:
    assert (wrong_fallback(text, RemoteField("r", "R", kind, PLANS)) == "") == right
