"""The demo's season of purchases: told in order, so that nothing has to be corrected."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, cast

import pytest
from rest_framework.test import APIClient

from loyalty.customers.models import Customer
from loyalty.foundation.events import api as events
from loyalty.foundation.orm import sql
from loyalty.gateways.demo.operations.caller import Caller
from loyalty.gateways.demo.operations.main_job import MainJob
from loyalty.gateways.demo.operations.world import PROGRAM, season
from tests.points.world import assert_ledger_holds

V1 = "/api/loyalty/v1"
MEMBERS = [{"customer_ref": f"C-{number}"} for number in range(40)]


def test_season__rounds__are_in_order_and_nobody_is_in_one_twice(now: datetime) -> None:
    rounds = season(MEMBERS, now)
    assert [len(one) for one in rounds] == [40, 26, 13]
    seen: dict[str, str] = {}
    for told in rounds:
        assert all(one["occurred_at"] <= other["occurred_at"] for one, other in pairwise(told))
        names = [row["customer_ref"] for row in told]
        assert len(set(names)) == len(names)
        for row in told:
            assert seen.get(row["customer_ref"], "") < row["occurred_at"], "each round is later for each member"
            seen[row["customer_ref"]] = row["occurred_at"]
            assert (now - timedelta(days=29)).isoformat() < row["occurred_at"] < now.isoformat()
    keys = [row["idempotency_key"] for told in rounds for row in told]
    assert len(set(keys)) == len(keys)


@dataclass
class Told:
    """Calls the platform in this process, and has its facts handled between two looks."""

    client: APIClient

    def get(self, path: str, **params: Any) -> Any:
        """Read."""
        answer = self.client.get(f"{V1}/{path}", params)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def make(self, path: str, body: Any) -> Any:
        """Write."""
        answer = self.client.post(f"{V1}/{path}", body)
        assert answer.status_code in (200, 201), answer.content
        return answer.json()

    def until(self, what: str, look: Callable[[], Any], is_there: Callable[[Any], bool]) -> Any:
        """Handle what is due, then look."""
        at = datetime.now(UTC) + timedelta(minutes=1)
        while events.relay(now=at)[0] or events.deliver_one(now=at):
            pass
        seen = look()
        assert is_there(seen), (what, seen)
        return seen

    def check(self, what: str, holds: bool, found: object = "") -> None:
        """Expect it."""
        assert holds, (what, found)


@pytest.mark.django_db
def test_make_history__told_in_rounds__raises_tiers_and_corrects_nothing(admin_client: APIClient) -> None:
    now = datetime.now(UTC)
    Customer.objects.bulk_create([Customer(customer_ref=one["customer_ref"], source="tests") for one in MEMBERS])
    job = MainJob(caller=cast(Caller, Told(admin_client)), mail_folder=None, now=now)
    start_date = (now - timedelta(days=400)).date().isoformat()
    job.program = job.caller.make("loyaltyPrograms/", {**PROGRAM, "start_date": start_date})
    job.buyers = [{"customer_ref": "C-0"}]

    assert job.make_history() == "78 earns for 39 members"

    tiers = {one["tier"]["code"] for one in job.caller.get("loyaltyAccounts/", page_size=500)["results"]}
    assert {"silver", "gold"} <= tiers
    kinds = sql.fetch_all("SELECT DISTINCT kind::text FROM ledger_transaction")
    assert kinds == [{"kind": "earn"}], "no correction stands in any statement"
    assert_ledger_holds(now)
