"""Whether this installation works, for whoever watches over it. No sign-in, no personal data."""

from datetime import timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from contacts.models import Heartbeat

FRESH = timedelta(seconds=30)


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and no migration waits, else 503 and which of them."""
    problem = _database_problem()
    if problem:
        return JsonResponse({"status": "error", "problem": problem}, status=503)
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when /healthz is and a worker took a message within the last 30 seconds."""
    problem = _database_problem()
    if not problem:
        beat = Heartbeat.objects.filter(name="worker").first()
        if beat is None or timezone.now() - beat.at > FRESH:
            problem = "no worker has taken a message for 30 seconds"
    if problem:
        return JsonResponse({"status": "error", "problem": problem}, status=503)
    return JsonResponse({"status": "ok"})


def _database_problem() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return "" if _migrated() else "migrations have not been applied: run manage.py migrate"
    except DatabaseError:
        return "the database does not answer"


class _Schema:
    """Once it is up to date it stays so for this process: a new release starts new processes."""

    current = False


def _migrated() -> bool:
    if not _Schema.current:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        _Schema.current = not waiting
    return _Schema.current
