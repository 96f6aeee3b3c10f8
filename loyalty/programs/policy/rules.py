"""Which facts the rules of a program may read, and what is wrong with a rule."""

from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.rules import api as rules
from loyalty.foundation.rules.api import Field, FieldType, Schema
from loyalty.programs.contracts import (
    EVENT_PURCHASE,
    RULE_BASE,
    EarnRulePlan,
    ProgramDocument,
    ProgramPlan,
    ProgramTerms,
)
from loyalty.programs.policy.documents import ZONES
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


EARN_SCHEMA = Schema(_earn_fields(is_purchase=True))
# An event that is no purchase has the same facts, as far as its data says them.
EVENT_SCHEMA = Schema(_earn_fields(is_purchase=False))
BURN_SCHEMA = Schema(
    (
        Field("points_requested", FieldType.INTEGER, "Points to redeem", is_nullable=False, category="redemption"),
        Field("channel", FieldType.TEXT, "Channel", category="redemption"),
        Field("tier_code", FieldType.TEXT, "Tier of the member", category="member"),
        Field("points_balance", FieldType.INTEGER, "Points available", is_nullable=False, category="member"),
        Field("points_lifetime", FieldType.INTEGER, "Points earned ever", is_nullable=False, category="member"),
    ),
)
TIER_SCHEMA = Schema(
    (
        Field("points", FieldType.INTEGER, "Points earned in the window", is_nullable=False, category="window"),
        Field("spend", FieldType.DECIMAL, "Amount spent in the window", is_nullable=False, category="window"),
        Field("purchases", FieldType.INTEGER, "Purchases in the window", is_nullable=False, category="window"),
        Field("points_lifetime", FieldType.INTEGER, "Points earned ever", is_nullable=False, category="member"),
        Field("days_enrolled", FieldType.INTEGER, "Days since enrollment", is_nullable=False, category="member"),
    ),
    # All these facts are numbers, for which the profiles say the same.
    profile=rules.PROFILE_FIRST,
)
SCHEMAS: dict[str, Schema] = {"earn": EARN_SCHEMA, "event": EVENT_SCHEMA, "burn": BURN_SCHEMA, "tier": TIER_SCHEMA}


def rules_profile_for(after: ProgramTerms, before: ProgramTerms | None) -> int:
    """Give the profile of changed terms: that of before as long as no rule is changed, else the latest."""
    if before is None or _rules_in(after) != _rules_in(before):
        return rules.PROFILE_LATEST
    return before.rules_profile


def _rules_in(terms: ProgramTerms) -> tuple[Any, ...]:
    return (
        *((one.code, one.event_type, one.rule) for one in terms.earn_rules),
        terms.burn_rule,
        terms.tier_policy.rule,
    )


def earn_rule_read(plan: ProgramPlan, rule: EarnRulePlan) -> rules.Rule:
    """Read a rule of a version as it was meant when it was written; its days are those of the program's zone.

    :raises RuleInvalid: it was stored unchecked.
    """
    return _read(_kind_of(rule), rule.rule, plan.timezone, plan.rules_profile)


def burn_rule_read(plan: ProgramPlan) -> rules.Rule:
    """Read the burn rule of a version, likewise."""
    return _read("burn", plan.burn_rule, plan.timezone, plan.rules_profile)


def _read(kind: str, rule: Any, timezone: str, profile: int) -> rules.Rule:
    schema = _zoned(kind, timezone)
    return rules.check(rule, schema, "number", schema.profile or profile)


@lru_cache(maxsize=256)
def _zoned(kind: str, timezone: str) -> Schema:
    """The facts of a kind of rule in a zone; a document whose zone is none is told so with its other problems."""
    return replace(SCHEMAS[kind], zone=timezone if timezone in ZONES else "UTC")


def check_rule(
    kind: str, rule: Any, place: str = "", *, timezone: str = "UTC", profile: int = rules.PROFILE_LATEST
) -> list[FieldProblem]:
    """Check a rule of a kind of ``SCHEMAS``; places are JSON Pointers behind the field's name."""
    if rule is None:
        return []
    try:
        _read(kind, rule, timezone, profile)
    except rules.RuleInvalid as refusal:
        return [replace(problem, field=f"{place or f'{kind}_rule'}{problem.field}") for problem in refusal.problems]
    return []


def check_rules(document: ProgramDocument) -> list[FieldProblem]:
    """Check every rule of a document; a fault of the rule ``base`` is told under its short and its long name."""
    problems: list[FieldProblem] = []
    check = partial(check_rule, timezone=document.timezone, profile=document.rules_profile)
    for position, rule in enumerate(document.earn_rules):
        if rule.code == RULE_BASE:
            problems += check(_kind_of(rule), rule.rule, "earn_rule")
        problems += check(_kind_of(rule), rule.rule, f"earn_rules.{position}.rule")
    problems += check("burn", document.burn_rule)
    return problems + check("tier", document.tier_policy.rule, "tier_policy.rule")


def _kind_of(rule: EarnRulePlan) -> str:
    return "earn" if rule.event_type == EVENT_PURCHASE else "event"


def say_rule(kind: str, rule: Any, language: str = "en") -> str:
    """Say a stored rule in words, with the labels of the language; no rule gives no words.

    The words are the same under every profile; what an older one alone allowed is read as it was.
    """
    if rule is None:
        return ""
    try:
        checked = rules.check(rule, SCHEMAS[kind], "number")
    except rules.RuleInvalid:
        checked = rules.check(rule, SCHEMAS[kind], "number", rules.PROFILE_FIRST)
    return rules.say(checked, _labelled(kind, language), language)


def say_earn_rule(rule: EarnRulePlan, language: str = "en") -> str:
    """Say what a way to earn gives."""
    return say_rule(_kind_of(rule), rule.rule, language)


@lru_cache
def _labelled(kind: str, language: str) -> Schema:
    """The facts of a kind of rule with their labels in a language; English ones where it has none."""
    labels = LABELS.get(language, {})
    fields = SCHEMAS[kind].fields
    return replace(SCHEMAS[kind], fields=tuple(replace(one, label=labels.get(one.name, one.label)) for one in fields))
