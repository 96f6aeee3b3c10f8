"""What the permission check adds to a list and to an earn, and the audit row to an earn, by processor time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from rest_framework.test import APIClient

from benchmarks.harness import BackendClock, Bench
from loyalty.customers import api as customers
from loyalty.foundation.access import api as access
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.ids import public_id_of_ref
from loyalty.foundation.orm import sql
from loyalty.foundation.web.permissions import DeclaredPermission

V1 = "/api/loyalty/v1/"
MEMBERS = 50
REQUESTS, REQUESTS_QUICK = 200, 60
KEYS = count()
PROGRAM = {
    "name": "Bench", "code": "BENCH", "status": "ACTIVE", "currency": "USD", "timezone": "UTC",
    "tiers": [{"code": "BASE", "name": "Base", "min_points": 0}],
    "earn_rule": {"*": [{"var": "transaction_amount"}, 1]}, "burn_rule": {"/": [{"var": "points_requested"}, 100]},
}  # fmt: skip


def allow(self: DeclaredPermission, request: Any, view: Any) -> bool:
    """Stand in for the check: whoever is known may."""
    request.grant = None
    return bool(request.user.is_authenticated)


@contextmanager
def unchecked() -> Iterator[None]:
    """Ask nobody what they may."""
    with patch.object(DeclaredPermission, "has_permission", allow):
        yield


@contextmanager
def unrecorded() -> Iterator[None]:
    """Post without the audit row that goes out in the same statement."""
    with patch.object(sql.Following, "after", lambda self, statement: statement):
        yield


@contextmanager
def as_it_is() -> Iterator[None]:
    """Change nothing."""
    yield


def measure(act: Callable[[], object], requests: int, way: Callable[[], Any]) -> tuple[float, float]:
    """Give the processor seconds, here and in the database, of so many requests as they are and as many done the other
    way, one by one in turn, so that whatever else the machine does falls on both."""
    connection.ensure_connection()
    backend = BackendClock(connection.connection)
    spent = [0.0, 0.0]
    for number in range(2 * requests):
        side = (number + number // 2) % 2
        with way() if side else as_it_is():
            began, before = time.process_time(), backend.seconds()
            act()
            spent[side] += time.process_time() - began + backend.seconds() - before
    return spent[0], spent[1]


def prepare() -> tuple[APIClient, str]:
    """Make a program with members; gives a client and the account that earns."""
    now = clock.now()
    user = access.ensure_administrator(username="bench", password=f"a long phrase {uuid4()}", email="")
    client = APIClient()
    token = access.create_token(user_id=user.id, name="bench", now=now, lifetime=timedelta(days=1))
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token.secret}")
    records = [customers.CustomerRecord(customer_ref=f"bench-{number}") for number in range(MEMBERS)]
    customers.upsert_many(records, source="bench", actor=system_actor("bench"), now=now)
    made = client.post(f"{V1}loyaltyPrograms/", PROGRAM, format="json")
    assert made.status_code == 201, made.content
    accounts = [
        client.post(
            f"{V1}loyaltyAccounts/",
            {"customer_id": str(public_id_of_ref(one.customer_ref)), "program_id": made.json()["id"]},
            format="json",
        ).json()["id"]
        for one in records
    ]
    return client, str(accounts[0])


def run(bench: Bench) -> None:
    """Compare requests with and without the check, and with and without the row."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.LOYALTY_RATE_LIMITS = {}
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    client, account = prepare()
    requests = REQUESTS_QUICK if bench.is_quick else REQUESTS

    def listing() -> None:
        assert client.get(f"{V1}loyaltyAccounts/").status_code == 200

    def earning() -> None:
        body = {"account_id": account, "transaction_amount": "12.00", "idempotency_key": f"bench-{next(KEYS)}"}
        answer = client.post(f"{V1}services/points/earn/", body, format="json")
        assert answer.status_code == 201, answer.content

    for act in (listing, earning):
        measure(act, 20, as_it_is)
    # The whole of the check stands in the ratio: grant, scopes of the token, bounds.
    for name, act, way, ceiling in (
        ("list / list without the permission check", listing, unchecked, 1.03),
        ("earn / earn without the permission check", earning, unchecked, 1.03),
        ("earn / earn without its audit row", earning, unrecorded, 1.10),
    ):
        pairs = [measure(act, requests, way) for _ in range(bench.repetitions)]
        bench.tell(name, [ours for ours, _ in pairs], [theirs for _, theirs in pairs], ceiling=ceiling)
