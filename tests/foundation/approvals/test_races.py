"""Two at once: checkers, a change, a cancellation, the end of the time; and a death between decision and change."""

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from loyalty.foundation.access.models import User
from loyalty.foundation.approvals import api
from loyalty.foundation.approvals.models import ApprovalDecision, ApprovalRequest
from loyalty.foundation.events.models import OutboxEntry
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.resilience import failpoints
from tests.foundation.approvals.things import (
    KIND,
    NOW,
    any_of,
    ask,
    change,
    decide,
    make_thing,
    make_user,
    put_under_approval,
    sql,
    state_of,
    thing,
)
from tests.ledger.parallel import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 8


@pytest.fixture
def people(transactional_db: None, world: None) -> dict[str, User]:
    """Give a maker and two checkers, committed."""
    put_under_approval()
    return {
        "maker": make_user("maker"),
        "one": make_user("one", roles=["boss"]),
        "two": make_user("two", roles=["boss"]),
    }


def rounds(people: dict[str, User]) -> list[ApprovalRequest]:
    """Give a request for each round."""
    found = []
    for number in range(ROUNDS):
        make_thing(f"t{number}")
        found.append(ask(f"t{number}", 5, people["maker"].as_actor(), now=NOW))
    return found


def grants() -> int:
    """Count the facts that something was granted."""
    return OutboxEntry.objects.filter(type="approval.granted").count()


def test_two_checkers__at_once__execute_once(people: dict[str, User]) -> None:
    for request in rounds(people):
        outcomes = all_at_once([partial(decide, request, people["one"]), partial(decide, request, people["two"])])
        assert sorted(isinstance(one, Refusal) for one in outcomes) == [False, True]
        assert thing(request.subject_ref) == (5, 2, 1)
    assert (grants(), ApprovalDecision.objects.count()) == (ROUNDS, ROUNDS)


def test_one_checker__in_many_windows__decides_once(people: dict[str, User]) -> None:
    for request in rounds(people):
        outcomes = all_at_once([partial(decide, request, people["one"])] * 4)
        assert sum(not isinstance(one, Refusal) for one in outcomes) == 1
        assert thing(request.subject_ref)[2] == 1


def test_last_steps__of_two__at_once__execute_once(people: dict[str, User]) -> None:
    sql("UPDATE approvals_approvalworkflow SET is_active = false")
    put_under_approval(any_of("boss", count=2))
    for request in rounds(people):
        all_at_once([partial(decide, request, people["one"]), partial(decide, request, people["two"])])
        assert (state_of(request), thing(request.subject_ref)) == ("EXECUTED", (5, 2, 1))


def against(people: dict[str, User], rival: Callable[[ApprovalRequest], Any]) -> list[tuple[str, int]]:
    """Let a decision and a rival go at once in each round; give what each request and thing came to."""
    ends = []
    for request in rounds(people):
        outcomes = all_at_once([partial(decide, request, people["one"]), partial(rival, request)])
        faults = [one for one in outcomes if isinstance(one, Exception) and not isinstance(one, Refusal)]
        assert faults == []
        ends.append((state_of(request), thing(request.subject_ref)[2]))
    return ends


def test_decision__against_a_change_of_the_subject__one_of_both(people: dict[str, User]) -> None:
    def touch(request: ApprovalRequest) -> None:
        with transaction.atomic():
            sql("SELECT 1 FROM tests_thing WHERE ref = %s FOR UPDATE", request.subject_ref)
            sql("UPDATE tests_thing SET version = version + 1 WHERE ref = %s", request.subject_ref)

    assert set(against(people, touch)) <= {("EXECUTED", 1), ("VOIDED", 0)}


def test_decision__against_a_newer_request__one_of_both(people: dict[str, User]) -> None:
    def ask_otherwise(request: ApprovalRequest) -> Any:
        try:
            return change(request.subject_ref, 6, people["maker"].as_actor(), now=NOW)
        except api.WaitsForApproval as waits:
            return waits.waiting.id

    assert set(against(people, ask_otherwise)) <= {("EXECUTED", 1), ("VOIDED", 0)}


def test_decision__against_a_cancellation__one_of_both(people: dict[str, User]) -> None:
    def cancel(request: ApprovalRequest) -> None:
        api.cancel(request_id=request.public_id, actor=people["maker"].as_actor(), reason="no", now=NOW)

    assert set(against(people, cancel)) <= {("EXECUTED", 1), ("CANCELLED", 0)}


def test_decision__against_the_end_of_the_time__one_of_both(people: dict[str, User]) -> None:
    def expire(request: ApprovalRequest) -> int:
        return api.expire_due(now=NOW + timedelta(hours=72))

    assert set(against(people, expire)) <= {("EXECUTED", 1), ("EXPIRED", 0)}


def test_decision__against_a_bypass__one_of_both(people: dict[str, User]) -> None:
    def bypass(request: ApprovalRequest) -> Any:
        return api.bypass(
            request_id=request.public_id, actor=people["two"].as_actor(), reason="the shop is down", now=NOW
        )

    assert set(against(people, bypass)) <= {("EXECUTED", 1), ("BYPASSED", 1)}


@pytest.mark.parametrize("key", ["", "k1"])
def test_two_who_ask__for_the_same_that_nobody_holds__leave_one_that_waits(people: dict[str, User], key: str) -> None:
    """What does not exist yet, such as a new role, and what is told apart by a key, is held by nobody's row."""

    def submit(user: User, ref: str) -> Any:
        with transaction.atomic():
            return api.submit(
                api.Proposal(
                    kind=KIND, subject_kind="thing", subject_ref=ref, payload={"ref": ref, "value": 1, "version": 1},
                    actor=user.as_actor(), now=NOW, key=f"{key}{ref}" if key else "",
                )
            )  # fmt: skip

    for number in range(ROUNDS):
        ref = f"new {number}"
        outcomes = all_at_once([partial(submit, people["maker"], ref)] * 4)
        assert len({one.id for one in outcomes}) == 1, outcomes
        assert ApprovalRequest.objects.filter(subject_ref=ref).count() == 1
    if not key:
        both = all_at_once([partial(submit, people[name], "new x") for name in ("maker", "one")])
        assert len({one.id for one in both}) == 2
        states = ApprovalRequest.objects.filter(subject_ref="new x").values_list("state", flat=True)
        assert sorted(states) == ["PENDING", "VOIDED"]


def test_amounts__split_over_connections__stop_at_the_sum(people: dict[str, User]) -> None:
    sql("UPDATE approvals_approvalworkflow SET amount_from = 100, window_hours = 24")
    for number in range(12):
        make_thing(f"s{number}")

    def split(number: int) -> str:
        try:
            return change(f"s{number}", 1, people["maker"].as_actor(), amount=30, now=NOW)
        except api.WaitsForApproval:
            return "waits"

    outcomes = all_at_once([partial(split, number) for number in range(12)])
    assert sorted(outcomes) == ["changed"] * 3 + ["waits"] * 9


@pytest.mark.parametrize(
    "point", ["approvals.subject_held", "approvals.checked", "approvals.decided", "approvals.executed",
              "approvals.decision_committed"],
)  # fmt: skip
def test_decision__killed_at_a_point__leaves_both_or_neither(people: dict[str, User], point: str) -> None:
    make_thing("a")
    request = ask("a", 5, people["maker"].as_actor(), now=NOW)
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            failpoints.arm(failpoints.Failpoint(point, 1))
            decide(request, people["one"])
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    is_done = point == "approvals.decision_committed"
    assert (state_of(request), thing("a")[2], grants()) == (("EXECUTED", 1, 1) if is_done else ("PENDING", 0, 0))
    if not is_done:
        assert decide(request, people["two"]).state == "EXECUTED"
    assert (thing("a"), grants(), ApprovalDecision.objects.count()) == ((5, 2, 1), 1, 1)
