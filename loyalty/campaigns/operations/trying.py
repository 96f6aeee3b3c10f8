"""Trying a campaign: who would be written to and who not, how it looks for one customer, a test send."""

import uuid
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from loyalty.campaigns.errors import AddressInvalid, CustomerUnknown
from loyalty.campaigns.models import Campaign
from loyalty.campaigns.operations.fan_out import sum_up
from loyalty.campaigns.queries import CAMPAIGN_NAME, audience_of, sample_customer, variables_of
from loyalty.delivery import api as delivery
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.web.masking import masked


def used_by(campaign: Campaign) -> tuple[str, ...]:
    """Give the names that the campaign's templates use."""
    names = {name for one in campaign.channels for name in delivery.list_variables(one, campaign.content[one])}
    return tuple(sorted(names))


def preview(
    campaign: Campaign, *, customer: uuid.UUID | None, now: datetime, is_revealed: bool = True
) -> dict[str, Any]:
    """Count the audience by channel and reason as of now, and render the content for one customer, whose name is
    masked where it is not revealed."""
    audience = audience_of(program=campaign.program_ref, segment=campaign.segment_ref, shared={}, used=())
    counts = {
        channel: delivery.count_audience(audience=audience, channel=channel, purpose=campaign.purpose, now=now)
        for channel in campaign.channels
    }
    sendable = sum(one.sendable for one in counts.values())
    return {
        "audience": sendable,
        "sendable": sendable,
        "excluded": sum_up(one.excluded for one in counts.values()),
        "total": max((one.audience for one in counts.values()), default=0),
        "channels": {
            channel: {"total": one.audience, "audience": one.sendable, "excluded": dict(one.excluded)}
            for channel, one in counts.items()
        },
        "sample": _sample(campaign, customer, is_revealed),
    }


def _sample(campaign: Campaign, customer: uuid.UUID | None, is_revealed: bool) -> dict[str, Any] | None:
    """Render every channel for one customer; one who would be skipped for want of a value says which."""
    try:
        found = sample_customer(campaign, customer=customer, used=used_by(campaign))
    except CustomerUnknown:
        if customer is not None:
            raise
        return None
    values = values_of(found) if is_revealed else masked(values_of(found))
    rendered: dict[str, Any] = {}
    for channel in campaign.channels:
        try:
            shown = delivery.render_preview(channel=channel, content=campaign.content[channel], values=values)
            rendered[channel] = {"subject": shown.subject, "html": shown.html, "text": shown.text, "missing": None}
        except delivery.VariableMissing as missing:
            rendered[channel] = {"subject": "", "html": "", "text": "", "missing": missing.name}
    return {
        "customer_id": str(found["customer_public_id"]),
        "customer_ref": found["customer_ref"],
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
    """Send the campaign's mail, rendered for one customer, to an address of the operator's own.

    It counts nowhere, and its way out withdraws nobody's consent.

    :raises AddressInvalid: the address is none.
    :raises CustomerUnknown: there is no such customer, or nobody in the audience.
    """
    try:
        validate_email(to)
    except ValidationError as fault:
        message = "This is not an e-mail address."
        raise AddressInvalid(message, problems=[FieldProblem("to", AddressInvalid.code, message)]) from fault
    found = sample_customer(campaign, customer=customer, used=used_by(campaign))
    test_id = new_public_id()
    for channel in campaign.channels:
        request = delivery.MessageRequest(
            occurrence_key=f"campaign-test:{test_id}",
            channel=channel,
            purpose=campaign.purpose,
            content=campaign.content[channel],
            variables=variables_of(campaign.trigger, campaign.program_ref),
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
        "customer_id": str(found["customer_public_id"]),
        "customer_ref": found["customer_ref"],
    }
