"""WSGI entry point for gunicorn: `gunicorn config.wsgi`."""

import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

BaseCommand().check()  # as every management command does; gunicorn would not
if settings.PRODUCTION and not (settings.STATIC_ROOT / "staticfiles.json").exists():
    raise ImproperlyConfigured(
        f"The static files are not in {settings.STATIC_ROOT}. Run: manage.py collectstatic --noinput"
    )
