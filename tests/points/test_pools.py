"""Households: who is in, who owns, who leaves."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events.models import PublishedEvent
from loyalty.ledger import api as ledger
from loyalty.points import api, queries
from loyalty.points.models import Pool
from loyalty.programs import contracts as terms
from tests.points.world import ACTOR, World, assert_ledger_holds, key, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(now: datetime) -> World:
    """A program."""
    return make_world(now)


def named(member: api.MemberFacts) -> api.MemberRef:
    """Name a customer."""
    return api.MemberRef(customer_id=member.customer_id)


def make_pool(world: World, owner: api.MemberFacts) -> Pool:
    """Make a household."""
    return api.create_pool(
        name="The Garcias", program_id=world.program_id, owner=named(owner), actor=ACTOR, now=world.now
    )


def take_in(world: World, pool: Pool, member: api.MemberFacts, **place: object) -> object:
    """Take a member in."""
    return api.add_pool_member(
        pool_id=pool.public_id,
        customer=named(member),
        document=api.PoolMemberDocument(**{"role": api.PoolRole.SPENDER, **place}),  # type: ignore[arg-type]
        actor=ACTOR,
        now=world.now,
    )


def test_create_pool__of_a_member__opens_an_account_of_its_own(world: World, now: datetime) -> None:
    owner = world.member()
    pool = make_pool(world, owner)
    account = ledger.get_account(pool.account_public_id)
    assert (account.kind, account.points_posted, account.owner_ref) == ("pool", 0, pool.public_id)
    seat = queries.find_seat(pool.account_public_id, owner.customer_id)
    assert seat is not None and seat.role is api.PoolRole.OWNER
    assert queries.find_earning_pool(owner.customer_id, world.program_id) == pool.account_public_id
    assert AuditEntry.objects.filter(act="pools.manage", subject_ref=str(pool.public_id)).count() == 1
    assert_ledger_holds(now)


def test_find_member__household_account__goes_by_its_owner(world: World) -> None:
    owner = world.member()
    pool = make_pool(world, owner)
    found = api.find_member(account_id=pool.account_public_id)
    assert found is not None
    assert (found.kind, found.customer_id, found.program_id) == ("pool", owner.customer_id, world.program_id)
    own = api.find_member(customer_id=owner.customer_id, program_id=world.program_id)
    assert own is not None and own.account_id == owner.account_id, "the member's own account stands for the member"


def test_create_pool__by_somebody_outside_the_program__is_refused(world: World) -> None:
    with pytest.raises(api.NotAMember):
        api.create_pool(
            name="None",
            program_id=world.program_id,
            owner=api.MemberRef(customer_id=world.customer()),
            actor=ACTOR,
            now=world.now,
        )


def test_add_pool_member__who_has_a_household__is_refused(world: World) -> None:
    owner, other = world.member(), world.member()
    pool = make_pool(world, owner)
    take_in(world, pool, other)
    with pytest.raises(api.PoolMemberTaken):
        make_pool(world, other)
    with pytest.raises(api.PoolMemberTaken):
        take_in(world, pool, other)
    assert queries.count_pool_members([pool.pk]) == {pool.pk: 2}


def test_add_pool_member__as_owner__makes_the_old_owner_a_spender(world: World) -> None:
    owner, other = world.member(), world.member()
    pool = make_pool(world, owner)
    take_in(world, pool, other, role=api.PoolRole.OWNER)
    old, new = (queries.find_seat(pool.account_public_id, one.customer_id) for one in (owner, other))
    assert old is not None and old.role is api.PoolRole.SPENDER
    assert new is not None and new.role is api.PoolRole.OWNER


def test_leave_pool__owner__stays_and_a_spender_goes(world: World) -> None:
    owner, other = world.member(), world.member()
    pool = make_pool(world, owner)
    take_in(world, pool, other, is_earning_into_pool=True)
    places = {place.customer_public_id: place.public_id for place in pool.members.all()}
    with pytest.raises(api.PoolOwnerStays):
        api.leave_pool(
            pool_id=pool.public_id, member_id=places[owner.customer_id], reason="", actor=ACTOR, now=world.now
        )
    api.leave_pool(pool_id=pool.public_id, member_id=places[other.customer_id], reason="", actor=ACTOR, now=world.now)
    assert queries.find_household(other.customer_id, world.program_id) is None
    with pytest.raises(api.PoolMemberNotFound):
        api.leave_pool(
            pool_id=pool.public_id, member_id=places[other.customer_id], reason="", actor=ACTOR, now=world.now
        )
    make_pool(world, other)


def test_close_pool__empty__frees_everybody_and_closes_the_account(world: World) -> None:
    owner = world.member()
    pool = make_pool(world, owner)
    api.close_pool(pool_id=pool.public_id, reason="moved", actor=ACTOR, now=world.now)
    assert ledger.get_account(pool.account_public_id).status == "CLOSED"
    assert queries.find_household(owner.customer_id, world.program_id) is None
    with pytest.raises(api.PoolClosed):
        take_in(world, pool, world.member())
    found = api.find_member(account_id=pool.account_public_id)
    assert found is not None and found.status == "CLOSED"


def spend(world: World, pool: Pool, member: api.MemberFacts, points: int) -> api.BurnReceipt:
    """Redeem points of the household."""
    return redeem(world, named(member), points, pool.public_id)


def redeem(world: World, who: api.MemberRef, points: int, pool_id: UUID | None = None) -> api.BurnReceipt:
    """Redeem points."""
    request = api.BurnRequest(member=who, key=key(), points=points, occurred_at=world.now, pool_id=pool_id)
    return api.burn(request=request, actor=ACTOR, now=world.now)


def fill(world: World, pool: Pool, points: int) -> None:
    """Put points into the household's account."""
    posting = ledger.EarnPosting(
        idempotency_scope="tests",
        idempotency_key=f"fill-{points}",
        occurred_at=world.now,
        account_id=pool.account_public_id,
        points_amount=points,
    )
    ledger.earn(posting, now=world.now)


def test_burn__of_a_household__goes_by_the_role_and_the_daily_limit(world: World, now: datetime) -> None:
    owner, spender, viewer = world.member(), world.member(), world.member()
    pool = make_pool(world, owner)
    fill(world, pool, 1000)
    take_in(world, pool, spender, points_daily_max=100)
    take_in(world, pool, viewer, role=api.PoolRole.VIEWER)
    assert spend(world, pool, owner, 500).points_balance == 500
    assert spend(world, pool, spender, 100).points_balance == 400
    with pytest.raises(ledger.CapReached):
        spend(world, pool, spender, 1)
    tomorrow = World(world.program_id, now + timedelta(days=1))
    assert spend(tomorrow, pool, spender, 1).points_balance == 399
    with pytest.raises(api.PoolRoleRefused):
        spend(world, pool, viewer, 1)
    with pytest.raises(api.PoolMemberNotFound):
        spend(world, pool, world.member(), 1)
    with pytest.raises(api.PoolRoleRefused):
        redeem(world, api.MemberRef(account_id=pool.account_public_id), 1)
    told = PublishedEvent.objects.filter(type="points.burned")
    assert {fact.data["customer_id"] for fact in told} == {str(owner.customer_id), str(spender.customer_id)}
    assert_ledger_holds(now)


def test_transfer__into_and_out_of_the_household__has_no_fee_and_keeps_the_roles(now: datetime) -> None:
    world = make_world(now, transfer=terms.TransferPlan(fee_points=5, points_daily=50))
    owner, spender = world.member(), world.member()
    pool = make_pool(world, owner)
    take_in(world, pool, spender, points_daily_max=30)
    world.earn(spender, points=200)

    def move(source: UUID, target: UUID, points: int, who: api.MemberRef | None = None) -> api.Movement:
        request = api.TransferRequest(
            from_account_id=source, to_account_id=target, points=points, key=key(), customer=who
        )
        return api.transfer(request=request, actor=ACTOR, now=world.now)

    given = move(spender.account_id, pool.account_public_id, 200)
    assert (given.points_fee, given.points_balance, given.to_points_balance) == (0, 0, 200)
    with pytest.raises(api.MemberNotNamed):
        move(pool.account_public_id, owner.account_id, 10)
    assert move(pool.account_public_id, spender.account_id, 30, named(spender)).points_balance == 170
    with pytest.raises(ledger.CapReached):
        move(pool.account_public_id, spender.account_id, 1, named(spender))
    assert move(pool.account_public_id, owner.account_id, 170, named(owner)).points_balance == 0
    assert_ledger_holds(now)
