"""Events that have customers earn beside purchases: what rules name, and referrals; relayed and delivered."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from loyalty.customers.api import receive_events
from loyalty.foundation.events import api as events
from loyalty.foundation.events.models import InboxEntry
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.points.models import NothingEarned
from loyalty.programs import api as programs
from tests.points.facts import A_TENTH, rule
from tests.points.world import World, assert_ledger_holds, count_transactions, make_world

pytestmark = pytest.mark.django_db(transaction=True)


def send(customer_id: UUID, now: datetime, kind: str, event_id: str = "e-1", **data: Any) -> Any:
    """Send an event from outside."""
    event = {
        "event_id": event_id, "event_type": kind, "customer_id": str(customer_id), "occurred_at": now.isoformat(),
        "event_data": data,
    }  # fmt: skip
    return receive_events(source="tests", raw=[event], now=now)


def deliver(now: datetime) -> None:
    """Relay and handle until nothing is due."""
    while events.relay(now=now)[0] or events.deliver_one(now=now):
        pass


def balance(world: World, customer_id: UUID) -> int | None:
    """Give a customer's points, None when it is no member."""
    found = api.find_member(customer_id=customer_id, program_id=world.program_id)
    return found.points_posted if found else None


def test_event__that_a_rule_names__earns_once_and_takes_the_customer_in(now: datetime) -> None:
    world = make_world(
        now, earn_rule=None, earn_rules=(
            rule("base", A_TENTH),
            rule("login", 5, event_type="customer.logged_in", once_per=programs.OncePer.MEMBER),
        ),
    )  # fmt: skip
    customer_id = world.customer()
    for number in range(3):
        send(customer_id, now, "customer.logged_in", f"e-{number}")
    send(customer_id, now, "customer.logged_out", "e-9")
    deliver(now)
    assert balance(world, customer_id) == 5
    assert InboxEntry.objects.filter(handler="points.on_earning_event").count() == 3
    InboxEntry.objects.filter(handler="points.on_earning_event").update(state="PENDING")
    deliver(now)
    assert count_transactions() == 1
    (stored,) = ledger.list_transactions()
    assert stored.context == {"event_type": "customer.logged_in", "event_id": "e-0"}
    assert_ledger_holds(now)


def test_event__with_an_amount__is_read_by_its_rule(now: datetime) -> None:
    topup = rule("topup", A_TENTH, event_type="customer.recharged")
    world = make_world(now, earn_rule=None, earn_rules=(topup,))
    member = world.member()
    send(member.customer_id, now, "customer.recharged", amount="50.00", currency="USD", channel="app")
    send(member.customer_id, now, "customer.recharged", "e-2")
    send(member.customer_id, now, "customer.recharged", "e-3", amount="50.00", currency="EUR")
    deliver(now)
    assert balance(world, member.customer_id) == 5
    assert {row.reason for row in NothingEarned.objects.all()} == {"rule_gives_nothing", "points.currency_mismatch"}


def test_event__named_by_a_new_version__is_wanted_from_then_on(now: datetime) -> None:
    world = make_world(now)
    member = world.member()
    send(member.customer_id, now, "customer.logged_in", "e-1")
    deliver(now)
    world.change(earn_rules=(rule("base", A_TENTH), rule("login", 5, event_type="customer.logged_in")))
    send(member.customer_id, now, "customer.logged_in", "e-2")
    deliver(now)
    assert balance(world, member.customer_id) == 5


def referring(now: datetime, **more: Any) -> World:
    """A program that gives 100 to who brings somebody in and 20 to who comes."""
    return make_world(now, referral=programs.ReferralPlan(referrer_points=100, referee_points=20), **more)


def test_referral__of_a_new_customer__gives_both_sides_once(now: datetime) -> None:
    world = referring(now)
    bringer, brought = world.member("R-1"), world.customer()
    send(brought, now, "customer.referred", referrer_ref="R-1")
    send(brought, now, "customer.referred", "e-2", referrer_id=str(bringer.customer_id))
    other = world.member("R-2")
    send(brought, now, "customer.referred", "e-3", referrer_ref="R-2")
    deliver(now)
    assert (balance(world, bringer.customer_id), balance(world, brought)) == (100, 20)
    assert balance(world, other.customer_id) == 0, "somebody is brought in once"
    assert count_transactions() == 2
    assert_ledger_holds(now)


@pytest.mark.parametrize("name", ["self", "stranger", "nobody"])
def test_referral__by_oneself_or_nobody__is_remembered_as_refused(now: datetime, name: str) -> None:
    world = referring(now)
    member = world.member("R-1")
    world.customer("R-9")
    refs = {"self": {"referrer_ref": "R-1"}, "stranger": {"referrer_ref": "R-9"}, "nobody": {}}
    send(member.customer_id, now, "customer.referred", **refs[name])
    deliver(now)
    assert count_transactions() == 0
    assert NothingEarned.objects.get().reason == "points.referral_refused"


def test_referral__where_the_program_promises_nothing__does_nothing(now: datetime) -> None:
    world = make_world(now)
    bringer = world.member("R-1")
    brought = world.customer()
    send(brought, now, "customer.referred", referrer_ref="R-1")
    deliver(now)
    assert (balance(world, bringer.customer_id), balance(world, brought)) == (0, None)


def test_purchase__with_lines_and_tax__earns_on_what_counts(now: datetime) -> None:
    world = make_world(
        now, earn_rule=None, earn_rules=(rule("base", A_TENTH),),
        earn_base=programs.EarnBasePlan(net_of_tax=True, excluded_categories=("tobacco",)),
    )  # fmt: skip
    member = world.member()
    lines = [
        {"line_id": "1", "amount": "60", "color": "red"},
        {"line_id": "2", "amount": 60, "product_category": "tobacco"},
    ]
    send(member.customer_id, now, "customer.purchase", amount="120", tax_amount=20, lines=lines, currency="USD")
    deliver(now)
    assert balance(world, member.customer_id) == 5
    (stored,) = ledger.list_transactions()
    assert stored.context is not None
    assert stored.context["lines"][0] == {"line_id": "1", "amount": "60"}
