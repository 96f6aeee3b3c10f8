"""The front door of the rule engine."""

from loyalty.foundation.rules.checking import check
from loyalty.foundation.rules.compiling import compile_predicate, compile_value
from loyalty.foundation.rules.contracts import (
    Expects,
    Field,
    FieldType,
    OperatorEntry,
    Outcome,
    Problem,
    Rule,
    Schema,
    TraceStep,
)
from loyalty.foundation.rules.errors import RuleFault, RuleInvalid, RuleNotCompilable
from loyalty.foundation.rules.evaluating import evaluate, explain, uses_fields
from loyalty.foundation.rules.matching import rule_like
from loyalty.foundation.rules.operators.catalogue import list_operators
from loyalty.foundation.rules.text import PROFILE, canonical, fingerprint, parse_text
from loyalty.foundation.rules.wording import say

__all__ = [
    "PROFILE",
    "Expects",
    "Field",
    "FieldType",
    "OperatorEntry",
    "Outcome",
    "Problem",
    "Rule",
    "RuleFault",
    "RuleInvalid",
    "RuleNotCompilable",
    "Schema",
    "TraceStep",
    "canonical",
    "check",
    "compile_predicate",
    "compile_value",
    "evaluate",
    "explain",
    "fingerprint",
    "list_operators",
    "parse_text",
    "rule_like",
    "say",
    "uses_fields",
]
