"""What an occurrence of a campaign is made of, as of now."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from loyalty.campaigns.contracts import SET, Due, FallbackWhen, Plan, TriggerKind
from loyalty.campaigns.models import Campaign
from loyalty.campaigns.operations.checking import content_of
from loyalty.campaigns.queries.audience import CAMPAIGN_NAME
from loyalty.campaigns.queries.campaigns import variables_of
from loyalty.delivery import api as delivery
from loyalty.programs import api as programs

ZONE_DEFAULT = "UTC"
# A message about something that just happened goes before bulk of the same campaign's priority.
ANSWERS = (TriggerKind.EVENT.value, SET)
AHEAD_OF_BULK = 5
# What quiet hours or a cap held longer than a channel's time is looked at for so long still.
FALLBACK_HELD = timedelta(days=2)
# For the recipients' zones what is sent lies up to so long ahead.
ZONES_AHEAD = timedelta(hours=26)


def plan_of(campaign: Campaign, *, shared: Mapping[str, Any] | None = None, due: Due | None = None) -> Plan:
    """Give the plan of an occurrence that would begin now."""
    return Plan(
        campaign=campaign.public_id,
        program=campaign.program_ref,
        segments=tuple(campaign.segment_refs),
        excluded=tuple(campaign.excluded_segment_refs),
        shared={**(shared or {}), CAMPAIGN_NAME: campaign.name},
        used=used_by(campaign),
        channels=tuple(campaign.channels),
        fallback=campaign.fallback,
        variants=tuple(campaign.variants),
        control_percent=campaign.control_percent,
        offers=tuple(campaign.offers),
        repeat_days=campaign.repeat_days,
        due=due,
    )


def used_by(campaign: Campaign) -> tuple[str, ...]:
    """Give the names that the campaign's templates use, those of every variant."""
    contents = [
        (channel, content_of(campaign, channel, variant))
        for channel in campaign.channels
        for variant in (None, *campaign.variants)
    ]
    return tuple(sorted({name for channel, content in contents for name in delivery.list_variables(channel, content)}))


def units_of(campaign: Campaign) -> dict[str, int]:
    """Give what a provider charges for one message by channel; of variants the dearest counts."""
    return {
        channel: max(
            delivery.count_units(channel, content_of(campaign, channel, variant))
            for variant in (None, *campaign.variants)
        )
        for channel in campaign.channels
    }


def key_of(campaign: Campaign, occurrence: str) -> str:
    """Give the name under which an occurrence says something once on each channel."""
    return f"campaign:{campaign.public_id}:{occurrence}"


def request_of(
    campaign: Campaign,
    channel: str,
    *,
    kind: str,
    now: datetime,
    occurrence: str = "",
    ref: uuid.UUID | None = None,
    due: Due | None = None,
) -> delivery.MessageRequest:
    """Give what the campaign says on a channel at an occurrence, or at all that one cause of a kind sets off."""
    valid_until = None
    if campaign.valid_hours is not None:
        valid_until = now + timedelta(hours=campaign.valid_hours) + (ZONES_AHEAD if due is not None else timedelta())
    return delivery.MessageRequest(
        occurrence_key=key_of(campaign, occurrence),
        channel=channel,
        purpose=campaign.purpose,
        content=campaign.content[channel],
        variants={one["code"]: content_of(campaign, channel, one) for one in campaign.variants},
        variables=variables_of(campaign.trigger, campaign.program_ref, campaign.offers),
        source_kind="campaign",
        source_ref=campaign.public_id,
        occurrence_ref=ref,
        priority=max(campaign.priority - AHEAD_OF_BULK, 0) if kind in ANSWERS else campaign.priority,
        valid_until=valid_until,
        budget_amount=campaign.budget_amount,
        program_ref=campaign.program_ref,
    )


def falls_back_until(plan: Plan, now: datetime) -> datetime | None:
    """Give until when it is looked for who was not reached; once more than each channel's time, for what was held."""
    if plan.fallback is None or plan.fallback["when"] == FallbackWhen.UNREACHABLE:
        return None
    return now + timedelta(minutes=plan.fallback["minutes"]) * len(plan.channels) + FALLBACK_HELD


def zone_of_program(campaign: Campaign, now: datetime) -> str:
    """Give the zone of the campaign's program, UTC without one."""
    if campaign.program_ref is None:
        return ZONE_DEFAULT
    try:
        return programs.get_plan(campaign.program_ref, at=now).timezone
    except programs.ProgramNotFound:
        return ZONE_DEFAULT
