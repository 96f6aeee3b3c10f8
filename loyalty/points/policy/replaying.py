"""Recomputing a member's earns in the order in which they happened, with the tiers that were in force then.

What a transaction was decided by (segments, once-rules, bonuses of modifiers) stays; the tier, the caps and what hangs
on the balance follow the new order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from loyalty.points.contracts import Bonus, CapCount, EarnFacts, MemberFacts, Part, WalletVerdict
from loyalty.points.policy.caps import apply_caps, is_own
from loyalty.points.policy.earning import decide_direct, decide_earn
from loyalty.programs.api import ProgramPlan
from loyalty.programs.contracts import EVENT_PURCHASE, OncePer

Counters = dict[tuple[str, date | None], int]
GIVEN_DIRECTLY = "given_directly"


@dataclass(frozen=True, slots=True)
class PastEarn:
    """An earn as it stands in the book: what was granted and what reversals and corrections made of it since.

    ``account_id`` is where the points went: the member's account, or that of the household. ``is_waiting``: they cannot
    be spent yet, and at ``activates_at`` they can.
    """

    transaction_id: UUID
    account_id: UUID
    wallet: str
    plan: ProgramPlan
    occurred_at: datetime
    recorded_at: datetime
    points_granted: int
    points_reversed: int
    points_corrected: int
    trace: Mapping[str, Any]
    context: Mapping[str, Any]
    is_waiting: bool = False
    activates_at: datetime | None = None

    @property
    def points_standing(self) -> int:
        """What is left of it."""
        return self.points_granted - self.points_reversed + self.points_corrected


@dataclass(frozen=True, slots=True)
class Correction:
    """How many points an earn should have given more (or fewer), and until when they last."""

    earn: PastEarn
    points_change: int
    tier_code: str | None
    expires_at: datetime | None
    spendable_until: datetime | None


def replay(
    earns: Sequence[PastEarn],
    member: MemberFacts,
    *,
    since: datetime,
    tier_timeline: Sequence[tuple[datetime, str | None]],
    now: datetime,
) -> list[Correction]:
    """Give the corrections that make the earns since an instant what they would be in the order of their instants.

    :param earns: all earns of one wallet whose windows may reach into that time, in any order.
    :param tier_timeline: from which instant (inclusive) which tier, ascending.
    """
    ordered = sorted(earns, key=lambda one: (one.occurred_at, one.recorded_at))
    counters: Counters = {}
    passed: list[tuple[PastEarn, int]] = []
    found: list[Correction] = []
    for earn in ordered:
        tier_code = tier_at(tier_timeline, earn.occurred_at) if earn.occurred_at >= since else _tier_then(earn)
        verdict = _decide_again(earn, replace(member, tier_code=tier_code), passed, now)
        if verdict is None or earn.occurred_at < since:
            expected = earn.points_standing
            _count(verdict.caps if verdict else (), _whole(expected), counters)
        else:
            expected = _remaining(earn, _grant(earn, verdict, counters))
            change = expected - earn.points_standing
            if change:
                found.append(Correction(earn, change, tier_code, verdict.expires_at, verdict.spendable_until))
        passed.append((earn, expected))
    return net(found)


def tier_at(timeline: Sequence[tuple[datetime, str | None]], at: datetime) -> str | None:
    """Give the tier in force at an instant."""
    begun = [code for since, code in timeline if since <= at]
    return begun[-1] if begun else (timeline[0][1] if timeline else None)


def net(corrections: Sequence[Correction]) -> list[Correction]:
    """Leave out what cancels itself: points that only moved between purchases whose points end on the same day."""
    kept: list[Correction] = []
    for ends in dict.fromkeys(one.expires_at for one in corrections):
        group = [one for one in corrections if one.expires_at == ends]
        left = sum(one.points_change for one in group)
        for one in group:
            if left * one.points_change > 0:
                change = min(abs(left), abs(one.points_change)) * (1 if left > 0 else -1)
                kept.append(replace(one, points_change=change))
                left -= change
    return kept


def _tier_then(earn: PastEarn) -> str | None:
    tier = earn.trace.get("tier")
    return tier.get("code") if isinstance(tier, Mapping) else None


def _decide_again(
    earn: PastEarn, member: MemberFacts, passed: Sequence[tuple[PastEarn, int]], now: datetime
) -> WalletVerdict | None:
    """Decide as then, but for the tier and for what earlier earns that came to be known later changed."""
    if earn.trace.get("reason") == GIVEN_DIRECTLY:
        points = int(earn.trace["points_before_caps"])
        return decide_direct(earn.plan, member, points, earn.occurred_at, wallet=earn.wallet).main
    told = earn.trace.get("facts")
    if not isinstance(told, Mapping):
        return None
    later_known = [(one, points) for one, points in passed if one.recorded_at > earn.recorded_at]
    corrected = [(one, points - one.points_standing) for one, points in passed if one.recorded_at <= earn.recorded_at]
    more = sum(points for _, points in later_known) + sum(change for _, change in corrected)
    counted = {one["code"] for one in earn.trace.get("rules") or () if one.get("is_counted")}
    once = {rule.code for rule in earn.plan.earn_rules if rule.once_per is OncePer.MEMBER}
    then = replace(
        member,
        # Whether the points went to the household decides under whose name the member's caps are counted.
        pool_account_id=None if earn.account_id == member.account_id else earn.account_id,
        segment_codes=tuple(told.get("segment_codes") or ()),
        points_available=int(told.get("points_balance") or 0) + more,
        points_lifetime=int(told.get("points_lifetime") or 0) + more,
        purchase_count=int(told.get("purchase_count") or 0)
        + sum(1 for one, _ in later_known if one.context.get("counts_purchase")),
        rules_given=frozenset(once - counted),
    )
    facts = EarnFacts(
        plan=earn.plan,
        member=then,
        amount=Decimal(str(earn.context.get("transaction_amount") or 0)),
        currency=str(earn.context.get("currency") or earn.plan.currency),
        context=earn.context,
        occurred_at=earn.occurred_at,
        event_type=str(earn.context.get("event_type") or EVENT_PURCHASE),
    )
    rules = {rule.code for rule in earn.plan.earn_rules}
    bonuses = [
        Bonus(code=one["code"], points=Decimal(one["points"]), words=one.get("words", ""))
        for one in earn.trace.get("bonuses") or ()
        if one["code"] not in rules
    ]
    verdict = decide_earn(facts, [lambda *_: bonuses], now)
    return next((one for one in verdict.wallets if one.wallet == earn.wallet), None)


def _grant(earn: PastEarn, verdict: WalletVerdict, counters: Counters) -> int:
    """Count a member's own caps in the new order; what is shared with others keeps what it granted, and no more."""
    own = [cap for cap in verdict.caps if is_own(cap) and not cap.is_refusing]
    parts, _ = apply_caps(verdict.parts, own, counters)
    granted = sum(part.points for part in parts)
    if any(not is_own(cap) for cap in verdict.caps):
        granted = min(granted, max(earn.points_granted, 0) if _was_cut(earn) else granted)
    _count(own, parts, counters)
    return granted


def _was_cut(earn: PastEarn) -> bool:
    before = earn.trace.get("points_before_caps")
    return before is not None and int(before) > earn.points_granted


def _remaining(earn: PastEarn, granted: int) -> int:
    """Give what would be left of the earn after its reversals, which took a share of what was granted."""
    if not earn.points_reversed:
        return granted
    left = earn.points_granted - earn.points_reversed
    return granted * left // earn.points_granted if earn.points_granted else 0


def _whole(points: int) -> tuple[Part, ...]:
    return (Part(code="", points=max(points, 0)),)


def _count(caps: Sequence[CapCount], parts: Sequence[Part], counters: Counters) -> None:
    by_part = {part.code: part.points for part in parts}
    for cap in caps:
        if not is_own(cap):
            continue
        points = sum(by_part.values()) if cap.part is None else by_part.get(cap.part, sum(by_part.values()))
        key = (cap.ref, cap.window_start)
        counters[key] = counters.get(key, 0) + points * cap.units_per_point
