"""Why a customer is in a segment or not: leaf by leaf with values, and the smallest change that would turn it."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from loyalty.customers import api as customers
from loyalty.features import api as features
from loyalty.foundation.rules import api as rules
from loyalty.segments.contracts import Explanation
from loyalty.segments.models import Segment
from loyalty.segments.operations.definition import check_rules
from loyalty.segments.operations.recalculation import rule_of
from loyalty.segments.queries import membership, world


def explain(segment: Segment, customer_id: uuid.UUID, *, now: datetime, language: str = "en") -> Explanation:
    """Say why a customer is in a segment or not: each condition with the fact it met.

    :raises CustomerNotFound: there is no such customer.
    """
    customer = customers.get_customer(customer_id)
    stored = membership.is_member(segment.public_id, customer.id)
    if segment.rules is None:
        return Explanation(is_member=stored, matches=None, as_of=now, trace=())
    return explain_rule(rule_of(segment, language), customer.id, is_member=stored, now=now, language=language)


def explain_unsaved(rules_json: Any, customer_id: uuid.UUID, *, now: datetime, language: str = "en") -> Explanation:
    """Say what rules that are not saved come to for a customer.

    :raises RuleInvalid: the rules mean nothing here.
    :raises CustomerNotFound: there is no such customer.
    """
    check_rules(rules_json)
    rule = rules.check(rules_json, world.schema(language), "boolean")
    known = customers.get_customer(customer_id)
    return explain_rule(rule, known.id, is_member=None, now=now, language=language)


def explain_rule(
    rule: rules.Rule, customer_id: uuid.UUID, *, is_member: bool | None, now: datetime, language: str = "en"
) -> Explanation:
    """Evaluate a rule for one customer and keep every step."""
    known = features.get_feature_set(customer_id, now=now, fields=rules.uses_fields(rule))
    answers = customer_answers(customer_id)
    outcome = rules.explain(rule, known.values, now=now, history=answers, language=language)
    trace = tuple(
        {
            "rule": step.words,
            "path": step.path,
            "operator": step.operator,
            "facts": dict(step.facts),
            "value": step.value,
            "decisive": step.is_decisive,
        }
        for step in outcome.trace
    )
    paths = {leaf.path for leaf in rules.leaves(rule)}
    leaves = tuple(
        {"path": s.path, "words": s.words, "facts": dict(s.facts), "value": s.value, "is_decisive": s.is_decisive}
        for s in outcome.trace
        if s.path in paths
    )
    return Explanation(
        is_member=is_member,
        matches=bool(outcome.value),
        as_of=now,
        trace=trace,
        leaves=leaves,
        smallest_change=_smallest_change(rule, known.values, answers, now=now, language=language),
        degraded=tuple({**asdict(one), "words": one.words} for one in known.degraded),
    )


def _smallest_change(
    rule: rules.Rule, values: Mapping[str, Any], answers: world.CustomerAnswers, *, now: datetime, language: str
) -> tuple[dict[str, Any], ...]:
    """Give the first of the smallest sets of conditions whose turning turns the rule; empty when nothing would."""
    found = rules.flips(rule, values, now=now, history=answers, most=1, language=language)
    return tuple(
        {"path": one.path, "words": one.said, "facts": dict(one.facts), "requirement": one.requirement}
        for one in (found[0].changes if found else ())
    )


def customer_answers(customer_id: uuid.UUID) -> world.CustomerAnswers:
    """Give who answers for one customer."""
    inside = membership.list_segment_ids_of([customer_id]).get(customer_id, [])
    return world.customer_answers(customer_id, frozenset(str(one) for one in inside))
