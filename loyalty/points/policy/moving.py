"""Decisions about points that move without a purchase: burns, transfers, adjustments, holds, lines of a purchase."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.foundation.kernel.points import POINTS_MAX, PointsAmountInvalid
from loyalty.points.contracts import AdjustRequest, LineToReverse, MemberFacts, PoolRole, PoolSeat
from loyalty.points.errors import (
    AdjustmentReasonUnknown,
    ApprovalRequired,
    BurnLimitRefused,
    HoldTimeInvalid,
    LineExceeded,
    LineUnknown,
    OccurredAtRefused,
    PoolRoleRefused,
    TransferLimitRefused,
    TransferNotAllowed,
)
from loyalty.programs.contracts import BurnPlan, ProgramPlan

# A hold is for a basket that is being paid or an order on its way, not a place to store points out of sight.
HOLD_DAYS_MAX = 90
CAP_TRANSFER_DAY, CAP_TRANSFER_MONTH = "transfer:day", "transfer:month"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``points_max`` in the window that began on ``window_start``."""

    cap_ref: str
    window_start: date
    points_max: int


@dataclass(frozen=True, slots=True)
class TransferVerdict:
    """What a transfer costs the sender besides the points, and the windows it counts in."""

    points_fee: int
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class LineVerdict:
    """How much of one line is taken back with this reversal, and what had been before."""

    line_id: str
    amount: Decimal
    amount_reversed: Decimal
    points: int


def check_burn(plan: BurnPlan, points: int) -> None:
    """Refuse a number of points that the program does not let be redeemed at once.

    :raises BurnLimitRefused: below the least, above the most, or not in the steps.
    """
    if points < plan.points_min:
        raise BurnLimitRefused(f"At least {plan.points_min} points are redeemed at once.", points_min=plan.points_min)
    if plan.points_max is not None and points > plan.points_max:
        raise BurnLimitRefused(f"At most {plan.points_max} points are redeemed at once.", points_max=plan.points_max)
    if points % plan.points_step:
        raise BurnLimitRefused(f"Points are redeemed in steps of {plan.points_step}.", points_step=plan.points_step)


def decide_transfer(plan: ProgramPlan, sender: MemberFacts, points: int, today: date, now: datetime) -> TransferVerdict:
    """Decide whether a member may give points away, and for what fee.

    The fee is ``fee_points`` and ``fee_percent`` of the points, rounded down once. ``today`` is the program's day.

    :raises TransferNotAllowed: the program, the wallet or the age of the account forbids it.
    :raises TransferLimitRefused: too few or too many points at once.
    """
    rules = plan.transfer
    if not rules.is_allowed:
        raise TransferNotAllowed("This program has no transfers.", reason="program")
    wallet = next((one for one in plan.wallets if one.code == sender.wallet), None)
    if wallet is not None and not wallet.is_transferable:
        raise TransferNotAllowed("Points of this wallet cannot be given away.", reason="wallet")
    if now - sender.enrolled_at < timedelta(days=rules.account_age_days_min):
        days = rules.account_age_days_min
        raise TransferNotAllowed(f"Only accounts of {days} days and more give points away.", reason="account_age")
    if points < rules.points_min:
        raise TransferLimitRefused(f"At least {rules.points_min} points are transferred.", points_min=rules.points_min)
    if rules.points_max is not None and points > rules.points_max:
        raise TransferLimitRefused(f"At most {rules.points_max} points are transferred.", points_max=rules.points_max)
    share = (Decimal(points) * rules.fee_percent / 100).to_integral_value(rounding=ROUND_DOWN)
    limits = []
    if rules.points_daily is not None:
        limits.append(Limit(CAP_TRANSFER_DAY, today, rules.points_daily))
    if rules.points_monthly is not None:
        limits.append(Limit(CAP_TRANSFER_MONTH, today.replace(day=1), rules.points_monthly))
    return TransferVerdict(rules.fee_points + int(share), tuple(limits))


def check_adjustment(plan: ProgramPlan, request: AdjustRequest) -> None:
    """Refuse an adjustment that the program does not know or does not let pass without approval.

    :raises PointsAmountInvalid: no points, or more than any account holds.
    :raises AdjustmentReasonUnknown: the program has no such reason code.
    :raises ApprovalRequired: so many points need a permission of their own.
    """
    points = abs(request.points_change)
    if not 1 <= points <= POINTS_MAX:
        raise PointsAmountInvalid(f"Points lie between 1 and {POINTS_MAX}, or between -{POINTS_MAX} and -1.")
    known = [reason.code for reason in plan.adjustment.reason_codes]
    if known and request.reason_code not in known:
        raise AdjustmentReasonUnknown(f"The reason codes are {', '.join(known)}.", reason_codes=known)
    limit = plan.adjustment.points_max_without_approval
    if limit is not None and points > limit and not request.is_unlimited:
        raise ApprovalRequired(
            f"More than {limit} points are adjusted only with an approval.",
            points_change=request.points_change,
            points_max_without_approval=limit,
            permission="points.adjust_unlimited",
        )


def check_hold_until(expires_at: datetime, now: datetime) -> None:
    """Refuse a hold that is over before it begins or stands too long.

    :raises HoldTimeInvalid: it is or does.
    """
    if not now < expires_at <= now + timedelta(days=HOLD_DAYS_MAX):
        raise HoldTimeInvalid(f"A hold ends after now and within {HOLD_DAYS_MAX} days.", days_max=HOLD_DAYS_MAX)


def check_may_spend(seat: PoolSeat) -> None:
    """Refuse a customer whose role in the household does not let them spend.

    :raises PoolRoleRefused: they may only look.
    """
    if seat.role is PoolRole.VIEWER:
        raise PoolRoleRefused("A viewer of a household does not spend its points.", role=seat.role.value)


def spending_limit(seat: PoolSeat) -> int | None:
    """Give the daily limit of a customer in a household; the owner and a spender without one have none."""
    return None if seat.role is PoolRole.OWNER else seat.points_daily_max


def decide_lines(
    trace: Mapping[str, Any], points_total: int, wanted: Sequence[LineToReverse], reversed_before: Mapping[str, Decimal]
) -> list[LineVerdict]:
    """Say how many points go back with lines of a purchase.

    ``trace`` is the stored decision, ``points_total`` what was granted. The granted points are shared among all lines
    by what each earned, cumulatively rounded down, so that all lines together are exactly what was granted; part of a
    line is its share by amount, rounded down over all that was taken of it, so that the whole line is its points.

    :raises LineUnknown: the purchase has no such line.
    :raises LineExceeded: more of it would be taken back than it has.
    """
    lines = {str(line["line_id"]): line for line in (trace.get("base") or {}).get("lines") or ()}
    shares = share_points(points_total, {name: Decimal(str(line["points"])) for name, line in lines.items()})
    verdicts = []
    for one in wanted:
        line = lines.get(one.line_id)
        if line is None:
            raise LineUnknown(f"The purchase has no line {one.line_id!r}.", line_id=one.line_id)
        amount, before = Decimal(str(line["amount"])), reversed_before.get(one.line_id, Decimal(0))
        asked = amount - before if one.amount is None else one.amount
        if not 0 < asked <= amount - before:
            raise LineExceeded(
                f"Of the line {one.line_id!r} {amount - before} is left.",
                line_id=one.line_id,
                amount_left=format(amount - before, "f"),
            )
        whole = shares[one.line_id]
        points = _part(whole, before + asked, amount) - _part(whole, before, amount)
        verdicts.append(LineVerdict(one.line_id, amount, asked, points))
    return verdicts


def share_points(points: int, weights: Mapping[str, Decimal]) -> dict[str, int]:
    """Share whole points by weight, cumulatively rounded down; the shares add up to the points exactly."""
    total, so_far, given = sum(weights.values(), Decimal(0)), Decimal(0), 0
    shares = {}
    for name, weight in weights.items():
        so_far += weight
        until = int(points * so_far // total) if total else 0
        shares[name], given = until - given, until
    return shares


def _part(points: int, amount: Decimal, of: Decimal) -> int:
    return int(points * amount // of)


def check_unlimited(seat: PoolSeat) -> None:
    """Refuse a customer whose spending in the household is limited by the day.

    :raises PoolRoleRefused: it is.
    """
    if spending_limit(seat) is not None:
        raise PoolRoleRefused("Who spends within a daily limit does not hold points.", role=seat.role.value)


def check_last_day(expires_at: datetime, now: datetime) -> None:
    """Refuse points that would be over before they are there.

    :raises OccurredAtRefused: they would.
    """
    if expires_at <= now:
        raise OccurredAtRefused("The last day of the points is over.")


def lifetime_of(plan: ProgramPlan, day: date) -> tuple[datetime, datetime]:
    """Give the end of points whose last day is given, and the end of the grace behind it, in the program's zone."""
    zone = ZoneInfo(plan.timezone)
    grace = day + timedelta(days=1 + plan.expiry.grace_days_after)
    return datetime.combine(day + timedelta(days=1), time(), zone), datetime.combine(grace, time(), zone)
