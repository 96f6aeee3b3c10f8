"""The console's one page, and the two health pages."""

from importlib import import_module
from pathlib import Path

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe


def package_folder(name: str) -> Path:
    """Give the folder of a package."""
    return Path(str(import_module(name).__file__)).parent


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Tell that the process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Tell whether the database runs our functions, the migrations are applied and the broker answers.

    A PL/pgSQL function is called because a server whose libraries were swapped under it still answers plain SQL.
    """
    checks = {"database": False, "migrations": False, "broker": False}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT events_ready()")
        checks["database"] = True
        executor = MigrationExecutor(connection)
        checks["migrations"] = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        connection.close()
    try:
        checks["broker"] = bool(redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5).ping())
    except redis.RedisError:
        checks["broker"] = False
    # Without the broker work is slower and nothing is lost, so it does not make the process unready.
    ready = checks["database"] and checks["migrations"]
    return JsonResponse({"status": "ready" if ready else "not ready", "checks": checks}, status=200 if ready else 503)


@ensure_csrf_cookie
@require_safe
def console(request: HttpRequest) -> HttpResponse:
    """Answer every address outside the API with the console, whose router takes it from there."""
    page = settings.CONSOLE_DIST / "index.html"
    if not page.exists():
        return HttpResponse(
            "The console is not built. ./khaywe demo builds it; the API works without it.\n",
            status=503,
            content_type="text/plain; charset=utf-8",
        )
    return HttpResponse(
        page.read_bytes(), content_type="text/html; charset=utf-8", headers={"Cache-Control": "no-cache"}
    )
