"""From a purchase to the message that it led to, each fact names its cause, and all name the chain of the first."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from jsonschema_rs import Draft202012Validator

from loyalty.foundation.events import api as events
from loyalty.foundation.orm import sql
from loyalty.programs import api as programs
from tests.campaigns.scene import make_campaign, work_off
from tests.conftest import ClientWith
from tests.delivery import conftest as delivery_conftest
from tests.delivery.post import Post, make_customers
from tests.points.facts import A_TENTH, rule
from tests.points.world import make_world

pytestmark = pytest.mark.django_db(transaction=True)

post = delivery_conftest.post

API = "/api/loyalty/v1"
LADDER = tuple(
    programs.TierDocument(code=code, name=code.title(), min_points=points)
    for code, points in (("BRONZE", 0), ("SILVER", 60))
)


@pytest.fixture
def person(now: datetime) -> UUID:
    """A member whom a campaign congratulates on a new tier by mail."""
    world = make_world(now, earn_rule=None, earn_rules=(rule("base", A_TENTH),), tiers=LADDER)
    (one,) = make_customers(["Ada"], now)
    world.enroll([one])
    make_campaign(now, name="Congratulations", trigger={"kind": "event", "event_type": "customer.tier_upgrade"})
    settle(now)
    return one


def settle(now: datetime) -> None:
    """Hand on and send until nothing is due."""
    while True:
        while events.relay(now=now)[0]:
            pass
        if not events.deliver_due(now=now):
            work_off(now)
            if not events.relay(now=now)[0]:
                return


def purchase(person: UUID, now: datetime, **more: Any) -> dict[str, Any]:
    """A purchase that is worth a tier, its amount in text as other systems send theirs."""
    return {
        "specversion": "1.0", "id": str(uuid4()), "source": "till", "type": "customer.purchase",
        "subject": f"customer/{person}", "time": (now - timedelta(seconds=9)).isoformat(),
        "data": {"amount": "700.00", "currency": "USD"}, **more,
    }  # fmt: skip


def facts() -> dict[str, dict[str, Any]]:
    """The stored facts by type; of several the last."""
    rows = sql.fetch_all(
        "SELECT type, event_id, correlation_id AS chain, causation_id AS cause FROM events_stored ORDER BY position"
    )
    return {row["type"]: row for row in rows}


@pytest.mark.parametrize("is_named", [False, True])
def test_purchase__that_ends_in_a_message__is_the_beginning_of_one_chain(
    post: Post, person: UUID, now: datetime, client_with: ClientWith, is_named: bool
) -> None:
    chain, cause = str(uuid4()), str(uuid4())
    named = {"correlationid": chain, "causationid": cause} if is_named else {}
    answer = client_with("events.receive").post(f"{API}/events/", purchase(person, now, **named))
    assert answer.json()["accepted"] == 1
    settle(now)
    assert len(post.mails()) == 1
    told = facts()
    bought = told["customer.purchase"]
    assert str(bought["cause"]) == (cause if is_named else "None")
    assert str(bought["chain"]) == (chain if is_named else str(bought["event_id"]))
    steps = ["customer.purchase", "points.earned", "customer.tier_upgrade", "campaign.triggered", "message.sent"]
    for before, after in zip(steps, steps[1:], strict=False):
        assert told[after]["cause"] == told[before]["event_id"], after
        assert told[after]["chain"] == bought["chain"], after
    client = client_with("events.view")
    seen = {one["type"]: one for one in client.get(f"{API}/events/", {"page_size": 100}).json()["results"]}
    assert seen["message.sent"]["correlation_id"] == str(bought["chain"])
    assert seen["message.sent"]["causation_id"] == seen["campaign.triggered"]["id"]


def test_purchase__that_earns_nothing__is_named_as_the_cause_of_that(
    person: UUID, now: datetime, client_with: ClientWith
) -> None:
    small = purchase(person, now, data={"amount": "0.01", "currency": "USD"})
    client_with("events.receive").post(f"{API}/events/", small)
    settle(now)
    told = facts()
    bought, nothing = told["customer.purchase"], told["points.nothing_earned"]
    assert (nothing["cause"], nothing["chain"]) == (bought["event_id"], bought["event_id"])


def test_facts__of_a_purchase_and_what_follows__keep_the_schemas_of_their_types(
    post: Post, person: UUID, now: datetime, client_with: ClientWith
) -> None:
    client_with("events.receive").post(f"{API}/events/", purchase(person, now))
    settle(now)
    client = client_with("events.view")
    schemas = {one["type"]: one["schema"] for one in client.get(f"{API}/eventTypes/").json()}
    seen = client.get(f"{API}/events/", {"page_size": 100}).json()["results"]
    assert {"customer.purchase", "points.earned", "message.sent"} <= {one["type"] for one in seen}
    for one in seen:
        checker = Draft202012Validator(schemas[one["type"]], validate_formats=True)
        assert [fault.message for fault in checker.iter_errors(one["data"])] == [], one["type"]
