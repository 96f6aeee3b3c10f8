"""Decisions of programs as pure functions: what a document may say, which tier fits, when a program is open."""

from loyalty.programs.policy.documents import EXPIRY_DAYS_MAX, TIERS_MAX, code_from, complete, find_problems
from loyalty.programs.policy.forms import SHORT_FORMS, TERMS, agree, amend, amend_plan, find_disagreements, terms_of
from loyalty.programs.policy.rules import (
    BURN_SCHEMA,
    EARN_SCHEMA,
    EVENT_SCHEMA,
    TIER_SCHEMA,
    check_rule,
    check_rules,
    earn_schema_of,
    say_earn_rule,
    say_rule,
)
from loyalty.programs.policy.stored import read_part, read_terms, store_terms
from loyalty.programs.policy.times import business_date, choose_tier, is_open, next_tier, plan_at

__all__ = [
    "BURN_SCHEMA",
    "EARN_SCHEMA",
    "EVENT_SCHEMA",
    "EXPIRY_DAYS_MAX",
    "SHORT_FORMS",
    "TERMS",
    "TIERS_MAX",
    "TIER_SCHEMA",
    "agree",
    "amend",
    "amend_plan",
    "business_date",
    "check_rule",
    "check_rules",
    "choose_tier",
    "code_from",
    "complete",
    "earn_schema_of",
    "find_disagreements",
    "find_problems",
    "is_open",
    "next_tier",
    "plan_at",
    "read_part",
    "read_terms",
    "say_earn_rule",
    "say_rule",
    "store_terms",
    "terms_of",
]
