"""Whether a rule applies, and which facts the rules of a version read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from loyalty.foundation.rules import api as rules
from loyalty.programs.api import EarnRulePlan, OncePer, ProgramPlan, earn_schema_of, why_rule_closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the conditions of rules look at; ``local`` is the instant in the program's zone."""

    local: datetime
    tier_code: str | None
    segment_codes: Sequence[str]
    partner_ref: str
    rules_given: frozenset[str]


def mismatch(rule: EarnRulePlan, at: Circumstances) -> str:
    """Give why a rule does not apply (``other_hours``, ``given_before`` …), or an empty text when it does."""
    closed = why_rule_closed(
        rule, local=at.local, tier_code=at.tier_code, segment_codes=at.segment_codes, partner_ref=at.partner_ref
    )
    if closed:
        return f"other_{closed}"
    return "given_before" if rule.once_per is OncePer.MEMBER and rule.code in at.rules_given else ""


def fields_read(plan: ProgramPlan) -> frozenset[str]:
    """Give the names of the facts that the rules of a version read, in their conditions too."""
    names: set[str] = set()
    for one in plan.earn_rules:
        if one.segment_codes:
            names.add("segment_codes")
        if one.rule is not None:
            names |= rules.uses_fields(rules.check(one.rule, earn_schema_of(one.event_type), expects="number"))
    return frozenset(names)
