"""Decisions of access as pure functions."""

from loyalty.foundation.access.policy.networks import are_within_networks, is_within_networks, read_network
from loyalty.foundation.access.policy.patterns import (
    catalogue,
    covers,
    expand,
    grant_of,
    is_known,
    is_within,
    matches,
    narrowed,
    register,
)
from loyalty.foundation.access.policy.shipped import SHIPPED_ROLES, ShippedPattern

__all__ = [
    "SHIPPED_ROLES",
    "ShippedPattern",
    "are_within_networks",
    "catalogue",
    "covers",
    "expand",
    "grant_of",
    "is_known",
    "is_within",
    "is_within_networks",
    "matches",
    "narrowed",
    "read_network",
    "register",
]
