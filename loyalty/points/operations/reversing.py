"""Taking transactions back: wholly, in part, by line; and giving expired points back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.ledger import api as ledger
from loyalty.points.contracts import LineToReverse, Movement, ReinstateRequest, ReverseRequest
from loyalty.points.errors import LineExceeded, NothingToReverse
from loyalty.points.operations.keys import find_earlier, other_postings, signed, wallet_key
from loyalty.points.policy import moving
from loyalty.programs import api as programs

# Why nothing of a wallet goes back with its purchase.
NOTHING_LEFT = (ledger.AlreadyReversed, ledger.InsufficientPoints, LineExceeded, NothingToReverse)
LINES_BEFORE = """
    SELECT line_id, amount_reversed FROM points_reversed_line WHERE transaction_public_id = %s AND line_id = ANY(%s)
"""
# The row of each line is locked from here on, so that two reversals of one line are counted one after the other.
COUNT_LINES = """
    INSERT INTO points_reversed_line AS r (transaction_public_id, line_id, amount, amount_reversed, points_reversed)
    SELECT %(transaction)s, * FROM unnest(%(lines)s::text[], %(amounts)s::numeric[], %(taken)s::numeric[],
        %(points)s::bigint[])
    ON CONFLICT (transaction_public_id, line_id) DO UPDATE
    SET amount_reversed = r.amount_reversed + excluded.amount_reversed,
        points_reversed = r.points_reversed + excluded.points_reversed
"""


@transaction.atomic
def reverse(*, request: ReverseRequest, actor: Actor, now: datetime) -> Movement:
    """Take a transaction back, wholly, in part or by line. A reversal is lawful in an inactive program too.

    What may be taken back of points that were spent meanwhile is for the program's version of today to say. A purchase
    that is taken back wholly or by line gives back what it brought to other wallets too, also where the first one has
    been emptied (``points_unrecovered`` tells what it lacks); a number of points means those of the transaction alone.

    :raises IdempotencyKeyReused: the key was used for another request.
    :raises TransactionNotFound, TransactionNotReversible, AlreadyReversed, ReversalExceeds: it cannot be taken back.
    :raises LineUnknown, LineExceeded, NothingToReverse: the purchase has no such line, or not so much of it left.
    :raises InsufficientPoints, ClawbackRefused: the points have been spent and the program takes no more.
    :raises AccountNotActive: the account is closed.
    """
    earlier = find_earlier(request.key)
    if earlier is not None:
        return replace(movement_of(earlier), other_wallets=_others_again(request))
    maybe_fail("reverse.looked_up")
    first = ledger.get_transaction(request.transaction_id)
    plan = programs.get_plan(first.program_ref, at=now)
    others = _others(request, first)
    movement = _reverse_one(request, first, plan, actor, now, may_be_none=bool(others))
    if movement.is_replay:
        return replace(movement, other_wallets=_others_again(request))
    moved = _reverse_others(request, others, plan, actor, now)
    if not movement.points_amount and not any(one.points_amount for one in moved):
        raise ledger.InsufficientPoints(
            "The points to take back have been spent.",
            points_requested=movement.points_unrecovered,
            points_available=0,
        )
    return replace(movement, other_wallets=moved)


def reverse_posting(
    request: ReverseRequest,
    first: ledger.TransactionView,
    plan: programs.ProgramPlan,
    points: int | None,
    context: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> ledger.ReversePosting:
    """Say what to reverse, by the program's clawback; an expiry comes back for as long as the program says."""
    is_expiry = first.kind is ledger.TransactionKind.EXPIRE
    until, spendable = moving.lifetime_of(plan, _reinstated_until(plan, now)) if is_expiry else (None, None)
    return ledger.ReversePosting(
        **signed(request.key, actor, request.occurred_at),
        reverses=first.transaction_id,
        points_amount=points,
        policy=ledger.ReversalPolicy(plan.reversal.clawback.value),
        expires_at=until,
        spendable_until=spendable,
        reason=request.reason,
        context=context or None,
    )


def has_other_wallets(first: ledger.TransactionView) -> bool:
    """Tell whether a purchase brought points to other wallets too."""
    return first.kind is ledger.TransactionKind.EARN and bool((first.trace or {}).get("other_wallets"))


def _reverse_one(
    request: ReverseRequest,
    first: ledger.TransactionView,
    plan: programs.ProgramPlan,
    actor: Actor,
    now: datetime,
    *,
    may_be_none: bool = False,
) -> Movement:
    """Take back what one wallet got; with ``may_be_none`` also where nothing is left of it, as the policy lets."""
    context: dict[str, Any] = {}
    points = request.points
    if request.lines:
        points, context = _count_lines(first, request.lines)
    posting = reverse_posting(request, first, plan, points, context, actor, now)
    if may_be_none and posting.policy is ledger.ReversalPolicy.WITHIN_BALANCE:
        posting = replace(posting, policy=ledger.ReversalPolicy.WITHIN_BALANCE_OR_NONE)
    maybe_fail("reverse.decided")
    posted = ledger.reverse(posting, now=now)
    maybe_fail("reverse.posted")
    if not posted.is_replay:
        _audit("points.reverse", posted, request.reason, actor, now, lines=context.get("lines"))
        maybe_fail("reverse.audited")
    return movement_of(posted)


def _others(request: ReverseRequest, first: ledger.TransactionView) -> dict[str, ledger.Receipt]:
    """Give what of a purchase goes back with it; a number of points means those of the one transaction."""
    return {} if request.points is not None else other_postings(first)


def _reverse_others(
    request: ReverseRequest,
    others: Mapping[str, ledger.Receipt],
    plan: programs.ProgramPlan,
    actor: Actor,
    now: datetime,
) -> tuple[Movement, ...]:
    """Take back what a purchase brought to its other wallets, as far as it is there."""
    moved = []
    for wallet, other in others.items():
        asked = replace(request, transaction_id=other.transaction_id, key=wallet_key(request.key, wallet))
        try:
            with transaction.atomic():
                view = ledger.get_transaction(other.transaction_id)
                moved.append(_reverse_one(asked, view, plan, actor, now))
        except NOTHING_LEFT:
            # That wallet was emptied or taken back by itself before; the purchase is taken back all the same.
            continue
    return tuple(moved)


def _others_again(request: ReverseRequest) -> tuple[Movement, ...]:
    """Give what was taken back of other wallets under the keys made of this one."""
    first = ledger.get_transaction(request.transaction_id)
    found = [find_earlier(wallet_key(request.key, wallet)) for wallet in _others(request, first)]
    return tuple(movement_of(one) for one in found if one is not None)


def _count_lines(first: ledger.TransactionView, wanted: Sequence[LineToReverse]) -> tuple[int, dict[str, Any]]:
    """Decide how many points go back with lines, and remember that they did."""
    names = [one.line_id for one in wanted]
    # Nobody else reverses lines of this transaction until we are through.
    sql.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"points.lines:{first.transaction_id}"])
    before = {
        row["line_id"]: row["amount_reversed"] for row in sql.fetch_all(LINES_BEFORE, [first.transaction_id, names])
    }
    verdicts = moving.decide_lines(first.trace or {}, _granted(first), wanted, before)
    sql.execute(
        COUNT_LINES,
        {
            "transaction": first.transaction_id,
            "lines": names,
            "amounts": [one.amount for one in verdicts],
            "taken": [one.amount_reversed for one in verdicts],
            "points": [one.points for one in verdicts],
        },
    )
    told = [
        {"line_id": one.line_id, "amount": format(one.amount_reversed, "f"), "points": one.points} for one in verdicts
    ]
    points = sum(one.points for one in verdicts)
    if points == 0:
        raise NothingToReverse("These lines earned nothing.")
    return points, {"lines": told}


def _granted(first: ledger.TransactionView) -> int:
    """Give what an earn was granted; a pending one has moved nothing yet, but its decision tells."""
    if first.points_change:
        return abs(first.points_change)
    return int((first.trace or {}).get("points_before_caps") or 0) - first.points_lost_to_caps


@transaction.atomic
def reinstate(*, request: ReinstateRequest, actor: Actor, now: datetime) -> Movement:
    """Give expired points back, from breakage, with a new date: the day given, or the program's ``reinstate_days``.

    :raises IdempotencyKeyReused: the key was used for another request.
    :raises TransactionNotFound, TransactionNotReversible, AlreadyReversed, ReversalExceeds: no expiry, or too much.
    :raises AccountNotActive: the account is closed.
    """
    earlier = find_earlier(request.key)
    if earlier is not None:
        return movement_of(earlier)
    first = ledger.get_transaction(request.transaction_id)
    if first.kind is not ledger.TransactionKind.EXPIRE:
        raise ledger.TransactionNotReversible("Only an expiry is reinstated.", kind=first.kind.value)
    plan = programs.get_plan(first.program_ref, at=now)
    until, spendable = moving.lifetime_of(plan, request.expires_on or _reinstated_until(plan, now))
    moving.check_last_day(until, now)
    posting = ledger.ReversePosting(
        **signed(request.key, actor, now),
        reverses=request.transaction_id,
        points_amount=request.points,
        expires_at=until,
        spendable_until=spendable,
        reason=request.reason,
    )
    posted = ledger.reverse(posting, now=now)
    if not posted.is_replay:
        _audit("points.reinstate", posted, request.reason, actor, now)
    return movement_of(posted)


def _reinstated_until(plan: programs.ProgramPlan, now: datetime) -> date:
    return programs.business_date(plan.timezone, now) + timedelta(days=plan.reversal.reinstate_days)


def movement_of(posted: ledger.Receipt) -> Movement:
    """Give the answer to a verb from the ledger's receipt alone, so that a replay is the same to the letter."""
    return Movement(
        transaction_id=posted.transaction_id,
        account_id=posted.account_id,
        points_amount=posted.points_amount,
        points_balance=posted.points_balance,
        points_unrecovered=posted.points_unrecovered,
        reverses=posted.reverses,
        wallet=posted.wallet,
        is_replay=posted.is_replay,
    )


def _audit(
    act: str,
    posted: ledger.Receipt,
    reason: str,
    actor: Actor,
    now: datetime,
    *,
    lines: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    audit.record(
        actor=actor,
        act=act,
        subject_kind="account",
        subject_ref=str(posted.account_id),
        at=now,
        after={
            "transaction_id": str(posted.transaction_id),
            "reverses": str(posted.reverses),
            "points_amount": posted.points_amount,
            "points_balance": posted.points_balance,
            **({"lines": lines} if lines else {}),
        },
        reason=reason,
    )
