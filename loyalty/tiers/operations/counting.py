"""Counting: what a member did is added to its business day once, beside the balance that it spends."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from loyalty.foundation.orm import sql
from loyalty.ledger import api as ledger
from loyalty.points import api as points
from loyalty.programs import api as programs
from loyalty.tiers.contracts import DayFigures

COUNT = "SELECT tiers_count(%s, %s, %s, %s, %s, %s, %s, %s) AS is_new"
COUNT_MANY = """
    SELECT tiers_count_many(%s::uuid[], %s::uuid[], %s::uuid[], %s::date[], %s::bigint[], %s::bigint[], %s::numeric[],
        %s::integer[])
"""
CORRECTION = "backdated_correction"
# Spend is kept to a ten-thousandth of the currency's unit.
SPEND_STEP = Decimal("0.0001")
NO_SPEND = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was counted for a member, and whether it had not been counted before."""

    member: points.MemberFacts
    plan: programs.ProgramPlan
    figures: DayFigures
    is_new: bool


def wallet_column(plan: programs.ProgramPlan, wallet: str) -> str:
    """Give where the points of a wallet count; a partner's points count nowhere."""
    kinds = {one.code: one.kind for one in plan.wallets}
    kind = kinds.get(wallet, programs.WalletKind.REDEEMABLE)
    return {programs.WalletKind.REDEEMABLE: "points", programs.WalletKind.STATUS: "points_status"}.get(kind, "")


def spend_of(context: Mapping[str, Any]) -> tuple[Decimal, int]:
    """Give the amount and the number of purchases that a posting stands for.

    A purchase may post to several wallets; points says which of the postings counts it.
    """
    amount = context.get("transaction_amount")
    if amount is None or not context.get("counts_purchase"):
        return NO_SPEND, 0
    try:
        return Decimal(str(amount)).quantize(SPEND_STEP, ROUND_HALF_EVEN), 1
    except InvalidOperation:
        return NO_SPEND, 0


def figures_of(
    plan: programs.ProgramPlan, data: Mapping[str, Any], points_amount: int, occurred_at: datetime
) -> DayFigures | None:
    """Give what a posting adds to its day; None when it is none of the tiers' business."""
    context = data.get("context") or {}
    if context.get("counts_for_tier") is False:
        return None
    wallet = data.get("wallet") or programs.WALLET_MAIN
    column = wallet_column(plan, wallet)
    spend, purchases = spend_of(context)
    return DayFigures(
        day=programs.business_date(plan.timezone, occurred_at),
        points=points_amount if column == "points" else 0,
        points_status=points_amount if column == "points_status" else 0,
        spend=spend,
        purchases=purchases,
    )


def member_of(data: Mapping[str, Any]) -> points.MemberFacts | None:
    """Give the member who earned, whichever account the points went to; None for one that is no member.

    Of an account that was merged meanwhile, and of which this is told late, the member into whose account it went.
    """
    found = points.find_member(
        customer_id=uuid.UUID(str(data["customer_id"])), program_id=uuid.UUID(str(data["program_id"]))
    )
    heir = points.find_heir(found) if found is not None else None
    return points.find_member(account_id=heir) if heir is not None else found


def count(transaction_id: uuid.UUID, member: points.MemberFacts, figures: DayFigures) -> bool:
    """Hold a member and add to its day; give False when this transaction was counted before."""
    row = sql.fetch_one(
        COUNT,
        [
            *(transaction_id, member.account_id, member.program_id, figures.day),
            *_amounts(figures),
        ],
    )
    return bool(row and row["is_new"])


def count_many(counted: Sequence[tuple[uuid.UUID, points.MemberFacts, DayFigures]]) -> None:
    """Add transactions to the days of as many members, whom the caller holds; a known one is not counted again."""
    rows = [(name, of.account_id, of.program_id, one.day, *_amounts(one)) for name, of, one in counted]
    if rows:
        sql.execute(COUNT_MANY, [list(column) for column in zip(*rows, strict=True)])


def _amounts(figures: DayFigures) -> tuple[int, int, Decimal, int]:
    return figures.points, figures.points_status, figures.spend, figures.purchases


def count_posting(
    *, data: Mapping[str, Any], transaction_id: uuid.UUID, points_amount: int, occurred_at: datetime, now: datetime
) -> Counted | None:
    """Count an earn or a correction; None when it is none of the tiers' business."""
    member = member_of(data)
    if member is None:
        return None
    plan = programs.get_plan(member.program_id, at=now)
    figures = figures_of(plan, data, points_amount, occurred_at)
    if figures is None:
        return None
    return Counted(member=member, plan=plan, figures=figures, is_new=count(transaction_id, member, figures))


def count_reversal(*, data: Mapping[str, Any], transaction_id: uuid.UUID, now: datetime) -> Counted | None:
    """Take a reversed earn out of the day on which it was earned, with its share of the spend; None for other kinds.

    A purchase stops counting as one when all of it was taken back.
    """
    if data.get("reversed_kind") != ledger.TransactionKind.EARN.value:
        return None
    member = member_of(data)
    first = ledger.get_transaction(uuid.UUID(str(data["reverses"])))
    if member is None:
        return None
    plan = programs.get_plan(member.program_id, at=now)
    taken, size = int(data["points_amount"]), abs(first.points_change)
    whole = figures_of(plan, {**data, "context": first.context}, size, first.occurred_at)
    if whole is None or size == 0:
        return None
    back = data.get("context") or {}
    share = Decimal(str(back["reversed_amount"])) if "reversed_amount" in back else whole.spend * taken / size
    figures = DayFigures(
        day=whole.day,
        points=-taken if whole.points else 0,
        points_status=-taken if whole.points_status else 0,
        spend=-share.quantize(SPEND_STEP, ROUND_HALF_EVEN) if whole.purchases else NO_SPEND,
    )
    is_new = count(transaction_id, member, figures)
    if whole.purchases and first.points_reversed >= size:
        gone = DayFigures(day=whole.day, purchases=-whole.purchases)
        count(name_of_return(first.transaction_id), member, gone)
    return Counted(member=member, plan=plan, figures=figures, is_new=is_new)


def name_of_return(transaction_id: uuid.UUID) -> uuid.UUID:
    """Give the name under which the return of a whole purchase is counted; ``tiers_recount`` gives the same."""
    return uuid.UUID(hashlib.md5(f"{transaction_id} returned".encode(), usedforsecurity=False).hexdigest())


def list_days(account_id: uuid.UUID, since: date | None = None) -> list[DayFigures]:
    """Give what counted for a member, by day."""
    rows = sql.fetch_all(
        "SELECT business_date AS day, points, points_status, spend, purchases FROM tiers_qualifying_day "
        "WHERE account_public_id = %s AND business_date >= %s ORDER BY business_date",
        [account_id, since or date.min],
    )
    return [DayFigures(**row) for row in rows]


def move_days(*, from_account_id: uuid.UUID, to_account_id: uuid.UUID) -> int:
    """Count for an account what another one had counted that was merged into it; give the number of days."""
    row = sql.fetch_one("SELECT tiers_move_days(%s, %s) AS days", [from_account_id, to_account_id])
    return int(row["days"]) if row else 0
