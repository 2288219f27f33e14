"""Users, teams and the lists that the account shares."""

import pytest
from django.utils import timezone

from contacts.access import Role
from contacts.lists import create_list
from contacts.models import User
from tests.contacts.api.client import Api, problem
from tests.factories import by, make_team, make_user


def test_users_are_listed_newest_first_without_those_who_left(api: Api, owner: User) -> None:
    make_user(email="gone@kith.test", is_active=False)
    make_user(email="new@kith.test", is_active=False, invited_at=timezone.now())
    shown = api.get("users").json()
    assert [(each["email"], each["status"]) for each in shown["data"]] == [
        ("new@kith.test", "invited"),
        ("owner@kith.test", "active"),
    ]


def test_a_user_has_a_role_and_teams(api: Api, owner: User) -> None:
    manager = make_user(Role.MANAGER, email="m@kith.test", first_name="Max", time_zone="UTC")
    team = make_team(manager=manager, members=[manager])
    [found] = api.get("users?email=M@kith.test").json()["data"]
    assert found == {
        "object": "user", "id": found["id"], "first_name": "Max", "last_name": None,
        "email": "m@kith.test", "status": "active", "role_name": "Team Manager", "timezone": "UTC",
        "teams": [f"TM-{team.pk:08d}"] if team.pk < 10 else found["teams"],
    }  # fmt: skip
    whole = api.get(f"users/{found['id']}?expand=teams").json()
    assert whole["teams"] == [{"object": "team", "id": found["teams"][0], "name": team.name}]
    assert api.get(f"teams/{found['teams'][0]}").json() == whole["teams"][0]
    assert api.get("teams").json()["data"] == whole["teams"]


@pytest.mark.parametrize("kind", ["user", "team"])
@pytest.mark.parametrize("row", ["123", "USR-00000000", "TM-00000000", "usr-00000001", "USR-1"])
def test_no_such_user_or_team(api: Api, kind: str, row: str) -> None:
    assert problem(api.get(f"{kind}s/{row}")) == (404, f"No such {kind}: '{row}'", "id")


def test_users_are_paged_by_their_ids(api: Api) -> None:
    for number in range(4):
        make_user(email=f"u{number}@kith.test")
    first = api.get("users?limit=2").json()
    rest = api.get(f"users?limit=100&after={first['data'][-1]['id']}").json()
    emails = [each["email"] for each in first["data"] + rest["data"]]
    assert emails == [
        "u3@kith.test",
        "u2@kith.test",
        "u1@kith.test",
        "u0@kith.test",
        "owner@kith.test",
    ]


def test_shared_lists_are_told_and_private_ones_are_not(api: Api, owner: User) -> None:
    create_list(actor=by(owner), name="Mine", query="q=ann")
    create_list(actor=by(owner), name="Ours", query="status=Qualified", shared=True)
    [shown] = api.get("contact-lists").json()["data"]
    assert (shown["object"], shown["name"], shown["query"]) == (
        "contact_list",
        "Ours",
        "status=Qualified",
    )
    assert api.get(f"contact-lists?after={shown['id']}").json()["data"] == []
