"""What tiers listens to. Points burned, expired or transferred do not count for a tier, so it hears of none of them."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from loyalty.foundation.events.contracts import Envelope
from loyalty.foundation.kernel.actor import system_actor
from loyalty.tiers import api


def on_points_earned(event: Envelope, *, now: datetime) -> None:
    """Count the earn, and look whether the member has reached a higher tier."""
    api.take_earn(fact=_earn(event), actor=system_actor("tiers.on_points_earned"), now=now)


def on_many_points_earned(facts: Sequence[Envelope], *, now: datetime) -> None:
    """Do the same for several earns at once."""
    api.take_earns(facts=[_earn(one) for one in facts], actor=system_actor("tiers.on_points_earned"), now=now)


def on_points_capped(event: Envelope, *, now: datetime) -> None:
    """Count the purchase, though its points were lost to a cap."""
    api.take_earn(fact=_earn(event), actor=system_actor("tiers.on_points_capped"), now=now)


def on_many_points_capped(facts: Sequence[Envelope], *, now: datetime) -> None:
    """Do the same for several purchases at once."""
    api.take_earns(facts=[_earn(one) for one in facts], actor=system_actor("tiers.on_points_capped"), now=now)


def on_nothing_earned(event: Envelope, *, now: datetime) -> None:
    """Count the purchase, though it earned nothing."""
    api.take_earn(fact=_purchase(event), actor=system_actor("tiers.on_nothing_earned"), now=now)


def on_many_nothing_earned(facts: Sequence[Envelope], *, now: datetime) -> None:
    """Do the same for several purchases at once."""
    api.take_earns(facts=[_purchase(one) for one in facts], actor=system_actor("tiers.on_nothing_earned"), now=now)


def on_points_reversed(event: Envelope, *, now: datetime) -> None:
    """Take the reversed earn out of the day on which it was earned."""
    api.take_reversal(data=event.data, transaction_id=event.id, now=now)


def on_points_adjusted(event: Envelope, *, now: datetime) -> None:
    """Count a correction of an earlier earn; other adjustments do not count."""
    if event.data.get("reason_code") == api.CORRECTION:
        api.take_correction(
            data=event.data,
            transaction_id=event.id,
            occurred_at=event.occurred_at,
            actor=system_actor("tiers.on_points_adjusted"),
            now=now,
        )


def on_points_transferred(event: Envelope, *, now: datetime) -> None:
    """Take over what a merged account had counted; points that one member gives another count for no tier."""
    if event.data["reason_code"] == "merge" and event.data["account_kind"] == "member":
        api.take_merge(
            program_id=uuid.UUID(event.data["program_id"]),
            from_account_id=uuid.UUID(event.data["account_id"]),
            to_account_id=uuid.UUID(event.data["to_account_id"]),
            causation_id=event.id,
            actor=system_actor("tiers.on_points_transferred"),
            now=now,
        )


def on_member_enrolled(event: Envelope, *, now: datetime) -> None:
    """Grant what the first tier brings."""
    on_members_enrolled([event], now=now)


def on_members_enrolled(facts: Sequence[Envelope], *, now: datetime) -> None:
    """Grant several members what their first tier brings."""
    members = [(uuid.UUID(one.data["program_id"]), uuid.UUID(one.data["account_id"])) for one in facts]
    api.take_enrolments(members=members, now=now)


def on_program_changed(event: Envelope, *, now: datetime) -> None:
    """Look at all members when the program's tiers changed."""
    if event.data["are_tiers_changed"]:
        api.recalculate_program(
            program_id=uuid.UUID(event.data["program_id"]),
            causation_id=event.id,
            actor=system_actor("tiers.on_program_changed"),
            now=now,
        )


def _earn(event: Envelope) -> api.EarnFact:
    return api.EarnFact(data=event.data, transaction_id=event.id, occurred_at=event.occurred_at)


def _purchase(event: Envelope) -> api.EarnFact:
    """Read a purchase that no posting stands for."""
    context = {**(event.data.get("context") or {}), "counts_purchase": True}
    return replace(_earn(event), data={**event.data, "context": context})
