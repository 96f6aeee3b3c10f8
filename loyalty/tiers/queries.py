"""Reads of tiers."""

import uuid
from datetime import datetime

from loyalty.points import api as points
from loyalty.programs import api as programs
from loyalty.tiers import policy
from loyalty.tiers.contracts import TierStanding


def standing_of(member: points.MemberFacts, *, now: datetime) -> TierStanding:
    """Give where a member stands by the program as it is now."""
    plan = programs.get_plan(member.program_id, at=now)
    return TierStanding(
        account_id=member.account_id,
        customer_id=member.customer_id,
        program_id=member.program_id,
        points_lifetime=member.points_lifetime,
        current=policy.tier_named(plan.tiers, member.tier_code),
        calculated=programs.choose_tier(plan.tiers, member.points_lifetime),
        following=programs.next_tier(plan.tiers, member.points_lifetime),
    )


def get_standing(account_id: uuid.UUID, *, now: datetime) -> TierStanding:
    """Give where the member of an account stands.

    :raises MembershipNotFound: no member has this account.
    """
    member = points.find_member(account_id=account_id)
    if member is None:
        raise programs.MembershipNotFound("No member has this account.")
    return standing_of(member, now=now)
