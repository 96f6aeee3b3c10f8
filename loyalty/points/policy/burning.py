"""What points are worth when they are redeemed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loyalty.foundation.kernel.currencies import round_down
from loyalty.foundation.kernel.money import AMOUNT_MAX, Money
from loyalty.foundation.rules import api as rules
from loyalty.points.contracts import MemberFacts
from loyalty.points.errors import BurnRuleMissing, RuleResultInvalid
from loyalty.points.policy.trace import number_of, plain, steps_of, version_of
from loyalty.programs.api import ProgramPlan, burn_rule_read


def decide_burn(
    plan: ProgramPlan, member: MemberFacts, points: int, context: Mapping[str, Any], now: datetime
) -> tuple[Money, dict[str, Any]]:
    """Decide what points are worth: the burn rule, cut to the currency's decimals; give the trace with it.

    :raises BurnRuleMissing: the program has no burn rule.
    :raises RuleResultInvalid: the rule gives no possible value.
    """
    if plan.burn_rule is None:
        raise BurnRuleMissing(f"The program {plan.code} does not say what points are worth.")
    channel = context.get("channel")
    facts = {
        "points_requested": points,
        **({"channel": str(channel)} if channel is not None else {}),
        "tier_code": member.tier_code,
        "points_balance": member.points_spendable,
        "points_lifetime": member.points_lifetime,
    }
    outcome = rules.explain(burn_rule_read(plan), facts, now=now)
    worth = number_of(outcome.value)
    if worth is None or not worth.is_finite() or not 0 <= worth <= AMOUNT_MAX:
        raise RuleResultInvalid("The burn rule gives no value for these points.", result=str(worth)[:60])
    value = Money(round_down(worth, plan.currency), plan.currency)
    trace = {
        **version_of(plan),
        "steps": steps_of(plan.burn_rule, outcome),
        "exact_value": plain(worth),
        "rounding": "down",
        "value": {"amount": format(value.amount, "f"), "currency": value.currency},
    }
    return value, trace
