"""Holding, releasing and cancelling what waits in the queue; what was handed over is out of reach."""

import uuid
from datetime import datetime

from django.db import transaction

from loyalty.delivery.contracts import SendState
from loyalty.delivery.models import Send
from loyalty.foundation.work import api as work


@transaction.atomic
def hold(*, source_ref: uuid.UUID) -> int:
    """Keep everything of a source that still waits from being sent; give how many."""
    return Send.objects.filter(source_ref=source_ref, state=SendState.QUEUED).update(due_at=None, claim=None)


@transaction.atomic
def release(*, source_ref: uuid.UUID, now: datetime) -> int:
    """Let what was held go on; what was sent is not sent again. Give how many."""
    count = Send.objects.filter(source_ref=source_ref, state=SendState.QUEUED, due_at=None).update(due_at=now)
    work.ring("delivery.send_due")
    return count


@transaction.atomic
def cancel(*, source_ref: uuid.UUID, reason: str, now: datetime) -> int:
    """Drop everything of a source that still waits, with the reason; give how many."""
    return Send.objects.filter(source_ref=source_ref, state=SendState.QUEUED).update(
        state=SendState.SKIPPED, reason=reason, due_at=None, claim=None, ended_at=now
    )
