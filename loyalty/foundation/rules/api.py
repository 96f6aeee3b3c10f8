"""The front door of the rule engine."""

from loyalty.foundation.rules.asking import (
    Leaf,
    asks_beyond_facts,
    conjuncts,
    leaves,
    questions,
    uses_buckets,
    uses_history,
    uses_segments,
)
from loyalty.foundation.rules.checking import check
from loyalty.foundation.rules.compiling import SQL_TYPES
from loyalty.foundation.rules.contracts import (
    Aggregate,
    EventQuestion,
    EventType,
    Expects,
    Field,
    FieldType,
    Flip,
    History,
    LeafChange,
    OperatorEntry,
    Outcome,
    Problem,
    Rule,
    Schema,
    SegmentName,
    SetContext,
    TraceStep,
    Window,
)
from loyalty.foundation.rules.errors import RuleFault, RuleInvalid, RuleNotCompilable
from loyalty.foundation.rules.evaluating import evaluate, explain, matches, uses_fields
from loyalty.foundation.rules.flipping import flips
from loyalty.foundation.rules.limits import LIST_MAX, TEXT_MAX
from loyalty.foundation.rules.matching import rule_like
from loyalty.foundation.rules.operators.behaviour import bucket_of
from loyalty.foundation.rules.operators.catalogue import list_operators
from loyalty.foundation.rules.sets import compile_predicate, compile_value
from loyalty.foundation.rules.text import PROFILE, PROFILE_FIRST, PROFILE_LATEST, canonical, fingerprint, parse_text
from loyalty.foundation.rules.wording import say

__all__ = [
    "PROFILE",
    "PROFILE_FIRST",
    "PROFILE_LATEST",
    "Aggregate",
    "EventQuestion",
    "EventType",
    "Expects",
    "Field",
    "FieldType",
    "Flip",
    "History",
    "LIST_MAX",
    "Leaf",
    "LeafChange",
    "OperatorEntry",
    "Outcome",
    "Problem",
    "Rule",
    "RuleFault",
    "RuleInvalid",
    "RuleNotCompilable",
    "SQL_TYPES",
    "Schema",
    "SegmentName",
    "SetContext",
    "TEXT_MAX",
    "TraceStep",
    "Window",
    "asks_beyond_facts",
    "bucket_of",
    "canonical",
    "check",
    "compile_predicate",
    "compile_value",
    "conjuncts",
    "evaluate",
    "explain",
    "fingerprint",
    "flips",
    "leaves",
    "list_operators",
    "matches",
    "parse_text",
    "questions",
    "rule_like",
    "say",
    "uses_buckets",
    "uses_fields",
    "uses_history",
    "uses_segments",
]
