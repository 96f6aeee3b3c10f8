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
from tests.points.world import ACTOR, World, assert_ledger_holds, give_tier, make_world

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
