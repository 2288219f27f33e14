"""Reading the environment: every helper fails loudly and names the variable."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

MINIMUM_SECRET_LENGTH = 32


def env_bool(name: str, default: bool) -> bool:
    """A yes/no variable. Raises ImproperlyConfigured for anything but 1, 0, true, false."""
    value = os.environ.get(name, "")
    if not value:
        return default
    if value.lower() in {"1", "true"}:
        return True
    if value.lower() in {"0", "false"}:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}. Use 1 or 0.")


def env_int(name: str, default: int) -> int:
    """A whole-number variable. Raises ImproperlyConfigured for anything else."""
    value = os.environ.get(name, "")
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}. Use a whole number.") from None


def env_float(name: str, default: float) -> float:
    """A number above 0. Raises ImproperlyConfigured for anything else."""
    value = os.environ.get(name, "")
    if not value:
        return default
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ImproperlyConfigured(f"{name} is {value!r}. Use a number above 0.")
    return number


def env_text(name: str, default: str = "") -> str:
    """A text variable; `<NAME>_FILE` names a file that holds it (for mounted secrets)."""
    path = os.environ.get(f"{name}_FILE", "")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from error
    return os.environ.get(name, default)


def env_secret(name: str) -> str:
    """A secret that must be set. Raises ImproperlyConfigured when absent or too short."""
    value = env_text(name)
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. Kith does not start on a server database without it. Make one with: "
            "python -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    if len(value) < MINIMUM_SECRET_LENGTH:
        raise ImproperlyConfigured(
            f"{name} has {len(value)} characters. Use at least {MINIMUM_SECRET_LENGTH}."
        )
    return value


def local_secret(folder: Path) -> str:
    """The secret of an embedded run: made on first use and kept beside its database."""
    path = folder / "secret_key"
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with open(path, "x", encoding="utf-8", opener=_private) as file:
                file.write(secrets.token_urlsafe(50))
        except FileExistsError:
            pass  # another process of the same start made it first
        return path.read_text(encoding="utf-8").strip()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
