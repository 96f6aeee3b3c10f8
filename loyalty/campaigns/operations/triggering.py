"""Triggering: an occurrence begins once, its plan and its content are frozen, its answer is kept."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.campaigns.contracts import (
    MANUAL,
    SET,
    CampaignStatus,
    Cause,
    NewEntry,
    TriggerOutcome,
)
from loyalty.campaigns.errors import (
    AudienceGrew,
    CampaignNotActive,
    CampaignNotFound,
    CustomerUnknown,
    OccurrenceInvalid,
)
from loyalty.campaigns.events import CampaignTriggered
from loyalty.campaigns.models import Campaign, Occurrence
from loyalty.campaigns.operations import counting, fan_out
from loyalty.campaigns.operations.checking import content_of
from loyalty.campaigns.operations.planning import falls_back_until, plan_of, request_of, units_of
from loyalty.campaigns.policy import plans
from loyalty.campaigns.queries import audience as audiences
from loyalty.campaigns.queries.audience import CAMPAIGN_NAME
from loyalty.campaigns.queries.campaigns import variables_of
from loyalty.delivery import api as delivery
from loyalty.foundation.audit import api as audit
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work

OCCURRENCE_LENGTH_MAX = 200

BEGIN = """
    INSERT INTO campaigns_occurrence (public_id, campaign_id, occurrence, trigger_kind, plan, answer, triggered_at,
        is_complete, population)
    VALUES (%(public_id)s, %(campaign)s, %(occurrence)s, %(kind)s, '{}', '{}', %(now)s, false, 0)
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
    *,
    campaign_id: uuid.UUID,
    occurrence: str | None,
    cause: Cause,
    actor: Actor,
    now: datetime,
    audience_max: int | None = None,
) -> TriggerOutcome:
    """Begin an occurrence of a campaign, or give the first answer of one that has begun before.

    The audience is kept and counted now; a run places it in the send queue in slices. What answers a fact about one
    customer is begun in ``answering.py``.

    :param audience_max: refuse it when more are meant than whoever asks for it has seen.
    :raises CampaignNotFound: there is no such campaign.
    :raises CampaignNotActive: it does not run.
    :raises OccurrenceInvalid: the name cannot be one.
    :raises AudienceGrew: more than ``audience_max`` are meant; nothing began.
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
    if audience_max is not None and made.population > audience_max:
        words = f"{made.population} customers are meant now, {audience_max} were counted."
        raise AudienceGrew(words, population=made.population)
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
            "kind": str(cause.kind),
            "now": now,
        },
    )
    if row is not None:
        return Occurrence.objects.get(pk=row["id"]), True
    return Occurrence.objects.get(campaign=campaign, occurrence=name), False


def _fill(campaign: Campaign, made: Occurrence, cause: Cause, actor: Actor, now: datetime) -> None:
    """Freeze the plan, the content and the audience, count it, and keep the answer."""
    plan = plan_of(campaign, shared=cause.shared, due=cause.due)
    made.campaign = campaign
    made.plan = {
        **plans.kept(plan),
        "messages": {channel: str(_open(campaign, made, channel, cause, now)) for channel in campaign.channels},
    }
    made.falls_back_until = falls_back_until(plan, now)
    made.population = fan_out.freeze(made, plan)
    made.save()
    told = counting.within_budgets(
        counting.count(made, plan, campaign.purpose, now),
        plan=plan,
        units=units_of(campaign),
        amount=campaign.budget_amount,
        now=now,
    )
    _send_seeds(campaign, made, now)
    run = work.start(
        kind=fan_out.RUN_KIND,
        subject_kind="campaign_occurrence",
        subject_ref=str(made.public_id),
        params={"campaign": str(campaign.public_id), "occurrence": made.occurrence},
        actor=actor,
        now=now,
    )
    made.answer = {"run": _run_body(run), "occurrence": made.occurrence, "id": str(made.public_id),
                   "population": made.population, **told}  # fmt: skip
    made.save(update_fields=["answer"])
    # Read back, so that the first answer has the very form in which it is given again.
    made.refresh_from_db(fields=["answer"])


def begin_set(
    campaign: Campaign, made: Occurrence, entries: Sequence[NewEntry], cause: Cause, actor: Actor, now: datetime
) -> None:
    """Fill an occurrence whose customers the caller names; the caller holds the campaign."""
    plan = plan_of(campaign)
    made.plan = {
        **plans.kept(plan),
        "messages": {channel: str(_open(campaign, made, channel, cause, now)) for channel in campaign.channels},
    }
    made.population, made.is_complete, made.falls_back_until = len(entries), True, falls_back_until(plan, now)
    made.save()
    placed = fan_out.place(made, audiences.given(entries), now=now, is_held=False)
    made.answer = {"run": None, "occurrence": made.occurrence, "id": str(made.public_id), "population": len(entries),
                   "audience": placed.queued, "excluded": placed.excluded}  # fmt: skip
    made.save(update_fields=["answer"])
    _tell(campaign, made, cause, actor, now)


def _send_seeds(campaign: Campaign, made: Occurrence, now: datetime) -> None:
    """Send the occurrence to the operator's own addresses too, each by the channels of such, rendered for one of its
    customers; it counts nowhere."""
    told = {one: delivery.list_channels_of_address(campaign.channels, one) for one in campaign.seeds}
    if not any(told.values()):
        return
    try:
        found = audiences.sample_customer(plan_of(campaign, shared=made.plan["shared"]), customer=None)
    except CustomerUnknown:
        return
    for place, variant in enumerate(campaign.variants or [None]):
        for address, channels in told.items():
            for channel in channels:
                delivery.enqueue_test(
                    message_id=_open_seed(campaign, made, channel, place, variant, now),
                    customer=found["customer_id"],
                    variables={CAMPAIGN_NAME: campaign.name, **found["variables"]},
                    to=address,
                    now=now,
                )


def _open_seed(
    campaign: Campaign, made: Occurrence, channel: str, place: int, variant: Mapping[str, Any] | None, now: datetime
) -> uuid.UUID:
    """Open the message that the seeds get of one variant on a channel."""
    request = delivery.MessageRequest(
        occurrence_key=f"campaign-seed:{made.public_id}:{place}",
        channel=channel,
        purpose=campaign.purpose,
        content=content_of(campaign, channel, variant),
        variables=variables_of(campaign.trigger, campaign.program_ref, campaign.offers),
        source_kind="campaign_test",
        source_ref=campaign.public_id,
        priority=0,
        is_test=True,
    )
    return delivery.open_message(request=request, now=now).id


def _run_body(run: work.RunView) -> dict[str, Any]:
    return {
        "id": str(run.id),
        "kind": run.kind,
        "status": str(run.status),
        "phase": run.phase,
        "done": run.done,
        "total": run.total,
    }


def _open(campaign: Campaign, made: Occurrence, channel: str, cause: Cause, now: datetime) -> uuid.UUID:
    request = request_of(
        campaign, channel, kind=cause.kind, now=now, occurrence=made.occurrence, ref=made.public_id, due=cause.due
    )
    return delivery.open_message(request=request, now=now).id


def _tell(campaign: Campaign, made: Occurrence, cause: Cause, actor: Actor, now: datetime) -> None:
    """Publish the fact, and write the audit row of what a person or the clock did."""
    ref = str(campaign.public_id)
    fact = CampaignTriggered(
        campaign_id=ref,
        occurrence=made.occurrence,
        trigger_kind=cause.kind,
        audience=made.answer["audience"],
        excluded=made.answer["excluded"],
    )
    # The messages of the occurrence name it as their cause by the occurrence's own id.
    events.publish(fact, key=ref, subject_kind="campaign", subject_ref=ref, occurred_at=now, event_id=made.public_id)
    if cause.kind != SET:
        audit.record(
            actor=actor,
            act="campaigns.trigger",
            subject_kind="campaign",
            subject_ref=ref,
            at=now,
            after={"occurrence": made.occurrence, "audience": made.answer["audience"]},
        )
