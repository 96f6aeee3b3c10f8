"""What facts about points do to tiers: count, look, and go back in time for a late purchase."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.programs import api as programs
from loyalty.tiers.contracts import FOREVER, EarnFact, Reason, Settlement
from loyalty.tiers.models import MemberState
from loyalty.tiers.operations.benefits import award_benefits
from loyalty.tiers.operations.correcting import take_late_purchase
from loyalty.tiers.operations.counting import Counted, count_posting, count_reversal, move_days
from loyalty.tiers.operations.looking import NOTHING, hold, qualify_member, settle
from loyalty.tiers.policy.calendar import window_on
from loyalty.tiers.policy.standing import floor_of
from loyalty.tiers.policy.terms import terms_of

RAISE_TRACK = "SELECT tiers_raise_track(%s, %s, %s::date)"
LATE_AFTER = timedelta(hours=1)


@transaction.atomic
def take_earn(*, fact: EarnFact, actor: Actor, now: datetime) -> Settlement:
    """Count what was earned or bought on its business day, and raise the member's tier when that reaches a higher one.

    A late purchase raises it from its business instant on. The same transaction twice is counted once.
    """
    told = (fact.transaction_id, fact.occurred_at)
    counted = count_posting(
        data=fact.data, transaction_id=told[0], points_amount=fact.points_amount, occurred_at=told[1], now=now
    )
    if counted is None:
        return NOTHING
    if counted.is_new and is_late(fact, now):
        take_late_purchase(counted=counted, occurred_at=told[1], causation_id=told[0], actor=actor, now=now)
    return look_after(counted, *told, actor, now)


def is_late(fact: EarnFact, now: datetime) -> bool:
    """Tell whether a purchase was told so long after it happened that it may have changed what came in between."""
    told = fact.data.get("recorded_at")
    recorded_at = datetime.fromisoformat(str(told)) if told else now
    return fact.occurred_at < recorded_at - LATE_AFTER


def look_after(
    counted: Counted, transaction_id: uuid.UUID, occurred_at: datetime, actor: Actor, now: datetime
) -> Settlement:
    """Raise a member to what is counted now, as of the posting's instant, and pay what that brings."""
    settled = qualify_member(
        program_id=counted.member.program_id,
        account_id=counted.member.account_id,
        causation_id=transaction_id,
        effective_at=occurred_at,
        actor=actor,
        now=now,
    )
    maybe_fail("tiers.assigned")
    if settled != NOTHING:
        award_benefits(account_ids=[counted.member.account_id], now=now)
    return settled


@transaction.atomic
def take_correction(
    *, data: Mapping[str, Any], transaction_id: uuid.UUID, occurred_at: datetime, actor: Actor, now: datetime
) -> Settlement:
    """Count an adjustment that corrects an earlier earn; other adjustments are none of the tiers' business."""
    change = int(data.get("points_change", data.get("points_amount", 0)))
    counted = count_posting(
        data=data, transaction_id=transaction_id, points_amount=change, occurred_at=occurred_at, now=now
    )
    return NOTHING if counted is None else look_after(counted, transaction_id, occurred_at, actor, now)


@transaction.atomic
def take_reversal(*, data: Mapping[str, Any], transaction_id: uuid.UUID, now: datetime) -> None:
    """Take a reversed earn out of its day. It takes no tier away before the period ends."""
    count_reversal(data=data, transaction_id=transaction_id, now=now)


@transaction.atomic
def take_merge(
    *,
    program_id: uuid.UUID,
    from_account_id: uuid.UUID,
    to_account_id: uuid.UUID,
    causation_id: uuid.UUID | None,
    actor: Actor,
    now: datetime,
) -> None:
    """Count for an account what the one merged into it had counted, and look whether that raises its tier.

    The better of both tiers stays, until the day until which it was kept. A tier pinned by hand stays what it is.
    """
    hold(sorted((from_account_id, to_account_id)))
    move_days(from_account_id=from_account_id, to_account_id=to_account_id)
    qualify_member(program_id=program_id, account_id=to_account_id, causation_id=causation_id, actor=actor, now=now)
    _keep_better(programs.get_plan(program_id, at=now), from_account_id, to_account_id, causation_id, actor, now)


def _keep_better(
    plan: programs.ProgramPlan,
    from_account_id: uuid.UUID,
    to_account_id: uuid.UUID,
    causation_id: uuid.UUID | None,
    actor: Actor,
    now: datetime,
) -> None:
    gone, kept = (programs.get_membership_of_account(one) for one in (from_account_id, to_account_id))
    better = plan.tiers_by_code.get(gone.tier_code or "")
    if better is None or floor_of(better) <= floor_of(plan.tiers_by_code.get(kept.tier_code or "")):
        return
    sql.fetch_all(RAISE_TRACK, [to_account_id, better.id, _kept_until(plan, gone, now)])
    settle(
        plan,
        [to_account_id],
        mode="assigned",
        reason=Reason.QUALIFIED.value,
        causation_id=causation_id,
        is_held=True,
        actor=actor,
        now=now,
    )
    award_benefits(account_ids=[to_account_id], now=now)


def _kept_until(plan: programs.ProgramPlan, gone: programs.MembershipView, now: datetime) -> date:
    """Give the day until which a member's tier is kept, exclusive."""
    state = MemberState.objects.filter(account_public_id=gone.account_id).first()
    if state is not None and state.manual_mode is not None:
        until = state.manual_until
        return programs.business_date(plan.timezone, until) if until is not None else FOREVER
    if state is not None and state.kept_until is not None:
        return state.kept_until
    joined, today = (programs.business_date(plan.timezone, at) for at in (gone.enrolled_at, now))
    return window_on(terms_of(plan), joined, today).kept_until
