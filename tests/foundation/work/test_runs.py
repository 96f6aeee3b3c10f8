"""Runs: once each, with progress, errors, cancelling and lost workers."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import Conflict
from loyalty.foundation.work import api, registry
from loyalty.foundation.work.models import Run, RunStatus
from tests.conftest import ClientWith


@pytest.fixture
def kinds() -> Iterator[dict[str, Any]]:
    """Give the registry's kinds and put them back after the test."""
    before = dict(registry._Registry.kinds)
    yield registry._Registry.kinds
    registry._Registry.kinds.clear()
    registry._Registry.kinds.update(before)


def begin(actor: Actor, now: datetime, ref: str = "1") -> api.RunView:
    """Put a run in line."""
    return api.start(kind="tests.count", subject_kind="thing", subject_ref=ref, params={"to": 3}, actor=actor, now=now)


@pytest.mark.django_db
def test_run__done__has_result_and_progress(kinds: dict[str, Any], actor: Actor, now: datetime) -> None:
    def count(context: api.RunContext) -> dict[str, Any]:
        context.report("counting", 1, context.params["to"])
        return {"counted": context.params["to"]}

    kinds["tests.count"] = count
    begin(actor, now)
    assert api.execute_next(now=now) is True
    assert api.execute_next(now=now) is False
    run = Run.objects.get()
    assert (run.status, run.result, run.phase, run.done) == (RunStatus.SUCCEEDED, {"counted": 3}, "counting", 1)


@pytest.mark.django_db
def test_run__refused__keeps_code_and_reason(kinds: dict[str, Any], actor: Actor, now: datetime) -> None:
    class BellBroken(Conflict):
        code = "bell.broken"

    def fail(context: api.RunContext) -> dict[str, Any]:
        raise BellBroken("It has a crack.")

    kinds["tests.count"] = fail
    begin(actor, now)
    api.execute_next(now=now)
    assert Run.objects.get().error == {"code": "bell.broken", "message": "It has a crack."}


@pytest.mark.django_db
def test_run__same_subject_active__is_refused(actor: Actor, now: datetime) -> None:
    first = begin(actor, now)
    with pytest.raises(api.RunAlreadyActive) as refusal:
        begin(actor, now)
    assert refusal.value.facts["run_id"] == str(first.id)
    begin(actor, now, ref="2")


@pytest.mark.django_db
def test_run__worker_lost__is_taken_over_and_given_up_after_three(
    kinds: dict[str, Any], actor: Actor, now: datetime
) -> None:
    class Killed(BaseException):
        """Stands for a process that ends without a word."""

    def die(context: api.RunContext) -> dict[str, Any]:
        raise Killed

    kinds["tests.count"] = die
    begin(actor, now)
    moment = now
    for _ in range(3):
        with pytest.raises(Killed):
            api.execute_next(now=moment)
        assert api.execute_next(now=moment) is False, "the lease protects it"
        moment += timedelta(days=1)
    assert api.execute_next(now=moment) is True
    run = Run.objects.get()
    assert (run.status, run.error["code"] if run.error else "") == (RunStatus.FAILED, "run.worker_lost")


@pytest.mark.django_db
def test_run__cancelled_while_running__stops_at_the_next_report(
    kinds: dict[str, Any], actor: Actor, now: datetime
) -> None:
    def count(context: api.RunContext) -> dict[str, Any]:
        Run.objects.update(is_cancel_requested=True)
        context.report("counting", 1, 3)
        return {}

    kinds["tests.count"] = count
    begin(actor, now)
    api.execute_next(now=now)
    assert Run.objects.get().status == RunStatus.CANCELLED


@pytest.mark.django_db
def test_runs_route__list_cancel_and_forbidden(
    client_with: ClientWith, admin_client: APIClient, actor: Actor, now: datetime
) -> None:
    view = begin(actor, now)
    assert admin_client.get(f"/api/loyalty/v1/runs/{view.id}/").json()["status"] == "PENDING"
    assert client_with("segments.view").get("/api/loyalty/v1/runs/").status_code == 403
    assert admin_client.post(f"/api/loyalty/v1/runs/{view.id}/cancel/").json()["status"] == "CANCELLED"
    again = admin_client.post(f"/api/loyalty/v1/runs/{view.id}/cancel/")
    assert (again.status_code, again.json()["code"]) == (409, "run.finished")
