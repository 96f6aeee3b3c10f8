"""Writes of work: start, claim, report, finish, cancel."""

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.db import IntegrityError, connections, transaction
from django.db.models import F

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.orm import sql
from loyalty.foundation.work import registry
from loyalty.foundation.work.contracts import RunView
from loyalty.foundation.work.errors import RunAlreadyActive, RunCancelled, RunFinished
from loyalty.foundation.work.models import Run, RunStatus
from loyalty.foundation.work.queries import view_of

log = logging.getLogger("loyalty.work")

# A worker renews its lease every third of it; a killed worker's run is taken over after at most this time.
LEASE = timedelta(seconds=30)
# A run that kills its worker is not tried for ever.
ATTEMPTS_MAX = 3

CLAIM = """
    UPDATE work_run SET status = 'RUNNING', attempts = attempts + 1, lease_until = %(until)s,
        started_at = coalesce(started_at, %(now)s), updated_at = now()
    WHERE id = (
        SELECT id FROM work_run
        WHERE status = 'PENDING' OR (status = 'RUNNING' AND lease_until < %(now)s)
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id
"""


def ring(task_name: str, *, within_s: float | None = None) -> None:
    """Ring a doorbell once the caller's transaction has committed; a broker that is away never fails the caller.

    :param within_s: nobody needs to come who has not heard it by then, in seconds.
    """
    transaction.on_commit(lambda: _ring_now(task_name, within_s))


def _ring_now(task_name: str, within_s: float | None = None) -> None:
    try:
        current_app.send_task(task_name, retry=False, expires=within_s)
    except Exception as fault:  # a doorbell may fail in any way; rows wait and the beat rings again
        log.warning("doorbell %s not rung: %s", task_name, fault)


@transaction.atomic
def start(
    *, kind: str, subject_kind: str, subject_ref: str, params: dict[str, Any], actor: Actor, now: datetime
) -> RunView:
    """Put a run in line and ring the bell.

    :raises RunAlreadyActive: the same kind on the same subject is under way; carries its id.
    """
    try:
        with transaction.atomic():
            run = Run.objects.create(
                kind=kind, subject_kind=subject_kind, subject_ref=subject_ref, params=params, actor=asdict(actor)
            )
    except IntegrityError as fault:
        active = Run.objects.filter(
            kind=kind, subject_kind=subject_kind, subject_ref=subject_ref, status__in=["PENDING", "RUNNING"]
        ).first()
        raise RunAlreadyActive(run_id=str(active.public_id) if active else "") from fault
    ring("work.execute")
    return view_of(run)


@dataclass(slots=True)
class RunContext:
    """What the function of a run is given: parameters, actor, when it began, and a way to tell how far it is.

    ``began_at`` lies before ``now`` when a lost worker's run is taken up again.
    """

    run_id: int
    public_id: uuid.UUID
    subject_ref: str
    params: dict[str, Any]
    actor: Actor
    now: datetime
    began_at: datetime

    def report(self, phase: str, done: int = 0, total: int = 0) -> None:
        """Write progress and renew the lease; call it outside of the work's own transactions to be seen at once.

        :raises RunCancelled: someone asked the run to stop.
        """
        Run.objects.filter(pk=self.run_id).update(phase=phase, done=done, total=total, lease_until=clock.now() + LEASE)
        self.check_cancelled()

    def check_cancelled(self) -> None:
        """Stop here when someone asked for it.

        :raises RunCancelled: someone did.
        """
        if Run.objects.filter(pk=self.run_id, is_cancel_requested=True).exists():
            raise RunCancelled()


@contextmanager
def _lease_kept(run_id: int) -> Iterator[None]:
    """Renew the lease from a thread of its own while a long statement holds the worker."""
    over = threading.Event()

    def renew() -> None:
        try:
            while not over.wait(LEASE.total_seconds() / 3):
                Run.objects.filter(pk=run_id, status=RunStatus.RUNNING).update(lease_until=clock.now() + LEASE)
        finally:
            connections["default"].close()

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def execute_next(*, now: datetime) -> bool:
    """Do the next open run, or one whose worker was lost; give False when there is none."""
    row = sql.fetch_one(CLAIM, {"now": now, "until": now + LEASE})
    if row is None:
        return False
    run = Run.objects.get(pk=row["id"])
    if run.attempts > ATTEMPTS_MAX:
        _finish(run, RunStatus.FAILED, error={"code": "run.worker_lost", "message": "The worker was lost three times."})
        return True
    execute = registry.find(run.kind)
    if execute is None:
        _finish(run, RunStatus.FAILED, error={"code": "run.kind_unknown", "message": f"No work of kind {run.kind}."})
        return True
    context = RunContext(
        run.pk, run.public_id, run.subject_ref, run.params, Actor(**run.actor), now, run.started_at or now
    )
    try:
        with _lease_kept(run.pk):
            result = execute(context)
    except RunCancelled:
        _finish(run, RunStatus.CANCELLED)
    except Refusal as refusal:
        _finish(run, RunStatus.FAILED, error={"code": refusal.code, "message": refusal.detail})
    except Exception as fault:  # the edge of the worker process: the run keeps the reason, the worker goes on
        log.error("run %s failed", run.public_id, exc_info=fault)
        _finish(run, RunStatus.FAILED, error={"code": "fault", "message": f"{type(fault).__name__}: {fault}"[:1000]})
    else:
        _finish(run, RunStatus.SUCCEEDED, result=result)
    return True


def _finish(
    run: Run, status: RunStatus, *, result: dict[str, Any] | None = None, error: dict[str, Any] | None = None
) -> None:
    Run.objects.filter(pk=run.pk).update(
        status=status, result=result, error=error, finished_at=clock.now(), lease_until=None
    )


@transaction.atomic
def cancel(*, run: Run, now: datetime) -> RunView:
    """Ask a run to stop; one that has not begun ends at once.

    :raises RunFinished: it is over.
    """
    locked = Run.objects.select_for_update().get(pk=run.pk)
    if locked.status == RunStatus.PENDING:
        locked.status, locked.finished_at = RunStatus.CANCELLED, now
    elif locked.status != RunStatus.RUNNING:
        raise RunFinished()
    locked.is_cancel_requested = True
    locked.save()
    Run.objects.filter(pk=locked.pk).update(version=F("version") + 1)
    return view_of(locked)
