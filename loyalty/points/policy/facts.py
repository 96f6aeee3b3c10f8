"""What the rules of a program may read of a purchase or another event, under the names of the rule's schema."""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.points.contracts import EarnFacts, Purchase
from loyalty.points.policy.base import Base
from loyalty.programs.api import business_date
from loyalty.programs.contracts import EVENT_PURCHASE


def rule_facts(facts: EarnFacts, purchase: Purchase, base: Base) -> dict[str, Any]:
    """Give the facts; what is not told is left out. The amount of the purchase is the part of it that counts."""
    plan, member = facts.plan, facts.member
    local = facts.occurred_at.astimezone(ZoneInfo(plan.timezone))
    enrolled_on = business_date(plan.timezone, member.enrolled_at)
    told = {
        "channel": purchase.channel,
        "product_category": purchase.product_category,
        "product_id": purchase.product_id,
        "partner_ref": purchase.partner_ref,
    }
    return {
        **_amounts(facts, purchase, base),
        "currency": facts.currency or plan.currency,
        **{name: text for name, text in told.items() if text},
        **_quantity(facts.context.get("quantity")),
        "event_type": facts.event_type,
        "day_of_week": local.isoweekday(),
        "weekday": local.isoweekday(),
        "hour_of_day": local.hour,
        "occurred_on": local.date(),
        "tier_code": member.tier_code,
        "segment_codes": list(member.segment_codes),
        "points_balance": member.points_spendable,
        "points_lifetime": member.points_lifetime,
        "purchase_count": member.purchase_count,
        "days_enrolled": max(0, (local.date() - enrolled_on).days),
    }


def _amounts(facts: EarnFacts, purchase: Purchase, base: Base) -> dict[str, Decimal]:
    if facts.event_type != EVENT_PURCHASE and not facts.amount:
        return {}
    return {
        "transaction_amount": base.eligible_amount,
        "eligible_amount": base.eligible_amount,
        "tax_amount": purchase.tax_amount,
        "fee_amount": purchase.fee_amount,
        "points_paid_amount": purchase.points_paid_amount,
    }


def _quantity(value: object) -> dict[str, Any]:
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return {"quantity": value} if is_number else {}
