"""Addresses of signing in and of the settings of people and account."""

from django.urls import path

from contacts.views.people import (
    access,
    account,
    links,
    people,
    profile,
    second_factor,
    sign_in,
    teams,
)

urlpatterns = [
    path("login/", sign_in.sign_in, name="login"),
    path("login/code/", sign_in.sign_in_code, name="sign_in_code"),
    path("login/forgot/", links.password_forgot, name="password_forgot"),
    path("login/reset/<str:token>/", links.password_reset, name="password_reset"),
    path("invitation/<str:token>/", links.invitation, name="invitation"),
    path("logout/", sign_in.sign_out, name="logout"),
    path("theme/", profile.theme, name="theme"),
    path("shortcuts/", profile.shortcuts, name="shortcuts"),
    path("settings/profile/", profile.profile, name="profile"),
    path("settings/profile/password/", profile.password_change, name="password_change"),
    path("settings/profile/sessions/end/", profile.sessions_end, name="sessions_end"),
    path("settings/profile/second-factor/", second_factor.second_factor, name="second_factor"),
    path(
        "settings/profile/second-factor/codes/",
        second_factor.recovery_codes,
        name="recovery_codes",
    ),
    path(
        "settings/profile/second-factor/off/",
        second_factor.second_factor_off,
        name="second_factor_off",
    ),
    path("settings/account/", account.account, name="account"),
    path("settings/people/", people.people_list, name="people_list"),
    path("settings/people/invite/", people.person_invite, name="person_invite"),
    path("settings/people/<int:pk>/", people.person, name="person"),
    path(
        "settings/people/<int:pk>/deactivate/", access.person_deactivate, name="person_deactivate"
    ),
    path(
        "settings/people/<int:pk>/reactivate/", access.person_reactivate, name="person_reactivate"
    ),
    path(
        "settings/people/<int:pk>/second-factor/",
        access.person_reset_factor,
        name="person_reset_factor",
    ),
    path(
        "settings/people/<int:pk>/invitation/",
        access.person_invite_again,
        name="person_invite_again",
    ),
    path("settings/people/<int:pk>/withdraw/", access.person_withdraw, name="person_withdraw"),
    path("settings/teams/", teams.team_list, name="team_list"),
    path("settings/teams/new/", teams.team_new, name="team_new"),
    path("settings/teams/<int:pk>/", teams.team, name="team"),
    path("settings/teams/<int:pk>/delete/", teams.team_delete, name="team_delete"),
]
