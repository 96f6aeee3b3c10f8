"""Where each part of a rule runs, the order of segments, and whether changed customers alone are enough."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from loyalty.foundation.rules import api as rules

# Operators whose answer moves with the clock although nobody's facts do.
MOVING = frozenset(
    {"now", "today", "days_ago", "days_since", "days_until", "within_days", "in_last_days", "age", "years_since"}
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a rule runs: ``pushed`` where the warehouse's rows are, ``rest`` here over whom those left.

    ``staged_fields`` are the warehouse's values that the rest reads, so that they have to come along;
    ``reads_warehouse`` says whether only customers of whom the warehouse has a row can be members.
    """

    pushed: tuple[rules.Rule, ...]
    rest: tuple[rules.Rule, ...]
    staged_fields: frozenset[str]
    reads_warehouse: bool


def plan_of(rule: rules.Rule, warehouse_fields: Collection[str]) -> Plan:
    """Take a rule apart: what reads the warehouse's columns alone is pushed down, everything else stays."""
    here = frozenset(warehouse_fields)
    pushed: list[rules.Rule] = []
    rest: list[rules.Rule] = []
    for part in rules.conjuncts(rule):
        is_pushed = rules.uses_fields(part) <= here and not rules.asks_beyond_facts(part)
        (pushed if is_pushed and rules.uses_fields(part) else rest).append(part)
    return Plan(
        pushed=tuple(pushed),
        rest=tuple(rest),
        staged_fields=frozenset(name for part in rest for name in rules.uses_fields(part) & here),
        reads_warehouse=bool(rules.uses_fields(rule) & here),
    )


def moves_with_time(rule: rules.Rule) -> bool:
    """Tell whether the rule's answer may change although no fact of the customer does."""
    return rules.uses_history(rule) or any(
        leaf_operator in MOVING for leaf_operator in _operators(json.loads(rule.text))
    )


def _operators(raw: object) -> Iterable[str]:
    if isinstance(raw, dict):
        for name, inside in raw.items():
            yield name
            yield from _operators(inside)
    elif isinstance(raw, list):
        for one in raw:
            yield from _operators(one)


def find_cycle(start: str, uses: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Give a way from a segment through those that its rules name back to itself; empty when there is none."""
    way: list[str] = []
    seen: set[str] = set()

    def walk(one: str) -> bool:
        way.append(one)
        for used in sorted(uses.get(one, ())):
            if used == start:
                way.append(used)
                return True
            if used not in seen:
                seen.add(used)
                if walk(used):
                    return True
        way.pop()
        return False

    return tuple(way) if walk(start) else ()


def layers(wanted: Collection[str], uses: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Give segments in the order in which they are calculated: each after those of them that its rules name."""
    left = dict.fromkeys(wanted)
    ordered: list[list[str]] = []
    while left:
        ready = [one for one in left if not any(other in left and other != one for other in uses.get(one, ()))]
        # Without a cycle something is always ready; with one, what is left goes together rather than never.
        layer = ready or list(left)
        ordered.append(layer)
        for one in layer:
            del left[one]
    return ordered
