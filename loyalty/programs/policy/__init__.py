"""Decisions of programs as pure functions: what a document may say, which tier fits, when a program is open."""

from loyalty.programs.policy.checks import DAYS_MAX as EXPIRY_DAYS_MAX
from loyalty.programs.policy.conditions import is_rule_open, why_rule_closed
from loyalty.programs.policy.differences import Difference, changed_names, list_differences
from loyalty.programs.policy.documents import TIERS_MAX, code_from, complete, find_problems
from loyalty.programs.policy.editing import (
    HEADER,
    PROMISES,
    are_promises_changed,
    are_tiers_changed,
    carry,
    identify_tiers,
)
from loyalty.programs.policy.expiry import expiry_of, inactive_since
from loyalty.programs.policy.forms import SHORT_FORMS, TERMS, agree, amend, amend_plan, find_disagreements, terms_of
from loyalty.programs.policy.rules import (
    BURN_SCHEMA,
    EARN_SCHEMA,
    EVENT_SCHEMA,
    TIER_SCHEMA,
    burn_rule_read,
    check_rule,
    check_rules,
    earn_rule_read,
    rules_profile_for,
    say_earn_rule,
    say_rule,
)
from loyalty.programs.policy.stored import read_part, read_terms, store_terms
from loyalty.programs.policy.times import business_date, choose_tier, is_open, local_time, next_tier, plan_at
from loyalty.programs.policy.trying import blank_plan, try_changes
from loyalty.programs.policy.windows import (
    ALL_TIME,
    Window,
    cap_window,
    has_periods,
    next_window,
    previous_window,
    qualifying_window,
    tier_valid_until,
)

__all__ = [
    "ALL_TIME",
    "BURN_SCHEMA",
    "Difference",
    "EARN_SCHEMA",
    "EVENT_SCHEMA",
    "EXPIRY_DAYS_MAX",
    "HEADER",
    "PROMISES",
    "SHORT_FORMS",
    "TERMS",
    "TIERS_MAX",
    "TIER_SCHEMA",
    "Window",
    "agree",
    "amend",
    "amend_plan",
    "are_promises_changed",
    "are_tiers_changed",
    "business_date",
    "cap_window",
    "carry",
    "changed_names",
    "check_rule",
    "check_rules",
    "choose_tier",
    "code_from",
    "complete",
    "burn_rule_read",
    "earn_rule_read",
    "rules_profile_for",
    "expiry_of",
    "find_disagreements",
    "find_problems",
    "has_periods",
    "identify_tiers",
    "inactive_since",
    "is_open",
    "is_rule_open",
    "list_differences",
    "local_time",
    "next_tier",
    "next_window",
    "plan_at",
    "previous_window",
    "qualifying_window",
    "read_part",
    "read_terms",
    "say_earn_rule",
    "say_rule",
    "store_terms",
    "terms_of",
    "tier_valid_until",
    "blank_plan",
    "try_changes",
    "why_rule_closed",
]
