"""Tiers over HTTP."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.kernel import clock
from loyalty.foundation.work import api as work
from loyalty.foundation.work.models import Run
from loyalty.points import api as points
from tests.conftest import ClientWith
from tests.points.world import World, make_world
from tests.tiers.histories import count_earned

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
    count_earned(world, made.account_id)
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


def test_projection__a_member__tells_what_becomes_of_its_tier(
    admin_client: APIClient, member: points.MemberFacts
) -> None:
    told = admin_client.get(f"{TIER}/projection/", {"account_id": str(member.account_id)}).json()
    assert told["projected_tier"]["code"] == "SILVER"
    assert (told["points_qualifying"], told["points_to_next"], told["points_to_stay"]) == (120, 380, None)
    assert (told["period_starts_at"], told["manual"]) == (None, None)


def test_assign__a_pin__is_told_with_its_end_and_taken_off(admin_client: APIClient, member: points.MemberFacts) -> None:
    account = {"account_id": str(member.account_id)}
    until = (clock.now() + timedelta(days=3)).replace(microsecond=0)
    body = {**account, "tier": "GOLD", "mode": "pin", "until": until.isoformat(), "reason": "VIP"}
    answer = admin_client.post(f"{TIER}/assign/", body, format="json")
    assert (answer.status_code, answer.json()["tier"]["code"]) == (200, "GOLD")
    manual = answer.json()["manual"]
    assert (manual["mode"], manual["tier"], manual["reason"]) == ("pin", "GOLD", "VIP")
    assert admin_client.get(f"{TIER}/projection/", account).json()["manual"] == manual
    off = admin_client.post(f"{TIER}/assign/", {**account, "mode": "none"}, format="json")
    assert (off.status_code, off.json()["tier"]["code"], off.json()["manual"]) == (200, "SILVER", None)


@pytest.mark.parametrize(
    "body, status, code",
    [
        ({"tier": "GOLD", "mode": "often", "reason": "x"}, 400, "invalid"),
        ({"tier": "GOLD", "mode": "pin", "reason": "x", "until": "2020-01-01T00:00:00Z"}, 400, "tier.manual_invalid"),
        ({"tier": "GOLD", "mode": "pin"}, 400, "tier.manual_invalid"),
        ({"tier": "DIAMOND", "mode": "pin", "reason": "x"}, 404, "program.tier_not_found"),
    ],
)
def test_assign__wrong__is_refused(
    admin_client: APIClient, member: points.MemberFacts, body: dict[str, Any], status: int, code: str
) -> None:
    answer = admin_client.post(f"{TIER}/assign/", {"account_id": str(member.account_id), **body}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_calculate__as_of__tells_the_tier_that_was_in_force(
    admin_client: APIClient, member: points.MemberFacts
) -> None:
    account = {"account_id": str(member.account_id)}
    before = clock.now()
    admin_client.post(f"{TIER}/upgrade/", {**account, "tier": "GOLD", "reason": "VIP"})
    for route, place in (("calculate", "tier"), ("benefits", "tier")):
        told = admin_client.get(f"{TIER}/{route}/", {**account, "as_of": before.isoformat()}).json()
        assert told[place]["code"] == "BRONZE"
        assert admin_client.get(f"{TIER}/{route}/", account).json()[place]["code"] == "GOLD"
    wrong = admin_client.get(f"{TIER}/calculate/", {**account, "as_of": "yesterday"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid")


def test_recalculate__a_program__is_a_run_that_counts_and_looks(
    admin_client: APIClient, world: World, member: points.MemberFacts
) -> None:
    world.earn(member, points=5)
    body = {"program_id": str(world.program_id), "is_recount": True}
    answer = admin_client.post(f"{TIER}/recalculate/", body, format="json")
    assert answer.status_code == 202
    again = admin_client.post(f"{TIER}/recalculate/", body, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "run.already_active")
    assert work.execute_next(now=clock.now())
    run = Run.objects.get(public_id=answer.json()["run"]["id"])
    assert run.status == "SUCCEEDED", run.error
    assert run.result == {"looked": 1, "counted": 1, "upgraded": 1, "downgraded": 0, "levelled": 0}
    unknown = admin_client.post(f"{TIER}/recalculate/", {"program_id": str(uuid4())}, format="json")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "program.not_found")


@pytest.mark.parametrize(
    "method, route", [("get", "projection"), ("post", "assign"), ("post", "recalculate"), ("get", "calculate")]
)
def test_routes__without_permission__are_forbidden(client_with: ClientWith, method: str, route: str) -> None:
    assert getattr(client_with("customers.view"), method)(f"{TIER}/{route}/").status_code == 403
