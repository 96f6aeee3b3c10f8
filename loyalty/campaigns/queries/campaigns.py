"""Reads of campaigns: one, where they stand, what they can be made of, what their facts may be."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from loyalty.campaigns.contracts import CampaignStatus, FallbackWhen, PastTime, TriggerKind
from loyalty.campaigns.errors import CampaignNotFound
from loyalty.campaigns.kinds import balances, event, offers, registry, threshold
from loyalty.campaigns.models import Campaign
from loyalty.campaigns.policy.goals import EARNED, GOAL_TYPES, REVERSED, types_of
from loyalty.campaigns.queries.audience import CAMPAIGN_NAME, OFFER_COLUMNS, PROGRAM_COLUMNS
from loyalty.delivery import api as delivery
from loyalty.foundation.kernel.grants import Place, Scope
from loyalty.foundation.web.scoping import is_public_id
from loyalty.segments.contracts import Usage

CHANNELS = tuple(delivery.ChannelCode)
STARTED = (CampaignStatus.ACTIVE, CampaignStatus.PAUSED, CampaignStatus.ENDED)


def get_campaign(campaign_id: uuid.UUID) -> Campaign:
    """Give a campaign.

    :raises CampaignNotFound: there is none.
    """
    found = Campaign.objects.filter(public_id=campaign_id).first()
    if found is None:
        raise CampaignNotFound()
    return found


def list_usages_of_segment(segment_id: uuid.UUID) -> list[Usage]:
    """Name the campaigns that need a segment, be it to write to its members, to leave them out, or for an offer."""
    rows = Campaign.objects.exclude(status=CampaignStatus.ENDED).order_by("name")
    return [
        Usage(kind="campaign", id=str(one.public_id), name=one.name) for one in rows if segment_id in _named_by(one)
    ]


def _named_by(campaign: Campaign) -> set[uuid.UUID]:
    offered = {uuid.UUID(one["segment"]) for one in campaign.offers if one.get("segment")}
    return {*campaign.segment_refs, *campaign.excluded_segment_refs, *offered}


def list_places(refs: Sequence[str]) -> dict[str, Place]:
    """Give in which program each campaign stands and whose it is; what is empty no grant reaches."""
    ids = [ref for ref in refs if is_public_id(ref)]
    rows = Campaign.objects.filter(public_id__in=ids).values_list("public_id", "program_ref", "owner_ref")
    return {str(ref): {Scope.PROGRAM: str(program or ""), Scope.OWN: owner or ""} for ref, program, owner in rows}


def variables_of(
    trigger: Mapping[str, Any], program: uuid.UUID | None, offered: Sequence[Mapping[str, Any]] = ()
) -> tuple[str, ...]:
    """Give the names that a campaign's template may use besides those delivery knows itself."""
    of_program = tuple(PROGRAM_COLUMNS) if program is not None else ()
    of_offer = OFFER_COLUMNS if offered else ()
    return (CAMPAIGN_NAME, *of_program, *of_offer, *registry.get(trigger["kind"]).variables(trigger))


def catalogue() -> dict[str, Any]:
    """Give what a campaign can be made of, for a builder."""
    return {
        "triggers": registry.kinds(),
        "events": [{"type": one, "fields": list(event.fields_of(one))} for one in event.list_event_types()],
        "goals": list(GOAL_TYPES),
        "measures": list(threshold.MEASURES),
        "measures_of_customer": list(threshold.MEASURES_OF_CUSTOMER),
        "operators": list(threshold.OPERATORS),
        "fallbacks": [one.value for one in FallbackWhen],
        "past_times": [one.value for one in PastTime],
        "rankings": offers.kinds(),
        "channels": [{"code": one.value, "is_available": one.value in delivery.list_channels()} for one in CHANNELS],
        "variables": {
            "customer": list(delivery.OWN_VARIABLES),
            "campaign": [CAMPAIGN_NAME],
            "program": list(PROGRAM_COLUMNS),
            "offer": list(OFFER_COLUMNS),
            "event_prefix": event.PREFIX,
        },
    }


def list_events() -> list[str]:
    """Give the types of the events that a campaign may wait for, all about one customer."""
    return event.list_event_types()


def list_awaited_types() -> set[str]:
    """Give the types of facts that an active campaign waits for, be it by its trigger or by a balance."""
    active = Campaign.objects.filter(status=CampaignStatus.ACTIVE)
    awaited = set(active.filter(trigger_kind=TriggerKind.EVENT).values_list("event_type", flat=True))
    if active.filter(trigger_kind=TriggerKind.THRESHOLD, event_type=threshold.BALANCE).exists():
        awaited |= set(balances.FACTS)
    return awaited


def list_goal_types() -> set[str]:
    """Give the types of facts by which something may be counted as the success of a campaign that was sent, or what
    that cost in points."""
    goals = Campaign.objects.filter(status__in=STARTED).values_list("goal", flat=True)
    wanted = {one for goal in goals for one in types_of(goal)}
    return wanted | {EARNED, REVERSED} if wanted else wanted
