"""Holding, releasing and cancelling what waits in the queue; what was handed over is out of reach."""

import uuid
from datetime import datetime

from django.db import transaction

from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work

# Locked in the order of their ids, which is also the order in which a sender goes through them, so that the two wait
# for each other and never in a circle.
WAITING = """
    SELECT id FROM delivery_send WHERE source_ref = %(source)s AND state = 'QUEUED' {only} ORDER BY id FOR UPDATE
"""
HOLD = f"""
    UPDATE delivery_send s SET due_at = NULL, claim = NULL FROM ({WAITING.format(only="")}) w WHERE s.id = w.id
"""
RELEASE = f"""
    UPDATE delivery_send s SET due_at = %(now)s FROM ({WAITING.format(only="AND due_at IS NULL")}) w WHERE s.id = w.id
"""
CANCEL = f"""
    UPDATE delivery_send s SET state = 'SKIPPED', reason = %(reason)s, due_at = NULL, claim = NULL, ended_at = %(now)s
    FROM ({WAITING.format(only="")}) w WHERE s.id = w.id
"""


@transaction.atomic
def hold(*, source_ref: uuid.UUID) -> int:
    """Keep everything of a source that still waits from being sent; give how many."""
    return sql.execute(HOLD, {"source": source_ref})


@transaction.atomic
def release(*, source_ref: uuid.UUID, now: datetime) -> int:
    """Let what was held go on; what was sent is not sent again. Give how many."""
    count = sql.execute(RELEASE, {"source": source_ref, "now": now})
    work.ring("delivery.send_due")
    return count


@transaction.atomic
def cancel(*, source_ref: uuid.UUID, reason: str, now: datetime) -> int:
    """Drop everything of a source that still waits, with the reason; give how many."""
    return sql.execute(CANCEL, {"source": source_ref, "reason": reason, "now": now})
