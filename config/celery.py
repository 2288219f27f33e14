"""The Celery application. A message is a hint that there is work; the database is the truth."""

from celery import Celery

app = Celery("kith")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
