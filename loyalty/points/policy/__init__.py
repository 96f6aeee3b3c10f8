"""Decisions of points as pure functions: what a purchase earns, what points are worth, which instants are taken."""

from loyalty.points.policy.base import base_of, points_by_line, read_purchase
from loyalty.points.policy.burning import decide_burn
from loyalty.points.policy.caps import apply_caps, caps_for
from loyalty.points.policy.checks import (
    AHEAD_MAX,
    BEHIND_MAX,
    NO_AMOUNT,
    check_amount,
    check_currency,
    check_occurred_at,
    check_open,
    check_redeemable,
    check_wallet,
    tier_of,
)
from loyalty.points.policy.earning import decide_direct, decide_earn, round_parts, round_points
from loyalty.points.policy.matching import fields_read
from loyalty.points.policy.replaying import replay
from loyalty.points.policy.trace import plain, steps_of, tier_named, version_of

__all__ = [
    "AHEAD_MAX",
    "BEHIND_MAX",
    "NO_AMOUNT",
    "apply_caps",
    "base_of",
    "caps_for",
    "check_amount",
    "check_currency",
    "check_occurred_at",
    "check_open",
    "check_redeemable",
    "check_wallet",
    "decide_burn",
    "decide_direct",
    "decide_earn",
    "fields_read",
    "plain",
    "points_by_line",
    "read_purchase",
    "replay",
    "round_parts",
    "round_points",
    "steps_of",
    "tier_named",
    "tier_of",
    "version_of",
]
