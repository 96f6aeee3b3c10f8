"""Recomputing earns in the order of their instants: the same as if nothing had come late."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from loyalty.points import policy
from loyalty.points.policy.replaying import Counters, PastEarn, net
from loyalty.programs.api import CapPeriod, ExpiryKind, ExpiryPlan, ProgramPlan
from tests.points.facts import cap, facts, member, plan

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
Timeline = list[tuple[datetime, str | None]]


def post(
    under: ProgramPlan, amount: int, at: datetime, tier_code: str | None, counters: Counters, number: int
) -> PastEarn:
    """Decide and count an earn as it would be posted, as the ``number``-th."""
    verdict = policy.decide_earn(facts(str(amount), under=under, at=at, of=member(tier_code=tier_code)), [], at).main
    parts, _ = policy.apply_caps(verdict.parts, verdict.caps, counters)
    granted = sum(part.points for part in parts)
    for one in verdict.caps:
        counters[(one.ref, one.window_start)] = counters.get((one.ref, one.window_start), 0) + granted
    return PastEarn(
        transaction_id=UUID(int=number + 1), account_id=member().account_id, wallet="main", plan=under, occurred_at=at,
        recorded_at=START + timedelta(days=60, seconds=number), points_granted=granted, points_reversed=0,
        points_corrected=0, trace=verdict.trace,
        context={"transaction_amount": str(amount), "currency": "EUR", "counts_purchase": True},
    )  # fmt: skip


def corrected_total(earns: Sequence[PastEarn], timeline: Timeline) -> int:
    """Give what all earns come to with their corrections."""
    since = min(one.occurred_at for one in earns)
    corrections = policy.replay(earns, member(), since=since, tier_timeline=timeline, now=START)
    return sum(one.points_granted for one in earns) + sum(one.points_change for one in corrections)


purchases = st.lists(st.tuples(st.integers(1, 900), st.integers(0, 20 * 24)), min_size=1, max_size=8)


@given(purchases, st.integers(0, 20), st.integers(20, 400), st.randoms(use_true_random=False))
def test_replay__in_any_order_of_arrival__comes_to_what_the_ordered_one_gives(
    drawn: list[tuple[int, int]], gold_from: int, limit: int, chance: object
) -> None:
    under = plan(caps=(cap("day", str(limit)), cap("month", str(limit * 3), period=CapPeriod.MONTH)))
    timeline: Timeline = [(START - timedelta(days=1), "BRONZE"), (START + timedelta(days=gold_from), "GOLD")]
    told = [(amount, START + timedelta(hours=hours)) for amount, hours in drawn]

    def tier_at(at: datetime) -> str | None:
        return "GOLD" if at >= timeline[1][0] else "BRONZE"

    counters: Counters = {}
    ordered = sorted(told, key=lambda one: one[1])
    in_order = [post(under, amount, at, tier_at(at), counters, n) for n, (amount, at) in enumerate(ordered)]
    shuffled = list(told)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    counters = {}
    # As they came: all at the tier that the member had before anything was known.
    earns = [post(under, amount, at, "BRONZE", counters, n) for n, (amount, at) in enumerate(shuffled)]
    assert corrected_total(earns, timeline) == sum(one.points_granted for one in in_order)


@given(purchases, st.integers(20, 400))
def test_replay__nothing_late_and_the_same_tiers__corrects_nothing(drawn: list[tuple[int, int]], limit: int) -> None:
    under = plan(caps=(cap("day", str(limit)),))
    counters: Counters = {}
    ordered = sorted(drawn, key=lambda one: one[1])
    earns = [
        post(under, amount, START + timedelta(hours=hours), "BRONZE", counters, n)
        for n, (amount, hours) in enumerate(ordered)
    ]
    found = policy.replay(
        earns, member(), since=START, tier_timeline=[(START - timedelta(days=1), "BRONZE")], now=START
    )
    assert found == []


def test_replay__a_higher_tier_then__is_corrected_with_its_own_expiry() -> None:
    under = plan(expiry=ExpiryPlan(kind=ExpiryKind.AGE, days=10))
    earn = post(under, 100, START, "BRONZE", {}, 0)
    timeline: Timeline = [(START - timedelta(days=1), "GOLD")]
    (found,) = policy.replay([earn], member(), since=START, tier_timeline=timeline, now=START)
    assert (found.points_change, found.tier_code) == (5, "GOLD")
    assert found.expires_at is not None
    assert found.expires_at.date() == date(2026, 11, 12)


def test_replay__partly_reversed_or_corrected_before__corrects_what_is_left() -> None:
    timeline: Timeline = [(START - timedelta(days=1), "GOLD")]
    earn = post(plan(), 100, START, "BRONZE", {}, 0)
    half = PastEarn(**{name: getattr(earn, name) for name in earn.__slots__} | {"points_reversed": 5})
    (found,) = policy.replay([half], member(), since=START, tier_timeline=timeline, now=START)
    assert found.points_change == 2, "7 of 15 would be left, 5 are"
    done = PastEarn(**{name: getattr(earn, name) for name in earn.__slots__} | {"points_corrected": 5})
    assert policy.replay([done], member(), since=START, tier_timeline=timeline, now=START) == []


def test_net__points_that_only_moved__are_left_out() -> None:
    under = plan(caps=(cap("day", "15"),))
    counters: Counters = {}
    first = post(under, 100, START + timedelta(hours=2), "BRONZE", counters, 0)
    late = post(under, 100, START, "BRONZE", counters, 1)
    assert (first.points_granted, late.points_granted) == (10, 5)
    timeline: Timeline = [(START - timedelta(days=1), "BRONZE")]
    assert policy.replay([first, late], member(), since=START, tier_timeline=timeline, now=START) == []
    assert net([]) == []
