"""Which facts the rules of a program may read, and what is wrong with a rule."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.rules import api as rules
from loyalty.foundation.rules.api import Field, FieldType, Schema
from loyalty.programs.contracts import EVENT_PURCHASE, RULE_BASE, EarnRulePlan, ProgramDocument
from loyalty.programs.policy.labels import LABELS

MEMBER_FIELDS = (
    Field("tier_code", FieldType.TEXT, "Tier of the member", category="member"),
    Field("segment_codes", FieldType.TEXT_LIST, "Segments of the member", is_nullable=False, category="member"),
    Field("points_balance", FieldType.INTEGER, "Points available", is_nullable=False, category="member"),
    Field("points_lifetime", FieldType.INTEGER, "Points earned ever", is_nullable=False, category="member"),
    Field("purchase_count", FieldType.INTEGER, "Purchases before this one", is_nullable=False, category="member"),
    Field("days_enrolled", FieldType.INTEGER, "Days since enrollment", is_nullable=False, category="member"),
)
TIME_FIELDS = (
    Field("day_of_week", FieldType.INTEGER, "Day of the week, Monday is 1", is_nullable=False, category="time"),
    Field("weekday", FieldType.INTEGER, "Weekday, Monday is 1", is_nullable=False, category="time"),
    Field("hour_of_day", FieldType.INTEGER, "Hour of the day", is_nullable=False, category="time"),
    Field("occurred_on", FieldType.DATE, "Day of the purchase", is_nullable=False, category="time"),
)


def _amounts(*, is_nullable: bool) -> tuple[Field, ...]:
    labels = {
        "transaction_amount": "Amount of the purchase",
        "eligible_amount": "Amount that earns",
        "tax_amount": "Tax within the amount",
        "fee_amount": "Fees within the amount",
        "points_paid_amount": "Part paid with points",
    }
    return tuple(
        Field(name, FieldType.DECIMAL, label, is_nullable=is_nullable, category="purchase")
        for name, label in labels.items()
    )


def _earn_fields(*, is_purchase: bool) -> tuple[Field, ...]:
    return (
        *_amounts(is_nullable=not is_purchase),
        Field("currency", FieldType.TEXT, "Currency", category="purchase"),
        Field("channel", FieldType.TEXT, "Channel", category="purchase"),
        Field("product_category", FieldType.TEXT, "Product category", category="purchase"),
        Field("product_id", FieldType.TEXT, "Product", category="purchase"),
        Field("quantity", FieldType.DECIMAL, "Quantity", category="purchase"),
        Field("partner_ref", FieldType.TEXT, "Partner", category="purchase"),
        Field("event_type", FieldType.TEXT, "Kind of event", is_nullable=False, category="event"),
        *TIME_FIELDS,
        *MEMBER_FIELDS,
    )


# The rules of a program are stored without a profile, and all that were ever stored are of the first: they keep their
# meaning, whatever the latest profile says.
EARN_SCHEMA = Schema(_earn_fields(is_purchase=True), profile=rules.PROFILE_FIRST)
# An event that is no purchase has the same facts, as far as its data says them.
EVENT_SCHEMA = Schema(_earn_fields(is_purchase=False), profile=rules.PROFILE_FIRST)
BURN_SCHEMA = Schema(
    (
        Field("points_requested", FieldType.INTEGER, "Points to redeem", is_nullable=False, category="redemption"),
        Field("channel", FieldType.TEXT, "Channel", category="redemption"),
        Field("tier_code", FieldType.TEXT, "Tier of the member", category="member"),
        Field("points_balance", FieldType.INTEGER, "Points available", is_nullable=False, category="member"),
        Field("points_lifetime", FieldType.INTEGER, "Points earned ever", is_nullable=False, category="member"),
    ),
    profile=rules.PROFILE_FIRST,
)
TIER_SCHEMA = Schema(
    (
        Field("points", FieldType.INTEGER, "Points earned in the window", is_nullable=False, category="window"),
        Field("spend", FieldType.DECIMAL, "Amount spent in the window", is_nullable=False, category="window"),
        Field("purchases", FieldType.INTEGER, "Purchases in the window", is_nullable=False, category="window"),
        Field("points_lifetime", FieldType.INTEGER, "Points earned ever", is_nullable=False, category="member"),
        Field("days_enrolled", FieldType.INTEGER, "Days since enrollment", is_nullable=False, category="member"),
    ),
    profile=rules.PROFILE_FIRST,
)
SCHEMAS: dict[str, Schema] = {"earn": EARN_SCHEMA, "event": EVENT_SCHEMA, "burn": BURN_SCHEMA, "tier": TIER_SCHEMA}


def earn_schema_of(event_type: str) -> Schema:
    """Give the facts that a rule for a kind of event may read."""
    return EARN_SCHEMA if event_type == EVENT_PURCHASE else EVENT_SCHEMA


def check_rule(kind: str, rule: Any, place: str = "") -> list[FieldProblem]:
    """Check a rule of a kind of ``SCHEMAS``; places are JSON Pointers behind the field's name."""
    if rule is None:
        return []
    try:
        rules.check(rule, SCHEMAS[kind], expects="number")
    except rules.RuleInvalid as refusal:
        return [replace(problem, field=f"{place or f'{kind}_rule'}{problem.field}") for problem in refusal.problems]
    return []


def check_rules(document: ProgramDocument) -> list[FieldProblem]:
    """Check every rule of a document; a fault of the rule ``base`` is told under its short and its long name."""
    problems: list[FieldProblem] = []
    for position, rule in enumerate(document.earn_rules):
        if rule.code == RULE_BASE:
            problems += check_rule(_kind_of(rule), rule.rule, "earn_rule")
        problems += check_rule(_kind_of(rule), rule.rule, f"earn_rules.{position}.rule")
    problems += check_rule("burn", document.burn_rule)
    return problems + check_rule("tier", document.tier_policy.rule, "tier_policy.rule")


def _kind_of(rule: EarnRulePlan) -> str:
    return "earn" if rule.event_type == EVENT_PURCHASE else "event"


def say_rule(kind: str, rule: Any, language: str = "en") -> str:
    """Say a stored rule in words, with the labels of the language; no rule gives no words."""
    if rule is None:
        return ""
    return rules.say(rules.check(rule, SCHEMAS[kind], expects="number"), _labelled(kind, language), language)


def say_earn_rule(rule: EarnRulePlan, language: str = "en") -> str:
    """Say what a way to earn gives."""
    return say_rule(_kind_of(rule), rule.rule, language)


@lru_cache
def _labelled(kind: str, language: str) -> Schema:
    """The facts of a kind of rule with their labels in a language; English ones where it has none."""
    labels = LABELS.get(language, {})
    fields = SCHEMAS[kind].fields
    return replace(SCHEMAS[kind], fields=tuple(replace(one, label=labels.get(one.name, one.label)) for one in fields))
