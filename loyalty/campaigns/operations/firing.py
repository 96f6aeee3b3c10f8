"""Firing: what the clock, a threshold or a fact sets off."""

import logging
import uuid
from datetime import datetime

from django.db import transaction

from loyalty.campaigns.contracts import CampaignStatus, Cause, Due, FireReport, TriggerKind
from loyalty.campaigns.kinds import event as event_kind
from loyalty.campaigns.kinds import schedule, threshold
from loyalty.campaigns.models import BalanceMark, Campaign
from loyalty.campaigns.operations.falling_back import fall_back_due
from loyalty.campaigns.operations.life import begin, end
from loyalty.campaigns.operations.planning import plan_of, zone_of_program
from loyalty.campaigns.operations.triggering import trigger
from loyalty.campaigns.queries.audience import is_in_audience
from loyalty.foundation.events.contracts import Envelope
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.orm import sql
from loyalty.segments import api as segments

log = logging.getLogger("loyalty.campaigns")

UNBEGUN = (CampaignStatus.DRAFT, CampaignStatus.REVIEW)
CLOCK, WATCH, LISTENER = (system_actor(f"campaigns.{name}") for name in ("schedule", "threshold", "event"))


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
    begun = Campaign.objects.filter(status=CampaignStatus.SCHEDULED, starts_at__lte=now)
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


def fire_on(*, event: Envelope, now: datetime, campaign: int | None = None) -> int:
    """Trigger the campaigns that wait for this fact, or the one that is named, for its customer alone; give how many
    began."""
    customer = customer_of(event)
    if customer is None:
        return 0
    waiting = Campaign.objects.filter(
        status=CampaignStatus.ACTIVE, trigger_kind=TriggerKind.EVENT, event_type=event.type
    )
    fired = 0
    for one in waiting.order_by("pk") if campaign is None else waiting.filter(pk=campaign):
        if not _concerns(one, event) or event_kind.is_too_old(one.trigger, event, now=now):
            continue
        if event_kind.matches(one.trigger, event, now=now):
            shared = event_kind.shared_values(event)
            fired += _fire_for(one, event, customer, TriggerKind.EVENT, shared, now)
    if event.type in threshold.BALANCE_EVENTS and campaign is None:
        fired += _fire_balances(event, customer, now)
    return fired


def _fire_for(
    campaign: Campaign,
    event: Envelope,
    customer: uuid.UUID,
    kind: TriggerKind,
    shared: dict[str, object],
    now: datetime,
) -> int:
    """Trigger a campaign for one customer, when the customer is among those it means."""
    if not is_in_audience(plan_of(campaign), customer):
        return 0
    cause = Cause(kind, event_id=event.id, customer_id=customer, shared=shared)
    outcome = trigger(campaign_id=campaign.public_id, occurrence=str(event.id), cause=cause, actor=LISTENER, now=now)
    return int(outcome.is_new)


def _fire_balances(event: Envelope, customer: uuid.UUID, now: datetime) -> int:
    """Trigger the campaigns whose bound this posting carries the member's balance over."""
    moved = threshold.balance_before(event.type, event.data)
    if moved is None:
        return 0
    waiting = Campaign.objects.filter(
        status=CampaignStatus.ACTIVE, trigger_kind=TriggerKind.THRESHOLD, event_type=threshold.BALANCE
    )
    fired = 0
    for campaign in waiting.order_by("pk"):
        if _concerns(campaign, event) and _crosses(campaign, customer, *moved):
            fired += _fire_for(campaign, event, customer, TriggerKind.THRESHOLD, {}, now)
    return fired


@transaction.atomic
def _crosses(campaign: Campaign, customer: uuid.UUID, before: int, after: int) -> bool:
    """Tell whether a balance crossed the bound now, and remember on which side it is."""
    BalanceMark.objects.bulk_create(
        [BalanceMark(campaign=campaign, customer_ref=customer, is_met=threshold.is_met(campaign.trigger, before))],
        ignore_conflicts=True,
    )
    mark = BalanceMark.objects.select_for_update().get(campaign=campaign, customer_ref=customer)
    is_met = threshold.is_met(campaign.trigger, after, was_met=mark.is_met)
    if is_met == mark.is_met:
        return False
    BalanceMark.objects.filter(pk=mark.pk).update(is_met=is_met)
    return is_met


def customer_of(event: Envelope) -> uuid.UUID | None:
    """Give the customer that a fact is about: its key."""
    try:
        return uuid.UUID(event.key)
    except ValueError:
        return None


def _concerns(campaign: Campaign, event: Envelope) -> bool:
    """Tell whether a fact about a program is about the campaign's own; what its own messages led to never is."""
    if event.type.startswith("message.") and event.data.get("source_ref") == str(campaign.public_id):
        return False
    program = event.data.get("program_id")
    return program is None or campaign.program_ref is None or str(program) == str(campaign.program_ref)
