"""What messages cost, and the budgets that pay for them: the last gate, counted once by all workers together."""

import threading
import uuid
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connections
from rest_framework.test import APIClient

from loyalty.delivery import api
from loyalty.delivery.models import MessageBudget, Send
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.errors import ValuesInvalid
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.orm import sql
from tests.delivery.post import SOURCE, Post, make_customers, queue_all, states
from tests.delivery.smsc import Smsc, make_subscribers, queue_text

pytestmark = pytest.mark.django_db
ACTOR = system_actor("tests")
PROGRAM = uuid.UUID("0190c0de-0000-7000-8000-000000000009")


def price(now: datetime, **costs: str) -> None:
    """Set what messages cost."""
    configuration.save(code="message-costs", values=costs, actor=ACTOR, now=now)


def budget(now: datetime, amount: str, scope: str = "month", ref: uuid.UUID | None = None) -> None:
    """Set a budget."""
    api.set_budget(scope=scope, ref=ref, amount=Decimal(amount), actor=ACTOR, now=now)


def spent() -> dict[str, Decimal]:
    """Give what is spent of each budget."""
    return {one.scope: one.spent for one in MessageBudget.objects.all()}


def reasons() -> list[tuple[str, str]]:
    """Give state and reason of each send, in the order of priority and age."""
    return list(Send.objects.order_by("priority", "id").values_list("state", "reason"))


def send(now: datetime) -> api.BatchReport:
    """Send one batch of mails."""
    return api.send_due(channel="email", now=now)


def test_budget__pays_for_two__the_most_valuable_go_and_the_rest_is_refused(post: Post, now: datetime) -> None:
    price(now, email="0.5")
    budget(now, "1.20")
    make_customers(["Ada", "Bob", "Cleo"], now)
    queue_all(now)
    assert (send(now).sent, reasons()) == (2, [("SENT", ""), ("SENT", ""), ("SKIPPED", "budget")])
    assert (len(post.mails()), spent()) == (2, {"month": Decimal("1.0")})
    assert sum(Send.objects.values_list("cost", flat=True)) == Decimal("1.0")
    row = sql.fetch_one("SELECT sum(cost) AS cost FROM delivery_sends WHERE source_ref = %s", [SOURCE])
    assert row is not None
    assert row["cost"] == Decimal("1.0")


def test_budget__of_source_program_and_month__the_first_that_is_empty_refuses(post: Post, now: datetime) -> None:
    price(now, email="1")
    budget(now, "10")
    budget(now, "2", "program", PROGRAM)
    make_customers(["Ada", "Bob", "Cleo", "Dan"], now)
    queue_all(now, budget_amount=Decimal("3"), program_ref=PROGRAM)
    assert send(now).sent == 2
    assert spent() == {"month": Decimal(2), "program": Decimal(2), "source": Decimal(2)}
    budget(now, "100", "program", PROGRAM)
    queue_all(now, occurrence="o-2", budget_amount=Decimal("3"), program_ref=PROGRAM)
    # Of the source's three two are spent.
    assert send(now).sent == 1
    assert spent() == {"month": Decimal(3), "program": Decimal(3), "source": Decimal(3)}


def test_budget__of_a_month__begins_anew_with_the_next(post: Post, now: datetime) -> None:
    price(now, email="1")
    budget(now, "1")
    make_customers(["Ada"], now)
    queue_all(now)
    assert send(now).sent == 1
    queue_all(now, occurrence="o-2")
    assert (send(now).sent, send(now).sent) == (0, 0)
    later = now + timedelta(days=31)
    queue_all(later, occurrence="o-3")
    assert send(later).sent == 1
    (month,) = MessageBudget.objects.all()
    assert (month.spent, month.month) == (Decimal(1), later.date().replace(day=1))


@pytest.mark.parametrize(
    ("how", "state", "cost"), [("RCPT 450 later", "QUEUED", 0), ("RCPT 550 no", "BOUNCED", 0), ("DROP", "UNKNOWN", 1)]
)
def test_budget__message_does_not_go__gets_its_money_back_unless_nobody_knows(
    post: Post, now: datetime, how: str, state: str, cost: int
) -> None:
    price(now, email="1")
    budget(now, "5")
    make_customers(["Ada"], now)
    queue_all(now)
    post.fail(how)
    send(now)
    assert (states(), spent(), Send.objects.get().cost) == ({state: 1}, {"month": Decimal(cost)}, Decimal(cost))
    post.work()
    send(now + timedelta(minutes=1))
    assert spent() == {"month": Decimal(1 if state == "QUEUED" else cost)}


def test_cost__of_a_long_text__counts_its_segments(smsc: Smsc, now: datetime) -> None:
    price(now, sms="0.04")
    budget(now, "100")
    make_subscribers(["+9613000001"], now)
    queue_text(now, "x" * 400, purpose="service")
    assert api.send_due(channel="sms", now=now).sent == 1
    assert (Send.objects.get().cost, spent()) == (Decimal("0.12"), {"month": Decimal("0.12")})


def test_prices__without_a_budget__are_written_to_the_sends_and_refuse_nothing(post: Post, now: datetime) -> None:
    price(now, email="0.001")
    make_customers(["Ada", "Bob"], now)
    queue_all(now)
    assert send(now).sent == 2
    assert set(Send.objects.values_list("cost", flat=True)) == {Decimal("0.001")}
    assert api.cost_per_message(["email", "sms"]) == {"email": Decimal("0.001"), "sms": Decimal(0)}
    assert api.cost_currency() == "USD"


@pytest.mark.parametrize("values", [{"email": "-1"}, {"email": "x"}, {"email": "0.0000001"}, {"currency": "ABC"}])
def test_prices__bad_values__are_refused(now: datetime, values: dict[str, str]) -> None:
    with pytest.raises(ValuesInvalid):
        price(now, **values)


@pytest.mark.django_db(transaction=True)
def test_budget__four_workers_at_once__never_spend_more_than_there_is(post: Post, now: datetime) -> None:
    price(now, email="1")
    budget(now, "30")
    make_customers([f"N{number}" for number in range(80)], now)
    queue_all(now)
    faults: list[BaseException] = []

    def work() -> None:
        try:
            while api.send_due(channel="email", now=now, limit=10).claimed:
                pass
        except BaseException as fault:  # told by the test below
            faults.append(fault)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert faults == []
    assert (states(), spent()) == ({"SENT": 30, "SKIPPED": 50}, {"month": Decimal(30)})
    assert len(post.mails()) == 30


def test_routes__set_read_and_remove__a_budget(admin_client: APIClient) -> None:
    place = "/api/loyalty/v1/messageBudgets/"
    made = admin_client.post(place, {"scope": "program", "ref": str(PROGRAM), "amount": "12.50"}, format="json")
    assert (made.status_code, made.json()["amount"], made.json()["currency"]) == (200, "12.50", "USD")
    again = admin_client.post(place, {"scope": "program", "ref": str(PROGRAM), "amount": "20"}, format="json")
    assert (again.json()["id"], again.json()["amount"]) == (made.json()["id"], "20.00")
    for bad in (
        {"scope": "month", "ref": str(PROGRAM), "amount": "1"},
        {"scope": "program", "amount": "1"},
        {"scope": "month", "amount": "0"},
        {"scope": "week", "amount": "1"},
        {"scope": "month", "amount": "1", "more": 1},
    ):
        assert admin_client.post(place, bad, format="json").status_code == 400
    assert admin_client.delete(f"{place}{made.json()['id']}/").status_code == 204
    assert admin_client.get(place).json()["results"] == []
