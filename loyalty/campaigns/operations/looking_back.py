"""Looking back: the facts of before an activation that a campaign is told to answer too."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from loyalty.campaigns.contracts import CampaignStatus, TriggerKind
from loyalty.campaigns.models import Campaign
from loyalty.campaigns.operations.answering import fire_set
from loyalty.foundation.events.contracts import Envelope
from loyalty.foundation.kernel.exact_json import ExactDecoder
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work

PAGE_FACTS = 500
# In the order in which they happened, so that what a customer gets is in that order too.
FACTS = """
    SELECT event_id, type, key, subject_kind, subject_ref, occurred_at, recorded_at, data FROM events_store
    WHERE type = %(type)s AND occurred_at >= %(since)s AND occurred_at < %(until)s
        AND (occurred_at, event_id) > (%(after)s, %(after_id)s)
    ORDER BY occurred_at, event_id LIMIT %(limit)s
"""


def look_back_run(context: work.RunContext) -> dict[str, Any]:
    """Trigger a campaign for the facts of its look-back; one that the relay brings as well is one occurrence still."""
    campaign = Campaign.objects.get(public_id=context.subject_ref)
    until = datetime.fromisoformat(context.params["until"])
    hours = int(campaign.trigger.get("look_back_hours") or 0)
    if campaign.trigger_kind != TriggerKind.EVENT or not hours:
        return {"facts": 0, "triggered": 0}
    since = until - timedelta(hours=hours)
    after, after_id, seen, fired = since, uuid.UUID(int=0), 0, 0
    while True:
        params = {"type": campaign.event_type, "since": since, "until": until, "after": after, "after_id": after_id,
                  "limit": PAGE_FACTS}  # fmt: skip
        rows = sql.fetch_all(FACTS, params)
        if not rows or Campaign.objects.get(pk=campaign.pk).status != CampaignStatus.ACTIVE:
            return {"facts": seen, "triggered": fired}
        fired += fire_set(facts=[_envelope(row) for row in rows], now=until, campaign=campaign.pk)
        seen += len(rows)
        after, after_id = rows[-1]["occurred_at"], rows[-1]["event_id"]
        context.report("looking back", seen, seen)


def _envelope(row: dict[str, Any]) -> Envelope:
    return Envelope(
        id=row["event_id"], type=row["type"], version=1, key=row["key"], subject_kind=row["subject_kind"],
        subject_ref=row["subject_ref"], occurred_at=row["occurred_at"], recorded_at=row["recorded_at"],
        correlation_id=None, causation_id=None, data=ExactDecoder().decode(row["data"]),
    )  # fmt: skip
