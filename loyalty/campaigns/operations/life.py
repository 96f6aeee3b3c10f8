"""The life of a campaign: activate, pause, end."""

import uuid
from datetime import datetime

from django.db import transaction

from loyalty.campaigns.contracts import CampaignStatus, TriggerKind
from loyalty.campaigns.errors import CampaignNotFound, CampaignStateWrong, SchedulePast
from loyalty.campaigns.events import CampaignStatusChanged
from loyalty.campaigns.kinds import registry
from loyalty.campaigns.models import Campaign
from loyalty.delivery import api as delivery
from loyalty.foundation.audit import api as audit
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor

ENDED_REASON = "campaign.ended"


def _lock(campaign_id: uuid.UUID) -> Campaign:
    found = Campaign.objects.select_for_update().filter(public_id=campaign_id).first()
    if found is None:
        raise CampaignNotFound()
    return found


@transaction.atomic
def activate(*, campaign_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """Let a campaign run; what waited while it was paused goes on, and nothing is sent again.

    A threshold that is met already counts as crossed at the first look after the activation.

    :raises CampaignStateWrong: it has ended.
    :raises SchedulePast: its schedule has no slot left.
    """
    campaign = _lock(campaign_id)
    if campaign.status == CampaignStatus.ACTIVE:
        return
    if campaign.status == CampaignStatus.ENDED:
        raise CampaignStateWrong("An ended campaign stays ended.")
    was_paused = campaign.status == CampaignStatus.PAUSED
    schedule_next(campaign, now)
    if not was_paused:
        campaign.is_threshold_met = False
    campaign.activated_at = now
    _change_status(campaign, CampaignStatus.ACTIVE, "campaigns.activate", actor, now)
    if was_paused:
        delivery.release(source_ref=campaign.public_id, now=now)


@transaction.atomic
def pause(*, campaign_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """Stop a campaign for now; what waits in the queue is held.

    :raises CampaignStateWrong: it is not active.
    """
    campaign = _lock(campaign_id)
    if campaign.status == CampaignStatus.PAUSED:
        return
    if campaign.status != CampaignStatus.ACTIVE:
        raise CampaignStateWrong("Only an active campaign can be paused.")
    campaign.due_at = None
    _change_status(campaign, CampaignStatus.PAUSED, "campaigns.pause", actor, now)
    delivery.hold(source_ref=campaign.public_id)


@transaction.atomic
def end(*, campaign_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """End a campaign for good; what still waits in the queue is dropped, with the reason."""
    campaign = _lock(campaign_id)
    if campaign.status == CampaignStatus.ENDED:
        return
    campaign.due_at = None
    _change_status(campaign, CampaignStatus.ENDED, "campaigns.activate", actor, now)
    delivery.cancel(source_ref=campaign.public_id, reason=ENDED_REASON, now=now)


def schedule_next(campaign: Campaign, now: datetime) -> None:
    """Set when the clock sets the campaign off next.

    :raises SchedulePast: it never does.
    """
    campaign.due_at = registry.get(campaign.trigger_kind).first_due(campaign.trigger, now)
    if campaign.trigger_kind == TriggerKind.SCHEDULE and campaign.due_at is None:
        raise SchedulePast("The schedule has no slot in the future.")


def _change_status(campaign: Campaign, status: CampaignStatus, act: str, actor: Actor, now: datetime) -> None:
    before, campaign.status = campaign.status, status
    campaign.version += 1
    campaign.updated_at = now
    campaign.save()
    ref = str(campaign.public_id)
    audit.record(
        actor=actor,
        act=act,
        subject_kind="campaign",
        subject_ref=ref,
        at=now,
        before={"status": before},
        after={"status": str(status)},
    )
    fact = CampaignStatusChanged(campaign_id=ref, before=before, after=str(status))
    events.publish(fact, key=ref, subject_kind="campaign", subject_ref=ref, occurred_at=now)
