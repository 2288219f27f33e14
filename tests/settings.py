"""Settings of the tests: the real ones, with cheap password hashes and a folder of their own."""

import atexit
import os
import shutil
import tempfile

os.environ["KITH_MODE"] = "test"
# Each of several test processes (pytest -n) has a folder, and so a queue, of its own.
_process = os.environ.get("PYTEST_XDIST_WORKER", "")
if "KITH_HOME" not in os.environ or os.environ.get("KITH_TEST_PROCESS", "") != _process:
    # Workers started by a test inherit it; only the process that made it removes it.
    os.environ["KITH_TEST_PROCESS"] = _process
    os.environ["KITH_HOME"] = tempfile.mkdtemp(prefix="kith-test-")
    atexit.register(shutil.rmtree, os.environ["KITH_HOME"], ignore_errors=True)
os.environ.setdefault("SECRET_KEY", "a secret for tests only, never used to run anything")

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES, KITH_HOME, REDIS_URL  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Without a broker tasks run in place, inside the same code path; with REDIS_URL real workers run.
CELERY_TASK_ALWAYS_EAGER = not REDIS_URL
CELERY_TASK_EAGER_PROPAGATES = True
# Two runs at the same time, on one Redis, must not take each other's messages.
CELERY_TASK_DEFAULT_QUEUE = KITH_HOME.name
# The threads of the live server end without closing what they would keep for the next request.
DATABASES["default"]["CONN_MAX_AGE"] = 0
# Tests book again and again from one address, and need not wait for the next multiple.
BOOKING_POSTS_PER_ADDRESS = BOOKINGS_PER_CALENDAR = BOOKING_ANSWERS_EVERY_MS = 0
CHATS_PER_ADDRESS = CHAT_MESSAGES_PER_ADDRESS = CHAT_MESSAGES_PER_MINUTE = 0
SUBMISSIONS_PER_FORM = WEBHOOKS_PER_ADDRESS = 0
