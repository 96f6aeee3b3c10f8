"""What points listens to."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from loyalty.foundation.events.contracts import Envelope
from loyalty.foundation.kernel.actor import system_actor
from loyalty.points import api


def on_customer_purchase(event: Envelope, *, now: datetime) -> None:
    """Earn for a purchase that came from outside."""
    api.earn_for_purchase(event=_told(event), actor=system_actor("points.on_customer_purchase"), now=now)


def on_customer_purchases(facts: Sequence[Envelope], *, now: datetime) -> None:
    """Earn for several purchases at once."""
    api.earn_for_events(
        events=[_told(one) for one in facts], actor=system_actor("points.on_customer_purchase"), now=now
    )


def on_customer_referred(event: Envelope, *, now: datetime) -> None:
    """Give both sides of a referral what programs promise for it."""
    api.earn_for_referral(event=_told(event), actor=system_actor("points.on_customer_referred"), now=now)


def on_earning_event(event: Envelope, *, now: datetime) -> None:
    """Earn for an event that a rule of some program names; one that is not about a customer is passed over."""
    if event.subject_kind == "customer":
        api.earn_for_event(event=_told(event), actor=system_actor("points.on_earning_event"), now=now)


def on_earning_events(facts: Sequence[Envelope], *, now: datetime) -> None:
    """Earn for several such events at once."""
    events = [_told(one) for one in facts if one.subject_kind == "customer"]
    api.earn_for_events(events=events, actor=system_actor("points.on_earning_event"), now=now)


def on_member_left(event: Envelope, *, now: datetime) -> None:
    """Freeze the accounts of a member who left, so that no later purchase earns on them."""
    api.freeze_leaver(
        program_id=uuid.UUID(event.data["program_id"]),
        customer_id=uuid.UUID(event.data["customer_id"]),
        actor=system_actor("points.on_member_left"),
        now=now,
    )


def on_member_enrolled(event: Envelope, *, now: datetime) -> None:
    """Open the accounts of a member who came back."""
    on_members_enrolled([event], now=now)


def on_members_enrolled(facts: Sequence[Envelope], *, now: datetime) -> None:
    """Open the accounts of those among several members who came back."""
    api.open_returners(
        members=[(uuid.UUID(one.data["customer_id"]), uuid.UUID(one.data["program_id"])) for one in facts],
        actor=system_actor("points.on_member_enrolled"),
        now=now,
    )


def _told(event: Envelope) -> api.InboundEvent:
    return api.InboundEvent(
        event_type=event.type,
        event_id=event.id,
        customer_id=uuid.UUID(event.key),
        data=event.data,
        occurred_at=event.occurred_at,
        correlation_id=event.correlation_id,
    )
