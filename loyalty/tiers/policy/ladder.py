"""Ladders of tiers: the highest that is reached, the next one, and where a move by hand may lead."""

from collections.abc import Sequence
from decimal import Decimal

from loyalty.programs.api import TierNotFound, TierPlan
from loyalty.tiers.errors import TierNotAbove, TierNotBelow


def highest(tiers: Sequence[TierPlan], value: Decimal | int) -> TierPlan | None:
    """Give the highest tier that a value reaches, boundary inclusive; None below the lowest."""
    return max((tier for tier in tiers if tier.min_points <= value), key=lambda tier: tier.min_points, default=None)


def above(tiers: Sequence[TierPlan], value: Decimal | int) -> TierPlan | None:
    """Give the lowest tier that a value does not reach yet; None at the top."""
    return min((tier for tier in tiers if tier.min_points > value), key=lambda tier: tier.min_points, default=None)


def open_to_all(tiers: Sequence[TierPlan]) -> tuple[TierPlan, ...]:
    """Give the tiers that can be qualified for, the lowest first; the others are given by hand only."""
    return tuple(sorted((tier for tier in tiers if not tier.is_invitation_only), key=lambda tier: tier.min_points))


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
    target = wanted_tier(tiers, code) if code else above(open_to_all(tiers), low)
    if target is None or target.min_points <= low:
        raise TierNotAbove("There is no such tier above the member's.")
    return target


def tier_below(tiers: Sequence[TierPlan], current: TierPlan | None, code: str = "") -> TierPlan:
    """Give the tier to which a downgrade leads: the one named, else the next below.

    :raises TierNotBelow: it does not lie below, or the member is at the bottom.
    :raises TierNotFound: the program has none of that code.
    """
    target = wanted_tier(tiers, code) if code else None
    if current is not None and not code:
        target = highest(open_to_all(tiers), current.min_points - 1)
    if target is None or current is None or target.min_points >= current.min_points:
        raise TierNotBelow("There is no such tier below the member's.")
    return target
