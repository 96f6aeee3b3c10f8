"""The simulator for a customer by name, and for a program that nobody has saved."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.points import api
from loyalty.programs.models import Program
from tests.conftest import ClientWith
from tests.points.world import World, count_transactions, make_world

pytestmark = pytest.mark.django_db
UNSAVED = "/api/loyalty/v1/loyaltyPrograms/simulate/"
DRAFT: dict[str, Any] = {
    "name": "Draft", "code": "draft", "status": "DRAFT", "currency": "EUR", "timezone": "Europe/Berlin",
    "start_date": "2026-01-01", "enrollment": "explicit",
    "tiers": [{"code": "BASE", "name": "Base", "min_points": 0}, {"code": "TOP", "name": "Top", "min_points": 50}],
    "earn_rules": [
        {"code": "base", "rule": {"*": [{"var": "transaction_amount"}, 0.1]}},
        {"code": "vip", "rule": 7, "kind": "bonus", "segment_codes": ["vip"]},
    ],
    "expiry": {"kind": "end_of_period", "period": "year"},
}  # fmt: skip


@pytest.fixture
def world(now: Any) -> World:
    """A program with tiers, a tenth of each purchase above 100, and a daily cap of 1000."""
    return make_world(now, earn_cap_daily=1000)


def address(world: World) -> str:
    """Give the simulator of a saved program."""
    return f"/api/loyalty/v1/loyaltyPrograms/{world.program_id}/simulate/"


def test_simulate__document_of_nobody__gives_points_tier_and_expiry(admin_client: APIClient) -> None:
    sample = {"program": DRAFT, "transaction_amount": "600", "occurred_at": "2026-11-20T12:00:00Z"}
    told = admin_client.post(UNSAVED, sample).json()
    assert (told["points_amount"], told["tier_code"], told["tier_code_after"]) == (60, "BASE", "TOP")
    assert told["expires_at"] == "2026-12-31T23:00:00Z", "midnight in the draft's own zone"
    vip = admin_client.post(UNSAVED, sample | {"segment_codes": ["vip"], "stacking": "best"}).json()
    assert vip["points_amount"] == 67, "what stands beside the document goes first"
    assert (Program.objects.count(), count_transactions()) == (0, 0)


@pytest.mark.parametrize(
    "body, status, place",
    [
        ({}, 400, "program"),
        ({"program": 5}, 400, "program"),
        ({"program": {**DRAFT, "currency": "ABC"}}, 422, "currency"),
        ({"program": {**DRAFT, "timezone": "Mars/Base"}}, 422, "timezone"),
        ({"program": {**DRAFT, "earn_rules": [{"code": "base", "rule": {"var": "shoe"}}]}}, 422, "earn_rules.0.rule"),
    ],
)
def test_simulate__document_that_cannot_be__is_refused_by_place(
    admin_client: APIClient, body: dict[str, Any], status: int, place: str
) -> None:
    answer = admin_client.post(UNSAVED, {"transaction_amount": "50", **body})
    assert answer.status_code == status, answer.json()
    assert place in [problem["field"] for problem in answer.json()["errors"]]


def test_simulate__document__needs_the_permission_to_see_programs(client_with: ClientWith) -> None:
    assert client_with("points.earn").post(UNSAVED, {"program": DRAFT}).status_code == 403


def test_simulate__customer_by_name__is_the_member_with_room_under_caps(admin_client: APIClient, world: World) -> None:
    member = world.member("BSS-1")
    world.earn(member, points=990)
    sample = {"transaction_amount": "500", "occurred_at": world.now.isoformat()}
    for name in (
        {"customer_id": str(member.customer_id)}, {"customer_ref": "BSS-1"}, {"account_id": str(member.account_id)},
    ):  # fmt: skip
        told = admin_client.post(address(world), {**sample, **name}).json()
        assert (told["points_amount"], told["points_lost_to_caps"]) == (10, 40), name
        under_draft = admin_client.post(
            address(world), {**sample, "program": {"caps": [], "name": "Other"}, **name}
        ).json()
        assert under_draft["points_amount"] == 50, "a part of a document, and header fields change nothing"


def test_simulate__customer_who_is_no_member__counts_as_a_new_one(admin_client: APIClient, world: World) -> None:
    customer = world.customer("BSS-2")
    told = admin_client.post(address(world), {"transaction_amount": "500", "customer_id": str(customer)}).json()
    assert (told["points_amount"], told["tier_code"]) == (50, "BRONZE")
    assert api.find_member(customer_id=customer, program_id=world.program_id) is None
    unsaved = admin_client.post(UNSAVED, {"program": DRAFT, "transaction_amount": "60", "customer_ref": "BSS-2"})
    assert unsaved.json()["points_amount"] == 6


def test_simulate__unknown_or_twice_named__is_refused(admin_client: APIClient, world: World) -> None:
    member = world.member("BSS-3")
    sample = {"transaction_amount": "500"}
    unknown = admin_client.post(address(world), {**sample, "customer_ref": "BSS-9"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "points.member_unknown")
    twice = {"account_id": str(member.account_id), "customer_ref": "BSS-3"}
    refused = admin_client.post(address(world), {**sample, **twice})
    assert (refused.status_code, refused.json()["code"]) == (400, "points.member_not_named")
