"""The account, its people and its API keys, to look at."""

from django.contrib import admin

from contacts.admin.read_only import ReadOnlyAdmin
from contacts.models import (
    Account,
    ApiCount,
    ApiKey,
    AuthenticatorApp,
    FirstAnswer,
    OutgoingMail,
    SignInCounter,
    Team,
    User,
)


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    """Changed under Settings, where it is checked and audited."""

    list_display = ["name", "default_region", "time_zone", "members_may_delete"]


@admin.register(Team)
class TeamAdmin(ReadOnlyAdmin):
    """Changed under Settings, as above."""

    filter_horizontal = ["members", "managers"]


@admin.register(User)
class KithUserAdmin(ReadOnlyAdmin):
    """Changed under Settings: there nobody raises themselves, and an Account Owner remains."""

    list_display = ["email", "first_name", "last_name", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "groups"]
    search_fields = ["email", "first_name", "last_name"]
    ordering = ["email"]
    fields = [
        "email", "first_name", "last_name", "groups", "is_active", "is_staff", "is_superuser",
        "last_login", "date_joined", "invited_at", "second_factor_since", "time_zone", "theme",
    ]  # fmt: skip


@admin.register(SignInCounter)
class SignInCounterAdmin(ReadOnlyAdmin):
    list_display = ["kind", "scope", "tries", "last_at", "wait_until"]
    list_filter = ["kind", "scope"]


@admin.register(AuthenticatorApp)
class AuthenticatorAppAdmin(ReadOnlyAdmin):
    """Without the secret; a lost second factor is reset under Settings, People."""

    list_display = ["user", "confirmed"]
    list_select_related = ["user"]
    fields = ["user", "confirmed"]


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    list_display = ["kind", "user", "state", "attempts", "created_at", "sent_at"]
    list_filter = ["state", "kind"]
    list_select_related = ["user"]


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Made and revoked under Settings; without the digest."""

    list_display = ["public_id", "name", "created_by", "created_at", "last_used_at", "revoked_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["created_by"]
    fields = [
        "public_id",
        "name",
        "ending",
        "created_by",
        "created_at",
        "last_used_at",
        "revoked_at",
    ]


@admin.register(ApiCount)
class ApiCountAdmin(ReadOnlyAdmin):
    list_display = ["asker", "window", "count"]


@admin.register(FirstAnswer)
class FirstAnswerAdmin(ReadOnlyAdmin):
    """Without what was answered."""

    list_display = ["key", "status", "about", "created_at"]
    list_select_related = ["key"]
    fields = ["key", "status", "about", "created_at"]
