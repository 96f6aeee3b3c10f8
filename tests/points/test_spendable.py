"""Reads for people and facts for rules say what a burn could take now, also while the expiry has not come by."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient
from sqlalchemy import select

from loyalty.features import api as features
from loyalty.foundation.kernel import clock
from loyalty.foundation.orm import statements
from loyalty.ledger import api as ledger
from loyalty.points import api, queries
from tests.points.world import World, make_world

V1 = "/api/loyalty/v1"
# A point for each point that could be spent.
BY_BALANCE: dict[str, Any] = {"*": [{"var": "points_balance"}, 1]}


@pytest.fixture
def world(db: None) -> World:
    """A program whose rules read the balance."""
    return make_world(clock.now().replace(microsecond=0), earn_rule=BY_BALANCE, burn_rule=BY_BALANCE)


@pytest.fixture
def member(world: World) -> api.MemberFacts:
    """A member with 100 points for ever, 40 in their grace, and 60 whose grace ended a minute ago."""
    found = world.member("BSS-1")
    give(world, found.account_id)
    return found


def give(world: World, account_id: Any) -> None:
    """Bring the three lots into an account."""
    then = world.now - timedelta(days=50)
    for points, expires, spendable in ((100, None, None), (40, -10, 10), (60, -10, -1 / 1440)):
        posting = ledger.AdjustPosting(
            account_id=account_id, points_change=points, reason_code="goodwill", occurred_at=then,
            idempotency_scope="tests", idempotency_key=uuid4().hex,
            expires_at=None if expires is None else world.now + timedelta(days=expires),
            spendable_until=None if spendable is None else world.now + timedelta(days=spendable),
        )  # fmt: skip
        ledger.adjust(posting, now=then)


def test_account__lots_due_and_not_swept__shows_what_a_burn_takes(
    admin_client: APIClient, world: World, member: api.MemberFacts
) -> None:
    (listed,) = admin_client.get(f"{V1}/loyaltyAccounts/").json()["results"]
    read = admin_client.get(f"{V1}/loyaltyAccounts/{member.account_id}/").json()
    (seen,) = queries.overview_part(member.customer_id, now=world.now)["accounts"]
    assert (read["points_balance"], read["points_available"], read["points_expiring"]) == (200, 140, 40)
    assert (listed["points_available"], listed["points_expiring"]) == (140, 40)
    assert (seen["points_balance"], seen["points_available"], seen["points_expiring"]) == (200, 140, 40)
    body = {"account_id": str(member.account_id), "points": 141}
    refused = admin_client.post(f"{V1}/services/points/burn/", body, headers={"Idempotency-Key": "a"})
    assert (refused.status_code, refused.json()["code"]) == (409, "points.insufficient")
    burned = admin_client.post(f"{V1}/services/points/burn/", body | {"points": 140}, headers={"Idempotency-Key": "b"})
    assert burned.status_code == 201, burned.json()
    assert admin_client.get(f"{V1}/loyaltyAccounts/{member.account_id}/").json()["points_available"] == 0


def test_expiring__in_grace_and_after_it__sum_lots_and_groups_agree(
    admin_client: APIClient, world: World, member: api.MemberFacts
) -> None:
    url = f"{V1}/loyaltyAccounts/{member.account_id}/expiring/"
    for by in ("day", "month"):
        told = admin_client.get(f"{url}?days=30&by={by}").json()
        assert told["points_expiring"] == 40
        assert [lot["points_remaining"] for lot in told["results"]] == [40]
        assert [one["points"] for one in told["groups"]] == [40]
    whole = admin_client.get(f"{V1}/loyaltyPrograms/{world.program_id}/expiring/?days=30&by=day").json()
    assert [one["points"] for one in whole["groups"]] == [40]


def test_pool__lots_due_and_not_swept__shows_what_a_burn_takes(
    admin_client: APIClient, world: World, member: api.MemberFacts
) -> None:
    body = {"program_id": str(world.program_id), "name": "Home", "customer_ref": "BSS-1"}
    pool = admin_client.post(f"{V1}/pools/", body).json()
    give(world, pool["account_id"])
    (listed,) = admin_client.get(f"{V1}/pools/").json()["results"]
    assert (listed["points_balance"], listed["points_available"]) == (200, 140)


def test_rules__that_read_the_balance__see_what_a_burn_takes(world: World, member: api.MemberFacts) -> None:
    earned = world.earn(member, "10")
    assert earned.points_amount == 140
    batch = api.earn_batch(requests=[world.request(member, "10")], actor=world.actor, now=world.now)
    assert batch[0].receipt is not None
    assert batch[0].receipt.points_amount == 280
    burned = world.burn(member, 1)
    assert str(burned.value.amount) == "560.00"
    asked = api.SimulateRequest(
        program_id=world.program_id, amount=None, currency="", event_type="purchase", context={},
        occurred_at=world.now, account_id=member.account_id, points_to_burn=1,
    )  # fmt: skip
    assert str(_worth(asked, world)) == "559.00"


def _worth(asked: api.SimulateRequest, world: World) -> Any:
    value = api.simulate(request=replace(asked, amount=Decimal(10)), now=world.now).value
    assert value is not None
    return value.amount


def test_facts__lots_due_and_not_swept__left_out_for_one_and_in_sets(world: World, member: api.MemberFacts) -> None:
    other = world.member("BSS-2")
    one = features.list_feature_sets([member.customer_id, other.customer_id], now=world.now, fields=["points_balance"])
    assert (one[member.customer_id].values["points_balance"], one[other.customer_id].values["points_balance"]) == (
        140,
        0,
    )
    relation = features.platform_relation("points", now=world.now)
    before = features.platform_relation("points", now=world.now - timedelta(hours=1))
    for facts, points in ((relation, 140), (before, 200)):
        statement = select(facts.key, facts.columns["points_balance"]).select_from(facts.selectable)
        assert dict(statements.fetch_all(statement)) == {member.customer_id: points, other.customer_id: 0}
