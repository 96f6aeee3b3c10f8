"""Corrections after late purchases, posted to the real ledger."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from loyalty.foundation.audit.models import AuditEntry
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.programs import api as programs
from tests.points.facts import A_TENTH, cap, rule
from tests.points.world import ACTOR, World, assert_ledger_holds, give_tier, key, make_world

pytestmark = pytest.mark.django_db
Timeline = list[tuple[datetime, str | None]]


@pytest.fixture
def world(now: datetime) -> World:
    """A program with a daily cap and an expiry."""
    return make_world(
        now, earn_rule=None, earn_rules=(rule("base", A_TENTH),), caps=(cap("day", "60"),), expiry_days=365
    )


def correct(world: World, member: api.MemberFacts, since: datetime, timeline: Timeline) -> api.CorrectionReport:
    """Correct a member's earns."""
    return api.correct_earns(
        account_id=member.account_id, since=since, tier_timeline=timeline, causation_id=None, actor=ACTOR, now=world.now
    )


def corrections(account_id: UUID) -> Sequence[ledger.TransactionView]:
    """List what was corrected."""
    return ledger.list_transactions(account_ids=[account_id], kind=ledger.TransactionKind.ADJUST)


def test_correct_earns__a_tier_that_was_in_force_earlier__posts_a_labelled_adjustment(world: World) -> None:
    member = world.member()
    yesterday = world.now - timedelta(days=1)
    first = world.earn(member, "200", occurred_at=yesterday)
    timeline: Timeline = [(world.now - timedelta(days=9), "GOLD")]
    report = correct(world, member, world.now - timedelta(days=2), timeline)
    assert (report.transactions_corrected, report.points_change) == (1, 10)
    (posted,) = corrections(member.account_id)
    assert (posted.points_change, posted.occurred_at) == (10, yesterday)
    assert posted.context == {"corrects": str(first.transaction_id), "tier_code": "GOLD"}
    lots = ledger.list_lots(member.account_id)
    assert {lot.expires_at for lot in lots} == {first.expires_at}, "the points end when those they correct do"
    assert AuditEntry.objects.filter(act="points.adjust").count() == 1
    assert correct(world, member, world.now - timedelta(days=2), timeline).transactions_corrected == 0
    assert_ledger_holds(world.now)


def test_correct_earns__a_lower_tier__takes_back_but_not_what_is_spent(world: World) -> None:
    member = world.member()
    give_tier(member, "GOLD", world.now - timedelta(days=9))
    world.earn(member, "200", occurred_at=world.now - timedelta(days=1))
    world.burn(member, 26)
    report = correct(world, member, world.now - timedelta(days=2), [(world.now - timedelta(days=9), "BRONZE")])
    assert report.points_change == -4
    assert ledger.get_account(member.account_id).points_posted == 0
    assert_ledger_holds(world.now)


def test_correct_earns__gifts_and_earlier_earns__stay(world: World) -> None:
    member = world.member()
    world.earn(member, "200", occurred_at=world.now - timedelta(days=5))
    world.earn(member, points=20, context={"counts_for_tier": False})
    timeline: Timeline = [(world.now - timedelta(days=2), "GOLD")]
    assert correct(world, member, world.now - timedelta(days=2), timeline).transactions_corrected == 0
    with pytest.raises(ledger.AccountNotFound):
        correct(world, replace(member, account_id=UUID(int=1)), world.now, timeline)


@pytest.mark.parametrize("seed", range(8))
def test_correct_earns__purchases_in_any_order__come_to_an_ordered_replay(now: datetime, seed: int) -> None:
    chance = Random(seed)
    world = make_world(
        now, earn_rule=None, earn_rules=(rule("base", A_TENTH), rule("flat", 3, is_multiplied=False)), expiry_days=365,
        caps=(cap("day", "60"), cap("month", "140", period=programs.CapPeriod.MONTH)),
    )  # fmt: skip
    begin = now - timedelta(days=12)
    told = [
        (str(chance.randrange(20, 700)), begin + timedelta(hours=chance.randrange(0, 12 * 24)))
        for _ in range(chance.randrange(2, 7))
    ]
    gold_from = begin + timedelta(hours=chance.randrange(0, 12 * 24))
    timeline: Timeline = [(begin - timedelta(days=1), "BRONZE"), (gold_from, "GOLD")]
    ordered, late = world.member(), world.member()
    for amount, at in sorted(told, key=lambda one: one[1]):
        give_tier(ordered, "GOLD" if at >= gold_from else "BRONZE", at)
        replace(world, now=at).earn(ordered, amount)
    chance.shuffle(told)
    for amount, at in told:
        world.earn(late, amount, occurred_at=at)
    correct(world, late, begin, timeline)
    assert ledger.get_account(late.account_id).points_posted == ledger.get_account(ordered.account_id).points_posted
    assert correct(world, late, begin, timeline).transactions_corrected == 0
    assert_ledger_holds(now)


def test_correct_earns__points_that_went_to_the_household__are_corrected_there(world: World) -> None:
    owner, member = world.member(), world.member()
    pool = api.create_pool(
        name="Us", program_id=world.program_id, owner=api.MemberRef(customer_id=owner.customer_id), actor=ACTOR,
        now=world.now,
    )  # fmt: skip
    seat = api.add_pool_member(
        pool_id=pool.public_id, customer=api.MemberRef(customer_id=member.customer_id),
        document=api.PoolMemberDocument(role=api.PoolRole.SPENDER, is_earning_into_pool=True), actor=ACTOR,
        now=world.now,
    )  # fmt: skip
    day = world.now - timedelta(days=3)
    for amount, at in (("300", day), ("200", day + timedelta(hours=1)), ("200", day + timedelta(days=1))):
        assert world.earn(member, amount, occurred_at=at).account_id == pool.account_public_id
    world.earn(owner, "200", occurred_at=day)
    api.leave_pool(pool_id=pool.public_id, member_id=seat.public_id, reason="", actor=ACTOR, now=world.now)
    alone = world.earn(member, "200", occurred_at=day + timedelta(days=2))
    assert alone.account_id == member.account_id

    timeline: Timeline = [(day - timedelta(days=1), "GOLD")]
    report = correct(world, member, day - timedelta(hours=1), timeline)

    # 45 and 30 of the first day are cut to 60 by the member's own cap, as 30 and 20 were not; then 30 instead of 20.
    assert report.points_change == 10 + 10 + 10
    found = corrections(pool.account_public_id)
    assert sum(one.points_change for one in found) == 20
    assert {one.customer_ref for one in found} == {member.customer_id}
    (own,) = corrections(member.account_id)
    assert (own.points_change, own.occurred_at) == (10, day + timedelta(days=2))
    assert correct(world, member, day - timedelta(hours=1), timeline).transactions_corrected == 0
    assert_ledger_holds(world.now)


@pytest.fixture
def waiting(now: datetime) -> World:
    """A program whose points wait for ten days."""
    return make_world(
        now, earn_rule=None, earn_rules=(rule("base", A_TENTH),), caps=(cap("day", "60"),), expiry_days=365,
        activation=programs.ActivationPlan(kind=programs.ActivationKind.AFTER_DAYS, days=10),
    )  # fmt: skip


def test_correct_earns__points_that_wait__get_more_that_waits_as_long(waiting: World) -> None:
    member, day = waiting.member(), waiting.now - timedelta(days=3)
    first = waiting.earn(member, "200", occurred_at=day)
    assert first.is_pending
    timeline: Timeline = [(day - timedelta(days=1), "GOLD")]

    assert correct(waiting, member, day, timeline).points_change == 10
    assert correct(waiting, member, day, timeline).transactions_corrected == 0
    account = ledger.get_account(member.account_id)
    assert (account.points_posted, account.points_pending) == (0, 30)
    assert {one.activates_at for one in ledger.list_pending(member.account_id)} == {first.activates_at}

    later = replace(waiting, now=day + timedelta(days=11))
    api.activate_due(now=later.now)
    account = ledger.get_account(member.account_id)
    assert (account.points_posted, account.points_pending) == (30, 0)
    assert {lot.expires_at for lot in ledger.list_lots(member.account_id)} == {first.expires_at}
    assert correct(later, member, day, timeline).transactions_corrected == 0
    assert_ledger_holds(later.now)


def test_correct_earns__too_many_that_wait__are_cancelled_in_part(waiting: World) -> None:
    member, day = waiting.member(), waiting.now - timedelta(days=3)
    give_tier(member, "GOLD", day - timedelta(days=1))
    waiting.earn(member, "200", occurred_at=day)
    timeline: Timeline = [(day - timedelta(days=1), "BRONZE")]

    assert correct(waiting, member, day, timeline).points_change == -10
    assert correct(waiting, member, day, timeline).transactions_corrected == 0
    assert ledger.get_account(member.account_id).points_pending == 20
    assert correct(waiting, member, day, [(day - timedelta(days=1), "GOLD")]).points_change == 10
    assert ledger.get_account(member.account_id).points_pending == 30
    assert_ledger_holds(waiting.now)


def test_correct_earns__points_that_waited__are_corrected_by_an_adjustment(waiting: World) -> None:
    member, day = waiting.member(), waiting.now - timedelta(days=3)
    first = waiting.earn(member, "200", occurred_at=day)
    dropped = waiting.earn(member, "100", occurred_at=day + timedelta(days=1))
    assert first.transaction_id is not None and dropped.transaction_id is not None
    asked = api.PendingRequest(transaction_id=dropped.transaction_id, key=key())
    api.cancel(request=asked, actor=ACTOR, now=waiting.now)
    later = replace(waiting, now=day + timedelta(days=11))
    api.activate_due(now=later.now)

    timeline: Timeline = [(day - timedelta(days=1), "GOLD")]
    assert correct(later, member, day, timeline).points_change == 10
    (posted,) = corrections(member.account_id)
    assert (posted.context or {})["corrects"] == str(first.transaction_id), "and what was cancelled stays so"
    assert correct(later, member, day, timeline).transactions_corrected == 0
    assert_ledger_holds(later.now)
