"""The custom properties of the sample account, and what its contacts hold under them."""

import random
from datetime import date, timedelta

from contacts.fields import CUSTOM
from contacts.models import Contact, Property

PROPERTIES: tuple[tuple[str, str, str, list[str]], ...] = (
    ("customer_tier", "Customer tier", Property.Kind.SELECT, ["Gold", "Silver", "Bronze"]),
    (
        "services",
        "Services",
        Property.Kind.MULTI_SELECT,
        ["Tax return", "Bookkeeping", "Payroll", "Audit"],
    ),
    ("renewal_date", "Renewal date", Property.Kind.DATE, []),
    ("annual_fee", "Annual fee", Property.Kind.NUMBER, []),
)


def make_properties() -> None:
    Property.objects.bulk_create(
        Property(name=name, label=label, kind=kind, options=options, position=position)
        for position, (name, label, kind, options) in enumerate(PROPERTIES, 1)
    )


def fill_properties(contact: Contact, chance: random.Random, today: date) -> None:
    """Four contacts in ten are customers; the others hold nothing."""
    if chance.random() > 0.4:
        return
    services = PROPERTIES[1][3]
    taken = chance.sample(range(len(services)), chance.randint(1, 3))
    contact.custom = {
        f"{CUSTOM}customer_tier": chance.choice(PROPERTIES[0][3]),
        f"{CUSTOM}services": "; ".join(services[n] for n in sorted(taken)),
        f"{CUSTOM}renewal_date": (today + timedelta(days=chance.randint(-60, 300))).isoformat(),
        f"{CUSTOM}annual_fee": str(chance.randint(6, 120) * 100),
    }
