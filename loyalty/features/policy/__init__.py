"""Decisions on features as pure functions: words for fields, whose value counts, what is fresh, what fits its type."""

from loyalty.features.policy.freshness import Answer, Trouble, age_of, degradation_of, is_fresh, is_near_its_end
from loyalty.features.policy.merging import Merged, asks_all, merge, order_of
from loyalty.features.policy.streaming import STREAMING, Purchases, overlay
from loyalty.features.policy.values import fitted
from loyalty.features.policy.words import KNOWN, XIVA_FIELDS, Description, describe

__all__ = [
    "KNOWN",
    "STREAMING",
    "XIVA_FIELDS",
    "Answer",
    "Description",
    "Merged",
    "Purchases",
    "Trouble",
    "age_of",
    "asks_all",
    "degradation_of",
    "describe",
    "fitted",
    "is_fresh",
    "is_near_its_end",
    "merge",
    "order_of",
    "overlay",
]
