"""Decisions of tiers as pure functions: where a member stands, and where a move by hand may lead."""

from collections.abc import Sequence

from loyalty.programs.api import TierNotFound, TierPlan, choose_tier, next_tier
from loyalty.tiers.errors import TierNotAbove, TierNotBelow


def tier_named(tiers: Sequence[TierPlan], code: str | None) -> TierPlan | None:
    """Give the tier of a code, or None."""
    return next((tier for tier in tiers if tier.code == code), None)


def wanted_tier(tiers: Sequence[TierPlan], code: str) -> TierPlan:
    """Give the tier that someone names.

    :raises TierNotFound: the program has none of that code.
    """
    found = tier_named(tiers, code)
    if found is None:
        raise TierNotFound(f"The program has no tier {code[:50]}.")
    return found


def tier_above(tiers: Sequence[TierPlan], current: TierPlan | None, code: str = "") -> TierPlan:
    """Give the tier to which an upgrade leads: the one named, else the next above.

    :raises TierNotAbove: it does not lie above, or the member is at the top.
    :raises TierNotFound: the program has none of that code.
    """
    low = current.min_points if current else -1
    target = wanted_tier(tiers, code) if code else next_tier(tiers, low)
    if target is None or target.min_points <= low:
        raise TierNotAbove("There is no such tier above the member's.")
    return target


def tier_below(tiers: Sequence[TierPlan], current: TierPlan | None, code: str = "") -> TierPlan:
    """Give the tier to which a downgrade leads: the one named, else the next below.

    :raises TierNotBelow: it does not lie below, or the member is at the bottom.
    :raises TierNotFound: the program has none of that code.
    """
    target = wanted_tier(tiers, code) if code else (choose_tier(tiers, current.min_points - 1) if current else None)
    if target is None or current is None or target.min_points >= current.min_points:
        raise TierNotBelow("There is no such tier below the member's.")
    return target
