"""Redeeming points: a member's own, or a household's."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.money import Money
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.ledger import api as ledger
from loyalty.points import policy
from loyalty.points.contracts import BurnReceipt, BurnRequest, MemberFacts, PoolSeat
from loyalty.points.errors import PoolRoleRefused
from loyalty.points.operations.keys import find_earlier, signed
from loyalty.points.operations.members import resolve_member
from loyalty.points.operations.pools import count_spending, seat_of
from loyalty.points.policy import moving
from loyalty.points.queries import find_member, read_overdue
from loyalty.programs import api as programs


@transaction.atomic
def burn(*, request: BurnRequest, actor: Actor, now: datetime) -> BurnReceipt:
    """Redeem points in the order that the program says; the burn rule says what they are worth.

    :raises IdempotencyKeyReused: the key was used for another request.
    :raises InsufficientPoints: fewer points are available.
    :raises MemberNotNamed, MemberUnknown, NotAMember, AccountNotFound: nobody is meant.
    :raises PoolNotFound, PoolMemberNotFound, PoolRoleRefused, CapReached: the household does not allow it.
    :raises ProgramNotActive, AccountNotActive, BurnRuleMissing, BurnLimitRefused: nothing is redeemed now, or not so.
    :raises WalletNotRedeemable: the points of this wallet count for tiers only.
    :raises RuleResultInvalid: the program's rule gives an impossible value.
    """
    earlier = find_earlier(request.key)
    if earlier is not None:
        return burn_receipt(earlier)
    maybe_fail("burn.looked_up")
    policy.check_occurred_at(request.occurred_at, now)
    member, seat = _who(request, actor, now)
    (member,) = read_overdue([member], now=now)
    plan = programs.get_plan(member.program_id, at=request.occurred_at)
    posting = burn_posting(request, member, seat, plan, actor, now)
    maybe_fail("burn.decided")
    receipt = burn_receipt(ledger.burn(posting, now=now))
    maybe_fail("burn.posted")
    if not receipt.is_replay:
        if seat is not None:
            count_spending(seat, request.points, programs.business_date(plan.timezone, now))
        audit.record(
            actor=actor,
            act="points.burn",
            subject_kind="account",
            subject_ref=str(receipt.account_id),
            at=now,
            after={
                "transaction_id": str(receipt.transaction_id),
                "points_amount": receipt.points_amount,
                "points_balance": receipt.points_balance,
                "value": (posting.trace or {})["value"],
            },
        )
        maybe_fail("burn.audited")
    return receipt


def burn_posting(
    request: BurnRequest,
    member: MemberFacts,
    seat: PoolSeat | None,
    plan: programs.ProgramPlan,
    actor: Actor,
    now: datetime,
) -> ledger.BurnPosting:
    """Decide a burn of points of a member's, or of a household's by who has a seat there.

    :raises ProgramNotActive, WalletNotRedeemable, BurnLimitRefused, BurnRuleMissing, RuleResultInvalid: as ``burn``.
    """
    policy.check_open(plan, request.occurred_at)
    policy.check_redeemable(plan, member.wallet)
    moving.check_burn(plan.burn, request.points)
    _, trace = policy.decide_burn(plan, member, request.points, request.context, now)
    return ledger.BurnPosting(
        **signed(request.key, actor, request.occurred_at),
        account_id=member.account_id,
        points_amount=request.points,
        consumption=ledger.Consumption(plan.burn.consumption.value),
        customer_ref=seat.customer_id if seat else None,
        program_version_ref=str(plan.version_id),
        reason=str(request.context.get("description", ""))[:500],
        trace=trace,
        context=request.context,
    )


def check_own(member: MemberFacts) -> None:
    """Refuse a household's account where a member's own is meant.

    :raises PoolRoleRefused: it is one.
    """
    if member.kind == "pool":
        raise PoolRoleRefused("Name the household and the customer who spends.")


def _who(request: BurnRequest, actor: Actor, now: datetime) -> tuple[MemberFacts, PoolSeat | None]:
    """Give whose points are meant: a member's, or a household's on behalf of somebody in it."""
    if request.pool_id is None:
        member = resolve_member(request.member, may_enroll=False, actor=actor, now=now)
        check_own(member)
        return member, None
    seat = seat_of(pool_id=request.pool_id, ref=request.member)
    moving.check_may_spend(seat)
    found = find_member(account_id=seat.account_id)
    if found is None:
        raise ledger.AccountNotFound("There is no such account.", account_id=str(seat.account_id))
    return found, seat


def burn_receipt(posted: ledger.Receipt) -> BurnReceipt:
    """Give the answer to a burn from the ledger's receipt alone, so that a replay is the same to the letter."""
    value = (posted.trace or {}).get("value") or {"amount": "0", "currency": ""}
    return BurnReceipt(
        transaction_id=posted.transaction_id,
        account_id=posted.account_id,
        points_amount=posted.points_amount,
        points_balance=posted.points_balance,
        value=Money(Decimal(value["amount"]), value["currency"]),
        is_replay=posted.is_replay,
    )
