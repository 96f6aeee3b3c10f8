"""The balance of a member as a threshold: every posting that moves it counts, and each crossing sets off once."""

import uuid
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from loyalty.campaigns import api
from loyalty.campaigns.kinds import balances, threshold
from loyalty.campaigns.models import Occurrence
from loyalty.foundation.events import api as events
from loyalty.foundation.events.contracts import Envelope
from loyalty.points import api as points
from loyalty.programs import contracts as terms
from tests.campaigns.scene import ACTOR, later, make_campaign
from tests.points.world import World, key, make_world

BOUND: dict[str, Any] = {"kind": "threshold", "measure": "points_balance", "operator": ">=", "value": 100}
WALLETS = (terms.WalletPlan(code="main"), terms.WalletPlan(code="status", kind=terms.WalletKind.STATUS))


@pytest.fixture
def world(now: datetime) -> World:
    """A program with a second wallet, in which points may be transferred."""
    return make_world(now, transfer=terms.TransferPlan(points_daily=1_000), wallets=WALLETS)


def watch(world: World, **changes: Any) -> uuid.UUID:
    """Make a campaign that watches the balances of a program's members."""
    return make_campaign(world.now, trigger={**BOUND, **changes}, program=world.program_id)


def hear(world: World) -> list[uuid.UUID | None]:
    """Let the facts be heard; give whom they set a campaign off for so far, in order."""
    while events.relay(now=world.now)[0]:
        pass
    while events.deliver_one(now=world.now):
        pass
    return list(Occurrence.objects.order_by("id").values_list("customer_ref", flat=True))


def adjust(world: World, member: points.MemberFacts, change: int) -> points.Movement:
    """Add or take points by hand."""
    request = points.AdjustRequest(
        account_id=member.account_id, points_change=change, reason_code="goodwill", key=key(), is_unlimited=True
    )
    return points.adjust(request=request, actor=ACTOR, now=world.now)


def take_back(world: World, transaction: uuid.UUID) -> None:
    """Reverse a transaction."""
    request = points.ReverseRequest(
        transaction_id=transaction, key=key(), points=None, reason="returned", occurred_at=world.now
    )
    points.reverse(request=request, actor=ACTOR, now=world.now)


def transfer(world: World, sender: points.MemberFacts, taker: points.MemberFacts, amount: int) -> points.Movement:
    """Transfer points."""
    request = points.TransferRequest(
        from_account_id=sender.account_id, to_account_id=taker.account_id, points=amount, key=key()
    )
    return points.transfer(request=request, actor=ACTOR, now=world.now)


@pytest.mark.django_db
def test_balance__carried_over_the_bound_by_hand__sets_off_and_again_after_it_was_taken(world: World) -> None:
    ada = world.member()
    watch(world)
    adjust(world, ada, 120)
    assert hear(world) == [ada.customer_id]
    adjust(world, ada, -50)
    adjust(world, ada, 50)
    assert hear(world) == [ada.customer_id] * 2


@pytest.mark.django_db
def test_balance__of_a_purchase_taken_back__is_under_the_bound_again(world: World) -> None:
    ada = world.member()
    watch(world)
    bought = world.earn(ada, points=120)
    assert bought.transaction_id
    take_back(world, bought.transaction_id)
    world.earn(ada, points=130)
    assert hear(world) == [ada.customer_id] * 2
    burned = world.burn(ada, 100)
    take_back(world, burned.transaction_id)
    assert hear(world) == [ada.customer_id] * 3, "points that came back carry it over the bound too"


@pytest.mark.django_db
def test_balance__of_whoever_is_given_points__sets_off_for_the_recipient(world: World) -> None:
    ada, bob = world.member(), world.member()
    world.earn(ada, points=300)
    hear(world)
    watch(world)
    given_away = transfer(world, ada, bob, 250)
    assert hear(world) == [bob.customer_id]
    world.earn(ada, points=60)
    assert hear(world) == [bob.customer_id, ada.customer_id], "giving carried the sender under the bound"
    take_back(world, given_away.transaction_id)
    world.earn(bob, points=110)
    assert hear(world) == [bob.customer_id, ada.customer_id, bob.customer_id]


@pytest.mark.django_db
def test_balance__of_another_wallet__is_not_the_members(world: World) -> None:
    ada = world.member()
    watch(world)
    world.earn(ada, points=150, wallet="status")
    world.earn(ada, points=20)
    assert hear(world) == []
    world.earn(ada, points=90)
    world.earn(ada, points=10, wallet="status")
    world.earn(ada, points=10)
    assert hear(world) == [ada.customer_id]


@pytest.mark.django_db
def test_balance__that_fell_while_the_campaign_was_paused__sets_off_when_it_rises(world: World) -> None:
    ada = world.member()
    campaign = watch(world)
    world.earn(ada, points=120)
    hear(world)
    api.pause(campaign_id=campaign, actor=ACTOR, now=world.now)
    world.burn(ada, 100)
    hear(world)
    api.activate(campaign_id=campaign, actor=ACTOR, now=later(world.now, hours=1))
    world.earn(ada, points=90)
    assert hear(world) == [ada.customer_id] * 2


@pytest.mark.django_db
def test_balance__held_against_another_bound__is_looked_at_anew(world: World) -> None:
    ada = world.member()
    campaign = watch(world)
    world.earn(ada, points=450)
    hear(world)
    changes = {"trigger": {**BOUND, "value": 500, "reset": 400}}
    api.change(campaign_id=campaign, changes=changes, actor=ACTOR, now=world.now)
    world.earn(ada, points=100)
    assert hear(world) == [ada.customer_id] * 2


@pytest.mark.django_db
def test_balance__told_by_a_late_fact__turns_nothing(world: World) -> None:
    ada = world.member()
    watch(world)

    def told(sequence: int, event_type: str, moved: int, balance: int) -> Envelope:
        ref = str(ada.customer_id)
        data = {"points_amount": moved, "points_balance": balance, "account_sequence": sequence}
        return Envelope(
            id=uuid.uuid4(), type=event_type, version=1, key=ref, subject_kind="transaction", subject_ref=ref,
            occurred_at=world.now, recorded_at=world.now, correlation_id=None, causation_id=None,
            data={**data, "program_id": str(world.program_id)},
        )  # fmt: skip

    # The burn arrives before the earn that it spends: when that comes, its 120 points are long gone.
    facts = [told(2, balances.BURNED, 100, 20), told(1, balances.EARNED, 120, 120), told(3, balances.EARNED, 90, 110)]
    assert [api.fire_set(facts=[fact], now=world.now) for fact in facts] == [0, 0, 1]


def test_move__of_each_posting__tells_before_and_after_of_whom_it_is() -> None:
    ada, bob = uuid.UUID(int=1), uuid.UUID(int=2)
    own = {"points_amount": 30, "points_balance": 110, "account_sequence": 7}
    to_bob = {"to_owner_ref": str(bob), "to_account_kind": "member", "to_points_balance": 50, "to_account_sequence": 3}

    def told(event_type: str, **more: Any) -> list[tuple[uuid.UUID, int | None, int]]:
        moves = balances.moves_of(event_type, {**own, **more}, str(ada))
        return [(one.customer, one.before, one.after) for one in moves]

    assert told("points.earned") == [(ada, 80, 110)]
    assert told("points.burned") == [(ada, 140, 110)]
    assert told("points.adjusted", points_change=-30) == [(ada, 140, 110)]
    assert told("points.reversed", reversed_kind="earn") == [(ada, 140, 110)]
    assert told("points.reversed", reversed_kind="adjust") == [(ada, None, 110)]
    assert told("points.transferred", fee_points=5, **to_bob) == [(ada, 145, 110), (bob, 20, 50)]
    assert told("points.reversed", reversed_kind="transfer", **to_bob) == [(ada, 80, 110), (bob, 80, 50)]
    assert told("points.earned", account_kind="pool") == told("points.earned", wallet="status") == []
    assert told("points.earned", account_sequence=None) == told("points.pending") == told("customer.purchase") == []


LINE = some.lists(some.tuples(some.integers(0, 60), some.booleans()), max_size=30)


@given(line=LINE, value=some.integers(10, 50), fall=some.integers(0, 20), is_up=some.booleans())
def test_turn__along_any_line__sets_off_once_for_each_way_back(
    line: list[tuple[int, bool]], value: int, fall: int, is_up: bool
) -> None:
    """Held against the definition: it is met from the bound on until the measure is back at the reset."""
    reset = value - fall if is_up else value + fall
    trigger = {"operator": ">=" if is_up else "<=", "value": value, "reset": reset}
    before, was_met, met = 30, None, None
    for after, is_told in line:
        was, is_now = threshold.turn(trigger, before if is_told else None, after, was_met=was_met)
        far = after >= value if is_up else after <= value
        back = after <= reset if is_up else after >= reset
        if met is None:
            far_before = before >= value if is_up else before <= value
            met = far_before if is_told else far
        expected = far or (met and not back)
        assert (is_now, is_now and not was) == (expected, expected and not met)
        before, was_met, met = after, is_now, expected
