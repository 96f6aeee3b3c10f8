"""What messages cost, and the budgets that pay for them."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from loyalty.delivery.contracts import BudgetScope
from loyalty.delivery.errors import BudgetInvalid, BudgetNotFound
from loyalty.delivery.models import MessageBudget
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.orm import sql

AMOUNT_MAX = Decimal(10) ** 12

# All counting of budgets is under this lock (sql/budgets.sql), taken before any row of a send.
LOCK = "SELECT pg_advisory_xact_lock(20260603) FROM delivery_messagebudget LIMIT 1"
# What a lost worker had begun gives back what was counted for it, to the month in which that was.
REPEAT = """
    WITH lost AS (
        SELECT s.id, s.cost, m.source_ref, m.program_ref,
            date_trunc('month', (s.due_at - %(lease)s::interval) AT TIME ZONE %(zone)s)::date AS month
        FROM delivery_send s JOIN delivery_message m ON m.id = s.message_id
        WHERE s.state = 'SENDING' AND s.due_at < %(now)s AND s.channel = ANY(%(channels)s) FOR UPDATE OF s
    ), back AS (
        UPDATE delivery_send s SET state = 'QUEUED', due_at = %(now)s, claim = NULL, cost = 0 FROM lost l
        WHERE s.id = l.id RETURNING s.id
    ), paid AS (
        SELECT g.id, sum(l.cost) AS amount FROM lost l JOIN delivery_messagebudget g
            ON (g.scope = 'month' AND g.month = l.month) OR (g.scope = 'source' AND g.ref = l.source_ref)
            OR (g.scope = 'program' AND g.ref = l.program_ref)
        WHERE l.cost > 0 GROUP BY g.id
    ), given AS (
        UPDATE delivery_messagebudget g SET spent = greatest(0, g.spent - p.amount) FROM paid p WHERE g.id = p.id
    )
    SELECT count(*) AS sends FROM back
"""


@transaction.atomic
def set_budget(*, scope: str, ref: uuid.UUID | None, amount: Decimal, actor: Actor, now: datetime) -> MessageBudget:
    """Let messages cost so much and no more, from now on; what was spent stays spent.

    :raises BudgetInvalid: ``problems`` say what is wrong.
    """
    problems = []
    if scope not in set(BudgetScope):
        problems.append(FieldProblem("scope", "unknown", f"One of {', '.join(BudgetScope)}."))
    elif (ref is None) != (scope == BudgetScope.MONTH):
        problems.append(FieldProblem("ref", "invalid", "A source or a program is named, a month is not."))
    if not 0 < amount < AMOUNT_MAX:
        problems.append(FieldProblem("amount", "out_of_range", "An amount above zero."))
    if problems:
        raise BudgetInvalid(problems[0].message, problems=problems)
    budget, is_new = MessageBudget.objects.get_or_create(scope=scope, ref=ref, defaults={"amount": amount})
    before = None if is_new else budget.amount
    if before != amount:
        MessageBudget.objects.filter(pk=budget.pk).update(amount=amount)
        _record(actor, budget, now, before=before, after=amount)
    budget.refresh_from_db()
    return budget


@transaction.atomic
def remove_budget(*, budget_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """Let no budget bound these messages any more.

    :raises BudgetNotFound: there is none with this id.
    """
    budget = MessageBudget.objects.select_for_update().filter(public_id=budget_id).first()
    if budget is None:
        raise BudgetNotFound()
    budget.delete()
    _record(actor, budget, now, before=budget.amount, after=None)


def keep_source_budget(*, source_ref: uuid.UUID, amount: Decimal) -> None:
    """Keep the budget of a source at what its own definition says; the source itself audits its changes."""
    budget, is_new = MessageBudget.objects.get_or_create(
        scope=BudgetScope.SOURCE.value, ref=source_ref, defaults={"amount": amount}
    )
    if not is_new and budget.amount != amount:
        MessageBudget.objects.filter(pk=budget.pk).update(amount=amount)


def drop_source_budget(*, source_ref: uuid.UUID) -> None:
    """Let a source whose definition names no budget any more be bound by none; the source itself audits its changes."""
    MessageBudget.objects.filter(scope=BudgetScope.SOURCE.value, ref=source_ref).delete()


def _record(
    actor: Actor, budget: MessageBudget, now: datetime, *, before: Decimal | None, after: Decimal | None
) -> None:
    told = {"scope": budget.scope, "ref": str(budget.ref) if budget.ref else None}
    audit.record(
        actor=actor,
        act="delivery.manage",
        subject_kind="message_budget",
        subject_ref=str(budget.public_id),
        at=now,
        before=None if before is None else {**told, "amount": str(before)},
        after=None if after is None else {**told, "amount": str(after)},
    )


@transaction.atomic
def repeat_lost(*, channels: Sequence[str], lease: timedelta, zone: str, now: datetime) -> int:
    """Put what a lost worker was handing over back into the queue, and its cost back into the budgets; give how many.

    Only for channels on which handing over twice is once. ``zone`` is the one by which months of budgets begin.
    """
    lost = "SELECT 1 FROM delivery_send WHERE state = 'SENDING' AND due_at < %s AND channel = ANY(%s) LIMIT 1"
    if not channels or sql.fetch_one(lost, [now, list(channels)]) is None:
        return 0
    sql.fetch_all(LOCK)
    row = sql.fetch_one(REPEAT, {"channels": list(channels), "lease": lease, "zone": zone, "now": now})
    return int(row["sends"]) if row else 0
