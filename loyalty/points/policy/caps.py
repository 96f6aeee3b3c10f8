"""Which caps an earn counts against, in which order, and what they leave of it.

Order: caps of the transaction cut first, those of one rule before those of the whole; then the ledger counts the caps
of periods under its lock, those of one rule before those of the whole. What the whole loses comes off the parts from
the last to the first, and a counter counts what is granted.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_DOWN
from uuid import UUID

from loyalty.ledger.api import CapReached
from loyalty.points.contracts import CapCount, CapResult, MemberFacts, Part
from loyalty.programs.api import ProgramPlan, cap_window
from loyalty.programs.contracts import (
    WALLET_MAIN,
    CapMeasure,
    CapPeriod,
    CapPlan,
    CapScope,
    OnReach,
    WalletKind,
)

# Money is counted in millionths, so that a point that costs a fraction of a cent is counted too.
MICRO = 1_000_000
# A counter of one member that does not lie with the account.
MEMBER = "member:"
# A counter is a bigint.
UNITS_MAX = 9 * 10**18


def caps_for(
    plan: ProgramPlan,
    member: MemberFacts,
    *,
    wallet: str,
    parts: Sequence[Part],
    at: datetime,
    partner_ref: str,
    tier_code: str | None,
) -> tuple[CapCount, ...]:
    """Give the caps that points for one wallet count against, in the order in which they cut."""
    given = {part.code for part in parts if part.points}
    applying = [cap for cap in plan.caps if _applies(cap, plan, wallet, given, partner_ref, tier_code)]
    ordered = sorted(applying, key=lambda cap: (cap.period is not CapPeriod.TRANSACTION, not cap.rule_code))
    return tuple(_counts(ordered, plan, member, wallet, at, partner_ref))


def apply_caps(
    parts: Sequence[Part], caps: Sequence[CapCount], used: Mapping[tuple[str, date | None], int]
) -> tuple[tuple[Part, ...], tuple[CapResult, ...]]:
    """Give what caps leave of parts, of which ``used`` units are gone; the ledger counts the same way under its lock.

    :raises CapReached: a cap that refuses leaves less than is asked.
    """
    left = {part.code: part.points for part in parts}
    asked: dict[int, int] = {}
    for place, cap in enumerate(caps):
        if cap.part is not None:
            asked[place] = left[cap.part]
            left[cap.part] = _fit(cap, left[cap.part], used)
    total = sum(left.values())
    for place, cap in enumerate(caps):
        if cap.part is None:
            asked[place] = total
            total = _fit(cap, total, used)
    excess = sum(left.values()) - total
    for part in reversed(parts):
        cut = min(excess, left[part.code])
        left[part.code] -= cut
        excess -= cut
    results = (
        CapResult(
            ref=cap.ref,
            window_start=cap.window_start,
            asked=asked[place],
            granted=total if cap.part is None else left[cap.part],
        )
        for place, cap in enumerate(caps)
    )
    return tuple(Part(code=code, points=points) for code, points in left.items()), tuple(results)


def is_own(cap: CapCount) -> bool:
    """Tell whether only one member counts under a cap, also where the points go to the household."""
    return not cap.is_shared or cap.ref.startswith(MEMBER)


def _fit(cap: CapCount, points: int, used: Mapping[tuple[str, date | None], int]) -> int:
    room = max(0, cap.units_max - used.get((cap.ref, cap.window_start), 0)) // cap.units_per_point
    if cap.is_refusing and points > room:
        raise CapReached(f"The cap {cap.code} leaves room for {room} points.", cap_ref=cap.ref, points_room=room)
    return min(points, room)


def _applies(
    cap: CapPlan, plan: ProgramPlan, wallet: str, given: set[str], partner_ref: str, tier_code: str | None
) -> bool:
    if cap.rule_code and cap.rule_code not in given:
        return False
    if cap.tier_codes and tier_code not in cap.tier_codes:
        return False
    if cap.partner_ref and cap.partner_ref != partner_ref:
        return False
    if cap.scope is CapScope.PARTNER and not partner_ref:
        return False
    if cap.measure is CapMeasure.MONEY:
        # Points that are only counted for a status cost nothing.
        kind = next((one.kind for one in plan.wallets if one.code == wallet), WalletKind.REDEEMABLE)
        return plan.point_value is not None and plan.point_value > 0 and kind is not WalletKind.STATUS
    return True


def _counts(
    caps: Sequence[CapPlan], plan: ProgramPlan, member: MemberFacts, wallet: str, at: datetime, partner_ref: str
) -> Iterator[CapCount]:
    for cap in caps:
        per_point, limit = 1, cap.limit
        if cap.measure is CapMeasure.MONEY and plan.point_value is not None:
            # Rounded up, so that the budget is never passed.
            per_point = max(1, int((plan.point_value * MICRO).to_integral_value(rounding=ROUND_CEILING)))
            limit = cap.limit * MICRO
        ref, is_shared = _counter(cap, plan.program_id, member, partner_ref, wallet)
        yield CapCount(
            code=cap.code,
            ref=ref,
            period=cap.period.value,
            scope=cap.scope.value,
            window_start=cap_window(plan, cap, at),
            units_max=min(UNITS_MAX, int(limit.to_integral_value(rounding=ROUND_DOWN))),
            units_per_point=per_point,
            part=cap.rule_code or None,
            is_shared=is_shared,
            is_refusing=cap.on_reach is OnReach.REFUSE,
        )


def _counter(cap: CapPlan, program_id: UUID, member: MemberFacts, partner_ref: str, wallet: str) -> tuple[str, bool]:
    """Name the counter of a cap; a member's own counter lies with the account, which is one per wallet already."""
    of_wallet = "" if wallet == WALLET_MAIN else f":{wallet}"
    match cap.scope:
        case CapScope.PROGRAM:
            return f"program:{program_id}:{cap.code}{of_wallet}", True
        case CapScope.PARTNER:
            return f"partner:{program_id}:{partner_ref}:{cap.code}{of_wallet}", True
        case CapScope.HOUSEHOLD if member.pool_id is not None:
            return f"household:{member.pool_id}:{cap.code}{of_wallet}", True
        case _ if member.pool_account_id is not None and wallet == WALLET_MAIN:
            # The points go to the household's account, the cap stays the member's.
            return f"{MEMBER}{member.account_id}:{cap.code}", True
        case _:
            return cap.code, False
