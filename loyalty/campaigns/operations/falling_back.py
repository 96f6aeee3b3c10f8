"""Falling back: who was not reached by one channel in its time goes on to the next one."""

import logging
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from loyalty.campaigns.contracts import CampaignStatus, FallbackWhen
from loyalty.campaigns.models import Campaign, Occurrence
from loyalty.campaigns.operations import fan_out
from loyalty.campaigns.queries import audience as audiences
from loyalty.delivery import api as delivery
from loyalty.foundation.orm import sql

log = logging.getLogger("loyalty.campaigns")

# Rows looked at in one statement; the rest comes with the next ring of the bell, seconds later.
FALL_CUSTOMERS = 50_000
# What became of the send before: it ended without arriving, or its time is over and nobody knows that it arrived (or
# was opened).
FAILED = "s.state IN ('BOUNCED', 'FAILED') OR (s.state = 'SKIPPED' AND s.reason IN ({reasons}))"
REASONS = "'forbidden', 'no_consent', 'suppressed', 'capped', 'no_address', 'expired', 'template.variable_missing'"
LATE: dict[str, str] = {
    FallbackWhen.UNDELIVERED: "s.state IN ('SENT', 'UNKNOWN') AND s.delivered_at IS NULL",
    FallbackWhen.UNOPENED: "s.state IN ('SENT', 'UNKNOWN', 'DELIVERED')",
}
MISSED = """
    SELECT s.customer_id FROM delivery_sends s
    WHERE s.message_public_id = %(audience_before)s
        AND ({failed} OR ({late} AND coalesce(s.sent_at, s.queued_at) <= %(audience_late)s::timestamptz))
        AND NOT EXISTS (SELECT FROM delivery_sends n WHERE n.message_public_id = %(audience_next)s
            AND n.customer_id = s.customer_id)
    ORDER BY s.customer_id LIMIT {limit}
"""


def fall_back_due(*, now: datetime) -> int:
    """Place what the next channels are to send; give how many were queued."""
    rows = Occurrence.objects.filter(
        falls_back_until__isnull=False, is_complete=True, campaign__status=CampaignStatus.ACTIVE
    )
    return sum(_fall_back(pk, now) for pk in list(rows.order_by("pk").values_list("pk", flat=True)))


@transaction.atomic
def _fall_back(pk: int, now: datetime) -> int:
    """Send one occurrence's missed customers on; two processes do not do the same one at once."""
    occurrence = (
        Occurrence.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("campaign")
        .filter(pk=pk)
        .first()
    )
    if occurrence is None or occurrence.falls_back_until is None:
        return 0
    # A pause waits for this, or this for the pause.
    sql.fetch_one("SELECT id FROM campaigns_campaign WHERE id = %s FOR SHARE", [occurrence.campaign_id])
    if Campaign.objects.values_list("status", flat=True).get(pk=occurrence.campaign_id) != CampaignStatus.ACTIVE:
        return 0
    plan = fan_out.plan_of(occurrence)
    messages = [uuid.UUID(occurrence.plan["messages"][channel]) for channel in plan.channels]
    queued = 0
    for before, following in zip(messages, messages[1:], strict=False):
        base = missed(plan.fallback or {}, before, following, now)
        audience = audiences.audience_of(plan, base, occurrence=occurrence.public_id, at=now, is_single=True)
        queued += delivery.enqueue_set(message_id=following, audience=audience, now=now).queued
    if now >= occurrence.falls_back_until or occurrence.aborted_at is not None:
        Occurrence.objects.filter(pk=pk).update(falls_back_until=None)
    return queued


def missed(fallback: Mapping[str, Any], before: uuid.UUID, following: uuid.UUID, now: datetime) -> audiences.Base:
    """Give who did not get the message of one channel and has none of the next."""
    text = MISSED.format(failed=FAILED.format(reasons=REASONS), late=LATE[str(fallback["when"])], limit=FALL_CUSTOMERS)
    late = now - timedelta(minutes=int(str(fallback["minutes"])))
    return audiences.Base(text, {"audience_before": before, "audience_next": following, "audience_late": late})
