"""Purchases that come as events: relayed, delivered, earned once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest
from django.db import transaction

from loyalty.customers.api import receive_events
from loyalty.foundation.events import api as events
from loyalty.foundation.events.contracts import Fact
from loyalty.foundation.events.models import InboxEntry
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.points.models import NothingEarned
from loyalty.programs import api as programs
from tests.points.world import ACTOR, World, assert_ledger_holds, count_transactions, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True, slots=True)
class Purchase(Fact):
    """A purchase as a careless sender inside might publish it."""

    type: ClassVar[str] = "customer.purchase"
    amount: Any
    currency: str


@pytest.fixture
def world(now: datetime) -> World:
    """A program that enrols by itself."""
    return make_world(now)


def purchase(customer_id: UUID, now: datetime, event_id: str = "e-1", **data: Any) -> Any:
    """Send a purchase from outside."""
    event = {
        "event_id": event_id,
        "event_type": "customer.purchase",
        "customer_id": str(customer_id),
        "occurred_at": now.isoformat(),
        "event_data": {"amount": "250.00", "currency": "USD", "product_category": "electronics", **data},
    }
    return receive_events(source="tests", raw=[event], now=now)


def deliver(now: datetime) -> None:
    """Relay and handle until nothing is due; failed rows come due again later."""
    at = now
    while events.relay(now=at)[0] or events.deliver_one(now=at):
        pass


def test_purchase__of_a_stranger__enrols_and_earns_once(world: World) -> None:
    customer_id = world.customer()
    purchase(customer_id, world.now)
    purchase(customer_id, world.now)
    deliver(world.now)
    member = api.find_member(customer_id=customer_id, program_id=world.program_id)
    assert member is not None
    assert (member.points_posted, member.tier_code, count_transactions()) == (25, "BRONZE", 1)
    stored = ledger.list_transactions(account_ids=[member.account_id])[0]
    assert stored.context is not None
    assert stored.context["product_category"] == "electronics"
    assert stored.actor_ref == "points.on_customer_purchase"
    assert_ledger_holds(world.now)


def test_purchase__delivered_twice__earns_once(world: World) -> None:
    customer_id = world.customer()
    purchase(customer_id, world.now)
    deliver(world.now)
    InboxEntry.objects.filter(handler="points.on_customer_purchase").update(state="PENDING")
    deliver(world.now)
    assert count_transactions() == 1


def test_purchase__two_programs__earns_in_each(world: World, now: datetime) -> None:
    second = make_world(now, enrollment=programs.Enrollment.EXPLICIT)
    customer_id = world.customer()
    purchase(customer_id, now)
    deliver(now)
    assert count_transactions() == 1, "nobody enrolled the customer in the second program"
    second.enroll([customer_id])
    purchase(customer_id, now, "e-2")
    deliver(now)
    assert count_transactions() == 3


@pytest.mark.parametrize(
    "data, reason",
    [
        ({"amount": "50"}, "rule_gives_nothing"),
        ({"amount": "-250"}, "points.amount_refused"),
        ({"amount": "much"}, "money.invalid"),
        ({"amount": None}, "money.invalid"),
        ({"currency": "EUR"}, "points.currency_mismatch"),
    ],
)
def test_purchase__that_earns_nothing__is_explained_and_not_tried_again(
    world: World, data: dict[str, Any], reason: str
) -> None:
    member = world.member()
    fact = Purchase(**{"amount": "250.00", "currency": "USD", **data})
    key = str(member.customer_id)
    with transaction.atomic():
        events.publish(fact, key=key, subject_kind="customer", subject_ref=key, occurred_at=world.now)
    deliver(world.now)
    assert NothingEarned.objects.get().reason == reason
    assert not InboxEntry.objects.exclude(state="DONE").filter(handler="points.on_customer_purchase").exists()
    assert count_transactions() == 0


def test_purchase__frozen_account__is_explained(world: World) -> None:
    member = world.member()
    ledger.freeze_account(account_id=member.account_id, reason="fraud", actor=ACTOR, now=world.now)
    purchase(member.customer_id, world.now)
    deliver(world.now)
    assert NothingEarned.objects.get().reason == "account.not_active"


def test_purchase__after_the_programs_end__earns_nothing(now: datetime) -> None:
    world = make_world(now, end_date=(now - timedelta(days=1)).date())
    purchase(world.customer(), world.now)
    deliver(world.now)
    assert count_transactions() == 0
    assert NothingEarned.objects.count() == 0, "a stranger is not taken into a program that is over"
