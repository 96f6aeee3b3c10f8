"""Triggering: an occurrence begins once, its plan and its content are frozen, its answer is kept."""

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.campaigns.contracts import MANUAL, CampaignStatus, Cause, TriggerOutcome
from loyalty.campaigns.errors import CampaignNotActive, CampaignNotFound, OccurrenceInvalid
from loyalty.campaigns.events import CampaignTriggered
from loyalty.campaigns.models import Campaign, Occurrence
from loyalty.campaigns.operations import fan_out
from loyalty.campaigns.queries import CAMPAIGN_NAME, variables_of
from loyalty.delivery import api as delivery
from loyalty.foundation.audit import api as audit
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work

OCCURRENCE_LENGTH_MAX = 200
# A message about something that just happened goes before bulk.
PRIORITY_EVENT, PRIORITY_BULK = 0, 5

BEGIN = """
    INSERT INTO campaigns_occurrence (public_id, campaign_id, occurrence, trigger_kind, event_id, customer_ref, plan,
        answer, triggered_at, is_complete)
    VALUES (%(public_id)s, %(campaign)s, %(occurrence)s, %(kind)s, %(event)s, %(customer)s, '{}', '{}', %(now)s, false)
    ON CONFLICT (campaign_id, occurrence) DO NOTHING RETURNING id
"""


def check_occurrence(text: str) -> str:
    """Give the name of an occurrence back when it can be one.

    :raises OccurrenceInvalid: it cannot.
    """
    if not 0 < len(text) <= OCCURRENCE_LENGTH_MAX or not text.isprintable() or text != text.strip():
        raise OccurrenceInvalid(f"An occurrence is named by 1 to {OCCURRENCE_LENGTH_MAX} printable characters.")
    return text


@transaction.atomic
def trigger(
    *, campaign_id: uuid.UUID, occurrence: str | None, cause: Cause, actor: Actor, now: datetime
) -> TriggerOutcome:
    """Begin an occurrence of a campaign, or give the first answer of one that has begun before.

    The audience is counted now; a run places it in the send queue in chunks. For an event there is one customer, who
    is placed here.

    :raises CampaignNotFound: there is no such campaign.
    :raises CampaignNotActive: it does not run.
    :raises OccurrenceInvalid: the name cannot be one.
    """
    name = check_occurrence(occurrence) if occurrence is not None else f"{MANUAL}-{new_public_id()}"
    # A share lock lets triggers run side by side, and makes a pause wait for them or them for it.
    if sql.fetch_one("SELECT id FROM campaigns_campaign WHERE public_id = %s FOR SHARE", [campaign_id]) is None:
        raise CampaignNotFound()
    campaign = Campaign.objects.get(public_id=campaign_id)
    begun = Occurrence.objects.filter(campaign=campaign, occurrence=name).first()
    if begun is not None:
        return TriggerOutcome(is_new=False, answer=begun.answer)
    if campaign.status != CampaignStatus.ACTIVE:
        raise CampaignNotActive("Activate it first.", campaign_status=campaign.status)
    made, is_new = _begin(campaign, name, cause, now)
    if not is_new:
        return TriggerOutcome(is_new=False, answer=made.answer)
    _fill(campaign, made, cause, actor, now)
    _tell(campaign, made, cause, actor, now)
    return TriggerOutcome(is_new=True, answer=made.answer)


def _begin(campaign: Campaign, name: str, cause: Cause, now: datetime) -> tuple[Occurrence, bool]:
    """Take the occurrence's name; who comes second waits for the first and gets that one."""
    row = sql.fetch_one(
        BEGIN,
        {
            "public_id": new_public_id(),
            "campaign": campaign.pk,
            "occurrence": name,
            "kind": cause.kind,
            "event": cause.event_id,
            "customer": cause.customer_id,
            "now": now,
        },
    )
    if row is not None:
        return Occurrence.objects.get(pk=row["id"]), True
    return Occurrence.objects.get(campaign=campaign, occurrence=name), False


def _fill(campaign: Campaign, made: Occurrence, cause: Cause, actor: Actor, now: datetime) -> None:
    """Freeze the plan and the content, count or place the audience, and keep the answer."""
    used = tuple({name for one in campaign.channels for name in delivery.list_variables(one, campaign.content[one])})
    shared = {**cause.shared, CAMPAIGN_NAME: campaign.name}
    made.plan = {
        "program": str(campaign.program_ref) if campaign.program_ref else None,
        "segment": str(campaign.segment_ref) if campaign.segment_ref else None,
        "shared": {name: value for name, value in shared.items() if name in used},
        "used": sorted(used),
        "messages": {channel: str(_open(campaign, made, channel, cause, now)) for channel in campaign.channels},
    }
    made.save(update_fields=["plan"])
    run: work.RunView | None = None
    if cause.customer_id is not None:
        placed = fan_out.place(made, now=now, is_held=False)
        audience, excluded = placed.queued, placed.excluded
    else:
        counts = [
            delivery.count_audience(audience=fan_out.audience_of(made), channel=one, purpose=campaign.purpose, now=now)
            for one in campaign.channels
        ]
        audience = sum(one.sendable for one in counts)
        excluded = fan_out.sum_up(one.excluded for one in counts)
        run = work.start(
            kind=fan_out.RUN_KIND,
            subject_kind="campaign_occurrence",
            subject_ref=str(made.public_id),
            params={"campaign": str(campaign.public_id), "occurrence": made.occurrence},
            actor=actor,
            now=now,
        )
    made.answer = {
        "run": _run_body(run),
        "occurrence": made.occurrence,
        "audience": audience,
        "excluded": excluded,
    }
    made.save(update_fields=["answer"])
    # Read back, so that the first answer has the very form in which it is given again.
    made.refresh_from_db(fields=["answer"])


def _run_body(run: work.RunView | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "id": str(run.id),
        "kind": run.kind,
        "status": str(run.status),
        "phase": run.phase,
        "done": run.done,
        "total": run.total,
    }


def _open(campaign: Campaign, made: Occurrence, channel: str, cause: Cause, now: datetime) -> uuid.UUID:
    request = delivery.MessageRequest(
        occurrence_key=f"campaign:{campaign.public_id}:{made.occurrence}",
        channel=channel,
        purpose=campaign.purpose,
        content=campaign.content[channel],
        variables=variables_of(campaign.trigger, campaign.program_ref),
        source_kind="campaign",
        source_ref=campaign.public_id,
        occurrence_ref=made.public_id,
        priority=PRIORITY_EVENT if cause.customer_id is not None else PRIORITY_BULK,
    )
    return delivery.open_message(request=request, now=now).id


def _tell(campaign: Campaign, made: Occurrence, cause: Cause, actor: Actor, now: datetime) -> None:
    """Publish the fact, and write the audit row of what a person or the clock did; events are their own record."""
    ref = str(campaign.public_id)
    customer = str(cause.customer_id) if cause.customer_id else ""
    fact = CampaignTriggered(
        campaign_id=ref,
        occurrence=made.occurrence,
        trigger_kind=cause.kind,
        audience=made.answer["audience"],
        excluded=made.answer["excluded"],
        customer_id=customer,
    )
    events.publish(
        fact,
        key=customer or ref,
        subject_kind="campaign",
        subject_ref=ref,
        occurred_at=now,
        causation_id=cause.event_id,
    )
    if cause.event_id is None:
        audit.record(
            actor=actor,
            act="campaigns.trigger",
            subject_kind="campaign",
            subject_ref=ref,
            at=now,
            after={"occurrence": made.occurrence, "audience": made.answer["audience"]},
        )
