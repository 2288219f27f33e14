"""The forms about people and the account: plain Django forms in Kith's look.

A field with `show_hidden_initial` brings along what the page showed when it was opened, so that two
administrators who change different things at once both have their way (`changed_data`).
"""

from typing import Any

from django import forms
from django.db.models import QuerySet

from contacts.access import Role, assignable_roles
from contacts.cleaning import clean
from contacts.fields import BY_NAME
from contacts.identity import InvalidValue
from contacts.models import Account, Team, User
from contacts.regions import region_choices

CLASSES = (
    (forms.CheckboxInput, "check"),
    (forms.CheckboxSelectMultiple, "check"),
    (forms.RadioSelect, "radio"),
    (forms.Select, "select"),
    (forms.Textarea, "textarea"),
    (forms.TextInput, "input"),
)


class KithForm(forms.Form):
    """Inputs with Kith's classes; what is wrong is said by the server, at the field."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            css = next((css for kind, css in CLASSES if isinstance(field.widget, kind)), "")
            field.widget.attrs.setdefault("class", css)

    @property
    def error_list(self) -> list[tuple[str, str, str]]:
        """(input id, label, sentence) for the summary."""
        named = [
            (self[name], errors) for name, errors in self.errors.items() if name in self.fields
        ]
        return [
            (b.id_for_label or f"id_{b.name}", str(b.label), str(errors[0])) for b, errors in named
        ]

    def changed_values(self, *names: str) -> dict[str, Any]:
        """What was changed on the page among `names`: what was left alone is not written back."""
        return {name: self.cleaned_data[name] for name in names if name in self.changed_data}


class LineField(forms.CharField):
    """One line of text: line ends and runs of blanks become one blank."""

    def to_python(self, value: Any) -> str:
        return " ".join(str(super().to_python(value)).split())


class ZoneField(LineField):
    """A time zone by its name, in any case."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 64)
        super().__init__(
            widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}), **kwargs
        )

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        try:
            return str(clean(BY_NAME["timezone"], text, region=""))
        except InvalidValue as fault:
            raise forms.ValidationError(str(fault)) from fault


def _email_field() -> forms.EmailField:
    return forms.EmailField(
        label="Email",
        max_length=254,
        error_messages={"required": "Enter an email.", "invalid": "Use the form name@example.com."},
        widget=forms.TextInput(attrs={"inputmode": "email", "autocomplete": "off"}),
        show_hidden_initial=True,
    )


def _name_field(label: str) -> LineField:
    return LineField(label=label, max_length=150, required=False, show_hidden_initial=True)


class ManyField(forms.ModelMultipleChoiceField):
    """Rows to tick. The page brings along which were ticked when it was opened."""

    def __init__(self, queryset: QuerySet[Any], **kwargs: Any) -> None:
        super().__init__(
            queryset,
            required=False,
            widget=forms.CheckboxSelectMultiple,
            show_hidden_initial=True,
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        for pk in value or []:
            if not is_id(pk):  # SQLite cannot even look for a number of thirty digits
                raise forms.ValidationError("Choose from the list.")
        return super().clean(value)


def is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


class PersonForm(KithForm):
    """A colleague as an administrator sees them; also the invitation of one."""

    first_name = _name_field("First name")
    last_name = _name_field("Last name")
    email = _email_field()
    role = forms.ChoiceField(label="Role", show_hidden_initial=True)
    teams = ManyField(Team.objects.all(), label="Teams")

    def __init__(self, *args: Any, by: User, person: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, initial=_shown_of(person), **kwargs)
        roles = assignable_roles(by) or [person.role if person else Role.MEMBER]
        if person is not None and person.role not in roles:
            roles.insert(0, person.role)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(role.value, role.value) for role in roles]

    @property
    def chosen_role(self) -> Role:
        return Role(self.cleaned_data["role"])

    def moves(self) -> tuple[set[Team], set[Team]]:
        """Which teams the person joins and leaves, against what the page showed."""
        before = set(Team.objects.filter(pk__in=shown_ids(self, "teams")))
        after = set(self.cleaned_data["teams"])
        return after - before, before - after


def shown_ids(form: forms.Form, name: str) -> list[int]:
    """The ids that a page showed as chosen when it was opened."""
    brought = form.data.getlist(f"initial-{name}")  # type: ignore[attr-defined]
    return [int(pk) for pk in brought if is_id(pk)]


def _shown_of(person: User | None) -> dict[str, Any]:
    if person is None:
        return {"role": Role.MEMBER.value}
    return {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "role": person.role.value,
        "teams": [team.pk for team in person.teams.all()],
    }


class PeopleField(ManyField):
    """Colleagues with their roles."""

    def label_from_instance(self, obj: Any) -> str:
        state = "" if obj.is_active else f", {obj.state.label.lower()}"
        return f"{obj} ({obj.role.value}{state})"


class TeamForm(KithForm):
    name = LineField(
        label="Name", max_length=120, show_hidden_initial=True,
        error_messages={"required": "Enter a name for the team."},
    )  # fmt: skip
    members = PeopleField(User.objects.none(), label="Members")
    managers = PeopleField(
        User.objects.none(),
        label="Managers",
        help_text=(
            "A Team Manager sees the contacts that the members own. A Member sees only their own, "
            "also when chosen here, until the role is changed."
        ),
    )

    def __init__(
        self, *args: Any, people: QuerySet[User], team: Team | None = None, **kwargs: Any
    ) -> None:
        initial: dict[str, Any] = {}
        if team is not None:
            initial = {
                "name": team.name,
                "members": [person.pk for person in team.members.all()],
                "managers": [person.pk for person in team.managers.all()],
            }
        super().__init__(*args, initial=initial, **kwargs)
        for name in ("members", "managers"):
            field = self.fields[name]
            assert isinstance(field, PeopleField)
            field.queryset = people

    def moves(self, name: str) -> tuple[set[User], set[User]]:
        """Who comes and who goes among "members" or "managers", against what the page showed."""
        before = set(User.objects.filter(pk__in=shown_ids(self, name)))
        after = set(self.cleaned_data[name])
        return after - before, before - after


class AccountForm(KithForm):
    name = LineField(
        label="Account name", max_length=120, show_hidden_initial=True,
        help_text="Above the navigation, and in mails.",
        error_messages={"required": "Enter a name for the account."},
    )  # fmt: skip
    default_region = forms.ChoiceField(
        label="Default country", choices=region_choices, show_hidden_initial=True,
        help_text="How phone numbers without + are read. What is saved already stays as it is.",
        error_messages={"invalid_choice": "Choose a country from the list."},
    )  # fmt: skip
    time_zone = ZoneField(
        label="Time zone", show_hidden_initial=True,
        help_text="For times on the pages, unless a person has chosen another one.",
        error_messages={"required": "Enter a time zone such as Europe/London."},
    )  # fmt: skip
    members_may_delete = forms.BooleanField(
        label="Members and team managers may delete contacts",
        required=False, show_hidden_initial=True,
        help_text="Account Owners and Administrators always may.",
    )  # fmt: skip
    require_second_factor = forms.BooleanField(
        label="Require a second factor for administrators",
        required=False, show_hidden_initial=True,
        help_text="Account Owners and Administrators without one set it up before anything else.",
    )  # fmt: skip

    apply_suggestions = forms.BooleanField(
        label="Apply what guests answer at once",
        required=False, show_hidden_initial=True,
        help_text="Otherwise an answer that would replace a value is a suggestion on the contact.",
    )  # fmt: skip

    FIELDS = (
        "name",
        "default_region",
        "time_zone",
        "members_may_delete",
        "require_second_factor",
        "apply_suggestions",
    )

    @classmethod
    def of(cls, account: Account, data: Any = None) -> "AccountForm":
        return cls(data, initial={name: getattr(account, name) for name in cls.FIELDS})


class ProfileForm(KithForm):
    first_name = _name_field("First name")
    last_name = _name_field("Last name")
    time_zone = ZoneField(label="Time zone", required=False, show_hidden_initial=True)
    theme = forms.ChoiceField(
        label="Theme", choices=User.Theme.choices, required=False, show_hidden_initial=True,
        error_messages={"invalid_choice": "Choose a theme from the list."},
    )  # fmt: skip
    single_keys = forms.BooleanField(
        label="Single-key shortcuts", required=False, show_hidden_initial=True,
        help_text="j, k, e, x, / and ? on the list of contacts.",
    )  # fmt: skip

    FIELDS = ("first_name", "last_name", "time_zone", "theme", "single_keys")

    @classmethod
    def of(cls, user: User, data: Any = None) -> "ProfileForm":
        form = cls(data, initial={name: getattr(user, name) for name in cls.FIELDS})
        zone = Account.load().time_zone
        form.fields["time_zone"].help_text = f"Empty: the account's, {zone}."
        return form
