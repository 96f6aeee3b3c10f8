"""When a way to earn is open: days, hours, tiers, segments and partners."""

from collections.abc import Collection
from datetime import datetime, timedelta

from loyalty.programs.contracts import EarnRulePlan


def is_rule_open(
    rule: EarnRulePlan,
    *,
    local: datetime,
    tier_code: str | None = None,
    segment_codes: Collection[str] = (),
    partner_ref: str = "",
) -> bool:
    """Tell whether a way to earn is open; the kind of event and ``once_per`` are the caller's to look at."""
    return not why_rule_closed(
        rule, local=local, tier_code=tier_code, segment_codes=segment_codes, partner_ref=partner_ref
    )


def why_rule_closed(
    rule: EarnRulePlan,
    *,
    local: datetime,
    tier_code: str | None = None,
    segment_codes: Collection[str] = (),
    partner_ref: str = "",
) -> str:
    """Give the first condition that does not hold: hours, weekdays, dates, tier, segment or partner; "" when all do.

    :param local: the business instant in the program's zone.
    """
    if not _is_hour_open(rule, local.hour):
        return "hours"
    day = _opening_day(rule, local)
    if rule.weekdays and day.isoweekday() not in rule.weekdays:
        return "weekdays"
    if (rule.starts_on and day.date() < rule.starts_on) or (rule.ends_on and day.date() > rule.ends_on):
        return "dates"
    if rule.tier_codes and tier_code not in rule.tier_codes:
        return "tier"
    if rule.segment_codes and not set(rule.segment_codes).intersection(segment_codes):
        return "segment"
    return "partner" if rule.partner_ref and rule.partner_ref != partner_ref else ""


def _wraps(rule: EarnRulePlan) -> bool:
    return rule.hour_from is not None and rule.hour_until is not None and rule.hour_until <= rule.hour_from


def _is_hour_open(rule: EarnRulePlan, hour: int) -> bool:
    is_begun = rule.hour_from is None or hour >= rule.hour_from
    is_before_end = rule.hour_until is None or hour < rule.hour_until
    return is_begun or is_before_end if _wraps(rule) else is_begun and is_before_end


def _opening_day(rule: EarnRulePlan, local: datetime) -> datetime:
    """Give the day on which the open hours began: after midnight, those that wrap belong to the evening before."""
    is_after_midnight = _wraps(rule) and rule.hour_from is not None and local.hour < rule.hour_from
    return local.replace(tzinfo=None) - timedelta(days=1) if is_after_midnight else local
