"""Tiers over HTTP."""

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.kernel import clock
from loyalty.points import api as points
from tests.conftest import ClientWith
from tests.points.world import World, make_world

TIER = "/api/loyalty/v1/services/tier"


@pytest.fixture
def world(db: None) -> World:
    """A program with three tiers."""
    return make_world(clock.now().replace(microsecond=0))


@pytest.fixture
def member(world: World) -> points.MemberFacts:
    """A member with 120 points, whom nobody has looked at yet."""
    made = world.member("BSS-1")
    world.earn(made, points=120)
    return made


def test_calculate__a_member__tells_where_it_stands(
    admin_client: APIClient, world: World, member: points.MemberFacts
) -> None:
    told = admin_client.get(f"{TIER}/calculate/", {"account_id": str(member.account_id)}).json()
    assert (told["tier"]["code"], told["calculated_tier"]["code"], told["next_tier"]["code"]) == (
        "BRONZE", "SILVER", "GOLD",
    )  # fmt: skip
    assert (told["points_lifetime"], told["points_to_next"]) == (120, 380)
    named = {"customer_ref": "BSS-1", "program_id": str(world.program_id)}
    assert admin_client.get(f"{TIER}/calculate/", named).json() == told


@pytest.mark.parametrize(
    "query, status, code",
    [
        ({}, 400, "points.member_not_named"),
        ({"account_id": "x"}, 400, "invalid"),
        ({"account_id": str(uuid4())}, 404, "account.not_found"),
        ({"customer_ref": "nobody", "program_id": str(uuid4())}, 404, "points.member_unknown"),
    ],
)
@pytest.mark.parametrize("route", ["calculate", "benefits", "history"])
def test_reads__nobody_named__are_refused(
    admin_client: APIClient, route: str, query: dict[str, Any], status: int, code: str
) -> None:
    answer = admin_client.get(f"{TIER}/{route}/", query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_moves__by_hand__are_told_in_history(admin_client: APIClient, member: points.MemberFacts) -> None:
    account = {"account_id": str(member.account_id)}
    up = admin_client.post(f"{TIER}/upgrade/", {**account, "tier": "GOLD", "reason": "VIP"})
    assert (up.status_code, up.json()["tier"]["code"]) == (200, "GOLD")
    assert admin_client.get(f"{TIER}/benefits/", account).json()["tier"]["multiplier"] == "1.5"
    again = admin_client.post(f"{TIER}/upgrade/", {**account, "tier": "GOLD"})
    assert (again.status_code, again.json()["code"]) == (409, "tier.not_above")
    down = admin_client.post(f"{TIER}/downgrade/", account)
    assert down.json()["tier"]["code"] == "SILVER"
    admin_client.post(f"{TIER}/downgrade/", account)
    low = admin_client.post(f"{TIER}/downgrade/", account)
    assert (low.status_code, low.json()["code"]) == (409, "tier.not_below")
    unknown = admin_client.post(f"{TIER}/upgrade/", {**account, "tier": "DIAMOND"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "program.tier_not_found")
    history = admin_client.get(f"{TIER}/history/", account).json()
    assert [(row["to_tier"], row["direction"]) for row in history["results"]] == [
        ("BRONZE", "DOWN"), ("SILVER", "DOWN"), ("GOLD", "UP"),
    ]  # fmt: skip
    assert history["results"][2]["note"] == "VIP"


def test_moves__unknown_field_or_no_permission__are_refused(
    admin_client: APIClient, client_with: ClientWith, member: points.MemberFacts
) -> None:
    body = {"account_id": str(member.account_id)}
    assert admin_client.post(f"{TIER}/upgrade/", {**body, "level": 3}).json()["code"] == "invalid"
    reader = client_with("tiers.view")
    assert reader.get(f"{TIER}/calculate/", body).status_code == 200
    assert reader.post(f"{TIER}/upgrade/", body).status_code == 403
    assert reader.post(f"{TIER}/downgrade/", body).status_code == 403
    assert APIClient().get(f"{TIER}/calculate/", body).status_code == 401
