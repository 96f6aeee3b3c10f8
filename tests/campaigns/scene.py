"""A segment with members, campaigns on it, and one turn of each process that takes part in a send."""

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from loyalty.campaigns import api
from loyalty.campaigns.contracts import MANUAL
from loyalty.campaigns.models import CampaignExecution
from loyalty.delivery import api as delivery
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.work import api as work
from loyalty.segments import api as segments
from loyalty.segments.models import Segment
from tests.delivery.post import make_customers

ACTOR = system_actor("tests")
CONTENT = {"email": {"subject": 'Hi {{ first_name | "you" }}', "body": '<p><a href="https://shop.test/">Go</a></p>'}}
SCHEDULE = {"kind": "schedule", "cron": "0 9 * * 1", "timezone": "Asia/Beirut"}


def make_segment(now: datetime, customers: Sequence[uuid.UUID] = (), name: str = "Friends") -> uuid.UUID:
    """Make a static segment with members; give its id."""
    made = segments.create(name=name, description="", kind="static", rules=None, actor=ACTOR, now=now)
    if customers:
        segment = Segment.objects.get(public_id=made)
        segments.add_members(segment=segment, customer_ids=list(customers), actor=ACTOR, now=now)
    return made


def make_audience(now: datetime) -> uuid.UUID:
    """Make a segment of two customers who may be mailed, one without consent and one without an address."""
    members = [
        *make_customers(["Ada", "Bob"], now),
        *make_customers(["Cid"], now, is_consented=False, prefix="n"),
        *make_customers(["Dan"], now, has_address=False, prefix="a"),
    ]
    return make_segment(now, members)


def make_campaign(now: datetime, *, is_active: bool = True, **changes: Any) -> uuid.UUID:
    """Make a campaign; give its id."""
    wanted = {"name": "News", "trigger": SCHEDULE, "channels": ("email",), "content": CONTENT, **changes}
    return api.create(new=api.NewCampaign(**wanted), is_active=is_active, actor=ACTOR, now=now)


def trigger(campaign: uuid.UUID, now: datetime, occurrence: str | None = "o-1") -> api.TriggerOutcome:
    """Trigger by hand."""
    return api.trigger(campaign_id=campaign, occurrence=occurrence, cause=api.Cause(MANUAL), actor=ACTOR, now=now)


def work_off(now: datetime) -> None:
    """Let the relay, the event handlers, the runs and the sender do what there is."""
    while events.relay(now=now)[0]:
        pass
    while events.deliver_one(now=now):
        pass
    while work.execute_next(now=now):
        pass
    while delivery.send_due(channel="email", now=now).claimed:
        pass


def executions(campaign: uuid.UUID) -> dict[tuple[str, str], int]:
    """Count a campaign's executions by status and reason."""
    rows = CampaignExecution.objects.filter(campaign_ref=campaign)
    return dict(Counter(rows.values_list("status", "reason")))


def later(now: datetime, **span: float) -> datetime:
    """Give an instant after another."""
    return now + timedelta(**span)
