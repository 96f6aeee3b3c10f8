"""Purchases taken in sets earn exactly what they earn one after another, in few statements."""

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty.foundation.events import api as events
from loyalty.foundation.events.models import InboxEntry, PublishedEvent
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.points.models import AccountRow, NothingEarned
from loyalty.points.operations import batches, purchases
from loyalty.programs import api as programs
from tests.points.test_purchases import deliver, purchase
from tests.points.world import ACTOR, World, assert_ledger_holds, count_transactions, make_world
from tests.programs.documents import EARN_RULE

pytestmark = pytest.mark.django_db
ROUNDS, CUSTOMERS = 4, 8


def deliver_in_sets(now: datetime) -> None:
    """Relay and handle until nothing is due, in sets where handlers take them."""
    while events.relay(now=now)[0] or events.deliver_due(now=now):
        pass


@pytest.fixture
def worlds(now: datetime) -> list[World]:
    """A program that enrols by itself, with a daily cap and a rule that gives once, and one that does not enrol."""
    day = programs.CapPlan(code="DAY", limit=Decimal(60))
    strict = programs.CapPlan(code="STRICT", limit=Decimal(70), on_reach=programs.OnReach.REFUSE)
    rules = (
        programs.EarnRulePlan(code="BASE", rule=EARN_RULE),
        programs.EarnRulePlan(code="HELLO", rule=5, kind=programs.EarnRuleKind.BONUS, once_per=programs.OncePer.MEMBER),
    )
    return [
        make_world(now, caps=(day,), earn_rule=None, earn_rules=rules),
        make_world(now, caps=(strict,), enrollment=programs.Enrollment.EXPLICIT),
    ]


def live(worlds: Sequence[World], deliver: Callable[[datetime], None], now: datetime) -> list[UUID]:
    """Have customers of all kinds buy at random, delivered in some way after every round; give them in order."""
    chance = random.Random(3)
    customers = [worlds[0].customer() for _ in range(CUSTOMERS)]
    for world, of in ((worlds[0], customers[:4]), (worlds[1], customers[2:6])):
        world.enroll(of)
    deliver(now)
    account = api.find_member(customer_id=customers[3], program_id=worlds[1].program_id)
    assert account is not None
    ledger.freeze_account(account_id=account.account_id, reason="fraud", actor=ACTOR, now=now)
    for number in range(ROUNDS):
        at = now + timedelta(minutes=number)
        for customer in customers:
            for nth in range(chance.choice((0, 1, 1, 2))):
                data: dict[str, Any] = {"amount": str(Decimal(chance.randint(1, 90_000)) / 100)}
                data |= chance.choice(({}, {}, {}, {"currency": "EUR"}, {"amount": "1.00"}))
                day = at - timedelta(days=chance.choice((0, 0, 0, 3)))
                purchase(customer, day, f"{customer}-{number}-{nth}", **data)
        deliver(at)
    return customers


def story_of(customer_id: UUID) -> list[Any]:
    """Tell what a customer has and why, without ids."""
    told: list[Any] = []
    for row in AccountRow.objects.filter(customer_public_id=customer_id).order_by("program_code", "kind", "wallet"):
        moves = ledger.list_transactions(account_ids=[row.public_id])
        story = sorted(
            (str(one.occurred_at), one.points_change, one.kind, str((one.trace or {}).get("rules")), one.actor_ref)
            for one in moves
        )
        nothing = NothingEarned.objects.filter(account_public_id=row.public_id).order_by("reason", "occurred_at")
        reasons = [(one.reason, str(one.occurred_at)) for one in nothing]
        told.append((row.program_public_id, row.points_posted, row.tier_code, row.status, story, reasons))
    return told


def test_sets__of_random_purchases__earn_what_they_earn_one_after_another(worlds: list[World], now: datetime) -> None:
    alone, together = live(worlds, deliver, now), live(worlds, deliver_in_sets, now)
    assert [story_of(one) for one in together] == [story_of(one) for one in alone]
    kinds = ("points.earned", "points.capped", "points.nothing_earned", "member.enrolled")
    told = [
        [PublishedEvent.objects.filter(type=kind, key__in=[str(one) for one in customers]).count() for kind in kinds]
        for customers in (alone, together)
    ]
    assert told[0] == told[1]
    assert min(told[0]) > 0, "a kind of outcome was never met"
    assert InboxEntry.objects.exclude(state="DONE").count() == 0
    assert_ledger_holds(now + timedelta(hours=1))


def test_set__of_any_size__takes_the_same_number_of_statements(worlds: list[World], now: datetime) -> None:
    taken = []
    for size in (4, 40):
        customers = [worlds[0].customer() for _ in range(size)]
        worlds[0].enroll(customers)
        deliver_in_sets(now)
        for customer in customers:
            purchase(customer, now, f"{customer}")
        while events.relay(now=now)[0]:
            pass
        with CaptureQueriesContext(connection) as statements:
            assert events.deliver_due(now=now) == size
        taken.append(len(statements))
        deliver_in_sets(now)
    assert taken[0] == taken[1]


def test_set__told_again__earns_nothing_more(worlds: list[World], now: datetime) -> None:
    customers = [worlds[0].customer() for _ in range(3)]
    worlds[0].enroll(customers)
    for customer in customers:
        purchase(customer, now, f"{customer}")
    deliver_in_sets(now)
    InboxEntry.objects.filter(handler="points.on_customer_purchase").update(state="PENDING")
    deliver_in_sets(now)
    assert count_transactions() == 3


def test_set__with_a_fault__is_undone_and_taken_one_by_one(
    worlds: list[World], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers = [worlds[0].customer() for _ in range(3)]
    worlds[0].enroll(customers)
    deliver_in_sets(now)

    def post_and_fail(**asked: Any) -> None:
        batches.earn_batch(**asked)
        raise RuntimeError("planted")

    monkeypatch.setattr(purchases, "earn_batch", post_and_fail)
    for customer in customers:
        purchase(customer, now, f"{customer}")
    deliver_in_sets(now)
    assert count_transactions() == 3
    assert_ledger_holds(now)
