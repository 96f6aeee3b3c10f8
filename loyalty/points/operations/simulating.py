"""What a purchase would earn and what points would be worth, with nothing written."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from loyalty.foundation.kernel.money import Money
from loyalty.points import policy, queries
from loyalty.points.contracts import EarnFacts, MemberFacts, Simulation
from loyalty.points.errors import MemberUnknown
from loyalty.points.registry import earn_modifiers
from loyalty.programs import api as programs

NOBODY = uuid.UUID(int=0)


def simulate(
    *,
    program_id: uuid.UUID,
    amount: Decimal,
    currency: str,
    context: Mapping[str, Any],
    occurred_at: datetime,
    now: datetime,
    account_id: uuid.UUID | None = None,
    tier_code: str | None = None,
    points_lifetime: int | None = None,
    changes: Mapping[str, Any] | None = None,
    points_to_burn: int | None = None,
) -> Simulation:
    """Decide about a sample purchase exactly as an earn would; the program may be a draft.

    :param account_id: whose tier, balance and room under the cap to take; a new member's when left out.
    :param changes: promises (``earn_rule``, ``burn_rule``, ``earn_cap_daily``, ``expiry_days``) to try before saving.
    :raises ProgramNotFound, MemberUnknown, CurrencyMismatch, AmountInvalid, RuleResultInvalid, RuleInvalid: as told.
    """
    plan = programs.amend_plan(programs.get_plan(program_id, at=occurred_at), dict(changes or {}))
    member = _member(plan, account_id, tier_code, points_lifetime, occurred_at)
    policy.check_currency(plan, currency)
    policy.check_amount(amount)
    facts = EarnFacts(
        plan=plan, member=member, amount=amount, currency=currency or plan.currency, context=context,
        occurred_at=occurred_at,
    )  # fmt: skip
    verdict = policy.decide_earn(facts, earn_modifiers(), now)
    used = queries.get_cap_used(account_id, policy.CAP_DAILY, verdict.cap_window) if account_id else 0
    granted = policy.apply_cap(verdict.points, verdict.cap_points_max, used)
    after = programs.choose_tier(plan.tiers, member.points_lifetime + granted)
    value: Money | None = None
    if points_to_burn is not None:
        value, _ = policy.decide_burn(plan, member, points_to_burn, context, now)
    return Simulation(
        points_amount=granted,
        points_lost_to_caps=verdict.points - granted,
        expires_at=verdict.expires_at if granted else None,
        tier_code=member.tier_code,
        tier_code_after=after.code if after else None,
        value=value,
        trace=verdict.trace,
    )


def _member(
    plan: programs.ProgramPlan,
    account_id: uuid.UUID | None,
    tier_code: str | None,
    points_lifetime: int | None,
    occurred_at: datetime,
) -> MemberFacts:
    if account_id is not None:
        found = queries.find_member(account_id=account_id)
        if found is None or found.program_id != plan.program_id:
            raise MemberUnknown("This program has no such account.")
        return found
    named = plan.tiers_by_code.get(tier_code or "")
    if tier_code and named is None:
        raise programs.TierNotFound(f"The program has no tier {tier_code[:50]}.")
    lifetime = points_lifetime if points_lifetime is not None else (named.min_points if named else 0)
    tier = named or programs.choose_tier(plan.tiers, lifetime)
    return MemberFacts(
        account_id=NOBODY,
        customer_id=NOBODY,
        customer_ref="",
        program_id=plan.program_id,
        tier_code=tier.code if tier else None,
        points_available=0,
        points_posted=0,
        points_lifetime=lifetime,
        status="ACTIVE",
        enrolled_at=occurred_at,
    )
