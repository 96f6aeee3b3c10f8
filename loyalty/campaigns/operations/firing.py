"""Firing: what the clock or a threshold sets off; what facts set off is in ``answering.py``."""

import logging
from datetime import datetime

from django.db import transaction

from loyalty.campaigns.contracts import CampaignStatus, Cause, Due, FireReport, TriggerKind
from loyalty.campaigns.kinds import schedule, threshold
from loyalty.campaigns.models import Campaign
from loyalty.campaigns.operations.falling_back import fall_back_due
from loyalty.campaigns.operations.life import begin, end
from loyalty.campaigns.operations.planning import zone_of_program
from loyalty.campaigns.operations.triggering import trigger
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.orm import sql
from loyalty.segments import api as segments

log = logging.getLogger("loyalty.campaigns")

UNBEGUN = (CampaignStatus.DRAFT, CampaignStatus.REVIEW)
CLOCK, WATCH = (system_actor(f"campaigns.{name}") for name in ("schedule", "threshold"))


def fire_due(*, now: datetime) -> FireReport:
    """Begin and end what is due, trigger every campaign whose slot has come or whose threshold was crossed, and send
    those on
    whom one channel did not reach; each in a transaction of its own."""
    _turn_due(now)
    fired = refused = 0
    for kind, fire in ((TriggerKind.SCHEDULE, _fire_slot), (TriggerKind.THRESHOLD, _fire_crossing)):
        rows = Campaign.objects.filter(status=CampaignStatus.ACTIVE, trigger_kind=kind)
        if kind == TriggerKind.SCHEDULE:
            rows = rows.filter(due_at__lte=now).order_by("due_at")
        else:
            rows = rows.exclude(event_type=threshold.BALANCE)
        for pk in list(rows.values_list("pk", flat=True)):
            try:
                fired += fire(pk, now)
            except Refusal as refusal:
                log.warning("campaign %s was not triggered: %s", pk, refusal.detail)
                refused += 1
    fall_back_due(now=now)
    return FireReport(fired=fired, refused=refused)


def _turn_due(now: datetime) -> None:
    """Let the scheduled ones begin whose beginning has come, and end those whose end has."""
    begun = Campaign.objects.filter(status=CampaignStatus.SCHEDULED, due_at__lte=now)
    over = Campaign.objects.exclude(status=CampaignStatus.ENDED).filter(ends_at__lte=now)
    for campaign_id in list(over.exclude(status__in=UNBEGUN).values_list("public_id", flat=True)):
        end(campaign_id=campaign_id, actor=CLOCK, now=now)
    for campaign_id in list(begun.values_list("public_id", flat=True)):
        try:
            begin(campaign_id=campaign_id, actor=CLOCK, now=now)
        except Refusal as refusal:
            log.warning("campaign %s does not begin: %s", campaign_id, refusal.detail)


def _claim(pk: int) -> Campaign | None:
    """Hold a campaign, unless another process just does the same."""
    rows = Campaign.objects.select_for_update(skip_locked=True)
    return rows.filter(pk=pk, status=CampaignStatus.ACTIVE).first()


@transaction.atomic
def _fire_slot(pk: int, now: datetime) -> int:
    campaign = _claim(pk)
    if campaign is None or campaign.due_at is None or campaign.due_at > now:
        return 0
    zone_name = zone_of_program(campaign, now)
    zone = schedule.zone_of(campaign.trigger, zone_name)
    due = schedule.due_slot(campaign.trigger, campaign.due_at, now, zone)
    next_at = due.next_at if campaign.ends_at is None or due.next_at is None or due.next_at < campaign.ends_at else None
    Campaign.objects.filter(pk=pk).update(due_at=next_at)
    try:
        with transaction.atomic():
            outcome = trigger(
                campaign_id=campaign.public_id,
                occurrence=schedule.name_of(due.slot_at, campaign.trigger, zone),
                cause=Cause(TriggerKind.SCHEDULE, due=_due_of(campaign, due.slot_at, zone_name)),
                actor=CLOCK,
                now=now,
            )
    except Refusal as refusal:
        # The slot is over; the campaign waits for its next one instead of being tried at every look.
        log.warning("campaign %s was not triggered: %s", campaign.public_id, refusal.detail)
        return 0
    return int(outcome.is_new)


def _due_of(campaign: Campaign, slot_at: datetime, zone: str) -> Due | None:
    """Give the local time at which every recipient's message is due, when the schedule goes by their clocks."""
    if campaign.trigger["timezone"] != schedule.RECIPIENT_ZONE:
        return None
    return Due(wall=schedule.wall_of(campaign.trigger, slot_at), past=campaign.trigger["past"], zone=zone)


@transaction.atomic
def _fire_crossing(pk: int, now: datetime) -> int:
    campaign = _claim(pk)
    if campaign is None:
        return 0
    measured = _measure(campaign, now)
    is_met = measured is not None and threshold.is_met(campaign.trigger, measured, was_met=campaign.is_threshold_met)
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


def _measure(campaign: Campaign, now: datetime) -> int | None:
    """Give the campaign's measure now, or None when there is nothing to measure."""
    measure = campaign.trigger["measure"]
    if measure == threshold.SEGMENT_SIZE:
        if not campaign.segment_refs:
            return None
        try:
            return segments.get_segment(campaign.segment_refs[0]).member_count
        except segments.SegmentNotFound:
            return None
    row = sql.fetch_one(threshold.MEASURE_SQL[measure], {"program": campaign.program_ref, "now": now})
    return int(row["measured"]) if row else None
