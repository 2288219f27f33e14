"""The Celery application. A message is a hint that there is work; the database is the truth."""

import logging
import os
from typing import Any

from celery import Celery
from celery.exceptions import WorkerShutdown
from celery.signals import worker_ready
from redis import RedisError

logger = logging.getLogger(__name__)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("kith")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def refuse_evicting_broker(**_: Any) -> None:
    """Stop a worker whose Redis throws keys away when it is full.

    A queue is one key there: an eviction drops every message of it, and no one is told. Runs once,
    as soon as the broker is reached, before the first message.
    """
    policy = _eviction_policy()
    if policy not in {"", "noeviction"}:
        logger.critical(
            "REDIS_URL: maxmemory-policy is %s, which drops whole queues. Set it to noeviction.",
            policy,
        )
        raise WorkerShutdown(1)


def _eviction_policy() -> str:
    """The broker's setting; empty where there is none or it may not be read (hosted Redis)."""
    with app.connection_for_read() as broker:
        if broker.transport.driver_type != "redis":
            return ""
        try:
            found = broker.default_channel.client.config_get("maxmemory-policy")
        except RedisError as error:
            logger.warning("maxmemory-policy could not be read: %s", type(error).__name__)
            return ""
    return str(found.get("maxmemory-policy", ""))
