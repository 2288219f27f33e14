"""Settings, all from the environment (see README.md, "Settings").

Three ways to run, told apart by KITH_MODE:

* embedded: no DATABASE_URL. SQLite and everything else under KITH_HOME, plain http on loopback.
* production: DATABASE_URL is set. Refuses to start without SECRET_KEY and REDIS_URL.
* demo and test: set by `manage.py demo` and by the tests, on either database.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config.calendars import calendar_settings
from config.crms import crm_settings
from config.env import env_bool, env_float, env_int, env_secret, env_text, local_secret
from config.exchange import exchange_networks
from config.mail import mail_settings
from config.sms import sms_settings
from config.zapier import hooks_url

BASE_DIR = Path(__file__).resolve().parent.parent
KITH_HOME = Path(os.environ.get("KITH_HOME") or BASE_DIR / "var").resolve()
PORT = env_int("PORT", 8000)
DATABASE_URL = env_text("DATABASE_URL")
REDIS_URL = env_text("REDIS_URL")
KITH_MODE = os.environ.get("KITH_MODE") or ("production" if DATABASE_URL else "embedded")
if KITH_MODE not in {"embedded", "production", "demo", "test"}:
    raise ImproperlyConfigured(f"KITH_MODE is {KITH_MODE!r}. Leave it unset.")
PRODUCTION = KITH_MODE == "production"

DEBUG = False
SECRET_KEY = (
    env_secret("SECRET_KEY") if PRODUCTION else env_text("SECRET_KEY") or local_secret(KITH_HOME)
)
SECRET_KEY_FALLBACKS = [key for key in env_text("SECRET_KEY_FALLBACKS").split(",") if key]
if PRODUCTION and not REDIS_URL:
    raise ImproperlyConfigured(
        "REDIS_URL is not set. On a server database Kith needs Redis for its workers, "
        "for example REDIS_URL=redis://127.0.0.1:6379/0"
    )

# Where people reach this installation. Without it only loopback names are answered.
KITH_URL = env_text("KITH_URL").rstrip("/")
LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]
_url = urlsplit(KITH_URL)
if KITH_URL and (_url.scheme not in {"http", "https"} or not _url.hostname):
    raise ImproperlyConfigured(f"KITH_URL is {KITH_URL!r}. Use https://contacts.example.com")
if _url.scheme == "http" and _url.hostname not in {"localhost", "127.0.0.1", "::1"}:
    raise ImproperlyConfigured("KITH_URL must begin with https:// unless it is a loopback address.")
HTTPS = _url.scheme == "https"
# What links in mails begin with: never what a request calls itself.
PUBLIC_URL = KITH_URL or f"http://127.0.0.1:{PORT}"
# A proxy in front tells the scheme and, as the last hop of X-Forwarded-For, the address.
BEHIND_PROXY = env_bool("BEHIND_PROXY", HTTPS)
ALLOWED_HOSTS = [*LOOPBACK, *([_url.hostname] if _url.hostname else [])]
CSRF_TRUSTED_ORIGINS = [KITH_URL] if KITH_URL else []

INSTALLED_APPS = [
    "django_otp",
    "django_otp.plugins.otp_totp",  # from which contacts took the secrets over; empty since then
    "django_otp.plugins.otp_static",
    "contacts",  # after django_otp, whose pages in the admin it takes away
    "activities",
    "integrations",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "import_export",
    "csp",
]

MIDDLEWARE = [
    "contacts.api.middleware.ApiMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "contacts.middleware.PrivatePagesMiddleware",
    "contacts.views.errors.BusyMiddleware",
    "contacts.views.errors.UnreadableAddressMiddleware",
    "contacts.signed_out.SignedOutMiddleware",
    "contacts.middleware.SecondFactorMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "contacts.context_processors.shell",
            ],
        },
    },
]


def _sqlite() -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": KITH_HOME / "kith.sqlite3",
        "OPTIONS": {
            # IMMEDIATE takes the write lock at the start, so that a transaction which reads first
            # and writes later waits instead of failing with "database is locked".
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
            ),
        },
        "TEST": {"NAME": KITH_HOME / "test.sqlite3"},
    }


if DATABASE_URL:
    DATABASES = {
        "default": {
            **dj_database_url.parse(DATABASE_URL, conn_max_age=60, conn_health_checks=True),
        }
    }
    if "postgresql" not in str(DATABASES["default"]["ENGINE"]):
        raise ImproperlyConfigured(
            "DATABASE_URL must be a postgresql:// address. Leave it unset for the embedded database."
        )
else:
    KITH_HOME.mkdir(parents=True, exist_ok=True)
    DATABASES = {"default": _sqlite()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "contacts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "contact_list"
LOGOUT_REDIRECT_URL = "login"
# Wrong codes are counted like wrong passwords (contacts.people.attempts), where an attacker cannot
# keep the true user out for longer and longer.
OTP_TOTP_THROTTLE_FACTOR = OTP_STATIC_THROTTLE_FACTOR = 0
OTP_TOTP_ISSUER = "Kith"

SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
SESSION_COOKIE_AGE = 8 * 60 * 60
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "contacts.views.errors.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS and BEHIND_PROXY else None
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# Public pages: booking and routing forms. 0 is no limit.
BOOKING_POSTS_PER_ADDRESS = env_int("BOOKING_POSTS_PER_ADDRESS", 30)  # in ten minutes
BOOKINGS_PER_CALENDAR = env_int("BOOKINGS_PER_CALENDAR", 120)  # in an hour
SUBMISSIONS_PER_FORM = env_int("SUBMISSIONS_PER_FORM", 600)  # in an hour
WEBHOOKS_PER_ADDRESS = env_int("WEBHOOKS_PER_ADDRESS", 600)  # of other schedulers, in a minute
# Answers to a booking leave at multiples of this, so that none tells by its time what was found.
BOOKING_ANSWERS_EVERY_MS = 100

# Conversations with chatbots. 0 is no limit.
CHATS_PER_ADDRESS = env_int("CHATS_PER_ADDRESS", 30)  # in ten minutes
CHAT_MESSAGES_PER_ADDRESS = env_int("CHAT_MESSAGES_PER_ADDRESS", 600)  # in ten minutes
CHAT_MESSAGES_PER_MINUTE = env_int("CHAT_MESSAGES_PER_MINUTE", 40)  # of one conversation

# Requests of the API. 0 is no limit, as in the embedded default.
API_PER_SECOND = env_int("API_PER_SECOND", 5 if PRODUCTION else 0)  # of the account
API_PER_ADDRESS = env_int("API_PER_ADDRESS", 200 if PRODUCTION else 0)  # in five minutes

# Deliveries to other systems. Both are for demonstrations and tests.
WEBHOOKS_TO_LOOPBACK = env_bool("WEBHOOKS_TO_LOOPBACK", KITH_MODE == "demo")
ZAPIER_HOOKS_URL = hooks_url()  # where every Zap's address begins
RETRY_SCALE = env_float("RETRY_SCALE", 1.0)  # all waiting times are multiplied by it
if PRODUCTION and (WEBHOOKS_TO_LOOPBACK or RETRY_SCALE != 1.0):
    raise ImproperlyConfigured(
        "WEBHOOKS_TO_LOOPBACK and RETRY_SCALE are for demonstrations and tests. Leave them unset."
    )

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# 10,000 selected contacts are as many fields; a few more are told so by the page itself.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_000
DATA_UPLOAD_MAX_NUMBER_FILES = 1
FILE_UPLOAD_HANDLERS = ["contacts.imports.uploading.LimitedUploadHandler"]
FILE_UPLOAD_PERMISSIONS = 0o600
MEDIA_ROOT = KITH_HOME / "uploads"
IMPORT_MAX_BYTES = env_int("IMPORT_MAX_BYTES", 2 * 1024**3)

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = False

STATIC_URL = "/static/"
STATIC_ROOT = KITH_HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# In production `collectstatic` writes hashed, compressed files once; elsewhere they are served from
# the project's folders, so that a first start needs no extra step.
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = False
STATIC_FILES_BACKEND = (
    "whitenoise.storage.CompressedManifestStaticFilesStorage"
    if PRODUCTION
    else "django.contrib.staticfiles.storage.StaticFilesStorage"
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": STATIC_FILES_BACKEND},
}
if not PRODUCTION:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)

globals().update(mail_settings())
TWILIO: dict[str, Any] | None = sms_settings()
EXCHANGE_NETWORKS = exchange_networks()
CALENDARS: dict[str, dict[str, Any] | None] = calendar_settings()
CRMS: dict[str, dict[str, Any]] = crm_settings()
EMAIL_FILE_PATH = KITH_HOME / "mail"
DEFAULT_FROM_EMAIL = env_text("DEFAULT_FROM_EMAIL") or "Kith <kith@localhost>"

# Celery. Times live in rows, so no ETA and no countdown; see reliability notes in README.md.
CELERY_BROKER_URL = REDIS_URL or f"filesystem://{KITH_HOME}"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
if REDIS_URL:
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        # A dead broker must answer fast: the row is written, the relay repeats the hint.
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0,
        "interval_max": 0,
        "socket_connect_timeout": 1,
        "visibility_timeout": 4 * 60 * 60,
        # kombu sweeps only every 100 s by default, so a killed worker's task waited that long.
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    }
else:
    (KITH_HOME / "broker").mkdir(parents=True, exist_ok=True, mode=0o700)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(KITH_HOME / "broker"),
        "data_folder_out": str(KITH_HOME / "broker"),
        "control_folder": str(KITH_HOME / "broker-control"),
    }

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "django.request": {"level": "ERROR"},
        "httpx": {"level": "WARNING"},  # it would log addresses, in which numbers of people stand
    },
}
