"""Whether a rule applies, and which facts the rules of a version read."""

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from loyalty.foundation.rules import api as rules
from loyalty.programs.api import EarnRulePlan, OncePer, ProgramPlan, earn_rule_read, why_rule_closed


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


@dataclass(frozen=True, slots=True)
class Compiled:
    """The rules of a version in order of their priority, checked, and the names of the facts that they read."""

    plan: ProgramPlan
    rules: tuple[tuple[EarnRulePlan, rules.Rule | None], ...]
    fields: frozenset[str]


# A plan that is in use is one object for as long as it is; checking its rules anew for each purchase would cost more
# than running them.
_compiled: OrderedDict[int, Compiled] = OrderedDict()
COMPILED_MAX = 500


def compiled(plan: ProgramPlan) -> Compiled:
    """Give the checked rules of a plan, made once per object."""
    found = _compiled.get(id(plan))
    if found is not None and found.plan is plan:
        return found
    made = _compile(plan)
    _compiled[id(plan)] = made
    while len(_compiled) > COMPILED_MAX:
        with suppress(KeyError):  # another thread may have been first
            _compiled.popitem(last=False)
    return made


def _compile(plan: ProgramPlan) -> Compiled:
    ordered = sorted(plan.earn_rules, key=lambda rule: (rule.priority, rule.code))
    checked = [(one, None) if one.rule is None else (one, earn_rule_read(plan, one)) for one in ordered]
    names = {"segment_codes"} if any(one.segment_codes for one in ordered) else set()
    for _, rule in checked:
        names |= rules.uses_fields(rule) if rule is not None else set()
    return Compiled(plan, tuple(checked), frozenset(names))


def fields_read(plan: ProgramPlan) -> frozenset[str]:
    """Give the names of the facts that the rules of a version read, in their conditions too."""
    return compiled(plan).fields
