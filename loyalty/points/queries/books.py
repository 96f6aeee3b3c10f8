"""Reads of the book as a whole: liability by month, reconciliations and what they found."""

import uuid
from datetime import date, datetime
from typing import Any

from loyalty.foundation.kernel.currencies import round_down
from loyalty.ledger import api as ledger
from loyalty.points.errors import PeriodInvalid
from loyalty.points.models import AccountDiscrepancy, Reconciliation
from loyalty.programs import api as programs

MONTHS_MAX = 120


def list_liability(
    program_id: uuid.UUID, *, first: date, last: date, now: datetime
) -> tuple[list[dict[str, Any]], bool]:
    """Give what a program owed its members in the months from ``first`` to ``last``, and whether the book agrees.

    Money is the closing at the program's point value of today, cut to the currency's decimals; None without one.

    :raises ProgramNotFound: there is no such program.
    :raises PeriodInvalid: the months run backwards or are more than ten years.
    """
    plan = programs.get_plan(program_id, at=now)
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    if not 1 <= count <= MONTHS_MAX:
        raise PeriodInvalid(f"Give from 1 to {MONTHS_MAX} months.", months_max=MONTHS_MAX)
    months = ledger.list_liability(program_ref=program_id, first_month=first, last_month=last)
    told = [
        {
            "month": one.month.strftime("%Y-%m"),
            "opening": one.points_opening,
            "issued": one.points_issued,
            "redeemed": one.points_redeemed,
            "expired": one.points_expired,
            "adjusted": one.points_adjusted,
            "closing": one.points_closing,
            "money": _money(plan, one.points_closing),
        }
        for one in months
    ]
    return told, all(one.is_reconciled for one in months)


def _money(plan: programs.ProgramPlan, points: int) -> dict[str, str] | None:
    if plan.point_value is None:
        return None
    return {"amount": format(round_down(plan.point_value * points, plan.currency), "f"), "currency": plan.currency}


def list_discrepancies(
    *, account_id: uuid.UUID | None, before: int | None, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """Give what did not agree, newest first, and how many there are."""
    rows = AccountDiscrepancy.objects.select_related("reconciliation").order_by("-id")
    if account_id is not None:
        rows = rows.filter(account_public_id=account_id)
    count = rows.count()
    if before is not None:
        rows = rows.filter(pk__lt=before)
    told = [
        {
            "id": row.pk,
            "reconciliation_id": row.reconciliation.public_id,
            "account_id": row.account_public_id,
            "code": row.code,
            "expected": row.expected,
            "found": row.found,
            "found_at": row.found_at,
        }
        for row in rows[:limit]
    ]
    return told, count


def find_latest_reconciliation() -> Reconciliation | None:
    """Give the reconciliation that was started last, or None."""
    return Reconciliation.objects.order_by("-started_at").first()
