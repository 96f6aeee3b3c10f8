"""Firing: what the clock, a threshold or a fact sets off."""

import logging
import uuid
from datetime import datetime

from django.db import transaction

from loyalty.campaigns.contracts import CampaignStatus, Cause, FireReport, TriggerKind
from loyalty.campaigns.kinds import event as event_kind
from loyalty.campaigns.kinds import schedule, threshold
from loyalty.campaigns.models import Campaign
from loyalty.campaigns.operations.triggering import trigger
from loyalty.campaigns.queries import ATTRIBUTION, audience_of, find_in_audience
from loyalty.foundation.events.contracts import Envelope
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.orm import sql
from loyalty.segments import api as segments

log = logging.getLogger("loyalty.campaigns")

CLOCK, WATCH, LISTENER = (system_actor(f"campaigns.{name}") for name in ("schedule", "threshold", "event"))

CONVERT = """
    INSERT INTO campaigns_conversion (send_id, campaign_ref, customer_id, event_id, event_type, converted_at)
    SELECT DISTINCT ON (s.source_ref) s.send_id, s.source_ref, s.customer_id, %(event)s, %(type)s, %(at)s
    FROM customers_directory d JOIN delivery_sends s ON s.customer_id = d.customer_id
    WHERE d.public_id = %(customer)s AND s.source_kind = 'campaign' AND NOT s.is_test
        AND s.sent_at <= %(at)s AND s.sent_at > %(since)s
    ORDER BY s.source_ref, s.sent_at DESC
    ON CONFLICT (send_id) DO NOTHING
"""


def fire_due(*, now: datetime) -> FireReport:
    """Trigger every campaign whose slot has come or whose threshold was crossed; each in a transaction of its own."""
    fired = refused = 0
    for kind, fire in ((TriggerKind.SCHEDULE, _fire_slot), (TriggerKind.THRESHOLD, _fire_crossing)):
        rows = Campaign.objects.filter(status=CampaignStatus.ACTIVE, trigger_kind=kind)
        if kind == TriggerKind.SCHEDULE:
            rows = rows.filter(due_at__lte=now).order_by("due_at")
        for pk in list(rows.values_list("pk", flat=True)):
            try:
                fired += fire(pk, now)
            except Refusal as refusal:
                log.warning("campaign %s was not triggered: %s", pk, refusal.detail)
                refused += 1
    return FireReport(fired=fired, refused=refused)


def _claim(pk: int) -> Campaign | None:
    """Hold a campaign, unless another process just does the same."""
    rows = Campaign.objects.select_for_update(skip_locked=True)
    return rows.filter(pk=pk, status=CampaignStatus.ACTIVE).first()


@transaction.atomic
def _fire_slot(pk: int, now: datetime) -> int:
    campaign = _claim(pk)
    if campaign is None or campaign.due_at is None or campaign.due_at > now:
        return 0
    due = schedule.due_slot(campaign.trigger, campaign.due_at, now)
    Campaign.objects.filter(pk=pk).update(due_at=due.next_at)
    try:
        with transaction.atomic():
            outcome = trigger(
                campaign_id=campaign.public_id,
                occurrence=schedule.name_of(due.slot_at, campaign.trigger),
                cause=Cause(TriggerKind.SCHEDULE),
                actor=CLOCK,
                now=now,
            )
    except Refusal as refusal:
        # The slot is over; the campaign waits for its next one instead of being tried at every look.
        log.warning("campaign %s was not triggered: %s", campaign.public_id, refusal.detail)
        return 0
    return int(outcome.is_new)


@transaction.atomic
def _fire_crossing(pk: int, now: datetime) -> int:
    campaign = _claim(pk)
    if campaign is None:
        return 0
    measured = _measure(campaign)
    is_met = measured is not None and threshold.is_met(campaign.trigger, measured)
    if is_met == campaign.is_threshold_met:
        return 0
    Campaign.objects.filter(pk=pk).update(is_threshold_met=is_met)
    if not is_met:
        return 0
    outcome = trigger(
        campaign_id=campaign.public_id,
        occurrence=f"crossing-{now.isoformat()}",
        cause=Cause(TriggerKind.THRESHOLD, shared={campaign.trigger["measure"]: measured}),
        actor=WATCH,
        now=now,
    )
    return int(outcome.is_new)


def _measure(campaign: Campaign) -> int | None:
    """Give the campaign's measure now, or None when there is nothing to measure."""
    if campaign.trigger["measure"] == "segment_size":
        if campaign.segment_ref is None:
            return None
        try:
            return segments.get_segment(campaign.segment_ref).member_count
        except segments.SegmentNotFound:
            return None
    row = sql.fetch_one(
        "SELECT count(*) AS members FROM programs_membership WHERE program_public_id = %s", [campaign.program_ref]
    )
    return int(row["members"]) if row else None


def fire_on(*, event: Envelope, now: datetime) -> int:
    """Trigger the campaigns that wait for this fact, for its customer alone; give how many began."""
    customer = customer_of(event)
    if customer is None:
        return 0
    waiting = Campaign.objects.filter(
        status=CampaignStatus.ACTIVE, trigger_kind=TriggerKind.EVENT, event_type=event.type
    )
    fired = 0
    for campaign in waiting.order_by("pk"):
        if not _concerns(campaign, event) or not event_kind.matches(campaign.trigger, event, now=now):
            continue
        audience = audience_of(
            program=campaign.program_ref, segment=campaign.segment_ref, shared={}, used=(), customer=customer
        )
        if find_in_audience(audience) is None:
            continue
        cause = Cause(
            TriggerKind.EVENT, event_id=event.id, customer_id=customer, shared=event_kind.shared_values(event)
        )
        outcome = trigger(
            campaign_id=campaign.public_id, occurrence=str(event.id), cause=cause, actor=LISTENER, now=now
        )
        fired += int(outcome.is_new)
    return fired


def customer_of(event: Envelope) -> uuid.UUID | None:
    """Give the customer that a fact is about: its key."""
    try:
        return uuid.UUID(event.key)
    except ValueError:
        return None


def _concerns(campaign: Campaign, event: Envelope) -> bool:
    """Tell whether a fact about a program is about the campaign's own."""
    program = event.data.get("program_id")
    return program is None or campaign.program_ref is None or str(program) == str(campaign.program_ref)


@transaction.atomic
def convert(*, event: Envelope) -> int:
    """Count what a customer did for the latest send of each campaign within the attribution window."""
    customer = customer_of(event)
    if customer is None:
        return 0
    params = {
        "event": event.id,
        "type": event.type,
        "at": event.occurred_at,
        "since": event.occurred_at - ATTRIBUTION,
        "customer": customer,
    }
    return sql.execute(CONVERT, params)
