"""The life of a campaign: review, activation at once or at its beginning, pause, end."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.campaigns.contracts import CampaignStatus, TriggerKind
from loyalty.campaigns.errors import CampaignNotFound, CampaignStateWrong, SchedulePast
from loyalty.campaigns.events import CampaignStatusChanged
from loyalty.campaigns.kinds import registry
from loyalty.campaigns.models import Campaign
from loyalty.campaigns.operations.planning import plan_of, zone_of_program
from loyalty.campaigns.queries.sizing import count_meant
from loyalty.delivery import api as delivery
from loyalty.foundation.approvals import api as approvals
from loyalty.foundation.audit import api as audit
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.work import api as work

ENDED_REASON = "campaign.ended"
# Whoever was asked has said yes: it runs, or will without anybody being asked again.
RUNNING = (CampaignStatus.SCHEDULED, CampaignStatus.ACTIVE)


def _lock(campaign_id: uuid.UUID) -> Campaign:
    found = Campaign.objects.select_for_update().filter(public_id=campaign_id).first()
    if found is None:
        raise CampaignNotFound()
    return found


KIND = "campaigns.activate"
WORDS: approvals.Words = {
    "en": {"activate": "Activate the campaign {name}"},
    "ar": {"activate": "تفعيل الحملة {name}"},
}
LOOK_BACK_KIND = "campaigns.look_back"


@transaction.atomic
def submit(*, campaign_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """Give a draft to somebody to look at; a change makes it a draft again, and activating it ends the review.

    :raises CampaignStateWrong: it is no draft.
    """
    campaign = _lock(campaign_id)
    if campaign.status == CampaignStatus.REVIEW:
        return
    if campaign.status != CampaignStatus.DRAFT:
        raise CampaignStateWrong("Only a draft is reviewed.")
    _change_status(campaign, CampaignStatus.REVIEW, "campaigns.change", actor, now)


@transaction.atomic
def send_back(*, campaign_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """End a review without activating: it is a draft again.

    :raises CampaignStateWrong: it is not under review.
    """
    campaign = _lock(campaign_id)
    if campaign.status != CampaignStatus.REVIEW:
        raise CampaignStateWrong("It is not under review.")
    _change_status(campaign, CampaignStatus.DRAFT, "campaigns.activate", actor, now)


def activate(*, campaign_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """Let a campaign run, or ask for it; what waited while it was paused goes on, and nothing is sent again.

    One whose beginning lies ahead is SCHEDULED, and becomes active then. A threshold that is met already counts as
    crossed
    at the first look after the activation.

    :raises WaitsForApproval: a workflow has so large an audience wait for others; the request is kept.
    :raises CampaignStateWrong: it has ended.
    :raises SchedulePast: its schedule has no slot left.
    """
    with transaction.atomic():
        outcome = activate_or_ask(_lock(campaign_id), actor, now)
    approvals.settled(outcome)


def activate_or_ask(campaign: Campaign, actor: Actor, now: datetime) -> approvals.Waiting | None:
    """Activate a campaign that the caller holds, or give the request for it; the caller settles that in the end."""
    waiting = _propose(campaign, actor, now)
    if waiting is None:
        _activate(campaign, actor, now)
    return waiting


def _propose(campaign: Campaign, actor: Actor, now: datetime) -> approvals.Waiting | None:
    """Ask for the activation when a workflow demands it.

    :raises CampaignStateWrong, SchedulePast: it would be refused anyway.
    """
    if campaign.status == CampaignStatus.ACTIVE or not approvals.is_demanded(KIND):
        return None
    _check_activation(campaign, now)
    audience = audience_size(campaign, now)
    return approvals.submit(
        approvals.Proposal(
            kind=KIND, subject_kind="campaign", subject_ref=str(campaign.public_id), actor=actor, now=now,
            payload={"campaign_id": campaign.public_id, "version": campaign.version, "name": campaign.name},
            before={"status": campaign.status},
            after={"status": CampaignStatus.ACTIVE.value, "audience": audience, **_told(campaign)}, amount=audience,
        )
    )  # fmt: skip


def apply(payload: Mapping[str, Any], *, actor: Actor, now: datetime) -> Mapping[str, Any]:
    """Activate a campaign that was approved, as whoever asked for it."""
    _activate(_lock(uuid.UUID(payload["campaign_id"])), actor, now)
    return {"campaign_id": payload["campaign_id"], "status": CampaignStatus.ACTIVE.value}


def is_still_valid(payload: Mapping[str, Any], *, now: datetime) -> bool:
    """Hold the campaign and tell whether it is as it was read."""
    found = Campaign.objects.select_for_update().filter(public_id=payload["campaign_id"]).first()
    return found is not None and found.version == payload["version"]


def describe(payload: Mapping[str, Any]) -> approvals.Phrase:
    """Say what is asked for."""
    return approvals.Phrase("activate", {"name": payload["name"]})


def audience_size(campaign: Campaign, now: datetime) -> int:
    """Count whom the campaign would be about as of now, before channels and consents leave anybody out."""
    return count_meant(plan_of(campaign))


def _told(campaign: Campaign) -> dict[str, Any]:
    return {
        "name": campaign.name, "segments": [str(one) for one in campaign.segment_refs], "program": campaign.program_ref,
        "excluded_segments": [str(one) for one in campaign.excluded_segment_refs],
        "trigger": campaign.trigger, "channels": list(campaign.channels), "content": campaign.content,
    }  # fmt: skip


def refuse_growth(campaign: Campaign, actor: Actor, now: datetime) -> None:
    """Refuse a change of whom a campaign is about that was let run when a workflow has so many wait for others.

    :raises ApprovalRequired: pause it, change it, and ask for its activation anew.
    """
    if campaign.status not in RUNNING or not approvals.is_demanded(KIND):
        return
    with transaction.atomic():
        ref, size = str(campaign.public_id), audience_size(campaign, now)
        asked = approvals.Proposal(
            kind=KIND, subject_kind="campaign", subject_ref=ref, amount=size, actor=actor, now=now,
            payload={"campaign_id": ref, "version": campaign.version, "name": campaign.name},
        )  # fmt: skip
        if approvals.submit(asked) is not None:
            words = "So large an audience waits for an approval: pause the campaign, change it, and activate it again."
            raise approvals.ApprovalRequired(words, kind=KIND, audience=size)


def _check_activation(campaign: Campaign, now: datetime) -> None:
    if campaign.status == CampaignStatus.ENDED:
        raise CampaignStateWrong("An ended campaign stays ended.")
    if campaign.ends_at is not None and campaign.ends_at <= now:
        raise CampaignStateWrong("Its end has passed.")
    _schedule_next(campaign, now)
    if not campaign.occurrences.exists():
        # What has run may go on without another slot: its messages wait.
        _refuse_past(campaign)


def _activate(campaign: Campaign, actor: Actor, now: datetime) -> None:
    if campaign.status == CampaignStatus.ACTIVE:
        return
    was_paused = campaign.status == CampaignStatus.PAUSED
    _check_activation(campaign, now)
    if campaign.starts_at is not None and campaign.starts_at > now and not was_paused:
        campaign.due_at = campaign.starts_at
        _change_status(campaign, CampaignStatus.SCHEDULED, "campaigns.activate", actor, now)
        return
    if not was_paused:
        campaign.is_threshold_met = False
    campaign.activated_at = now
    _change_status(campaign, CampaignStatus.ACTIVE, "campaigns.activate", actor, now)
    if was_paused:
        delivery.release(source_ref=campaign.public_id, now=now)
    elif campaign.trigger.get("look_back_hours"):
        work.start(
            kind=LOOK_BACK_KIND,
            subject_kind="campaign",
            subject_ref=str(campaign.public_id),
            params={"until": now.isoformat()},
            actor=actor,
            now=now,
        )


@transaction.atomic
def begin(*, campaign_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """Let a scheduled campaign run whose beginning has come; it was approved when it was scheduled."""
    campaign = _lock(campaign_id)
    if campaign.status == CampaignStatus.SCHEDULED and campaign.due_at is not None and campaign.due_at <= now:
        _activate(campaign, actor, now)


@transaction.atomic
def pause(*, campaign_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """Stop a campaign for now; what waits in the queue is held.

    :raises CampaignStateWrong: it is not active.
    """
    campaign = _lock(campaign_id)
    if campaign.status == CampaignStatus.PAUSED:
        return
    if campaign.status == CampaignStatus.SCHEDULED:
        # It has not begun: it goes back to where it came from.
        campaign.due_at = None
        _change_status(campaign, CampaignStatus.DRAFT, "campaigns.pause", actor, now)
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


def reschedule(campaign: Campaign, now: datetime, *, is_other_trigger: bool) -> None:
    """Set anew when a campaign that was let run begins, or runs next.

    :raises SchedulePast: it got another trigger that never comes.
    """
    if campaign.status == CampaignStatus.SCHEDULED:
        campaign.due_at = max(now, campaign.starts_at or now)
        return
    _schedule_next(campaign, now)
    if is_other_trigger:
        _refuse_past(campaign)


def _schedule_next(campaign: Campaign, now: datetime) -> None:
    """Set when the clock sets the campaign off next, counting from its beginning."""
    after = max(now, campaign.starts_at) if campaign.starts_at else now
    zone = zone_of_program(campaign, now)
    campaign.due_at = registry.get(campaign.trigger_kind).first_due(campaign.trigger, after, program_zone=zone)
    if campaign.due_at is not None and campaign.ends_at is not None and campaign.due_at >= campaign.ends_at:
        campaign.due_at = None


def _refuse_past(campaign: Campaign) -> None:
    """Refuse a campaign that goes by the clock when no slot is left for it.

    :raises SchedulePast: none is.
    """
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
