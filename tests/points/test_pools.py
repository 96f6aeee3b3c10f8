"""Households: who is in, who owns, who leaves."""

from datetime import datetime

import pytest

from loyalty.foundation.audit.models import AuditEntry
from loyalty.ledger import api as ledger
from loyalty.points import api, queries
from loyalty.points.models import Pool
from tests.points.world import ACTOR, World, assert_ledger_holds, make_world

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
