"""What quiet hours hold, planned anew where they change: nothing waits longer than they ask now.

Sooner only: whoever is begun during quiet hours is held again by ``delivery_begin``, whatever the plan was.
"""

from datetime import UTC, datetime, timedelta

from loyalty.delivery.contracts import ChannelCode
from loyalty.delivery.models import ContactPolicy
from loyalty.delivery.operations import contacting
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work

# Rows per statement, each locked until its end.
STEP_ROWS = 20_000
# A set that was being placed while the policy changed was planned by the old one, and is seen only afterwards; none
# takes so long.
SETTLED_AFTER = timedelta(minutes=2)
BEGINNING = (-32_768, datetime(1970, 1, 1, tzinfo=UTC), 0)

# One step along the queue of a channel. Whoever is planned sooner goes behind the place from where the next step looks.
STEP = """
    WITH step AS (
        SELECT s.id, s.priority, s.due_at FROM delivery_send s
        WHERE s.state = 'QUEUED' AND s.channel = %(channel)s
            AND (s.priority, s.due_at, s.id) > (CAST(%(priority)s AS smallint), %(due)s::timestamptz, %(id)s)
        ORDER BY s.priority, s.due_at, s.id LIMIT %(limit)s
    ), moved AS (
        SELECT delivery_replan(coalesce(array_agg(id), '{}'), %(now)s, %(policy)s::jsonb) AS count FROM step
    )
    SELECT l.priority, l.due_at, l.id, m.count FROM moved m
    LEFT JOIN LATERAL (SELECT * FROM step ORDER BY priority DESC, due_at DESC, id DESC LIMIT 1) l ON true
"""
OF_CUSTOMER = """
    SELECT delivery_replan(coalesce(array_agg(s.id), '{}'), %(now)s, %(policy)s::jsonb) AS count
    FROM delivery_send s WHERE s.customer_id = %(customer)s AND s.state = 'QUEUED' AND s.due_at > %(now)s
"""


def replan_held(*, now: datetime) -> int:
    """Plan what is held anew where the quiet hours changed lately; give how many messages are due sooner.

    Each step is committed by itself. Broken off, the next ring begins again, and what is planned already stays so.
    """
    changed_at = ContactPolicy.objects.values_list("quiet_changed_at", flat=True).first()
    if changed_at is None:
        return 0
    policy = contacting.as_told()
    moved = sum(_replan_channel(channel.value, policy, now) for channel in ChannelCode)
    if now - changed_at >= SETTLED_AFTER:
        ContactPolicy.objects.filter(quiet_changed_at=changed_at).update(quiet_changed_at=None)
    if moved:
        work.ring("delivery.send_due")
    return moved


def _replan_channel(channel: str, policy: str, now: datetime) -> int:
    priority, due, last = BEGINNING
    count = 0
    while True:
        step = {"channel": channel, "priority": priority, "due": due, "id": last, "limit": STEP_ROWS}
        row = sql.fetch_one(STEP, {**step, "now": now, "policy": policy}) or {}
        count += int(row["count"])
        if row["id"] is None:
            return count
        priority, due, last = row["priority"], row["due_at"], row["id"]


def replan_customer(*, customer: int, now: datetime) -> int:
    """Plan anew what is held for a customer whose own quiet hours changed; give how many messages are due sooner."""
    row = sql.fetch_one(OF_CUSTOMER, {"customer": customer, "now": now, "policy": contacting.as_told()}) or {}
    if row["count"]:
        work.ring("delivery.send_due")
    return int(row["count"])
