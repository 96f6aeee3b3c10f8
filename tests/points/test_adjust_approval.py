"""Adjustments that wait for others: by workflow, by the program's own limit, split, in a batch, and made once."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.access.models import User
from loyalty.foundation.approvals.models import ApprovalRequest
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel import clock
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.programs import contracts as terms
from tests.foundation.approvals.test_approvals_rest import client_of
from tests.foundation.approvals.things import any_of, make_user, put_under_approval
from tests.points.world import World, assert_ledger_holds, count_transactions, make_world

V1 = "/api/loyalty/v1"
KIND = "points.adjust"


@pytest.fixture
def world(db: None) -> World:
    """A program that lets 1,000 points pass."""
    return make_world(
        clock.now().replace(microsecond=0),
        expiry_days=365,
        adjustment=terms.AdjustmentPlan(reason_codes=(terms.ReasonPlan("goodwill"),), points_max_without_approval=1000),
    )


@pytest.fixture
def member(world: World) -> api.MemberFacts:
    """A member with 1,000 points."""
    made = world.member("BSS-1")
    world.earn(made, points=1000)
    return made


@pytest.fixture
def clerk(world: World) -> APIClient:
    """Somebody who adjusts."""
    return client_of(make_user("clerk", permissions=["points.adjust", "approvals.view"]))


@pytest.fixture
def chief(world: World) -> User:
    """Somebody who decides."""
    return make_user("chief", roles=["chief"])


def adjust(client: APIClient, member: api.MemberFacts, points: int, key: str) -> Any:
    """Adjust with a key."""
    body = {"account_id": str(member.account_id), "points": points, "reason_code": "goodwill", "reason": "sorry"}
    return client.post(f"{V1}/services/points/adjust/", body, headers={"Idempotency-Key": key})


def approve(chief: User, waiting: dict[str, Any]) -> Any:
    """Read and approve."""
    client = client_of(chief)
    whole = client.get(f"{V1}/approvalRequests/{waiting['id']}/").json()
    body = {"request": waiting["id"], "verdict": "APPROVE", "payload_hash": whole["payload_hash"]}
    return client.post(f"{V1}/approvalDecisions/", body)


def balance(member: api.MemberFacts) -> int:
    """Give what the member has."""
    return ledger.get_account(member.account_id).points_posted


def test_adjust__without_a_workflow__is_as_ever(clerk: APIClient, member: api.MemberFacts) -> None:
    assert adjust(clerk, member, 1000, "k1").status_code == 201
    assert adjust(clerk, member, 1001, "k2").json()["code"] == "points.approval_required"


def test_adjust__above_the_threshold__waits_and_is_made_once(
    clerk: APIClient, member: api.MemberFacts, chief: User
) -> None:
    put_under_approval(any_of("chief"), kind=KIND, amount_from=500)
    assert adjust(clerk, member, 499, "k0").status_code == 201
    answer = adjust(clerk, member, 700, "k1")
    waiting = answer.json()["approval_request"]
    assert (answer.status_code, waiting["kind"], waiting["amount"], balance(member)) == (202, KIND, 700, 1499)
    assert adjust(clerk, member, 700, "k1").json()["approval_request"]["id"] == waiting["id"]
    told = client_of(chief).get(answer["Location"]).json()
    assert told["summary"] == f"Add 700 points to account {member.account_id} (goodwill)"
    arabic = client_of(chief).get(answer["Location"], headers={"Accept-Language": "ar"}).json()
    assert arabic["summary"].startswith("إضافة 700 من النقاط إلى الحساب ")
    assert str(member.account_id) in arabic["summary"] and "goodwill" in arabic["summary"]
    assert {one["path"]: one["after"] for one in told["diff"]}["points_balance"] == 2199
    decided = approve(chief, waiting)
    assert decided.json()["request"]["result"]["points_balance"] == 2199
    assert balance(member) == 2199
    # The same key is answered with what came of it; nothing is added again.
    again = adjust(clerk, member, 700, "k1")
    assert (again.status_code, again.json()["points_balance"], balance(member)) == (200, 2199, 2199)
    row = AuditEntry.objects.get(act="points.adjust", after__points_change=700)
    assert row.actor_name == "clerk/tests"
    assert_ledger_holds(clock.now())


def test_adjust__above_the_programs_own_limit__waits_whatever_the_threshold(
    clerk: APIClient, member: api.MemberFacts, chief: User
) -> None:
    put_under_approval(any_of("chief"), kind=KIND, amount_from=5000)
    assert adjust(clerk, member, 1000, "k1").status_code == 201
    answer = adjust(clerk, member, 1001, "k2")
    assert answer.status_code == 202
    assert approve(chief, answer.json()["approval_request"]).status_code == 201
    assert balance(member) == 3001


def test_adjust__split_under_the_threshold__stops_at_the_sum(
    clerk: APIClient, member: api.MemberFacts, chief: User
) -> None:
    put_under_approval(any_of("chief"), kind=KIND, amount_from=500, window_hours=24)
    codes = [adjust(clerk, member, 50, f"k{number}").status_code for number in range(100)]
    assert (codes.count(201), codes.count(202), balance(member)) == (9, 91, 1450)


def test_adjust__that_would_be_refused_anyway__is_refused_at_once(
    clerk: APIClient, member: api.MemberFacts, chief: User
) -> None:
    put_under_approval(any_of("chief"), kind=KIND)
    body = {"account_id": str(member.account_id), "points": 5, "reason_code": "nonsense"}
    answer = clerk.post(f"{V1}/services/points/adjust/", body, headers={"Idempotency-Key": "k1"})
    assert answer.json()["code"] == "adjustment.reason_unknown"
    assert ApprovalRequest.objects.count() == 0


def test_adjust__approved_when_the_points_are_gone__is_not_decided(
    clerk: APIClient, member: api.MemberFacts, chief: User, world: World
) -> None:
    put_under_approval(any_of("chief"), kind=KIND)
    waiting = adjust(clerk, member, -1000, "k1").json()["approval_request"]
    world.burn(member, points=200)
    refused = approve(chief, waiting)
    assert (refused.status_code, refused.json()["code"]) == (409, "approvals.not_executable")
    assert (ApprovalRequest.objects.get().state, balance(member)) == ("PENDING", 800)


def test_adjust__in_a_batch__is_refused_where_it_would_wait(member: api.MemberFacts, chief: User, world: World) -> None:
    put_under_approval(any_of("chief"), kind=KIND, amount_from=500)
    actor = make_user("batcher", permissions=["points.adjust"]).as_actor()
    requests = [
        api.AdjustRequest(
            account_id=member.account_id, points_change=points, reason_code="goodwill",
            key=api.Key(scope="batch", key=f"b{points}", request_hash=bytes(32)),
        )
        for points in (100, 700, 200)
    ]  # fmt: skip
    before = count_transactions()
    lines = api.adjust_batch(requests=requests, actor=actor, now=clock.now())
    assert [line.code for line in lines] == ["", "approvals.required", ""]
    assert (count_transactions() - before, ApprovalRequest.objects.count(), balance(member)) == (2, 0, 1300)
