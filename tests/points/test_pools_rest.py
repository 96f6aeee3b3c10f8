"""Households over HTTP: one test per answer."""

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.kernel import clock
from loyalty.points import api
from tests.conftest import ClientWith
from tests.points.world import World, make_world

POOLS = "/api/loyalty/v1/pools/"


@pytest.fixture
def world(db: None) -> World:
    """A program."""
    return make_world(clock.now().replace(microsecond=0))


@pytest.fixture
def owner(world: World) -> api.MemberFacts:
    """A member."""
    return world.member("BSS-1")


@pytest.fixture
def pool(admin_client: APIClient, world: World, owner: api.MemberFacts) -> dict[str, Any]:
    """A household."""
    body = {"program_id": str(world.program_id), "name": "The Garcias", "customer_ref": "BSS-1"}
    made = admin_client.post(POOLS, body)
    assert made.status_code == 201, made.json()
    told: dict[str, Any] = made.json()
    return told


def test_pool__created__is_listed_with_its_figures(
    admin_client: APIClient, world: World, pool: dict[str, Any], owner: api.MemberFacts
) -> None:
    listed = admin_client.get(POOLS, {"customer_id": str(owner.customer_id)}).json()
    assert [one["id"] for one in listed["results"]] == [pool["id"]]
    assert listed["results"][0]["member_count"] == 1
    assert (pool["points_balance"], pool["status"], pool["program"]) == (0, "ACTIVE", str(world.program_id))
    assert admin_client.get(f"{POOLS}{pool['id']}/").json()["name"] == "The Garcias"


def test_pool_account__in_the_list_of_accounts__is_of_its_kind(admin_client: APIClient, pool: dict[str, Any]) -> None:
    listed = admin_client.get("/api/loyalty/v1/loyaltyAccounts/", {"kind": "pool"}).json()
    assert [(one["id"], one["kind"], one["customer_ref"]) for one in listed["results"]] == [
        (pool["account_id"], "pool", "BSS-1")
    ]


def test_pool__second_for_its_owner__is_a_conflict(admin_client: APIClient, world: World, pool: dict[str, Any]) -> None:
    body = {"program_id": str(world.program_id), "name": "Again", "customer_ref": "BSS-1"}
    answer = admin_client.post(POOLS, body)
    assert (answer.status_code, answer.json()["code"]) == (409, "pool.member_taken")


@pytest.mark.parametrize(
    "change, status, code",
    [
        ({"name": ""}, 400, "invalid"),
        ({"name": "x" * 101}, 400, "invalid"),
        ({"customer_ref": "nobody"}, 404, "points.member_unknown"),
        ({"program_id": str(uuid4())}, 404, "program.not_found"),
        ({"owner": "x"}, 400, "invalid"),
    ],
)
def test_pool__bad_input__is_refused(
    admin_client: APIClient, world: World, owner: api.MemberFacts, change: dict[str, Any], status: int, code: str
) -> None:
    body = {"program_id": str(world.program_id), "name": "The Garcias", "customer_ref": "BSS-1", **change}
    answer = admin_client.post(POOLS, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()


def test_pool_members__taken_in_changed_and_let_go__are_told(
    admin_client: APIClient, world: World, pool: dict[str, Any]
) -> None:
    world.member("BSS-2")
    members = f"{POOLS}{pool['id']}/members/"
    made = admin_client.post(members, {"customer_ref": "BSS-2", "role": "spender", "points_daily_max": 100})
    assert made.status_code == 201, made.json()
    place = made.json()
    assert (place["role"], place["points_daily_max"], place["customer_ref"]) == ("spender", 100, "BSS-2")
    stale = admin_client.patch(f"{members}{place['id']}/", {"role": "viewer"}, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "edit.conflict")
    changed = admin_client.patch(f"{members}{place['id']}/", {"role": "viewer"}, headers={"If-Match": made["ETag"]})
    assert (changed.status_code, changed.json()["role"], changed.json()["points_daily_max"]) == (200, "viewer", 100)
    assert [one["customer_ref"] for one in admin_client.get(members).json()["results"]] == ["BSS-1", "BSS-2"]
    assert admin_client.delete(f"{members}{place['id']}/").status_code == 204
    assert admin_client.delete(f"{members}{place['id']}/").status_code == 404
    owner = admin_client.get(members).json()["results"]
    first = next(one for one in owner if one["role"] == "owner")
    stays = admin_client.delete(f"{members}{first['id']}/")
    assert (stays.status_code, stays.json()["code"]) == (409, "pool.owner_stays")
    for bad in ({"role": "king"}, {"points_daily_max": 0}, {"points_daily_max": 1.5}, {"points_daily_max": "7"}):
        assert admin_client.patch(f"{members}{first['id']}/", bad).status_code == 400


def test_pool__closed__is_over(admin_client: APIClient, world: World, pool: dict[str, Any]) -> None:
    world.member("BSS-2")
    closed = admin_client.post(f"{POOLS}{pool['id']}/close/", {"reason": "moved"})
    assert (closed.status_code, closed.json()["status"]) == (200, "CLOSED")
    again = admin_client.post(f"{POOLS}{pool['id']}/members/", {"customer_ref": "BSS-2"})
    assert (again.status_code, again.json()["code"]) == (409, "pool.closed")


def test_pools__unknown_or_without_permission__are_refused(client_with: ClientWith, pool: dict[str, Any]) -> None:
    viewer = client_with("pools.view")
    assert viewer.get(f"{POOLS}{uuid4()}/").status_code == 404
    assert viewer.get(f"{POOLS}{pool['id']}/members/").status_code == 200
    refused = viewer.post(f"{POOLS}{pool['id']}/close/", {})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission.missing")
    assert client_with("points.view").get(POOLS).status_code == 403
