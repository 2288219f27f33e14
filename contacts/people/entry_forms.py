"""The forms of getting in: e-mail and password, codes, new passwords."""

from typing import Any

from django import forms

from contacts.people.forms import KithForm


def _password(label: str, autocomplete: str, error: str, hint: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        help_text=hint,
        error_messages={"required": error},
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete, "class": "input"}),
    )


class NewPasswordForm(KithForm):
    """A new password, typed twice."""

    new = _password(
        "New password", "new-password", "Enter a new password.",
        "At least 10 characters, not a common password and not like your name or email.",
    )  # fmt: skip
    again = _password("New password again", "new-password", "Enter the new password again.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "new" in cleaned and "again" in cleaned and cleaned["new"] != cleaned["again"]:
            self.add_error("again", "The two passwords differ. Enter the new one again.")
        return cleaned


class ChangePasswordForm(NewPasswordForm):
    present = _password("Present password", "current-password", "Enter your present password.")
    field_order = ("present", "new", "again")


class PasswordForm(KithForm):
    """The present password, before something that must not be done at an unlocked desk."""

    present = _password("Password", "current-password", "Enter your password.")


class CodeForm(KithForm):
    code = forms.CharField(
        label="Code",
        max_length=40,
        error_messages={"required": "Enter the code."},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "text",
                "autocapitalize": "none",
                "autofocus": True,
            }
        ),
    )


class SetupForm(KithForm):
    sealed = forms.CharField(widget=forms.HiddenInput, max_length=500)
    code = forms.CharField(
        label="Code of the app",
        max_length=40,
        error_messages={"required": "Enter the code that the app shows."},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class SignInForm(KithForm):
    """E-mail and password, as typed; whether they are right is found out elsewhere."""

    username = forms.CharField(
        label="Email",
        max_length=254,
        widget=forms.EmailInput(
            attrs={"class": "input", "autocomplete": "username", "autofocus": True}
        ),
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "class": "input"}),
    )


class ForgotForm(KithForm):
    email = forms.EmailField(
        label="Email",
        max_length=254,
        error_messages={
            "required": "Enter your email.",
            "invalid": "Use the form name@example.com.",
        },
        widget=forms.EmailInput(attrs={"class": "input", "autocomplete": "username"}),
    )
