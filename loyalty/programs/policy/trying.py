"""A plan as it would be with changes that nobody has saved: read as strictly as a write, from the same names."""

import types
import typing
import uuid
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.rules.api import RuleInvalid
from loyalty.programs.contracts import (
    Enrollment,
    ProgramDocument,
    ProgramPlan,
    ProgramStatus,
    ProgramTerms,
    TierDocument,
    TierPlan,
)
from loyalty.programs.errors import ProgramInvalid
from loyalty.programs.policy.documents import complete, find_problems
from loyalty.programs.policy.forms import TERMS, agree, amend
from loyalty.programs.policy.rules import check_rules, rules_profile_for

# What answers add to a program's parts; a client that sends an answer back means no harm.
TOLD_ONLY = frozenset({"rule_in_words"})
TIERS = typing.cast(Any, tuple[TierDocument, ...])


class _Wrong(Exception):
    """A value that is not of the kind that its place takes."""

    def __init__(self, place: str, message: str, code: str = "invalid") -> None:
        super().__init__(message)
        self.problem = FieldProblem(place, code, message)


def blank_plan(*, currency: str, timezone: str) -> ProgramPlan:
    """Give the plan of a program that nobody has saved and that promises nothing yet, to try a draft on.

    :raises ProgramInvalid: there is no such currency or zone.
    """
    nobody = uuid.UUID(int=0)
    plan = ProgramPlan(
        program_id=nobody, code="draft", name="Draft", status=ProgramStatus.DRAFT, start_date=None, end_date=None,
        currency=currency, timezone=timezone, enrollment=Enrollment.EXPLICIT, version_id=nobody, version_number=0,
    )  # fmt: skip
    problems = find_problems(_document(plan))
    if problems:
        raise ProgramInvalid(problems[0].message, problems=problems)
    return plan


def try_changes(plan: ProgramPlan, raw: Mapping[str, Any]) -> ProgramPlan:
    """Give the plan with changed terms, tiers and short forms, given as JSON in the shapes of a program's document.

    :raises ProgramInvalid: the changes cannot be read or stored; the problems name each place.
    :raises RuleInvalid: a rule is not valid.
    """
    try:
        changes = {name: _change(name, value) for name, value in raw.items()}
        before = _document(plan)
        whole = complete(amend(before, changes))
        whole = replace(whole, rules_profile=rules_profile_for(whole, before))
    except _Wrong as wrong:
        raise ProgramInvalid(wrong.problem.message, problems=[wrong.problem]) from None
    in_rules = check_rules(whole)
    if in_rules:
        raise RuleInvalid(f"{in_rules[0].message} (at {in_rules[0].field})", problems=in_rules)
    problems = find_problems(whole)
    if problems:
        raise ProgramInvalid(problems[0].message, problems=problems)
    saved = {tier.code: tier.id for tier in plan.tiers}
    return replace(
        plan,
        tiers=tuple(_tier(tier, saved, plan.program_id) for tier in whole.tiers),
        **{name: getattr(whole, name) for name in TERMS},
    )


def _document(plan: ProgramPlan) -> ProgramDocument:
    names = {one.name for one in fields(TierDocument)}
    tiers = tuple(
        TierDocument(**{one.name: getattr(tier, one.name) for one in fields(TierPlan) if one.name in names})
        for tier in plan.tiers
    )
    document = ProgramDocument(
        name=plan.name,
        code=plan.code,
        # What is only tried need not be whole yet.
        status=ProgramStatus.DRAFT,
        start_date=plan.start_date,
        end_date=plan.end_date,
        currency=plan.currency,
        timezone=plan.timezone,
        enrollment=plan.enrollment,
        tiers=tiers,
        **{name: getattr(plan, name) for name in TERMS},
    )
    return agree(document)


def _tier(tier: TierDocument, saved: Mapping[str, uuid.UUID], program_id: uuid.UUID) -> TierPlan:
    # A tier that is not saved yet has an id that stays the same from one try to the next.
    made_up = uuid.uuid5(program_id, tier.code)
    values = {one.name: getattr(tier, one.name) for one in fields(TierDocument)}
    return TierPlan(**values | {"id": tier.id or saved.get(tier.code) or made_up})


def _change(name: str, value: Any) -> Any:
    hints = typing.get_type_hints(ProgramTerms) | {"tiers": TIERS}
    hints |= {"earn_rule": Any, "earn_cap_daily": int | None, "expiry_days": int | None}
    if name not in hints:
        raise _Wrong(name, f"The field {name[:60]} is not known here.", "unknown_field")
    return _read(hints[name], value, name)


def _read(hint: Any, value: Any, place: str) -> Any:
    """Read one value strictly by its type hint."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if origin is types.UnionType:
        kind = next(one for one in inner if one is not type(None))
        return None if value is None else _read(kind, value, place)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise _Wrong(place, "Give a list.")
        return tuple(_read(inner[0], one, f"{place}.{number}") for number, one in enumerate(value))
    if origin is Mapping:
        return {str(name): _read(inner[1], one, f"{place}.{name}") for name, one in _mapping(value, place).items()}
    if is_dataclass(hint):
        return _read_part(typing.cast(type, hint), _mapping(value, place), place)
    return _read_plain(hint, value, place)


def _mapping(value: Any, place: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise _Wrong(place, "Give an object.")
    return value


def _read_part(part: type, value: Mapping[Any, Any], place: str) -> Any:
    hints, known = typing.get_type_hints(part), {one.name: one for one in fields(part)}
    given = {name: one for name, one in value.items() if name not in TOLD_ONLY}
    unknown = sorted(str(name) for name in given if name not in known)
    if unknown:
        raise _Wrong(f"{place}.{unknown[0]}", f"The field {unknown[0][:60]} is not known here.", "unknown_field")
    missing = [name for name, one in known.items() if name not in given and _is_required(one)]
    if missing:
        raise _Wrong(f"{place}.{missing[0]}", "This field is required.", "required")
    return part(**{name: _read(hints[name], one, f"{place}.{name}") for name, one in given.items()})


def _is_required(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _read_plain(hint: Any, value: Any, place: str) -> Any:
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        choices = [kind.value for kind in hint]
        if value not in choices:
            raise _Wrong(place, f"Give one of {', '.join(filter(None, choices))}.", "invalid_choice")
        return hint(value)
    read, message = READERS[hint]
    try:
        return read(value)
    except (ValueError, InvalidOperation, TypeError):
        raise _Wrong(place, message) from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError
    return value


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _exact(value: Any) -> Decimal:
    number = Decimal(value) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else None
    if number is None or not number.is_finite():
        raise ValueError
    return number


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(_text(value))


def _id(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(_text(value))


READERS: dict[Any, tuple[Callable[[Any], Any], str]] = {
    str: (_text, "Give a text."),
    int: (_whole, "Give a whole number."),
    bool: (_yes_or_no, "Give true or false."),
    Decimal: (_exact, "Give a decimal number."),
    date: (_day, "Give a day, such as 2026-11-20."),
    uuid.UUID: (_id, "Give an identifier."),
}
