"""Settings of the faults: the tests', on a Redis and a PostgreSQL of their own, which may be killed."""

import os
import socket

if "FAULTS_REDIS_PORT" not in os.environ:
    with socket.create_server(("127.0.0.1", 0)) as free:
        os.environ["FAULTS_REDIS_PORT"] = str(free.getsockname()[1])
os.environ["REDIS_URL"] = f"redis://127.0.0.1:{os.environ['FAULTS_REDIS_PORT']}/0"
os.environ.setdefault("WEBHOOKS_TO_LOOPBACK", "1")
# Leases, circuits and pauses a hundred times shorter; no lease below five seconds.
os.environ.setdefault("RETRY_SCALE", "0.01")
# The limits of CRMs have tests of their own: they would only make these slower.
os.environ.setdefault("HUBSPOT_CALLS_PER_10_SECONDS", "100000")
os.environ.setdefault("SALESFORCE_CALLS_PER_10_SECONDS", "100000")

from tests.faults import cluster  # noqa: E402

#: A PostgreSQL that may be killed, in the place of the one that others use, too.
CLUSTER = cluster.started() if os.environ.get("DATABASE_URL") else None
if CLUSTER is not None:
    os.environ["DATABASE_URL"] = CLUSTER.url

from tests.settings import *  # noqa: E402, F403
