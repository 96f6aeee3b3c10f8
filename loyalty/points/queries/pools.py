"""Reads of households: who sits where, with which account."""

import uuid
from collections.abc import Sequence

from loyalty.foundation.orm import sql
from loyalty.points.contracts import PoolRole, PoolSeat

SEAT = """
    SELECT p.public_id AS pool_id, p.account_public_id AS account_id, p.program_public_id AS program_id,
        m.public_id AS member_id, m.customer_public_id AS customer_id, m.role, m.points_daily_max,
        m.is_earning_into_pool
    FROM points_pool_member m JOIN points_pool p ON p.id = m.pool_id
    WHERE m.left_at IS NULL AND p.status = 'ACTIVE'
"""


def find_seat(account_id: uuid.UUID, customer_id: uuid.UUID) -> PoolSeat | None:
    """Give a customer's place in the household of an account, or None."""
    row = sql.fetch_one(f"{SEAT} AND p.account_public_id = %s AND m.customer_public_id = %s", [account_id, customer_id])
    return _seat(row)


def find_household(customer_id: uuid.UUID, program_id: uuid.UUID) -> PoolSeat | None:
    """Give a customer's place in their household of a program, or None."""
    row = sql.fetch_one(f"{SEAT} AND m.customer_public_id = %s AND m.program_public_id = %s", [customer_id, program_id])
    return _seat(row)


def find_earning_pool(customer_id: uuid.UUID, program_id: uuid.UUID) -> uuid.UUID | None:
    """Give the household account into which a customer chose to earn, or None."""
    seat = find_household(customer_id, program_id)
    return seat.account_id if seat is not None and seat.is_earning_into_pool else None


def list_pool_accounts(customer_id: uuid.UUID, program_id: uuid.UUID) -> list[uuid.UUID]:
    """Give the accounts of all households of a program that a customer is or was in."""
    statement = """
        SELECT DISTINCT p.account_public_id FROM points_pool_member m JOIN points_pool p ON p.id = m.pool_id
        WHERE m.customer_public_id = %s AND m.program_public_id = %s ORDER BY p.account_public_id
    """
    return [row["account_public_id"] for row in sql.fetch_all(statement, [customer_id, program_id])]


def _seat(row: dict[str, object] | None) -> PoolSeat | None:
    if row is None:
        return None
    return PoolSeat(**{**row, "role": PoolRole(str(row["role"]))})  # type: ignore[arg-type]


def count_pool_members(pools: Sequence[int]) -> dict[int, int]:
    """Give how many customers are in each household now, by its inner id."""
    statement = """
        SELECT pool_id, count(*) AS members FROM points_pool_member WHERE left_at IS NULL AND pool_id = ANY(%s)
        GROUP BY pool_id
    """
    if not pools:
        return {}
    return {row["pool_id"]: row["members"] for row in sql.fetch_all(statement, [list(pools)])}
