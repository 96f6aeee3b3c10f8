"""Reads of members, their accounts and a program in figures."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from loyalty.foundation.orm import sql
from loyalty.ledger import api as ledger
from loyalty.points.contracts import MemberFacts
from loyalty.points.models import AccountRow
from loyalty.points.registry import list_tiers_at
from loyalty.programs import api as programs

# "Expiring" without a date means within the next month.
EXPIRING_WITHIN = timedelta(days=30)
MEMBER = """
    SELECT public_id AS account_id, customer_public_id AS customer_id, customer_ref, program_public_id AS program_id,
        tier_code, points_available, points_posted, lifetime_points_earned AS points_lifetime, status, enrolled_at,
        kind, wallet
    FROM points_accounts
"""
# The account that stands for the membership itself, among those of other wallets and of households.
OF_MEMBER = "kind = 'member' AND wallet = 'main'"
ACCOUNT_ROWS = """
    SELECT owner_ref, public_id, account_id FROM ledger_account_summary
    WHERE program_ref = %s AND owner_ref = ANY(%s::uuid[]) AND kind = 'member' AND wallet = 'main'
"""

FIGURES = """
    SELECT count(*) FILTER (WHERE kind = 'member' AND wallet = 'main') AS members,
        coalesce(sum(lifetime_points_earned), 0)::bigint AS earned,
        coalesce(sum(lifetime_points_redeemed), 0)::bigint AS burned,
        coalesce(sum(points_posted), 0)::bigint AS outstanding, min(opened_at) AS since
    FROM ledger_account_summary WHERE program_ref = %s
"""
BY_TIER = """
    SELECT tier_code AS code, tier_name AS name, count(*) AS members FROM programs_membership
    WHERE program_public_id = %s GROUP BY tier_code, tier_name, tier_min_points ORDER BY tier_min_points NULLS FIRST
"""
BY_MONTH = """
    SELECT date_trunc('month', enrolled_at AT TIME ZONE %s)::date AS month, count(*) AS new_members
    FROM programs_membership WHERE program_public_id = %s GROUP BY 1 ORDER BY 1 DESC LIMIT 24
"""


def find_member(
    *, account_id: uuid.UUID | None = None, customer_id: uuid.UUID | None = None, program_id: uuid.UUID | None = None
) -> MemberFacts | None:
    """Give a member by any of their accounts, or the main one by customer and program; None when there is none."""
    if account_id is not None:
        row = sql.fetch_one(f"{MEMBER} WHERE public_id = %s", [account_id])
    else:
        row = sql.fetch_one(
            f"{MEMBER} WHERE customer_public_id = %s AND program_public_id = %s AND {OF_MEMBER}",
            [customer_id, program_id],
        )
    return MemberFacts(**row) if row else None


def find_heir(member: MemberFacts) -> uuid.UUID | None:
    """Give the account that stands for one that was merged into it; None while a member's account is its own."""
    if member.status != ledger.AccountStatus.CLOSED.value:
        return None
    kind = ledger.AccountKind.POOL if member.kind == "pool" else ledger.AccountKind.MEMBER
    standing = ledger.find_account(
        owner_ref=member.customer_id, program_ref=member.program_id, wallet=member.wallet, kind=kind
    )
    return standing.account_id if standing and standing.account_id != member.account_id else None


def follow_merge(member: MemberFacts) -> MemberFacts:
    """Give the member that stands for one whose account was merged; anybody else as they are."""
    heir = find_heir(member)
    return (find_member(account_id=heir) or member) if heir else member


def read_overdue(members: Sequence[MemberFacts], *, now: datetime) -> list[MemberFacts]:
    """Add to members which of their points no burn takes any more, in one statement."""
    overdue = ledger.list_points_overdue([one.account_id for one in members], now=now) if members else {}
    return [replace(one, points_overdue=overdue.get(one.account_id, 0)) for one in members]


def list_members(account_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, MemberFacts]:
    """Give the members of many accounts in one statement."""
    rows = sql.fetch_all(f"{MEMBER} WHERE public_id = ANY(%s::uuid[])", [list(account_ids)])
    return {row["account_id"]: MemberFacts(**row) for row in rows}


def list_members_of(pairs: Sequence[tuple[uuid.UUID, uuid.UUID]]) -> dict[tuple[uuid.UUID, uuid.UUID], MemberFacts]:
    """Give the members of many (customer, program) pairs in one statement."""
    rows = sql.fetch_all(
        f"{MEMBER} WHERE (customer_public_id, program_public_id) IN (SELECT * FROM unnest(%s::uuid[], %s::uuid[]))"
        f" AND {OF_MEMBER}",
        [[customer for customer, _ in pairs], [program for _, program in pairs]],
    )
    return {(row["customer_id"], row["program_id"]): MemberFacts(**row) for row in rows}


def list_customer_ids(customer_refs: Sequence[str]) -> dict[str, uuid.UUID]:
    """Give the ids of customers by the BSS's reference, in one statement; unknown references are left out."""
    statement = "SELECT customer_ref, public_id FROM customers_directory WHERE customer_ref = ANY(%s)"
    return {row["customer_ref"]: row["public_id"] for row in sql.fetch_all(statement, [list(customer_refs)])}


def list_account_rows(program_id: uuid.UUID, customer_ids: Sequence[uuid.UUID]) -> list[dict[str, Any]]:
    """Give the ledger accounts of customers in a program, by inner and public id."""
    return sql.fetch_all(ACCOUNT_ROWS, [program_id, list(customer_ids)])


def overview_part(customer_id: uuid.UUID, *, now: datetime) -> Mapping[str, Any]:
    """Give a customer's accounts for the whole view of the customer."""
    rows = list(AccountRow.objects.filter(customer_public_id=customer_id).order_by("id"))
    ids = [row.public_id for row in rows]
    expiring = ledger.list_points_expiring(ids, now=now, until=now + EXPIRING_WITHIN)
    overdue = ledger.list_points_overdue(ids, now=now)
    return {
        "accounts": [
            {
                "id": str(row.public_id),
                "program": {"id": str(row.program_public_id), "code": row.program_code, "name": row.program_name},
                "tier": {"code": row.tier_code, "name": row.tier_name} if row.tier_code else None,
                "kind": row.kind,
                "wallet": row.wallet,
                "points_balance": row.points_posted,
                "points_available": row.points_available - overdue.get(row.public_id, 0),
                "points_expiring": expiring.get(row.public_id, 0),
                "lifetime_points_earned": row.lifetime_points_earned,
                "lifetime_points_redeemed": row.lifetime_points_redeemed,
                "status": row.status,
                "enrolled_at": row.enrolled_at.isoformat(),
            }
            for row in rows
        ]
    }


def get_cap_used(account_id: uuid.UUID, cap_ref: str, window_start: date) -> int:
    """Give how many points of a cap an account has used in a window."""
    usages = ledger.list_cap_usage(account_id)
    return sum(one.units_used for one in usages if (one.cap_ref, one.window_start) == (cap_ref, window_start))


def get_program_figures(program_id: uuid.UUID, *, now: datetime) -> dict[str, Any]:
    """Give a program in figures: members by tier, where points went, growth by month of the program's zone.

    :raises ProgramNotFound: there is no such program.
    """
    plan = programs.get_plan(program_id, at=now)
    totals = sql.fetch_one(FIGURES, [program_id]) or {}
    earned, burned, outstanding = totals["earned"], totals["burned"], totals["outstanding"]
    rate = Decimal(burned) / Decimal(earned) if earned else Decimal(0)
    since = totals["since"] or now
    months = ledger.list_liability(program_ref=program_id, first_month=since.date(), last_month=now.date())
    return {
        "program": program_id,
        "members": totals["members"],
        "tiers": sql.fetch_all(BY_TIER, [program_id]),
        "points": {
            "earned": earned,
            "burned": burned,
            "expired": sum(month.points_expired for month in months),
            "outstanding": outstanding,
        },
        "redemption_rate": format(rate.quantize(Decimal("0.0001")), "f"),
        "growth": list(reversed(sql.fetch_all(BY_MONTH, [plan.timezone, program_id]))),
        "as_of": now,
    }


def list_customer_refs(customer_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Give the BSS's references of customers by id, in one statement."""
    statement = "SELECT customer_ref, public_id FROM customers_directory WHERE public_id = ANY(%s::uuid[])"
    return {row["public_id"]: row["customer_ref"] for row in sql.fetch_all(statement, [list(customer_ids)])}


def find_tier_as_of(account_id: uuid.UUID, *, at: datetime) -> dict[str, str] | None:
    """Give the tier in force at an instant by code and name; None when there was none or nobody knows."""
    tier = list_tiers_at([account_id], at).get(account_id)
    return {"code": tier[0], "name": tier[1]} if tier else None
