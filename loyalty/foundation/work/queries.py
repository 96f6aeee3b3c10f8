"""Reads of work."""

from loyalty.foundation.work.contracts import RunView
from loyalty.foundation.work.models import Run


def view_of(run: Run) -> RunView:
    """Give a run as others may see it."""
    return RunView(
        id=run.public_id,
        kind=run.kind,
        subject_kind=run.subject_kind,
        subject_ref=run.subject_ref,
        status=run.status,
        phase=run.phase,
        done=run.done,
        total=run.total,
        result=run.result,
        error=run.error,
        started_at=run.started_at,
        finished_at=run.finished_at,
    )


def find_latest_run(kind: str, subject_ref: str) -> RunView | None:
    """Give the newest run of a kind on a subject, or None."""
    run = Run.objects.filter(kind=kind, subject_ref=subject_ref).order_by("-id").first()
    return view_of(run) if run else None
