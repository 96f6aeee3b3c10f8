"""Writes of tiers: qualify those who earned, look at all when tiers change, move one by hand."""

import uuid
from datetime import datetime

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.programs import api as programs
from loyalty.tiers import policy, queries
from loyalty.tiers.contracts import Reason, Settlement, TierStanding

SETTLE = """
    SELECT upgraded, downgraded, levelled FROM tiers_settle(%(program)s, %(accounts)s::uuid[], %(may_demote)s,
        %(reason)s, %(actor)s, %(causation)s, %(now)s)
"""
APPLY = """
    SELECT upgraded, downgraded, levelled FROM tiers_apply(%(accounts)s::uuid[], ARRAY[(
        SELECT tier_id FROM programs_tiers WHERE tier_public_id = %(tier)s)]::bigint[], %(is_by_hand)s,
        %(reason)s, %(note)s, %(actor)s, NULL, %(now)s)
"""


@transaction.atomic
def qualify_member(
    *, program_id: uuid.UUID, account_id: uuid.UUID, causation_id: uuid.UUID | None, actor: Actor, now: datetime
) -> Settlement:
    """Raise a member's tier when its lifetime points have reached a higher one; nobody falls here.

    Doing it twice, or twice at once, raises once.
    """
    settled = _settle(program_id, [account_id], Reason.EARNED, False, causation_id, actor, now)
    if settled.upgraded:
        audit.record(
            actor=actor,
            act="tiers.upgrade",
            subject_kind="account",
            subject_ref=str(account_id),
            at=now,
            reason=Reason.EARNED.value,
        )
    return settled


@transaction.atomic
def recalculate_program(
    *, program_id: uuid.UUID, causation_id: uuid.UUID | None, actor: Actor, now: datetime
) -> Settlement:
    """Give every member of a program the tier its points qualify for, in one statement; used when tiers change.

    A tier that was given by hand is not taken away.
    """
    settled = _settle(program_id, None, Reason.TIERS_CHANGED, True, causation_id, actor, now)
    if settled != Settlement(0, 0, 0):
        audit.record(
            actor=actor,
            act="tiers.recalculate",
            subject_kind="program",
            subject_ref=str(program_id),
            at=now,
            after={"upgraded": settled.upgraded, "downgraded": settled.downgraded, "levelled": settled.levelled},
            reason=Reason.TIERS_CHANGED.value,
        )
    return settled


def _settle(
    program_id: uuid.UUID,
    accounts: list[uuid.UUID] | None,
    reason: Reason,
    may_demote: bool,
    causation_id: uuid.UUID | None,
    actor: Actor,
    now: datetime,
) -> Settlement:
    row = sql.fetch_one(
        SETTLE,
        {
            "program": program_id,
            "accounts": accounts,
            "may_demote": may_demote,
            "reason": reason.value,
            "actor": actor.ref,
            "causation": causation_id,
            "now": now,
        },
    )
    return Settlement(**row) if row else Settlement(0, 0, 0)


@transaction.atomic
def upgrade(*, account_id: uuid.UUID, tier_code: str, note: str, actor: Actor, now: datetime) -> TierStanding:
    """Raise a member's tier by hand, to the tier named or to the next one; it is a floor from now on.

    :raises MembershipNotFound: no member has this account.
    :raises TierNotFound, TierNotAbove: there is no such tier above.
    """
    tiers, before = _hold(account_id, now)
    target = policy.tier_above(tiers, before.current, tier_code)
    return _move(before, target, True, "tiers.upgrade", note, actor, now)


@transaction.atomic
def downgrade(*, account_id: uuid.UUID, tier_code: str, note: str, actor: Actor, now: datetime) -> TierStanding:
    """Lower a member's tier by hand, to the tier named or to the next one; the next earn looks at it again.

    :raises MembershipNotFound: no member has this account.
    :raises TierNotFound, TierNotBelow: there is no such tier below.
    """
    tiers, before = _hold(account_id, now)
    target = policy.tier_below(tiers, before.current, tier_code)
    return _move(before, target, False, "tiers.downgrade", note, actor, now)


def _hold(account_id: uuid.UUID, now: datetime) -> tuple[tuple[programs.TierPlan, ...], TierStanding]:
    """Hold the member's tier still, then read where it stands."""
    sql.fetch_all("SELECT programs_lock_members(%s::uuid[])", [[account_id]])
    standing = queries.get_standing(account_id, now=now)
    return programs.get_plan(standing.program_id, at=now).tiers, standing


def _move(
    before: TierStanding,
    target: programs.TierPlan,
    is_by_hand: bool,
    act: str,
    note: str,
    actor: Actor,
    now: datetime,
) -> TierStanding:
    sql.fetch_one(
        APPLY,
        {
            "accounts": [before.account_id],
            "tier": target.id,
            "is_by_hand": is_by_hand,
            "reason": Reason.BY_HAND.value,
            "note": note,
            "actor": actor.ref,
            "now": now,
        },
    )
    audit.record(
        actor=actor,
        act=act,
        subject_kind="account",
        subject_ref=str(before.account_id),
        at=now,
        before={"tier": before.current.code if before.current else None},
        after={"tier": target.code},
        reason=note,
    )
    return queries.get_standing(before.account_id, now=now)
