"""Caps: which apply, in which window, in which order, and what they leave; and how long points last."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.ledger.api import CapReached
from loyalty.points import policy
from loyalty.points.contracts import CapCount, MemberFacts, Part
from loyalty.programs.contracts import (
    CapMeasure,
    CapPeriod,
    CapScope,
    ExpiryKind,
    ExpiryPlan,
    OnReach,
    TierExpiry,
    WalletKind,
    WalletPlan,
)
from tests.points.facts import NOON, cap, facts, member, plan, rule

TODAY = NOON.date()
BERLIN_LATE = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)


def counts(*caps: Any, of: MemberFacts | None = None, **more: Any) -> list[CapCount]:
    """Give the caps that a purchase at a partner counts against."""
    under = plan(caps=caps, **more)
    return list(policy.decide_earn(facts("100", under=under, of=of, partner_ref="P"), [], NOON).main.caps)


@pytest.mark.parametrize(
    "period, first",
    [
        (CapPeriod.TRANSACTION, None),
        (CapPeriod.DAY, date(2026, 11, 21)),
        (CapPeriod.WEEK, date(2026, 11, 16)),
        (CapPeriod.MONTH, date(2026, 11, 1)),
        (CapPeriod.YEAR, date(2026, 1, 1)),
        (CapPeriod.PROGRAM, date(1970, 1, 1)),
    ],
)
def test_window__of_a_cap__begins_in_the_programs_zone(period: CapPeriod, first: date | None) -> None:
    under = plan(caps=(cap("c", "5", period=period),))
    (told,) = policy.decide_earn(facts("100", under=under, at=BERLIN_LATE), [], NOON).main.trace["caps"]
    assert told["window_start"] == (first.isoformat() if first else None)


@pytest.mark.parametrize(
    "scope, who, ref, is_shared",
    [
        (CapScope.MEMBER, {}, "c", False),
        (CapScope.MEMBER, {"pool_id": UUID(int=7), "pool_account_id": UUID(int=8)}, f"member:{UUID(int=1)}:c", True),
        (CapScope.HOUSEHOLD, {}, "c", False),
        (CapScope.HOUSEHOLD, {"pool_id": UUID(int=7)}, f"household:{UUID(int=7)}:c", True),
        (CapScope.PROGRAM, {}, f"program:{UUID(int=1)}:c", True),
        (CapScope.PARTNER, {}, f"partner:{UUID(int=1)}:P:c", True),
    ],
)
def test_scope__of_a_cap__names_its_counter(scope: CapScope, who: Any, ref: str, is_shared: bool) -> None:
    (found,) = counts(cap("c", "5", scope=scope), of=member(**who))
    assert (found.ref, found.is_shared) == (ref, is_shared)


@pytest.mark.parametrize(
    "conditions, applies",
    [
        ({"tier_codes": ("GOLD",)}, False),
        ({"tier_codes": ("BRONZE",)}, True),
        ({"partner_ref": "Q"}, False),
        ({"partner_ref": "P"}, True),
        ({"rule_code": "other"}, False),
        ({"rule_code": "base"}, True),
        ({"measure": CapMeasure.MONEY}, False),
    ],
)
def test_conditions__of_a_cap__decide_whether_it_counts(conditions: Any, applies: bool) -> None:
    assert bool(counts(cap("c", "5", **conditions))) is applies


def test_money__is_counted_in_millionths_and_never_passed() -> None:
    (found,) = counts(cap("c", "1", measure=CapMeasure.MONEY), point_value=Decimal("0.0033333333"))
    assert (found.units_max, found.units_per_point) == (1_000_000, 3334)
    assert left((Part(code="", points=1000),), found) == 299
    status = (WalletPlan(code="main", kind=WalletKind.STATUS),)
    assert counts(cap("c", "1", measure=CapMeasure.MONEY), point_value=Decimal(1), wallets=status) == []


def test_order__of_the_transaction_first_then_of_periods__of_a_rule_before_the_whole() -> None:
    under = plan(
        caps=(
            cap("day", "9"), cap("tx", "9", period=CapPeriod.TRANSACTION), cap("rule", "9", rule_code="base"),
            cap("rule-tx", "9", rule_code="base", period=CapPeriod.TRANSACTION),
        )
    )  # fmt: skip
    verdict = policy.decide_earn(facts("100", under=under), [], NOON).main
    assert [one["code"] for one in verdict.trace["caps"]] == ["rule-tx", "tx", "rule", "day"]
    assert [(one.get("asked"), one.get("granted")) for one in verdict.trace["caps"]] == [
        (10, 9), (9, 9), (None, None), (None, None),
    ]  # fmt: skip
    assert (verdict.points, verdict.trace["points_before_caps"]) == (9, 10)
    assert [one.code for one in verdict.caps] == ["rule", "day"]


def test_transaction_cap__that_refuses_or_leaves_nothing__says_so() -> None:
    refusing = cap("tx", "9", period=CapPeriod.TRANSACTION, on_reach=OnReach.REFUSE)
    with pytest.raises(CapReached):
        policy.decide_earn(facts("100", under=plan(caps=(refusing,))), [], NOON)
    assert policy.decide_earn(facts("99", under=plan(caps=(refusing,))), [], NOON).main.points == 9
    dear = cap("tx", "1", period=CapPeriod.TRANSACTION, measure=CapMeasure.MONEY)
    verdict = policy.decide_earn(facts("100", under=plan(caps=(dear,), point_value=Decimal(2))), [], NOON).main
    assert (verdict.points, verdict.trace["reason"]) == (0, "caps_leave_nothing")


def left(parts: tuple[Part, ...], *caps: CapCount, used: int = 0) -> int:
    """Give what caps of today leave of parts."""
    gone = {(one.ref, one.window_start): used for one in caps}
    return sum(part.points for part in policy.apply_caps(parts, caps, gone)[0])


def line(code: str, units_max: int, part: str | None = None, window: date = TODAY) -> CapCount:
    """Make a cap."""
    return CapCount(
        code=code, ref=code, period="day", scope="member", window_start=window, units_max=units_max, part=part
    )


def test_apply_caps__rule_cap_first__leaves_room_to_the_other_parts() -> None:
    parts = (Part(code="a", points=100), Part(code="b", points=100))
    kept, results = policy.apply_caps(parts, (line("of-a", 10, "a"), line("day", 100)), {})
    assert [part.points for part in kept] == [10, 90]
    assert [(one.ref, one.asked, one.granted) for one in results] == [("of-a", 100, 10), ("day", 110, 100)]


def test_apply_caps__what_the_whole_loses__comes_off_the_last_part_and_its_counter() -> None:
    parts = (Part(code="a", points=100), Part(code="b", points=100))
    kept, results = policy.apply_caps(parts, (line("of-b", 80, "b"), line("day", 150)), {("day", TODAY): 20})
    assert [part.points for part in kept] == [100, 30]
    assert [(one.asked, one.granted) for one in results] == [(100, 30), (180, 130)]


@pytest.mark.parametrize("used, granted", [(0, 10), (90, 10), (95, 5), (100, 0), (150, 0)])
def test_apply_caps__at_the_limit__cuts(used: int, granted: int) -> None:
    parts = (Part(code="a", points=10),)
    assert left(parts, line("day", 100), used=used) == granted
    assert left(parts) == 10


@given(st.decimals(min_value=0, max_value=10**6, places=4), st.integers(0, 10**6), st.integers(0, 10**6))
def test_apply_caps__before_or_after_the_rounding__is_the_same(exact: Decimal, limit: int, used: int) -> None:
    room = max(0, limit - used)
    parts = (Part(code="a", points=policy.round_points(exact)),)
    assert left(parts, line("day", limit), used=used) == policy.round_points(min(exact, Decimal(room)))


numbers = st.integers(0, 300)


@given(
    st.lists(numbers, min_size=1, max_size=4),
    st.lists(st.tuples(numbers, numbers, st.none() | st.integers(0, 3)), max_size=5),
)
def test_apply_caps__any_caps__grant_as_much_as_every_room_allows(
    given_parts: list[int], drawn: list[tuple[int, int, int | None]]
) -> None:
    parts = tuple(Part(code=str(n), points=points) for n, points in enumerate(given_parts))
    caps = tuple(
        line(f"c{n}", limit, None if of is None else str(of % len(parts))) for n, (limit, _, of) in enumerate(drawn)
    )
    used = {(one.ref, one.window_start): gone for one, (_, gone, _) in zip(caps, drawn, strict=True)}
    kept, results = policy.apply_caps(parts, caps, used)
    granted = sum(part.points for part in kept)
    rooms = [max(0, limit - gone) for limit, gone, _ in drawn]
    of_parts = sum(
        min([part.points, *(room for room, one in zip(rooms, caps, strict=True) if one.part == part.code)])
        for part in parts
    )
    assert granted == min([of_parts, *(room for room, one in zip(rooms, caps, strict=True) if one.part is None)])
    assert all(0 <= one.granted <= min(one.asked, room) for one, room in zip(results, rooms, strict=True))


def test_caps__of_each_wallet__count_by_themselves() -> None:
    under = plan(
        earn_rules=(rule("base", 5), rule("status", 5, wallet="status")),
        caps=(cap("day", "9"), cap("all", "9", scope=CapScope.PROGRAM), cap("base-only", "9", rule_code="base")),
    )
    main, status = policy.decide_earn(facts("1", under=under), [], NOON).wallets
    assert [one.code for one in main.caps] == ["base-only", "day", "all"]
    assert [one.ref for one in status.caps] == ["day", f"program:{UUID(int=1)}:all:status"]


def days(count: int, **more: Any) -> ExpiryPlan:
    """Points that last some days."""
    return ExpiryPlan(kind=ExpiryKind.AGE, days=count, **more)


def test_expiry__of_a_tier__is_that_of_the_tier_and_grace_comes_behind() -> None:
    under = plan(expiry=days(10, tier_overrides={"GOLD": TierExpiry(months=24)}, grace_days_after=5))
    gold = policy.decide_earn(facts("100", under=under, of=member(tier_code="GOLD")), [], NOON).main
    assert gold.expires_at == datetime(2028, 11, 20, 23, tzinfo=UTC)
    assert gold.spendable_until == datetime(2028, 11, 25, 23, tzinfo=UTC)
    bronze = policy.decide_earn(facts("100", under=under), [], NOON).main
    assert bronze.expires_at == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert bronze.trace["expiry"] == {
        "kind": "age",
        "expires_at": "2026-11-30T23:00:00+00:00",
        "spendable_until": "2026-12-05T23:00:00+00:00",
    }
