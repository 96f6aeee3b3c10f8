"""What a posting did to the balances of members: the measure of each that a threshold may watch.

Only a member's own account counts, and of it the main wallet: what a household shares is no balance of one of them.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MEMBER, MAIN = "member", "main"
EARNED, BURNED, EXPIRED, ADJUSTED = "points.earned", "points.burned", "points.expired", "points.adjusted"
REVERSED, TRANSFERRED = "points.reversed", "points.transferred"
# The facts after which somebody has another balance.
FACTS = (EARNED, BURNED, EXPIRED, ADJUSTED, REVERSED, TRANSFERRED)
# Which way a reversal moves the account of what it takes back; of an adjustment only the adjustment knew.
TAKEN_BACK = {"earn": -1, "burn": 1, "expire": 1, "transfer": 1}


@dataclass(frozen=True, slots=True)
class Move:
    """A member's balance after a posting, with its number on the account, and before it where the fact tells."""

    customer: uuid.UUID
    before: int | None
    after: int
    sequence: int | None


def moves_of(event_type: str, data: Mapping[str, Any], key: str) -> list[Move]:
    """Give the members' balances that a posting moved: the owner's (its ``key``), and of a transfer the recipient's."""
    points = data.get("points_amount")
    if event_type not in FACTS or not isinstance(points, int) or data.get("wallet", MAIN) != MAIN:
        return []
    own, other = _changes(event_type, abs(points), data)
    sides = [
        (data.get("account_kind", MEMBER), key, own, "points_balance", "account_sequence"),
        (data.get("to_account_kind"), data.get("to_owner_ref"), other, "to_points_balance", "to_account_sequence"),
    ]
    moves = [
        _move(owner, change, data.get(balance), data, numbered)
        for kind, owner, change, balance, numbered in sides
        if kind == MEMBER
    ]
    return [one for one in moves if one is not None]


def _changes(event_type: str, points: int, data: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Give by how much the account's balance changed and the recipient's, or None where the fact does not say."""
    if event_type == EARNED:
        return points, None
    if event_type == ADJUSTED:
        change = data.get("points_change")
        return change if isinstance(change, int) else None, None
    if event_type == REVERSED:
        way = TAKEN_BACK.get(str(data.get("reversed_kind")))
        return (way * points, -way * points) if way is not None else (None, None)
    if event_type == TRANSFERRED:
        # The fee is taken beside the points.
        return -points - int(data.get("fee_points") or 0), points
    return -points, None


def _move(owner: object, change: int | None, after: object, data: Mapping[str, Any], numbered: str) -> Move | None:
    """Give a move, or None where nothing moved: a fact of what is only pending tells the balance and no number."""
    if not isinstance(after, int) or (numbered in data and data[numbered] is None):
        return None
    try:
        customer = uuid.UUID(str(owner))
    except ValueError:
        return None
    return Move(customer, after - change if change is not None else None, after, data.get(numbered))
