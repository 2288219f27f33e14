"""Who uses Kith: the account, its users and their teams. Roles are Django groups."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
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
        return self.get(email__iexact=username or "")


class User(AbstractUser):
    """A colleague who signs in by e-mail. The role is the group with that name."""

    class Theme(models.TextChoices):
        SYSTEM = "", "Same as the device"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    username = None  # type: ignore[assignment]
    email = models.EmailField("email", max_length=254, unique=True)
    time_zone = models.CharField(max_length=64, blank=True, default="")
    theme = models.CharField(max_length=5, choices=Theme, blank=True, default=Theme.SYSTEM)

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
        names = set(self.groups.values_list("name", flat=True))
        return next((role for role in Role if role.value in names), Role.MEMBER)


class Team(models.Model):
    """A group of colleagues. Its managers see the contacts of its members."""

    name = models.CharField(max_length=120, unique=True)
    members = models.ManyToManyField(User, related_name="teams", blank=True)
    managers = models.ManyToManyField(User, related_name="managed_teams", blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
