"""What an occurrence of a campaign is made of, as of now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loyalty.campaigns.contracts import Due, Plan
from loyalty.campaigns.models import Campaign
from loyalty.campaigns.operations.checking import content_of
from loyalty.campaigns.queries.audience import CAMPAIGN_NAME
from loyalty.delivery import api as delivery
from loyalty.programs import api as programs

ZONE_DEFAULT = "UTC"


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


def zone_of_program(campaign: Campaign, now: datetime) -> str:
    """Give the zone of the campaign's program, UTC without one."""
    if campaign.program_ref is None:
        return ZONE_DEFAULT
    try:
        return programs.get_plan(campaign.program_ref, at=now).timezone
    except programs.ProgramNotFound:
        return ZONE_DEFAULT
