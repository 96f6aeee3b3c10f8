"""Holding, releasing and cancelling what waits in the queue; what was handed over is out of reach."""

import uuid
from datetime import datetime

from django.db import transaction

from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work

# Locked in the order of their ids, which is also the order in which a sender goes through them, so that the two wait
# for each other and never in a circle.
WAITING = """
    SELECT id FROM delivery_send WHERE source_ref = %(source)s AND state = 'QUEUED' {only}
        AND (%(occurrence)s::uuid IS NULL
            OR message_id IN (SELECT m.id FROM delivery_message m WHERE m.occurrence_ref = %(occurrence)s))
    ORDER BY id FOR UPDATE
"""
ALL, HELD = WAITING.format(only=""), WAITING.format(only="AND due_at IS NULL")
HOLD = f"UPDATE delivery_send s SET due_at = NULL, claim = NULL FROM ({ALL}) w WHERE s.id = w.id"
RELEASE = f"""
    UPDATE delivery_send s SET due_at = greatest(%(now)s, s.not_before) FROM ({HELD}) w WHERE s.id = w.id
"""
CANCEL = f"""
    UPDATE delivery_send s SET state = 'SKIPPED', reason = %(reason)s, due_at = NULL, claim = NULL, ended_at = %(now)s
    FROM ({ALL}) w WHERE s.id = w.id
"""


@transaction.atomic
def hold(*, source_ref: uuid.UUID, occurrence_ref: uuid.UUID | None = None) -> int:
    """Keep everything of a source, or of one occurrence of it, that still waits from being sent; give how many."""
    return sql.execute(HOLD, {"source": source_ref, "occurrence": occurrence_ref})


@transaction.atomic
def release(*, source_ref: uuid.UUID, now: datetime, occurrence_ref: uuid.UUID | None = None) -> int:
    """Let what was held go on; what was sent is not sent again. Give how many."""
    count = sql.execute(RELEASE, {"source": source_ref, "occurrence": occurrence_ref, "now": now})
    work.ring("delivery.send_due")
    return count


@transaction.atomic
def cancel(*, source_ref: uuid.UUID, reason: str, now: datetime, occurrence_ref: uuid.UUID | None = None) -> int:
    """Drop everything of a source, or of one occurrence of it, that still waits, with the reason; give how many."""
    params = {"source": source_ref, "occurrence": occurrence_ref, "reason": reason, "now": now}
    return sql.execute(CANCEL, params)
