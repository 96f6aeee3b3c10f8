"""Short and long forms of a program's terms: one truth, written and read either way."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, TypeVar

from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.programs.contracts import (
    CAP_DAILY,
    RULE_BASE,
    CapPlan,
    EarnRulePlan,
    ExpiryKind,
    ExpiryPlan,
    ProgramDocument,
    ProgramPlan,
    ProgramTerms,
    earn_cap_daily_of,
    earn_rule_of,
    expiry_days_of,
)

TERMS = tuple(one.name for one in fields(ProgramTerms))
# Each short form with the term it stands for.
SHORT_FORMS: dict[str, str] = {"earn_rule": "earn_rules", "earn_cap_daily": "caps", "expiry_days": "expiry"}
READERS: dict[str, Callable[[ProgramTerms], Any]] = {
    "earn_rule": earn_rule_of,
    "earn_cap_daily": earn_cap_daily_of,
    "expiry_days": expiry_days_of,
}

AnyTerms = TypeVar("AnyTerms", bound=ProgramTerms)


def terms_of(whole: ProgramTerms) -> ProgramTerms:
    """Give the terms out of a document or a plan, and nothing else."""
    return ProgramTerms(**{name: getattr(whole, name) for name in TERMS})


def _with_earn_rule(terms: ProgramTerms, rule: Any) -> tuple[EarnRulePlan, ...]:
    if rule is None:
        return tuple(one for one in terms.earn_rules if one.code != RULE_BASE)
    if any(one.code == RULE_BASE for one in terms.earn_rules):
        return tuple(replace(one, rule=rule) if one.code == RULE_BASE else one for one in terms.earn_rules)
    return (EarnRulePlan(code=RULE_BASE, name="Base", rule=rule), *terms.earn_rules)


def _with_cap_daily(terms: ProgramTerms, points: int | None) -> tuple[CapPlan, ...]:
    if points is None:
        return tuple(cap for cap in terms.caps if cap.code != CAP_DAILY)
    daily = CapPlan(code=CAP_DAILY, limit=Decimal(points))
    if any(cap.code == CAP_DAILY for cap in terms.caps):
        return tuple(daily if cap.code == CAP_DAILY else cap for cap in terms.caps)
    return (daily, *terms.caps)


def _with_expiry_days(terms: ProgramTerms, days: int | None) -> ExpiryPlan:
    if days is None:
        return replace(terms.expiry, kind=ExpiryKind.NEVER, days=None)
    return replace(terms.expiry, kind=ExpiryKind.AGE, days=days, months=None)


WRITERS: dict[str, Callable[[ProgramTerms, Any], Any]] = {
    "earn_rule": _with_earn_rule,
    "earn_cap_daily": _with_cap_daily,
    "expiry_days": _with_expiry_days,
}


def _with_short(whole: AnyTerms, name: str, value: Any) -> AnyTerms:
    """Bring a short form into the long one; one that says what the long form says already changes nothing."""
    if READERS[name](whole) == value:
        return whole
    return replace(whole, **{SHORT_FORMS[name]: WRITERS[name](whole, value)})


def agree(document: ProgramDocument) -> ProgramDocument:
    """Fill each form from the other: a short form alone makes the long one; both are left as they are."""
    for name, long in SHORT_FORMS.items():
        given, default = getattr(document, name), ProgramTerms.__dataclass_fields__[long]
        is_long_written = getattr(document, long) != default.default
        if given is not None and not is_long_written:
            document = _with_short(document, name, given)
        elif given is None:
            document = replace(document, **{name: READERS[name](document)})
    return document


def amend(document: ProgramDocument, changes: Mapping[str, Any]) -> ProgramDocument:
    """Change a document whose forms agree; a form that is written alone takes the other along."""
    changed = replace(document, **changes)
    for name, long in SHORT_FORMS.items():
        if long in changes and name not in changes:
            changed = replace(changed, **{name: READERS[name](changed)})
        elif name in changes and long not in changes:
            changed = _with_short(changed, name, changes[name])
    return changed


def amend_plan(plan: ProgramPlan, changes: Mapping[str, Any]) -> ProgramPlan:
    """Change a plan by names of terms, short or long, to try something before it is saved; short forms go first."""
    for name in SHORT_FORMS:
        if name in changes:
            plan = _with_short(plan, name, changes[name])
    return replace(plan, **{name: value for name, value in changes.items() if name not in SHORT_FORMS})


def find_disagreements(document: ProgramDocument) -> list[FieldProblem]:
    """Tell where the short form of a document says something else than the long one."""
    return [
        FieldProblem(name, "program.forms_differ", f"This says something else than {long}; write one of the two.")
        for name, long in SHORT_FORMS.items()
        if getattr(document, name) != READERS[name](document)
    ]
