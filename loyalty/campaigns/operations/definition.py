"""Creating, changing and deleting campaigns."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.campaigns.contracts import CampaignStatus, NewCampaign
from loyalty.campaigns.errors import CampaignInUse, CampaignNotFound, CampaignStateWrong
from loyalty.campaigns.kinds import threshold
from loyalty.campaigns.models import BalanceMark, Campaign
from loyalty.campaigns.operations.checking import check
from loyalty.campaigns.operations.life import RUNNING, activate_or_ask, refuse_growth, reschedule
from loyalty.delivery import api as delivery
from loyalty.foundation.approvals import api as approvals
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.editing import VersionCheck, any_version
from loyalty.foundation.orm.api import bump_version

# What a caller may change, with the column that holds it.
CHANGEABLE = {
    "name": "name",
    "description": "description",
    "program": "program_ref",
    "segments": "segment_refs",
    "excluded_segments": "excluded_segment_refs",
    "purpose": "purpose",
    "trigger": "trigger",
    "channels": "channels",
    "content": "content",
    "goal": "goal",
    "fallback": "fallback",
    "variants": "variants",
    "control_percent": "control_percent",
    "offers": "offers",
    "budget_amount": "budget_amount",
    "priority": "priority",
    "repeat_days": "repeat_days",
    "valid_hours": "valid_hours",
    "seeds": "seeds",
    "starts_at": "starts_at",
    "ends_at": "ends_at",
}
# A change of one of these can let more people be written to than were counted when the campaign was activated.
GROWING = {"segments", "excluded_segments", "program", "trigger", "channels", "repeat_days", "control_percent"}
# A change of one of these can move the next slot; of a program the zone by which it goes.
TIMING = {"program", "starts_at", "ends_at"}
LISTS = {"segments", "excluded_segments", "channels", "variants", "offers", "seeds"}


SAID = {"name", "description", "program", "segments", "trigger", "content"}


def _measured(campaign: Campaign) -> list[uuid.UUID | None]:
    """Give what the measure of a threshold is one of: a segment, else the program."""
    is_segment = campaign.trigger.get("measure") == threshold.SEGMENT_SIZE
    return list(campaign.segment_refs) if is_segment else [campaign.program_ref]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


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

    :raises TriggerInvalid, ChannelsInvalid, SettingsInvalid, ContentInvalid, TemplateInvalid: something in it cannot
    be used.
    :raises ProgramUnknown, SegmentUnknown: what it names does not exist.
    """
    campaign = Campaign(
        name=new.name,
        description=new.description,
        program_ref=new.program,
        owner_ref=actor.owner_ref,
        segment_refs=list(new.segments or ([new.segment] if new.segment else [])),
        trigger=dict(new.trigger),
        content=dict(new.content),
        **{column: _plain(getattr(new, name)) for name, column in CHANGEABLE.items() if name not in SAID},
    )
    with transaction.atomic():
        check(campaign, now=now)
        campaign.save()
        _record(campaign, "campaigns.create", actor, now, before=None)
        outcome = activate_or_ask(campaign, actor, now) if is_active else None
    approvals.settled(outcome)
    return campaign.public_id


@transaction.atomic
def change(
    *,
    campaign_id: uuid.UUID,
    changes: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    check_version: VersionCheck = any_version,
) -> None:
    """Change a campaign; occurrences that have begun go on with what they began with.

    :param check_version: may refuse the version that stands.

    :raises CampaignStateWrong: it has ended.
    :raises TriggerInvalid, ChannelsInvalid, ContentInvalid, TemplateInvalid, ProgramUnknown, SegmentUnknown: as above.
    """
    campaign = lock(campaign_id)
    check_version(campaign.version)
    if campaign.status == CampaignStatus.ENDED:
        raise CampaignStateWrong("An ended campaign stays as it is.")
    before = describe(campaign)
    held, measured, was_bounded = campaign.trigger, _measured(campaign), campaign.budget_amount is not None
    wanted = dict(changes)
    if "segment" in wanted:
        one = wanted.pop("segment")
        wanted["segments"] = [one] if one is not None else []
    for name, value in wanted.items():
        setattr(campaign, CHANGEABLE[name], list(value) if name in LISTS else value)
    if campaign.status == CampaignStatus.REVIEW:
        # What was to be looked at is another campaign now.
        campaign.status = CampaignStatus.DRAFT
    if campaign.trigger.get("filter") == held.get("filter") and "filter_profile" in held:
        # A filter that nobody changed keeps its meaning.
        campaign.trigger = {"filter_profile": held["filter_profile"], **campaign.trigger}
    check(campaign, now=now)
    if GROWING & set(wanted):
        refuse_growth(campaign, actor, now)
    if was_bounded and campaign.budget_amount is None:
        delivery.drop_source_budget(source_ref=campaign.public_id)
    is_other_trigger = campaign.trigger != held
    if is_other_trigger or _measured(campaign) != measured:
        # On which side of another bound, or with another segment or program, says nothing of this one.
        campaign.is_threshold_met = False
        BalanceMark.objects.filter(campaign=campaign).delete()
    if campaign.status in RUNNING and (is_other_trigger or TIMING & set(wanted)):
        reschedule(campaign, now, is_other_trigger=is_other_trigger)
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


TOLD_AS_KEPT = (
    "goal", "fallback", "variants", "control_percent", "offers", "budget_amount", "priority", "repeat_days",
    "valid_hours",
    "seeds", "starts_at", "ends_at",
)  # fmt: skip


def describe(campaign: Campaign) -> dict[str, Any]:
    """Give a campaign as the audit log keeps it."""
    return {
        "name": campaign.name,
        "description": campaign.description,
        "program": str(campaign.program_ref) if campaign.program_ref else None,
        "segments": [str(one) for one in campaign.segment_refs],
        "excluded_segments": [str(one) for one in campaign.excluded_segment_refs],
        "purpose": campaign.purpose,
        "trigger": campaign.trigger,
        "channels": list(campaign.channels),
        "content": campaign.content,
        **{name: _told(getattr(campaign, name)) for name in TOLD_AS_KEPT},
        "status": campaign.status,
    }


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


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
