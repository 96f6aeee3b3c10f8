"""Counting: once, by business day of the program's zone; one by one and in sets the same."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from loyalty.foundation.events.models import InboxEntry
from loyalty.points import api as points
from loyalty.programs import api as programs
from loyalty.tiers import api
from loyalty.tiers.models import CountedTransaction, MemberState, QualifyingDay
from loyalty.tiers.operations.recounting import recount_chunk
from tests.points.world import ACTOR, World, key
from tests.tiers.test_windows import NOON, YEARLY, at, deliver, earn, world_with


@pytest.fixture
def world(db: None) -> World:
    """A program whose tiers are earned anew each year."""
    return world_with(YEARLY)


def counted() -> list[tuple[date, int, int, Decimal, int]]:
    """Give all qualifying days, oldest first."""
    return [
        (one.business_date, one.points, one.points_status, one.spend, one.purchases)
        for one in QualifyingDay.objects.order_by("business_date")
    ]


def reverse(member_receipt: points.EarnReceipt, number: int | None, now: datetime) -> None:
    """Take points of an earn back."""
    assert member_receipt.transaction_id is not None
    request = points.ReverseRequest(
        transaction_id=member_receipt.transaction_id, key=key(), points=number, reason="returned", occurred_at=now
    )
    points.reverse(request=request, actor=ACTOR, now=now)


def test_counting__the_programs_zone__says_which_day_it_is(world: World) -> None:
    member = world.member()
    earn(at(world, datetime(2026, 12, 31, 22, 59, tzinfo=UTC)), member, 10)
    earn(at(world, datetime(2026, 12, 31, 23, 1, tzinfo=UTC)), member, 20)
    assert [(one[0], one[1]) for one in counted()] == [(date(2026, 12, 31), 10), (date(2027, 1, 1), 20)]


def test_counting__delivered_again__counts_once(world: World) -> None:
    member = world.member()
    earn(world, member, 60)
    InboxEntry.objects.filter(handler="tiers.on_points_earned").update(state="PENDING")
    deliver(NOON)
    assert counted()[0][1] == 60
    assert CountedTransaction.objects.count() == 1


def test_counting__a_reversal_in_parts__leaves_the_day_of_the_purchase(world: World) -> None:
    member = world.member()
    receipt = world.earn(member, Decimal(600))
    deliver(NOON)
    later = NOON + timedelta(days=3)
    reverse(receipt, 20, later)
    deliver(later)
    assert counted() == [(NOON.date(), 40, 0, Decimal(400), 1)]
    reverse(receipt, None, later)
    deliver(later)
    assert counted() == [(NOON.date(), 0, 0, Decimal(0), 0)]


def test_counting__burns_and_points_that_do_not_count__change_nothing(world: World) -> None:
    member = world.member()
    earn(world, member, 60)
    world.earn(member, points=500, context={"counts_for_tier": False})
    world.burn(member, 30)
    deliver(NOON)
    assert counted() == [(NOON.date(), 60, 0, Decimal(0), 0)]


def test_counting__status_wallet__is_what_qualifies_where_there_is_one(db: None) -> None:
    status = programs.WalletPlan(code="STATUS", name="Status", kind=programs.WalletKind.STATUS)
    main = programs.WalletPlan(code="main", name="Main")
    world = world_with(YEARLY, wallets=(main, status))
    member = world.member()
    world.earn(member, points=600)
    world.earn(member, points=120, wallet="STATUS")
    deliver(NOON)
    assert counted() == [(NOON.date(), 600, 120, Decimal(0), 0)]
    assert programs.get_membership_of_account(member.account_id).tier_code == "SILVER"


def test_recount__nobody_had_counted__gives_what_the_handlers_give(world: World) -> None:
    members = [world.member() for _ in range(3)]
    for number, member in enumerate(members):
        receipt = world.earn(member, Decimal(300 + 100 * number))
        world.earn(member, points=7, occurred_at=NOON - timedelta(days=2))
        world.earn(member, points=9, context={"counts_for_tier": False})
        reverse(receipt, None if number == 2 else 10, NOON)
        world.burn(member, 5)
    plan = programs.get_plan(world.program_id, at=NOON)
    accounts = [member.account_id for member in members]
    assert recount_chunk(plan, accounts) == 10
    rows = list(QualifyingDay.objects.order_by("account_public_id", "business_date").values_list())
    assert recount_chunk(plan, accounts) == 0
    deliver(NOON)
    assert list(QualifyingDay.objects.order_by("account_public_id", "business_date").values_list()) == rows
    QualifyingDay.objects.all().delete()
    CountedTransaction.objects.all().delete()
    InboxEntry.objects.filter(handler__startswith="tiers.").update(state="PENDING")
    deliver(NOON)
    assert list(QualifyingDay.objects.order_by("account_public_id", "business_date").values_list()) == rows


def test_all_time__plain_program__writes_no_state_for_those_who_only_earn(db: None) -> None:
    world = world_with(programs.TierPolicyPlan())
    member = world.member()
    earn(world, member, 5)
    assert MemberState.objects.count() == 0
    assert api.get_standing(member.account_id, now=NOON).qualifying_value == 5


def test_counting__merged_account__what_it_had_counted_counts_for_the_other(world: World) -> None:
    first, second = world.member(), world.member()
    earn(world, first, 60)
    earn(world, second, 70)
    later = at(world, NOON + timedelta(days=1))
    earn(later, second, 5)
    points.merge_accounts(
        account_id=first.account_id,
        into_account_id=second.account_id,
        key=key(),
        reason="same person",
        actor=ACTOR,
        now=later.now,
    )
    deliver(later.now)
    InboxEntry.objects.filter(handler="tiers.on_points_transferred").update(state="PENDING")
    deliver(later.now)
    assert [(one.account_public_id, one.points) for one in QualifyingDay.objects.order_by("business_date")] == [
        (second.account_id, 130),
        (second.account_id, 5),
    ]
