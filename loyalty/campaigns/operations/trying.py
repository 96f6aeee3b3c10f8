"""Trying a campaign: who would be written to and who not, how it looks for one customer, a test send."""

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.campaigns.contracts import Plan
from loyalty.campaigns.errors import AddressInvalid, CustomerUnknown
from loyalty.campaigns.models import Campaign
from loyalty.campaigns.operations import counting
from loyalty.campaigns.operations.checking import content_of
from loyalty.campaigns.operations.planning import plan_of, units_of
from loyalty.campaigns.queries import audience as audiences
from loyalty.campaigns.queries.audience import CAMPAIGN_NAME
from loyalty.campaigns.queries.campaigns import variables_of
from loyalty.delivery import api as delivery
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.web.masking import masked


def preview(
    campaign: Campaign, *, customer: uuid.UUID | None, now: datetime, is_revealed: bool = True
) -> dict[str, Any]:
    """Count the audience by channel and reason as of now, and render the content for one customer, whose name is
    masked where it is not revealed; of a named customer it says what would happen, and why."""
    plan = plan_of(campaign)
    counted = counting.within_budgets(
        counting.count_live(plan, campaign.purpose, now),
        plan=plan,
        units=units_of(campaign),
        amount=campaign.budget_amount,
        now=now,
    )
    return {
        "audience": counted["audience"],
        "sendable": counted["audience"],
        "excluded": counted["excluded"],
        "total": counted["total"],
        "is_estimated": counted["is_estimated"],
        "channels": counted["channels"],
        "sample": _sample(campaign, customer, is_revealed),
        "verdict": _verdict(campaign, plan, customer, now) if customer is not None else None,
    }


def _verdict(campaign: Campaign, plan: Plan, customer: uuid.UUID, now: datetime) -> dict[str, Any]:
    """Say of one customer whether it is meant, by channel why nothing would go ('' where it would), and until when it
    would wait (None where it would go at once)."""
    base = audiences.one(customer)
    audience = audiences.audience_of(plan, base, at=now)
    reasons = {}
    for channel in plan.channels:
        counted = delivery.count_audience(audience=audience, channel=channel, purpose=campaign.purpose, now=now)
        reasons[channel] = next((reason for reason, many in counted.excluded.items() if many), "")
        if not reasons[channel] and not _is_paid(campaign, plan, channel, now):
            reasons[channel] = delivery.Exclusion.BUDGET.value
    waits = delivery.list_quiet_until(customer=customer, channels=plan.channels, purpose=campaign.purpose, now=now)
    return {
        "is_meant": customer in audiences.meant_of(plan, [customer]),
        "reasons": reasons,
        "waits": {one: None if reasons[one] or until is None else until.isoformat() for one, until in waits.items()},
    }


def _is_paid(campaign: Campaign, plan: Plan, channel: str, now: datetime) -> bool:
    """Tell whether the budgets pay for one message more."""
    paid = delivery.count_paid(
        {channel: 1},
        units={},
        source_ref=plan.campaign,
        program_ref=plan.program,
        source_amount=campaign.budget_amount,
        now=now,
    )
    return paid[channel] > 0


def _sample(campaign: Campaign, customer: uuid.UUID | None, is_revealed: bool) -> dict[str, Any] | None:
    """Render every channel for one customer, in its own variant; one who would be skipped for want of a value says
    which."""
    try:
        found = audiences.sample_customer(plan_of(campaign), customer=customer)
    except CustomerUnknown:
        if customer is not None:
            raise
        return None
    values = values_of(found) if is_revealed else masked(values_of(found))
    variant = next((one for one in campaign.variants if one["code"] == found.get("variant")), None)
    rendered: dict[str, Any] = {}
    for channel in campaign.channels:
        content = content_of(campaign, channel, variant)
        try:
            shown = delivery.render_preview(channel=channel, content=content, values=values, language=found["language"])
            rendered[channel] = {"subject": shown.subject, "html": shown.html, "text": shown.text, "missing": None}
        except delivery.VariableMissing as missing:
            rendered[channel] = {"subject": "", "html": "", "text": "", "missing": missing.name}
    return {
        "customer_id": str(found["customer_public_id"]),
        "customer_ref": found["customer_ref"],
        "variant": found.get("variant") or "",
        "content": rendered,
    }


def values_of(found: dict[str, Any]) -> dict[str, Any]:
    """Give the values of a sample customer as a template gets them."""
    own = {name: found[name] for name in delivery.OWN_VARIABLES}
    return {**found["variables"], **own}


@transaction.atomic
def test_send(
    *, campaign: Campaign, to: str, customer: uuid.UUID | None, actor: Actor, now: datetime
) -> dict[str, Any]:
    """Send the campaign, rendered for one customer, to an address of the operator's own, by the channels of such.

    It counts nowhere, and its way out withdraws nobody's consent.

    :raises AddressInvalid: it is an address of none of the campaign's channels.
    :raises CustomerUnknown: there is no such customer, or nobody in the audience.
    """
    channels = delivery.list_channels_of_address(campaign.channels, to)
    if not channels:
        message = f"This is not {delivery.words_of_addresses(campaign.channels)}."
        raise AddressInvalid(message, problems=[FieldProblem("to", AddressInvalid.code, message)])
    found = audiences.sample_customer(plan_of(campaign), customer=customer)
    variant = next((one for one in campaign.variants if one["code"] == found.get("variant")), None)
    test_id = new_public_id()
    for channel in channels:
        request = delivery.MessageRequest(
            occurrence_key=f"campaign-test:{test_id}",
            channel=channel,
            purpose=campaign.purpose,
            content=content_of(campaign, channel, variant),
            variables=variables_of(campaign.trigger, campaign.program_ref, campaign.offers),
            source_kind="campaign_test",
            source_ref=test_id,
            priority=0,
            is_test=True,
        )
        opened = delivery.open_message(request=request, now=now)
        delivery.enqueue_test(
            message_id=opened.id,
            customer=found["customer_id"],
            variables={CAMPAIGN_NAME: campaign.name, **found["variables"]},
            to=to,
            now=now,
        )
    audit.record(
        actor=actor,
        act="campaigns.test_send",
        subject_kind="campaign",
        subject_ref=str(campaign.public_id),
        at=now,
        after={"test_id": str(test_id), "customer_id": str(found["customer_public_id"])},
    )
    return {
        "test_id": str(test_id),
        "to": to,
        "channels": channels,
        "customer_id": str(found["customer_public_id"]),
        "customer_ref": found["customer_ref"],
    }
