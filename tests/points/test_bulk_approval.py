"""Points for many at once under approval: a batch and a file wait, are given once, and never more than was approved."""

import os
import signal
from functools import partial
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from loyalty.foundation.access.models import User
from loyalty.foundation.approvals import queries
from loyalty.foundation.approvals.api import Verdict
from loyalty.foundation.approvals.models import ApprovalRequest
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience import failpoints
from loyalty.foundation.work import api as work
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.points.models import MemberImport
from tests.foundation.approvals import things
from tests.foundation.approvals.test_approvals_rest import client_of
from tests.foundation.approvals.things import any_of, make_user, put_under_approval, state_of
from tests.ledger.parallel import all_at_once
from tests.points.world import World, assert_ledger_holds, count_transactions, make_world

V1 = "/api/loyalty/v1"
KIND = "points.bulk_earn"
FILE = "customer_ref,points_balance\nBSS-1,1200\nBSS-2,300\nBSS-3,x\n"


@pytest.fixture
def world(db: None) -> World:
    """A program whose points last a year."""
    return make_world(clock.now().replace(microsecond=0), expiry_days=365)


@pytest.fixture
def members(world: World) -> list[api.MemberFacts]:
    """Three members."""
    return [world.member(f"M-{number}") for number in range(3)]


@pytest.fixture
def clerk(world: World) -> APIClient:
    """Somebody who gives points and imports members."""
    permissions = ["points.earn", "points.earn_direct", "points.import", "points.view", "approvals.view"]
    return client_of(make_user("clerk", permissions=permissions))


@pytest.fixture
def chief(world: World) -> User:
    """Somebody who decides."""
    return make_user("chief", roles=["chief"])


def give(client: APIClient, members: list[api.MemberFacts], points: int, key: str) -> Any:
    """Give points to all of them in one batch, and one line that is refused."""
    items: list[dict[str, Any]] = [{"account_id": str(one.account_id), "points": points} for one in members]
    items.append({"account_id": "019d0000-0000-7000-8000-00000000dead", "points": points})
    return client.post(f"{V1}/services/points/earn/batch/", {"items": items}, headers={"Idempotency-Key": key})


def send(client: APIClient, world: World, key: str = "file") -> Any:
    """Send a file of opening points."""
    return client.post(
        f"{V1}/pointsImports/?program={world.program_id}&file_name=old.csv", FILE, content_type="text/csv",
        headers={"Idempotency-Key": key},
    )  # fmt: skip


def waiting(answer: Any) -> ApprovalRequest:
    """Give the request behind a 202."""
    assert answer.status_code == 202, answer.content
    return ApprovalRequest.objects.get(public_id=answer.json()["approval_request"]["id"], kind=KIND)


def approve(request: ApprovalRequest, chief: User) -> Any:
    """Approve over HTTP."""
    body = {"request": str(request.public_id), "verdict": "APPROVE", "payload_hash": request.payload_hash}
    return client_of(chief).post(f"{V1}/approvalDecisions/", body)


def decide(request: ApprovalRequest, user: User) -> Any:
    """Approve by the front door."""
    return things.decide(request, user, Verdict.APPROVE, now=clock.now())


def balances(members: list[api.MemberFacts]) -> list[int]:
    """Give what each has."""
    return [ledger.get_account(one.account_id).points_posted for one in members]


def test_batch__from_the_threshold__waits_and_is_given_once(
    clerk: APIClient, members: list[api.MemberFacts], chief: User
) -> None:
    put_under_approval(any_of("chief"), kind=KIND, amount_from=1000)
    small = give(clerk, members, 100, "small")
    assert (small.status_code, small.json()["points_amount"], balances(members)) == (200, 300, [100] * 3)
    before = count_transactions()
    asked = waiting(give(clerk, members, 500, "big"))
    assert (asked.amount, asked.summary, asked.after["lines_refused"]) == (1500, "Give 1,500 points in 4 lines", 1)
    assert (count_transactions(), balances(members)) == (before, [100] * 3)
    assert waiting(give(clerk, members, 500, "big")).pk == asked.pk
    decided = approve(asked, chief)
    assert decided.json()["request"]["result"] == {"points": 1500, "lines_done": 3, "lines_refused": 1}
    assert balances(members) == [600] * 3
    # The same call is answered with what came of it; nothing is given again.
    again = give(clerk, members, 500, "big")
    assert (again.status_code, again.json()["points_amount"], balances(members)) == (200, 1500, [600] * 3)
    assert_ledger_holds(clock.now())


def test_batch__under_a_used_key_with_other_content__is_refused(
    clerk: APIClient, members: list[api.MemberFacts], chief: User
) -> None:
    put_under_approval(any_of("chief"), kind=KIND)
    waiting(give(clerk, members, 500, "k"))
    other = give(clerk, members, 600, "k")
    assert (other.status_code, other.json()["code"]) == (409, "approvals.payload_changed")


def test_batch__of_purchases__that_would_earn_more_than_was_approved__is_not_given(
    clerk: APIClient, members: list[api.MemberFacts], chief: User, world: World
) -> None:
    put_under_approval(any_of("chief"), kind=KIND)
    items = [{"account_id": str(one.account_id), "transaction_amount": "2000.00"} for one in members]
    path = f"{V1}/services/points/earn/batch/"
    asked = waiting(clerk.post(path, {"items": items}, headers={"Idempotency-Key": "p"}))
    asked_for = asked.amount
    world.change(earn_rule={"*": [{"var": "transaction_amount"}, 50]})
    refused = approve(asked, chief)
    assert (refused.status_code, refused.json()["refusal"], state_of(asked)) == (409, "points.bulk_changed", "PENDING")
    assert (balances(members), asked_for) == ([0] * 3, 600)


def test_batch__of_one_who_may_no_longer_give__is_void(members: list[api.MemberFacts], chief: User) -> None:
    put_under_approval(any_of("chief"), kind=KIND)
    maker = make_user("maker", permissions=["points.earn", "points.earn_direct"])
    asked = waiting(give(client_of(maker), members, 500, "k"))
    assert asked.payload["is_direct"] is True
    maker.roles.get().grants.filter(pattern="points.earn_direct").delete()
    assert (approve(asked, chief).status_code, state_of(asked), balances(members)) == (409, "VOIDED", [0] * 3)


def test_file__from_the_threshold__is_kept_and_taken_in_when_granted(
    clerk: APIClient, chief: User, world: World
) -> None:
    put_under_approval(any_of("chief"), kind=KIND, amount_from=1000)
    asked = waiting(send(clerk, world))
    assert (asked.amount, asked.after["rows"], asked.after["rows_refused"]) == (1500, 2, 1)
    assert asked.summary == "Take 2 rows with 1,500 points in from old.csv"
    assert queries.summary_of(asked, "ar").endswith("من الملف \u2068old.csv\u2069")
    assert (work.execute_next(now=clock.now()), count_transactions()) == (False, 0)
    assert waiting(send(clerk, world)).pk == asked.pk
    result = approve(asked, chief).json()["request"]["result"]
    made = MemberImport.objects.get()
    assert result == {"import_id": str(made.public_id), "run_id": str(made.run_public_id)}
    assert send(clerk, world).status_code == 200
    assert work.execute_next(now=clock.now())
    made.refresh_from_db()
    assert (made.points_imported, made.rows_done) == (1500, 3)
    assert_ledger_holds(clock.now())


def test_file__whose_rows_were_touched__is_not_taken_in(clerk: APIClient, chief: User, world: World) -> None:
    put_under_approval(any_of("chief"), kind=KIND)
    asked = waiting(send(clerk, world))
    sql.execute(
        "UPDATE points_import_row SET points_balance = points_balance + 1, customer_ref = 'BSS-9' WHERE row = 1"
    )
    refused = approve(asked, chief)
    assert (refused.status_code, refused.json()["refusal"]) == (409, "points.bulk_changed")
    assert MemberImport.objects.get().run_public_id is None


def test_file__rejected__is_asked_anew_under_another_key(clerk: APIClient, chief: User, world: World) -> None:
    put_under_approval(any_of("chief"), kind=KIND)
    asked = waiting(send(clerk, world))
    things.decide(asked, chief, Verdict.REJECT, now=clock.now())
    again = send(clerk, world)
    assert (again.status_code, again.json()["code"]) == (409, "approvals.closed")
    assert waiting(send(clerk, world, "another")).pk != asked.pk


@pytest.mark.django_db(transaction=True)
def test_two_checkers__at_once__give_once(transactional_db: None, world: World, clerk: APIClient, chief: User) -> None:
    other = make_user("other", roles=["chief"])
    put_under_approval(any_of("chief"), kind=KIND)
    members = [world.member(f"R-{number}") for number in range(3)]
    for number in range(1, 4):
        asked = waiting(give(clerk, members, 500, f"k{number}"))
        outcomes = all_at_once([partial(decide, asked, chief), partial(decide, asked, other)])
        assert sorted(isinstance(one, Refusal) for one in outcomes) == [False, True]
        assert balances(members) == [500 * number] * 3
    assert_ledger_holds(clock.now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", ["approvals.decided", "approvals.executed", "approvals.decision_committed"])
def test_decision__killed__leaves_points_and_request_together(
    transactional_db: None, world: World, clerk: APIClient, chief: User, point: str
) -> None:
    put_under_approval(any_of("chief"), kind=KIND)
    members = [world.member(f"R-{number}") for number in range(3)]
    asked = waiting(give(clerk, members, 500, "k"))
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            failpoints.arm(failpoints.Failpoint(point, 1))
            decide(asked, chief)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    is_done = point == "approvals.decision_committed"
    assert (state_of(asked), balances(members)) == (("EXECUTED", [500] * 3) if is_done else ("PENDING", [0] * 3))
    if not is_done:
        decide(asked, chief)
    assert balances(members) == [500] * 3
    assert_ledger_holds(clock.now())
