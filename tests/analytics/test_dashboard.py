"""The dashboard's figures over real rows of every domain."""

from datetime import datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.analytics import api
from loyalty.customers import api as customers
from loyalty.customers.contracts import CustomerRecord
from loyalty.foundation.kernel.actor import Actor
from loyalty.ledger import api as ledger
from tests.conftest import ClientWith

V1 = "/api/loyalty/v1"
PROGRAM: dict[str, Any] = {
    "name": "Rewards", "code": "rewards", "status": "ACTIVE", "currency": "USD", "timezone": "UTC",
    "start_date": "2026-01-01", "tiers": [{"code": "bronze", "name": "Bronze", "min_points": 0, "priority": 1}],
    "earn_rule": {"*": [{"var": "transaction_amount"}, 1]}, "burn_rule": {"/": [{"var": "points_requested"}, 100]},
}  # fmt: skip


@pytest.mark.django_db
def test_dashboard__of_an_empty_platform__is_all_zero(now: datetime) -> None:
    figures = api.get_dashboard(now=now)
    assert (figures["members"], figures["points"]["issued"], figures["tiers"]) == (0, 0, [])
    assert len(figures["points_by_day"]) == 30
    assert {day["earned"] for day in figures["points_by_day"]} == {0}


@pytest.mark.django_db
def test_dashboard__after_an_earn_and_a_burn__ties_to_the_ledger(
    admin_client: APIClient, actor: Actor, now: datetime
) -> None:
    customers.upsert_many([CustomerRecord(customer_ref="D1")], source="tests", actor=actor, now=now)
    program = admin_client.post(f"{V1}/loyaltyPrograms/", PROGRAM).json()
    earn = {
        "customer_ref": "D1", "program_id": program["id"], "transaction_amount": "120", "currency": "USD",
        "transaction_context": {},
    }  # fmt: skip
    earned = admin_client.post(f"{V1}/services/points/earn/", earn, headers={"Idempotency-Key": "d1"})
    assert earned.status_code == 201, earned.content
    account = admin_client.get(f"{V1}/loyaltyAccounts/", {"customer_ref": "D1"}).json()["results"][0]
    burn = {"account_id": account["id"], "points": 20, "transaction_context": {}}
    assert admin_client.post(f"{V1}/services/points/burn/", burn, headers={"Idempotency-Key": "d2"}).status_code == 201
    figures = admin_client.get(f"{V1}/dashboard/stats/").json()
    assert (figures["total_programs"], figures["total_customers"], figures["members"]) == (1, 1, 1)
    assert figures["points"] == {"issued": 120, "redeemed": 20, "expired": 0, "outstanding": 100}
    assert figures["tiers"] == [{"name": "Bronze", "members": 1}]
    assert sum(day["earned"] for day in figures["points_by_day"]) == 120
    assert sum(day["burned"] for day in figures["points_by_day"]) == 20
    totals = ledger.get_totals()
    assert totals.points_issued == figures["points"]["issued"]


def test_dashboard__without_permission__is_forbidden(client_with: ClientWith) -> None:
    assert client_with("segments.view").get(f"{V1}/dashboard/stats/").status_code == 403
