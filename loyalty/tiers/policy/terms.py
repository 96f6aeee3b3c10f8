"""From what a program promises about tiers to the form that the calendar and the SQL work with."""

from calendar import monthrange
from datetime import date
from typing import Any

from loyalty.programs.api import ProgramPlan, TierEffect, TierQualifier, TierValidity, TierWindow, WalletKind
from loyalty.tiers.contracts import Column, Span, Terms

# How many days before a fall a member is told; a month leaves time to do something about it.
WARN_DAYS = 30
# Cycles of a program without a first day are counted from here; a leap year, because a cycle may begin on its last day
# of February.
CYCLE_YEAR = 2000
YEAR_MONTHS = 12

SPANS = {TierWindow.LIFETIME: Span.LIFETIME, TierWindow.ROLLING: Span.ROLLING}
COLUMNS = {
    TierQualifier.SPEND: Column.SPEND,
    TierQualifier.COUNT: Column.PURCHASES,
    TierQualifier.TENURE: Column.TENURE,
    TierQualifier.RULE: Column.RULE,
}


def terms_of(plan: ProgramPlan) -> Terms:
    """Give how members of a program qualify. Tenure looks at no window: nobody gets younger."""
    policy = plan.tier_policy
    span = Span.LIFETIME if policy.qualifier is TierQualifier.TENURE else SPANS.get(policy.window, Span.PERIOD)
    has_status = any(wallet.kind is WalletKind.STATUS for wallet in plan.wallets)
    is_next = policy.effect is TierEffect.NEXT_PERIOD
    points = Column.POINTS_STATUS if has_status else Column.POINTS
    months, anchor = YEAR_MONTHS, None
    if policy.window is TierWindow.ROLLING:
        months = policy.rolling_months or YEAR_MONTHS
    elif policy.window is TierWindow.CYCLE:
        months = policy.cycle_months or YEAR_MONTHS
        anchor = _cycle_anchor(plan)
    elif policy.window is TierWindow.CALENDAR_YEAR:
        anchor = date(CYCLE_YEAR, 1, 1)
    return Terms(
        span=span,
        column=COLUMNS.get(policy.qualifier, points),
        months=months,
        anchor=anchor,
        is_next=is_next,
        is_long=policy.validity is TierValidity.REST_PLUS_NEXT,
        downgrade=policy.downgrade.value,
        grace_days=policy.grace_days,
        zone=plan.timezone,
        has_status=has_status,
        rule=policy.rule,
    )


def _cycle_anchor(plan: ProgramPlan) -> date:
    """Give the day from which cycles are counted, as programs does: in the year in which the program begins."""
    year = plan.start_date.year if plan.start_date else CYCLE_YEAR
    month, day = (int(part) for part in (plan.tier_policy.cycle_start or "01-01").split("-"))
    return date(year, month, min(day, monthrange(year, month)[1]))


def terms_for_sql(plan: ProgramPlan) -> dict[str, Any]:
    """Give the terms as the SQL functions read them, with the ladder's exceptions and the benefits."""
    terms = terms_of(plan)
    return {
        "window": terms.span.value,
        "column": terms.column.value,
        "months": terms.months,
        "anchor": terms.anchor.isoformat() if terms.anchor else None,
        "is_next": terms.is_next,
        "is_long": terms.is_long,
        "downgrade": terms.downgrade,
        "grace_days": terms.grace_days,
        "warn_days": WARN_DAYS,
        "zone": terms.zone,
        "has_status": terms.has_status,
        "invited": [tier.code for tier in plan.tiers if tier.is_invitation_only],
        "benefits": [
            {"tier": tier.code, "code": grant.code, "kind": grant.kind.value, "points": grant.points}
            for tier in plan.tiers
            for grant in tier.benefit_grants
        ],
    }


def looks_at_everybody(terms: Terms) -> bool:
    """Tell whether a member's tier can change though nobody has looked at it and nothing was earned.

    Where all time counts and a tier is given at once, earning alone changes a tier, so the daily run need not look.
    """
    return terms.span is not Span.LIFETIME or terms.is_next or terms.column in (Column.TENURE, Column.RULE)
