"""Whether a rule applies: its event, days, hours, segments, tiers, dates, partner, and once in a membership."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from loyalty.foundation.rules import api as rules
from loyalty.programs.api import ProgramPlan, earn_schema_of
from loyalty.programs.contracts import EarnRulePlan, OncePer


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the conditions of rules look at; day and hour are local to the program."""

    on: date
    hour: int
    tier_code: str | None
    segment_codes: Sequence[str]
    partner_ref: str
    rules_given: frozenset[str]


def mismatch(rule: EarnRulePlan, at: Circumstances) -> str:
    """Give why a rule does not apply, or an empty text when it does."""
    if rule.starts_on is not None and at.on < rule.starts_on:
        return "not_begun"
    if rule.ends_on is not None and at.on > rule.ends_on:
        return "ended"
    if rule.weekdays and at.on.isoweekday() not in rule.weekdays:
        return "other_weekday"
    if not is_within_hours(rule.hour_from, rule.hour_until, at.hour):
        return "other_hour"
    if rule.tier_codes and at.tier_code not in rule.tier_codes:
        return "other_tier"
    if rule.segment_codes and not set(rule.segment_codes) & set(at.segment_codes):
        return "not_in_segment"
    if rule.partner_ref and rule.partner_ref != at.partner_ref:
        return "other_partner"
    if rule.once_per is OncePer.MEMBER and rule.code in at.rules_given:
        return "given_before"
    return ""


def is_within_hours(hour_from: int | None, hour_until: int | None, hour: int) -> bool:
    """Tell whether an hour lies from the first (inclusive) until the second (exclusive), over midnight if need be."""
    low = 0 if hour_from is None else hour_from
    high = 24 if hour_until is None else hour_until
    return low <= hour < high if low < high else (hour >= low or hour < high)


def fields_read(plan: ProgramPlan) -> frozenset[str]:
    """Give the names of the facts that the rules of a version read, in their conditions too."""
    names: set[str] = set()
    for one in plan.earn_rules:
        if one.segment_codes:
            names.add("segment_codes")
        if one.rule is not None:
            names |= rules.uses_fields(rules.check(one.rule, earn_schema_of(one.event_type), expects="number"))
    return frozenset(names)
