"""What the benchmarks' web server runs with: the tests' database, and connections kept as always."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

ROOT_URLCONF = "tests.benchmarks.urls"
DATABASES["default"]["NAME"] = os.environ["KITH_BENCHMARK_DATABASE"]
if "postgresql" in str(DATABASES["default"]["ENGINE"]):
    DATABASES["default"]["CONN_MAX_AGE"] = 60
# Limits are counted, and never reached.
CHATS_PER_ADDRESS = CHAT_MESSAGES_PER_ADDRESS = CHAT_MESSAGES_PER_MINUTE = 10**9
