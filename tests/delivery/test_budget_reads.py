"""How far the budgets go, asked before anything is sent; it agrees with what sending refuses."""

import uuid
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from loyalty.delivery import api
from loyalty.delivery.models import MessageBudget, Send
from loyalty.delivery.policy.budgets import paid_of, room_of
from tests.conftest import ClientWith
from tests.delivery.post import SOURCE, Post, make_customers, queue_all
from tests.delivery.smsc import Smsc
from tests.delivery.test_budgets import PROGRAM, budget, price, send

MONEY = st.decimals(min_value=0, max_value=1000, places=2)


def paid(now: datetime, emails: int, *, amount: str | None = None, program: uuid.UUID | None = None) -> int:
    """Ask how many of so many mails of the source are paid for."""
    counted = api.count_paid(
        {"email": emails},
        units={},
        source_ref=SOURCE,
        program_ref=program,
        source_amount=Decimal(amount) if amount else None,
        now=now,
    )
    return counted["email"]


def test_room__of_several_budgets__is_the_tightest() -> None:
    tight = [(Decimal(10), Decimal(4)), (Decimal(5), Decimal(9))]
    assert (room_of([]), room_of(tight[:1]), room_of(tight)) == (None, Decimal(6), Decimal(0))


def test_paid__channels_in_their_order__share_one_room() -> None:
    prices = {"sms": Decimal("0.5"), "email": Decimal(0), "push": Decimal("0.1")}
    counts = {"sms": 3, "email": 7, "push": 9}
    # Two texts of two segments take 2.00, what is left of 2.25 pays for two pushes; a third text has no price left.
    assert paid_of(counts, prices=prices, units={"sms": 2}, room=Decimal("2.25")) == {"sms": 2, "email": 7, "push": 2}
    assert paid_of(counts, prices=prices, units={}, room=Decimal("1.25")) == {"sms": 2, "email": 7, "push": 2}


@given(count=st.integers(0, 2000), cents=st.integers(1, 300), units=st.integers(1, 10), room=MONEY)
def test_paid__one_by_one__is_the_same(count: int, cents: int, units: int, room: Decimal) -> None:
    cost, left, went = Decimal(cents) / 100, room, 0
    while went < count and left >= cost:
        left, went = left - cost * units, went + 1
    assert paid_of({"sms": count}, prices={"sms": cost}, units={"sms": units}, room=room) == {"sms": went}


@pytest.mark.django_db
def test_count__asked_before__is_what_sending_lets_go(post: Post, now: datetime) -> None:
    assert paid(now, 4) == 4
    price(now, email="0.5")
    assert paid(now, 4) == 4, "without a budget nothing bounds it"
    budget(now, "1.70")
    make_customers(["Ada", "Bob", "Cleo", "Dan"], now)
    asked = paid(now, 4)
    queue_all(now)
    assert (asked, send(now).sent) == (3, 3)
    assert paid(now, 4) == 0


@pytest.mark.django_db
def test_count__of_source_program_and_month__the_tightest_counts(post: Post, now: datetime) -> None:
    price(now, email="1")
    budget(now, "9")
    budget(now, "5", "program", PROGRAM)
    assert (paid(now, 20), paid(now, 20, program=PROGRAM), paid(now, 20, amount="3", program=PROGRAM)) == (9, 5, 3)
    make_customers(["Ada", "Bob"], now)
    queue_all(now, budget_amount=Decimal(3), program_ref=PROGRAM)
    assert send(now).sent == 2
    # One is left of the source's own; with what its definition says by now it is more.
    assert (paid(now, 20, program=PROGRAM), paid(now, 20, amount="4", program=PROGRAM)) == (1, 2)
    assert Send.objects.filter(state="SENT").count() == 2
    month = MessageBudget.objects.get(scope="month")
    assert (api.left_of(month, now), api.left_of(month, now + timedelta(days=31))) == (Decimal(7), Decimal(9))


@pytest.mark.django_db
def test_units__of_a_content__are_what_its_provider_charges_for(smsc: Smsc) -> None:
    assert api.count_units("email", {"subject": "S", "body": "x" * 5000}) == 1
    # The words that tell how to stop it are counted too.
    assert [api.count_units("sms", {"body": text}) for text in ("x" * 100, "x" * 160, "{{ first_name }}" * 30)] == [
        1,
        2,
        3,
    ]


@pytest.mark.django_db
def test_costs__asked_over_http__are_those_of_the_configuration(client_with: ClientWith, now: datetime) -> None:
    price(now, email="0.02", currency="EUR")
    answer = client_with("delivery.view").get("/api/loyalty/v1/messageCosts/")
    assert (answer.status_code, answer.json()["currency"]) == (200, "EUR")
    assert answer.json()["prices"] == {
        **dict.fromkeys(("sms", "push", "in_app", "webhook", "whatsapp"), "0"),
        "email": "0.02",
    }
    assert client_with("segments.view").get("/api/loyalty/v1/messageCosts/").status_code == 403


@pytest.mark.django_db
def test_budget__read_over_http__tells_what_is_left(post: Post, admin_client: APIClient, now: datetime) -> None:
    place = "/api/loyalty/v1/messageBudgets/"
    made = admin_client.post(place, {"scope": "month", "amount": "20"}, format="json").json()
    assert (made["amount"], made["spent"], made["left"]) == ("20.00", "0.000000", "20.00")
