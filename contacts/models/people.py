"""Who uses Kith: the account, its users and their teams. Roles are Django groups."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property

from contacts.access import Role


class Account(models.Model):
    """The one organisation that this installation serves (always the row with id 1)."""

    name = models.CharField(max_length=120, default="Kith")
    default_region = models.CharField(
        max_length=2,
        default="US",
        help_text="Two letters (ISO 3166): how phone numbers without + are read.",
    )
    time_zone = models.CharField(max_length=64, default="UTC")
    members_may_delete = models.BooleanField(
        default=True, help_text="Whether members and team managers may delete contacts."
    )
    require_second_factor = models.BooleanField(
        default=False, help_text="Owners and administrators must set up a second factor."
    )
    apply_suggestions = models.BooleanField(
        default=False,
        help_text="Whether what a guest answers replaces a contact's value without being reviewed.",
    )

    def __str__(self) -> str:
        return self.name

    @classmethod
    def load(cls) -> "Account":
        """The account; its row is made on first use."""
        account, _ = cls.objects.get_or_create(pk=1)
        return account


class UserManager(BaseUserManager["User"]):
    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        # PostgreSQL compares in capitals, where ı and i are one letter: two users may match.
        user = self.filter(email__iexact=username or "").order_by("pk").first()
        if user is None:
            raise self.model.DoesNotExist
        return user


class User(AbstractUser):
    """A colleague who signs in by e-mail. The role is the group with that name."""

    class Theme(models.TextChoices):
        SYSTEM = "", "Same as the device"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        INVITED = "invited", "Invited"
        DEACTIVATED = "deactivated", "Deactivated"

    username = None  # type: ignore[assignment]
    email = models.EmailField("email", max_length=254, unique=True)
    time_zone = models.CharField(max_length=64, blank=True, default="")
    theme = models.CharField(max_length=5, choices=Theme, blank=True, default=Theme.SYSTEM)
    single_keys = models.BooleanField(
        default=True, help_text="Whether j, k, e, x, / and ? do something."
    )
    #: Not active yet: the invitation waits. Emptied when it is accepted.
    invited_at = models.DateTimeField(null=True, blank=True)
    #: When the second factor was turned on; empty without one.
    second_factor_since = models.DateTimeField(null=True, blank=True)
    #: Raised to end every session of this user at once.
    session_epoch = models.PositiveIntegerField(default=0)

    #: Names of the list's columns in their order (contacts.columns); null: the usual ones.
    columns = models.JSONField(null=True, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="one_user_per_email",
                violation_error_message="Another user already has this email.",
            )
        ]
        ordering = ["first_name", "last_name", "pk"]

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    @cached_property
    def role(self) -> Role:
        """The highest role among the user's groups; a member when there is none."""
        if self.is_superuser:
            return Role.OWNER
        names = {group.name for group in self.groups.all()}  # prefetched by lists of people
        return next((role for role in Role if role.value in names), Role.MEMBER)

    @cached_property
    def seen_owners(self) -> list[int]:
        """Whose contacts a team manager sees: their own and those of the teams' members.

        Read once and always. A subquery in its place is only run by the database where a row is to
        be judged, so that an id which exists but is hidden takes longer than one which does not.
        """
        members = self.managed_teams.filter(members__isnull=False)
        return sorted({self.pk, *members.values_list("members", flat=True)})

    @property
    def state(self) -> "User.State":
        if self.is_active:
            return self.State.ACTIVE
        return self.State.INVITED if self.invited_at else self.State.DEACTIVATED

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must carry: it ends with a new password and with a new epoch."""
        value = f"{self.session_epoch}|{self.password}"
        return salted_hmac("kith.session", value, secret=secret, algorithm="sha256").hexdigest()


class Team(models.Model):
    """A group of colleagues. Its managers see the contacts of its members."""

    name = models.CharField(max_length=120, unique=True)
    members = models.ManyToManyField(User, related_name="teams", blank=True)
    managers = models.ManyToManyField(User, related_name="managed_teams", blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class HiddenHit(models.Model):
    """A save that met, or may be meeting, a contact its author may not see (contacts.probing)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    confirmed = models.BooleanField(default=False)  # it did: "Cannot Save Contact" was shown

    class Meta:
        indexes = [models.Index(fields=["user", "at"], name="hits_of_user")]

    def __str__(self) -> str:
        return f"Hit {self.pk}"
