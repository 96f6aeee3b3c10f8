"""Tiers given by hand: a floor, a pin, or once; with an end and a reason."""

import uuid
from datetime import datetime

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.programs import api as programs
from loyalty.tiers import queries
from loyalty.tiers.contracts import FOREVER, ManualMode, Reason, TierStanding
from loyalty.tiers.errors import ManualTierInvalid
from loyalty.tiers.operations.benefits import award_benefits
from loyalty.tiers.operations.looking import hold, midnight, settle
from loyalty.tiers.policy import ladder
from loyalty.tiers.policy.calendar import window_on
from loyalty.tiers.policy.standing import floor_of
from loyalty.tiers.policy.terms import terms_of

LAY = """
    SELECT tiers_lay(%(account)s, %(mode)s, (SELECT tier_id FROM programs_tiers WHERE tier_public_id = %(tier)s),
        %(until)s, %(reason)s, %(is_below)s)
"""


@transaction.atomic
def upgrade(*, account_id: uuid.UUID, tier_code: str, note: str, actor: Actor, now: datetime) -> TierStanding:
    """Raise a member's tier by hand, to the tier named or to the next one; it is a floor from now on.

    :raises MembershipNotFound: no member has this account.
    :raises TierNotFound, TierNotAbove: there is no such tier above.
    """
    plan, before = _held(account_id, now)
    target = ladder.tier_above(plan.tiers, before.current, tier_code)
    return _lay(plan, before, ManualMode.FLOOR, target, None, "tiers.upgrade", note, actor, now)


@transaction.atomic
def downgrade(*, account_id: uuid.UUID, tier_code: str, note: str, actor: Actor, now: datetime) -> TierStanding:
    """Lower a member's tier by hand, to the tier named or to the next one; the next earn looks at it again.

    :raises MembershipNotFound: no member has this account.
    :raises TierNotFound, TierNotBelow: there is no such tier below.
    """
    plan, before = _held(account_id, now)
    target = ladder.tier_below(plan.tiers, before.current, tier_code)
    return _lay(plan, before, ManualMode.ONE_OFF, target, None, "tiers.downgrade", note, actor, now)


@transaction.atomic
def assign(
    *,
    account_id: uuid.UUID,
    tier_code: str,
    mode: ManualMode | None,
    until: datetime | None,
    note: str,
    actor: Actor,
    now: datetime,
) -> TierStanding:
    """Give a member a tier by hand, or (mode None) take the one given by hand off again.

    ``floor``: not below it, higher by qualification. ``pin``: exactly it. ``one_off``: it, and then as the rules say: a
    higher one is kept as if it had been earned now, a lower one until the next earn. ``until`` ends each of them.

    :raises MembershipNotFound: no member has this account.
    :raises TierNotFound: the program has no such tier.
    :raises ManualTierInvalid: the end lies in the past, or a tier, its mode or its reason is missing.
    """
    if mode is not None and not note.strip():
        raise ManualTierInvalid("A tier that is given by hand has a reason.")
    if until is not None and (mode is None or until <= now):
        raise ManualTierInvalid("A tier given by hand ends in the future.")
    if (mode is None) != (not tier_code):
        raise ManualTierInvalid("Name the tier and the mode, or neither.")
    plan, before = _held(account_id, now)
    target = ladder.wanted_tier(plan.tiers, tier_code) if mode else None
    if mode is ManualMode.ONE_OFF and until is None and floor_of(target) > floor_of(before.current):
        until = _earned_until(plan, before, now)
    return _lay(plan, before, mode, target, until, "tiers.assign", note, actor, now)


def _earned_until(plan: programs.ProgramPlan, before: TierStanding, now: datetime) -> datetime | None:
    """Give until when a tier earned now would be kept; None for ever."""
    terms = terms_of(plan)
    today = programs.business_date(plan.timezone, now)
    joined = programs.get_membership_of_account(before.account_id).enrolled_at
    kept = window_on(terms, programs.business_date(plan.timezone, joined), today).kept_until
    return None if kept == FOREVER else midnight(plan.timezone, kept)


def _held(account_id: uuid.UUID, now: datetime) -> tuple[programs.ProgramPlan, TierStanding]:
    """Hold the member's tier still, then read where it stands."""
    hold([account_id])
    standing = queries.get_standing(account_id, now=now)
    return programs.get_plan(standing.program_id, at=now), standing


def _lay(
    plan: programs.ProgramPlan,
    before: TierStanding,
    mode: ManualMode | None,
    target: programs.TierPlan | None,
    until: datetime | None,
    act: str,
    note: str,
    actor: Actor,
    now: datetime,
) -> TierStanding:
    is_below = mode is ManualMode.ONE_OFF and floor_of(target) < floor_of(before.current)
    sql.fetch_all(
        LAY,
        {
            "account": before.account_id,
            "mode": mode.value if mode else None,
            "tier": target.id if target else None,
            "until": until,
            "reason": note,
            "is_below": is_below,
        },
    )
    settle(
        plan,
        [before.account_id],
        mode="assigned",
        reason=Reason.BY_HAND.value,
        note=note,
        is_held=True,
        actor=actor,
        now=now,
    )
    award_benefits(account_ids=[before.account_id], now=now)
    audit.record(
        actor=actor,
        act=act,
        subject_kind="account",
        subject_ref=str(before.account_id),
        at=now,
        before={"tier": before.current.code if before.current else None},
        after={
            "tier": target.code if target else None,
            "mode": mode.value if mode else None,
            "until": until.isoformat() if until else None,
        },
        reason=note,
    )
    return queries.get_standing(before.account_id, now=now)
