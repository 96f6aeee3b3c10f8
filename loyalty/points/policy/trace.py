"""Numbers and steps of decisions as JSON that reads the same for ever."""

from datetime import date
from decimal import Decimal
from typing import Any

from loyalty.foundation.rules import api as rules
from loyalty.points.errors import RuleResultInvalid
from loyalty.programs.api import ProgramPlan, TierPlan


def version_of(plan: ProgramPlan) -> dict[str, Any]:
    """Give the version that a decision went by."""
    return {"program_version": plan.version_number, "program_version_id": str(plan.version_id)}


def tier_named(tier: TierPlan | None) -> dict[str, str] | None:
    """Give a tier by code and name."""
    return {"code": tier.code, "name": tier.name} if tier else None


def number_of(value: object) -> Decimal | None:
    """Give the number that a rule came to; None when it came to nothing.

    :raises RuleResultInvalid: it is no number.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise RuleResultInvalid("The rule gives no number.", result=str(value)[:60])
    return Decimal(value)


def plain(value: Decimal) -> str:
    """Write a number without exponent and without idle zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def jsonable(value: object) -> object:
    """Give a fact or a value as JSON: numbers exactly, as text; days in ISO form."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | frozenset | set):
        return [jsonable(inner) for inner in value]
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
            "facts": {name: jsonable(fact) for name, fact in step.facts.items()},
            "value": jsonable(step.value),
            "decisive": step.is_decisive,
        }
        for step in outcome.trace
    ]
