"""Settings of the tests: the real ones, with cheap password hashes and a folder of their own."""

import os
import tempfile

os.environ["KITH_MODE"] = "test"
os.environ.setdefault("KITH_HOME", tempfile.mkdtemp(prefix="kith-test-"))
os.environ.setdefault("SECRET_KEY", "a secret for tests only, never used to run anything")

from config.settings import *  # noqa: E402, F403
from config.settings import REDIS_URL  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Without a broker tasks run in place, inside the same code path; with REDIS_URL real workers run.
CELERY_TASK_ALWAYS_EAGER = not REDIS_URL
CELERY_TASK_EAGER_PROPAGATES = True
