"""The second step of signing in, its set-up, and what happens when it is lost."""

import re
from base64 import b32encode
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from contacts import vault
from contacts.access import Role
from contacts.management.commands.relay import Relay
from contacts.models import Account, AuditEntry, AuthenticatorApp, OutgoingMail, User
from contacts.people import second_factor
from tests.contacts.pages import text_of
from tests.contacts.people.doubles import App, Clock, sealed_in, sign_in, with_second_factor
from tests.factories import PASSWORD, make_user
from tests.stored import everything_stored

SETUP = "/settings/profile/second-factor/"


def answer_code(client: Client, code: str) -> Any:
    return client.post("/login/code/", {"code": code})


def signed_in(client: Client) -> bool:
    return bool(client.get("/contacts/").status_code == 200)


@pytest.fixture
def guarded(member: User, clock: Clock) -> tuple[User, App, list[str]]:
    """A member with a second factor; the code of now is not used up."""
    app, codes = with_second_factor(member)
    clock.forward(seconds=60)
    return member, app, codes


# ------------------------------------------------------------------ set-up


def test_setting_up_shows_a_picture_and_the_same_secret_to_type(
    as_member: Client, clock: Clock
) -> None:
    page = as_member.get(SETUP)
    assert '<svg viewBox="0 0' in page.content.decode()
    app = App(page.context["setup"].typed)
    codes = as_member.post(SETUP, {"sealed": sealed_in(page), "code": app.code})
    assert "The second factor is on" in text_of(codes)
    assert len(codes.context["codes"]) == 10
    assert signed_in(as_member)


def test_looking_at_the_set_up_changes_nothing(as_member: Client, member: User) -> None:
    as_member.get(SETUP)
    member.refresh_from_db()
    assert member.second_factor_since is None
    assert not StaticToken.objects.exists()


def test_a_wrong_code_keeps_the_secret_on_the_page(as_member: Client, clock: Clock) -> None:
    page = as_member.get(SETUP)
    app = App(page.context["setup"].typed)
    again = as_member.post(SETUP, {"sealed": sealed_in(page), "code": app.wrong_code})
    assert again.status_code == 422 and "not the code of the app" in text_of(again)
    assert again.context["setup"].typed == page.context["setup"].typed


def test_a_set_up_page_of_yesterday_or_of_somebody_else_begins_anew(
    as_member: Client, member: User, stranger: User, clock: Clock
) -> None:
    mine, theirs = second_factor.new_setup(member), second_factor.new_setup(stranger)
    clock.forward(hours=2)
    for sealed in (mine.sealed, theirs.sealed, "made up"):
        page = as_member.post(SETUP, {"sealed": sealed, "code": App(mine.typed).code})
        assert page.status_code == 422 and "open for too long" in text_of(page)
    member.refresh_from_db()
    assert member.second_factor_since is None


def test_turning_it_on_ends_the_other_sessions(member: User, clock: Clock) -> None:
    here, elsewhere = Client(), Client()
    here.force_login(member)
    elsewhere.force_login(member)
    page = here.get(SETUP)
    app = App(page.context["setup"].typed)
    here.post(SETUP, {"sealed": sealed_in(page), "code": app.code})
    assert signed_in(here) and not signed_in(elsewhere)


def test_recovery_codes_are_not_stored_as_they_are(guarded: tuple[User, App, list[str]]) -> None:
    _, _, codes = guarded
    stored = " ".join(StaticToken.objects.values_list("token", flat=True)).lower()
    assert not [code for code in codes if code.replace("-", "") in stored]


# ------------------------------------------------------------------ the secret at rest


def stored_secret(app: App) -> bool:
    """Whether the app's secret stands anywhere in the database, in any spelling of it."""
    stored = everything_stored().lower()
    return any(text.lower() in stored for text in (app.key.hex(), b32encode(app.key).decode()))


def test_the_secret_of_the_app_is_stored_encrypted(guarded: tuple[User, App, list[str]]) -> None:
    assert not stored_secret(guarded[1])


def test_what_was_stored_in_the_clear_is_taken_over_and_works(
    client: Client, member: User, clock: Clock
) -> None:
    app, _ = with_second_factor(member)
    AuthenticatorApp.objects.all().delete()
    TOTPDevice.objects.create(user=member, name="App", key=app.key.hex())
    assert stored_secret(app)
    import_module("contacts.migrations.0014_authenticator_apps").take_over(apps, None)
    assert not stored_secret(app) and not TOTPDevice.objects.exists()
    clock.forward(seconds=60)
    enter(client, (member, app, []))
    assert signed_in(client)


def test_a_changed_key_reads_what_the_earlier_one_wrote_until_it_is_written_anew(
    client: Client, guarded: tuple[User, App, list[str]], settings: Any
) -> None:
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key, long enough to be one"
    settings.SECRET_KEY_FALLBACKS = [old]
    enter(client, guarded)
    assert signed_in(client)
    before = AuthenticatorApp.objects.get().secret
    call_command("renew_secrets", verbosity=0)
    settings.SECRET_KEY_FALLBACKS = []
    app = AuthenticatorApp.objects.get()
    assert app.secret != before
    assert vault.unseal(app.secret, purpose=app.PURPOSE) == guarded[1].key.hex()


def test_the_relay_writes_it_anew_during_a_rotation_and_only_once(
    guarded: tuple[User, App, list[str]], settings: Any
) -> None:
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key, long enough to be one"
    settings.SECRET_KEY_FALLBACKS = [old]
    Relay().look(1000.0)
    assert vault.renew() == vault.Renewal(0, 0)


def test_without_the_key_the_recovery_codes_still_let_in(
    client: Client, guarded: tuple[User, App, list[str]], settings: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    user, app, codes = guarded
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key, long enough to be one", []
    sign_in(client, user.email)
    assert answer_code(client, app.code).status_code == 422
    assert "neither SECRET_KEY nor a fallback reads its secret" in caplog.text
    with pytest.raises(CommandError, match="1 cannot be read"):
        call_command("renew_secrets", verbosity=0)
    answer_code(client, codes[0])
    assert signed_in(client)


# ------------------------------------------------------------------ signing in


def test_nobody_is_signed_in_before_the_code(
    client: Client, guarded: tuple[User, App, list[str]]
) -> None:
    user, app, _ = guarded
    first = client.post(
        "/login/", {"username": user.email, "password": PASSWORD, "next": "/contacts/?q=a"}
    )
    assert first.headers["Location"] == "/login/code/"
    assert not signed_in(client) and "_auth_user_id" not in client.session
    asked = client.get("/login/code/").content.decode()
    assert re.search(r'<input [^>]*name="code"[^>]* autofocus', asked)
    second = answer_code(client, app.code)
    assert second.headers["Location"] == "/contacts/?q=a" and signed_in(client)


def test_the_session_is_a_new_one_at_every_step(
    client: Client, guarded: tuple[User, App, list[str]]
) -> None:
    user, app, _ = guarded
    keys = []
    for step in (lambda: sign_in(client, user.email), lambda: answer_code(client, app.code)):
        step()
        keys.append(client.cookies["sessionid"].value)
    assert keys[0] != keys[1]


def test_a_code_works_once(client: Client, guarded: tuple[User, App, list[str]]) -> None:
    user, app, _ = guarded
    code = app.code
    for expected in (302, 422):
        sign_in(client, user.email)
        assert answer_code(client, code).status_code == expected
        client.logout()


def test_a_recovery_code_works_once_however_it_is_written(
    client: Client, guarded: tuple[User, App, list[str]]
) -> None:
    user, _, codes = guarded
    sign_in(client, user.email)
    answer_code(client, f" {codes[3].upper().replace('-', ' ')} ")
    assert "9 of 10 are left" in text_of(client.get("/contacts/"))
    client.logout()
    sign_in(client, user.email)
    assert answer_code(client, codes[3]).status_code == 422
    assert AuditEntry.objects.filter(action="person.recovery_code_used").count() == 1


def test_wrong_codes_are_slowed_and_the_right_one_works_after_the_wait(
    client: Client, guarded: tuple[User, App, list[str]], clock: Clock
) -> None:
    user, app, _ = guarded
    sign_in(client, user.email)
    answers = [answer_code(client, app.wrong_code).status_code for _ in range(10)]
    assert answers == [422] * 5 + [429] * 5
    assert "Try again in 15 minutes" in text_of(answer_code(client, app.code))
    clock.forward(minutes=15, seconds=1)
    sign_in(client, user.email)
    assert answer_code(client, app.code).status_code == 302


def test_the_second_step_waits_ten_minutes(
    client: Client, guarded: tuple[User, App, list[str]], clock: Clock
) -> None:
    user, app, _ = guarded
    sign_in(client, user.email)
    clock.forward(minutes=10, seconds=1)
    assert answer_code(client, app.code).headers["Location"] == "/login/"


def test_a_password_changed_in_between_ends_the_second_step(
    client: Client, guarded: tuple[User, App, list[str]]
) -> None:
    user, app, _ = guarded
    sign_in(client, user.email)
    user.set_password("another one, longer")
    user.save()
    answer_code(client, app.code)
    assert not signed_in(client)


def test_without_the_password_there_is_no_second_step(client: Client, db: None) -> None:
    assert client.get("/login/code/").headers["Location"] == "/login/"
    assert answer_code(client, "123456").headers["Location"] == "/login/"


def test_a_session_without_the_factor_is_over_once_there_is_one(
    as_member: Client, guarded: tuple[User, App, list[str]]
) -> None:
    as_member.force_login(guarded[0])  # a session that has seen no code
    assert not signed_in(as_member)


# ------------------------------------------------------------------ changing it


def enter(client: Client, guarded: tuple[User, App, list[str]]) -> None:
    sign_in(client, guarded[0].email)
    answer_code(client, guarded[1].code)


def test_new_recovery_codes_take_the_password_and_void_the_earlier_ones(
    client: Client, guarded: tuple[User, App, list[str]]
) -> None:
    enter(client, guarded)
    refused = client.post(f"{SETUP}codes/", {"present": "not it"})
    assert refused.status_code == 422 and "not your password" in text_of(refused)
    made = client.post(f"{SETUP}codes/", {"present": PASSWORD}).context["codes"]
    for code, accepted in ((guarded[2][0], False), (made[0], True)):
        client.logout()
        sign_in(client, guarded[0].email)
        assert (answer_code(client, code).status_code == 302) is accepted


def test_turning_it_off_takes_the_password_and_is_told_by_mail(
    client: Client, guarded: tuple[User, App, list[str]]
) -> None:
    enter(client, guarded)
    assert client.post(f"{SETUP}off/", {"present": "not it"}).status_code == 422
    client.post(f"{SETUP}off/", {"present": PASSWORD})
    assert signed_in(client)
    client.logout()
    assert sign_in(client, guarded[0].email).headers["Location"] == "/contacts/"
    assert OutgoingMail.objects.get().kind == OutgoingMail.Kind.SECOND_FACTOR_OFF


def test_who_has_none_cannot_turn_it_off(as_member: Client) -> None:
    assert as_member.get(f"{SETUP}off/").status_code == 404
    assert as_member.post(f"{SETUP}codes/", {"present": PASSWORD}).status_code == 404


def test_an_administrator_resets_it_and_every_session_of_the_person_ends(
    client: Client, guarded: tuple[User, App, list[str]], admin_user: User
) -> None:
    user, _, _ = guarded
    enter(client, guarded)
    administrator = Client()
    administrator.force_login(admin_user)
    url = f"/settings/people/{user.pk}/second-factor/"
    assert "told by mail" in text_of(administrator.get(url))
    administrator.post(url)
    assert not signed_in(client)
    assert sign_in(client, user.email).headers["Location"] == "/contacts/"
    entry = AuditEntry.objects.get(action="person.second_factor_reset")
    assert (entry.actor, entry.object_id) == (admin_user, str(user.pk))


def test_nobody_resets_their_own_without_the_password(
    client: Client, admin_user: User, clock: Clock
) -> None:
    app, codes = with_second_factor(admin_user)
    clock.forward(seconds=60)
    enter(client, (admin_user, app, codes))
    answer = client.post(f"/settings/people/{admin_user.pk}/second-factor/")
    assert answer.status_code == 409 and "your own access" in text_of(answer)
    admin_user.refresh_from_db()
    assert admin_user.second_factor_since is not None


def test_the_command_line_helps_an_owner_who_lost_everything(
    client: Client, guarded: tuple[User, App, list[str]]
) -> None:
    call_command("reset_second_factor", guarded[0].email, verbosity=0)
    assert sign_in(client, guarded[0].email).headers["Location"] == "/contacts/"
    with pytest.raises(CommandError, match="has no second factor"):
        call_command("reset_second_factor", guarded[0].email)


# ------------------------------------------------------------------ required


@pytest.fixture
def required(db: None) -> None:
    Account.load()
    Account.objects.update(require_second_factor=True)


@pytest.mark.parametrize("path", ["/contacts/", "/settings/people/", "/admin/", "/admin/login/"])
def test_where_it_is_required_administrators_set_it_up_before_anything_else(
    as_admin: Client, required: None, path: str
) -> None:
    assert as_admin.get(path).headers["Location"] == SETUP
    assert "requires a second factor" in text_of(as_admin.get(SETUP))
    assert as_admin.post("/logout/").headers["Location"] == "/login/"


def test_a_part_of_a_page_leads_there_as_a_whole_page(as_admin: Client, required: None) -> None:
    answer = as_admin.get("/contacts/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == SETUP


def test_after_the_set_up_everything_is_open(
    as_admin: Client, required: None, clock: Clock
) -> None:
    page = as_admin.get(SETUP)
    app = App(page.context["setup"].typed)
    as_admin.post(SETUP, {"sealed": sealed_in(page), "code": app.code})
    assert signed_in(as_admin) and as_admin.get("/admin/").status_code == 200


@pytest.mark.parametrize("role", [Role.MEMBER, Role.MANAGER])
def test_it_is_not_required_of_others(client: Client, required: None, role: Role) -> None:
    client.force_login(make_user(role))
    assert signed_in(client)


# ------------------------------------------------------------------ Django's admin is no way round


def test_the_admin_has_no_sign_in_of_its_own(client: Client, admin_user: User) -> None:
    data = {"username": admin_user.email, "password": PASSWORD}
    answer = client.post("/admin/login/?next=/admin/", data)
    assert answer.headers["Location"].startswith("/login/?next=/admin/login/")
    assert not signed_in(client)


def test_a_member_who_opens_it_is_refused_and_can_sign_in_as_nobody_else(
    as_member: Client, admin_user: User
) -> None:
    data = {"username": admin_user.email, "password": PASSWORD}
    assert as_member.get("/admin/login/").status_code == 403
    assert as_member.post("/admin/login/", data).status_code in {403, 405}
    assert as_member.get("/admin/", follow=True).status_code == 403


def test_an_administrator_who_signed_in_gets_where_they_wanted(as_admin: Client) -> None:
    answer = as_admin.get("/admin/login/?next=/admin/contacts/team/")
    assert answer.headers["Location"] == "/admin/contacts/team/"
    assert as_admin.get("/admin/login/?next=//evil.example").headers["Location"] == "/admin/"


def test_secrets_and_passwords_are_not_in_the_admin(
    as_owner: Client, owner: User, guarded: tuple[User, App, list[str]]
) -> None:
    User.objects.filter(pk=owner.pk).update(is_superuser=True)
    assert as_owner.get("/admin/otp_totp/totpdevice/").status_code == 404
    app = AuthenticatorApp.objects.get()
    page = as_owner.get(f"/admin/contacts/authenticatorapp/{app.pk}/change/").content.decode()
    assert "Mia" in page and app.secret not in page
    page = as_owner.get(f"/admin/contacts/user/{guarded[0].pk}/change/").content.decode()
    assert guarded[0].email in page and guarded[0].password not in page
    answer = as_owner.get("/admin/password_change/")
    assert answer.headers["Location"] == "/settings/profile/password/"
