"""Decisions of points as pure functions: what a purchase earns, what points are worth, which instants are taken.

The order is base, multiplier, bonuses, one rounding down to whole points, caps. A cap is a whole number, so cutting
before or after the rounding gives the same points.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.foundation.kernel.currencies import round_down
from loyalty.foundation.kernel.money import AMOUNT_MAX, Money
from loyalty.foundation.kernel.points import POINTS_MAX
from loyalty.foundation.rules import api as rules
from loyalty.points.contracts import EarnFacts, EarnModifier, EarnVerdict, MemberFacts
from loyalty.points.errors import (
    AmountInvalid,
    BurnRuleMissing,
    CurrencyMismatch,
    OccurredAtRefused,
    RuleResultInvalid,
)
from loyalty.programs.api import (
    BURN_SCHEMA,
    EARN_SCHEMA,
    ProgramNotActive,
    ProgramPlan,
    TierPlan,
    business_date,
    choose_tier,
    is_open,
)

# Clocks of tills run a little fast.
AHEAD_MAX = timedelta(minutes=5)
# A till that was offline for a season still counts; what is older is a matter for an adjustment.
BEHIND_MAX = timedelta(days=90)
TEXT_FACTS = ("channel", "product_category", "product_id")
CAP_DAILY = "day"
NO_AMOUNT = Decimal(0)


def check_occurred_at(occurred_at: datetime, now: datetime) -> None:
    """Refuse instants that lie ahead of the clock or too far behind it.

    :raises OccurredAtRefused: they do.
    """
    if occurred_at > now + AHEAD_MAX:
        raise OccurredAtRefused("This has not happened yet.")
    if occurred_at < now - BEHIND_MAX:
        raise OccurredAtRefused(f"This happened more than {BEHIND_MAX.days} days ago.")


def check_open(plan: ProgramPlan, at: datetime) -> None:
    """Refuse when members do not earn or spend at that instant.

    :raises ProgramNotActive: the program is not active, or the day lies outside of its dates.
    """
    if not is_open(plan, at):
        raise ProgramNotActive(f"The program {plan.code} is not active on that day.", program_status=plan.status.value)


def check_currency(plan: ProgramPlan, currency: str) -> None:
    """Refuse another currency than the program's; none given means the program's.

    :raises CurrencyMismatch: it is another one.
    """
    if currency and currency != plan.currency:
        raise CurrencyMismatch(f"The program counts in {plan.currency}.", currency=plan.currency)


def check_amount(amount: Decimal) -> None:
    """Refuse what is no price.

    :raises AmountInvalid: zero, negative, not finite or out of range.
    """
    if not amount.is_finite() or not 0 < amount <= AMOUNT_MAX:
        raise AmountInvalid("The amount of a purchase is a positive number.")


def tier_of(plan: ProgramPlan, member: MemberFacts) -> TierPlan | None:
    """Give the member's tier as this version defines it; a code it does not know falls back to lifetime points."""
    known = plan.tiers_by_code.get(member.tier_code or "")
    return known or (choose_tier(plan.tiers, member.points_lifetime) if member.tier_code else None)


def _texts(context: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(context[name]) for name in TEXT_FACTS if context.get(name) is not None}


def _quantity(context: Mapping[str, Any]) -> dict[str, Decimal | int]:
    value = context.get("quantity")
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return {"quantity": value} if is_number and value is not None else {}


def earn_rule_facts(facts: EarnFacts) -> dict[str, Any]:
    """Give the facts under the names of ``EARN_SCHEMA``; what the purchase does not say is left out."""
    local = facts.occurred_at.astimezone(ZoneInfo(facts.plan.timezone))
    enrolled_on = business_date(facts.plan.timezone, facts.member.enrolled_at)
    return {
        "transaction_amount": facts.amount,
        "currency": facts.currency or facts.plan.currency,
        **_texts(facts.context),
        **_quantity(facts.context),
        "day_of_week": local.isoweekday(),
        "hour_of_day": local.hour,
        "occurred_on": local.date(),
        "tier_code": facts.member.tier_code,
        "points_balance": facts.member.points_available,
        "points_lifetime": facts.member.points_lifetime,
        "days_enrolled": max(0, (local.date() - enrolled_on).days),
    }


def round_points(exact: Decimal) -> int:
    """Round down to whole points, the one rounding of an earn.

    :raises RuleResultInvalid: negative, not finite, or more points than the ledger counts.
    """
    if not exact.is_finite() or not 0 <= exact <= POINTS_MAX:
        raise RuleResultInvalid(f"A purchase earns between 0 and {POINTS_MAX} points.", result=str(exact)[:60])
    return int(exact.to_integral_value(rounding=ROUND_DOWN))


def decide_earn(facts: EarnFacts, modifiers: Sequence[EarnModifier], now: datetime) -> EarnVerdict:
    """Decide what a purchase earns before caps.

    :raises RuleResultInvalid: the rule or a modifier gives no possible number of points.
    """
    outcome = rules.Outcome(value=None, trace=())
    if facts.plan.earn_rule is not None:  # a draft may be tried before it has one
        rule = rules.check(facts.plan.earn_rule, EARN_SCHEMA, expects="number")
        outcome = rules.explain(rule, earn_rule_facts(facts), now=now)
    base = _number(outcome.value)
    tier = tier_of(facts.plan, facts.member)
    multiplier = tier.multiplier if tier else Decimal(1)
    multiplied = (base or Decimal(0)) * multiplier
    bonuses = [bonus for modifier in modifiers for bonus in modifier(facts, base or Decimal(0), multiplied)]
    exact = sum((bonus.points for bonus in bonuses), multiplied)
    points = round_points(exact)
    trace = {
        **_version(facts.plan),
        "steps": steps_of(facts.plan.earn_rule, outcome),
        "base_points": None if base is None else plain(base),
        "tier": {"code": tier.code, "name": tier.name} if tier else None,
        "multiplier": plain(multiplier),
        "bonuses": [{"code": b.code, "points": plain(b.points), "words": b.words} for b in bonuses],
        "exact_points": plain(exact),
        "rounding": "down",
        "points_before_caps": points,
        "cap_daily": facts.plan.earn_cap_daily,
        "reason": "" if points else ("rule_gives_nothing" if not base else "below_one_point"),
    }
    return verdict_of(facts.plan, facts.occurred_at, points, trace)


def decide_direct(plan: ProgramPlan, member: MemberFacts, points: int, occurred_at: datetime) -> EarnVerdict:
    """Decide about points given without a purchase: no rule, no multiplier, but the caps count them too."""
    tier = tier_of(plan, member)
    trace = {
        **_version(plan),
        "steps": [],
        "tier": {"code": tier.code, "name": tier.name} if tier else None,
        "exact_points": str(points),
        "points_before_caps": points,
        "cap_daily": plan.earn_cap_daily,
        "reason": "given_directly",
    }
    return verdict_of(plan, occurred_at, points, trace)


def verdict_of(plan: ProgramPlan, occurred_at: datetime, points: int, trace: dict[str, Any]) -> EarnVerdict:
    """Add the window of the daily cap and the end of the points' life."""
    return EarnVerdict(
        points=points,
        cap_window=business_date(plan.timezone, occurred_at),
        cap_points_max=plan.earn_cap_daily,
        expires_at=expires_at(plan, occurred_at),
        trace=trace,
    )


def expires_at(plan: ProgramPlan, earned_at: datetime) -> datetime | None:
    """Give the midnight, in the program's zone, that ends the last day on which the points can be spent."""
    if plan.expiry_days is None:
        return None
    earned_on = business_date(plan.timezone, earned_at)
    if date.max - earned_on <= timedelta(days=plan.expiry_days + 1):
        return None
    return datetime.combine(earned_on + timedelta(days=plan.expiry_days + 1), time(), ZoneInfo(plan.timezone))


def apply_cap(points: int, points_max: int | None, points_used: int) -> int:
    """Give what is left of an earn under a cap of which ``points_used`` are gone; the ledger counts the same way."""
    return points if points_max is None else max(0, min(points, points_max - points_used))


def decide_burn(
    plan: ProgramPlan, member: MemberFacts, points: int, context: Mapping[str, Any], now: datetime
) -> tuple[Money, dict[str, Any]]:
    """Decide what points are worth: the burn rule, cut to the currency's decimals; give the trace with it.

    :raises BurnRuleMissing: the program has no burn rule.
    :raises RuleResultInvalid: the rule gives no possible value.
    """
    if plan.burn_rule is None:
        raise BurnRuleMissing(f"The program {plan.code} does not say what points are worth.")
    facts = {
        "points_requested": points,
        **{name: text for name, text in _texts(context).items() if name == "channel"},
        "tier_code": member.tier_code,
        "points_balance": member.points_available,
        "points_lifetime": member.points_lifetime,
    }
    outcome = rules.explain(rules.check(plan.burn_rule, BURN_SCHEMA, expects="number"), facts, now=now)
    worth = _number(outcome.value)
    if worth is None or not worth.is_finite() or not 0 <= worth <= AMOUNT_MAX:
        raise RuleResultInvalid("The burn rule gives no value for these points.", result=str(worth)[:60])
    value = Money(round_down(worth, plan.currency), plan.currency)
    trace = {
        **_version(plan),
        "steps": steps_of(plan.burn_rule, outcome),
        "exact_value": plain(worth),
        "rounding": "down",
        "value": {"amount": format(value.amount, "f"), "currency": value.currency},
    }
    return value, trace


def _version(plan: ProgramPlan) -> dict[str, Any]:
    return {"program_version": plan.version_number, "program_version_id": str(plan.version_id)}


def _number(value: object) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise RuleResultInvalid("The rule gives no number.", result=str(value)[:60])
    return Decimal(value)


def plain(value: Decimal) -> str:
    """Write a number without exponent and without idle zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _jsonable(value: object) -> object:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, list | tuple):
        return [_jsonable(inner) for inner in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)


def part_at(rule: Any, pointer: str) -> Any:
    """Give the part of a rule at a JSON Pointer."""
    part = rule
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        part = part[int(name)] if isinstance(part, list | tuple) else part[name]
    return part


def steps_of(rule: Any, outcome: rules.Outcome) -> list[dict[str, Any]]:
    """Give the steps of an outcome as JSON: the part of the rule, the facts it read, its value, whether it decided."""
    return [
        {
            "rule": part_at(rule, step.path),
            "words": step.words,
            "facts": {name: _jsonable(fact) for name, fact in step.facts.items()},
            "value": _jsonable(step.value),
            "decisive": step.is_decisive,
        }
        for step in outcome.trace
    ]
