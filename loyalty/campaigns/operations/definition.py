"""Creating, changing and deleting campaigns."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.campaigns.contracts import CampaignStatus, NewCampaign
from loyalty.campaigns.errors import (
    CampaignInUse,
    CampaignNotFound,
    CampaignStateWrong,
    ChannelsInvalid,
    ProgramUnknown,
    SegmentUnknown,
)
from loyalty.campaigns.kinds import registry
from loyalty.campaigns.models import Campaign
from loyalty.campaigns.operations.life import activate_or_ask, refuse_growth, schedule_next
from loyalty.campaigns.queries import variables_of
from loyalty.delivery import api as delivery
from loyalty.foundation.approvals import api as approvals
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.orm.api import bump_version
from loyalty.programs import api as programs
from loyalty.segments import api as segments

# What a caller may change, with the column that holds it.
CHANGEABLE = {
    "name": "name",
    "description": "description",
    "program": "program_ref",
    "segment": "segment_ref",
    "purpose": "purpose",
    "trigger": "trigger",
    "channels": "channels",
    "content": "content",
}


def lock(campaign_id: uuid.UUID) -> Campaign:
    """Hold a campaign's row until the end of the transaction.

    :raises CampaignNotFound: there is none.
    """
    found = Campaign.objects.select_for_update().filter(public_id=campaign_id).first()
    if found is None:
        raise CampaignNotFound()
    return found


def create(*, new: NewCampaign, actor: Actor, now: datetime, is_active: bool = False) -> uuid.UUID:
    """Create a draft, or a campaign that is active at once; where activating waits for others, a draft that waits.

    :raises WaitsForApproval: the draft is kept, and its activation is asked for.

    :raises TriggerInvalid, ChannelsInvalid, ContentInvalid, TemplateInvalid: something in it cannot be used.
    :raises ProgramUnknown, SegmentUnknown: what it names does not exist.
    """
    campaign = Campaign(
        name=new.name,
        description=new.description,
        program_ref=new.program,
        segment_ref=new.segment,
        purpose=new.purpose,
        trigger=dict(new.trigger),
        channels=list(new.channels),
        content=dict(new.content),
    )
    with transaction.atomic():
        check(campaign, now=now)
        campaign.save()
        _record(campaign, "campaigns.create", actor, now, before=None)
        outcome = activate_or_ask(campaign, actor, now) if is_active else None
    approvals.settled(outcome)
    return campaign.public_id


@transaction.atomic
def change(*, campaign_id: uuid.UUID, changes: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """Change a campaign; occurrences that have begun go on with what they began with.

    :raises CampaignStateWrong: it has ended.
    :raises TriggerInvalid, ChannelsInvalid, ContentInvalid, TemplateInvalid, ProgramUnknown, SegmentUnknown: as above.
    """
    campaign = lock(campaign_id)
    if campaign.status == CampaignStatus.ENDED:
        raise CampaignStateWrong("An ended campaign stays as it is.")
    before = describe(campaign)
    held = campaign.trigger
    for name, value in changes.items():
        setattr(campaign, CHANGEABLE[name], value)
    if campaign.trigger.get("filter") == held.get("filter") and "filter_profile" in held:
        # A filter that nobody changed keeps its meaning.
        campaign.trigger = {"filter_profile": held["filter_profile"], **campaign.trigger}
    check(campaign, now=now)
    if {"segment", "program", "trigger", "channels"} & set(changes):
        refuse_growth(campaign, actor, now)
    if "trigger" in changes:
        campaign.is_threshold_met = False
        if campaign.status == CampaignStatus.ACTIVE:
            schedule_next(campaign, now)
    campaign.save()
    bump_version(campaign)
    _record(campaign, "campaigns.change", actor, now, before=before)


@transaction.atomic
def delete(*, campaign_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """Delete a campaign that was never triggered.

    :raises CampaignInUse: it was.
    """
    campaign = lock(campaign_id)
    if campaign.occurrences.exists():
        raise CampaignInUse("It has been triggered; end it instead.")
    _record(campaign, "campaigns.delete", actor, now, before=describe(campaign), is_gone=True)
    campaign.delete()


def check(campaign: Campaign, *, now: datetime) -> None:
    """Hold a campaign against its kinds, its channels and what it names; brings the trigger into its kept form."""
    kind = registry.get(campaign.trigger.get("kind"))
    campaign.trigger = kind.read(campaign.trigger)
    campaign.trigger_kind = kind.kind
    campaign.event_type = campaign.trigger.get("event_type", "")
    if campaign.program_ref is not None:
        try:
            programs.get_plan(campaign.program_ref, at=now)
        except programs.ProgramNotFound as fault:
            raise _unknown(ProgramUnknown, "program") from fault
    if campaign.segment_ref is not None:
        try:
            segments.get_segment(campaign.segment_ref)
        except segments.SegmentNotFound as fault:
            raise _unknown(SegmentUnknown, "segment") from fault
    _check_channels(campaign)
    variables = variables_of(campaign.trigger, campaign.program_ref)
    for channel in campaign.channels:
        delivery.check_content(
            channel=channel, content=campaign.content[channel], variables=variables, field=f"content.{channel}"
        )


def _unknown(refusal: type[ProgramUnknown | SegmentUnknown], field: str) -> ProgramUnknown | SegmentUnknown:
    message = f"There is no such {field}."
    return refusal(message, problems=[FieldProblem(field, refusal.code, message)])


def _check_channels(campaign: Campaign) -> None:
    problems = []
    if not campaign.channels or len(set(campaign.channels)) != len(campaign.channels):
        problems.append(FieldProblem("channels", "channels.invalid", "Name at least one channel, each once."))
    for channel in campaign.channels:
        if not isinstance(campaign.content.get(channel), dict):
            problems.append(FieldProblem(f"content.{channel}", "required", f"The channel {channel} has no content."))
    for channel in campaign.content:
        if channel not in campaign.channels:
            name = str(channel)[:40]
            problems.append(FieldProblem(f"content.{name}", "unknown_field", f"{name} is not among the channels."))
    for channel in campaign.channels:
        if channel not in delivery.list_channels():
            # The channel's own refusal says whether it is unknown or only not available here.
            delivery.check_content(channel=channel, content={}, variables=())
    if problems:
        raise ChannelsInvalid(problems[0].message, problems=problems)


def describe(campaign: Campaign) -> dict[str, Any]:
    """Give a campaign as the audit log keeps it."""
    return {
        "name": campaign.name,
        "description": campaign.description,
        "program": str(campaign.program_ref) if campaign.program_ref else None,
        "segment": str(campaign.segment_ref) if campaign.segment_ref else None,
        "purpose": campaign.purpose,
        "trigger": campaign.trigger,
        "channels": list(campaign.channels),
        "content": campaign.content,
        "status": campaign.status,
    }


def _record(
    campaign: Campaign, act: str, actor: Actor, now: datetime, *, before: dict[str, Any] | None, is_gone: bool = False
) -> None:
    audit.record(
        actor=actor,
        act=act,
        subject_kind="campaign",
        subject_ref=str(campaign.public_id),
        at=now,
        before=before,
        after=None if is_gone else describe(campaign),
    )
