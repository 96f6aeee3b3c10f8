"""Which changes wait, in whose place, and that splitting an amount does not help."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from loyalty.foundation.access.models import User
from loyalty.foundation.approvals import api
from loyalty.foundation.approvals.errors import PayloadChanged, RequestClosed, Undecidable
from loyalty.foundation.approvals.models import ApprovalRequest, ApprovalTally
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events.api import STORE_VIEW
from loyalty.foundation.kernel.actor import Actor, system_actor
from tests.foundation.approvals.things import (
    NOW,
    all_of,
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


def test_change__without_a_workflow__is_made_at_once(maker: User) -> None:
    make_thing("a")
    assert change("a", 5, maker.as_actor(), amount=10**9) == "changed"
    assert (thing("a"), ApprovalRequest.objects.count(), ApprovalTally.objects.count()) == ((5, 2, 1), 0, 0)


def test_change__by_the_platform_itself__asks_nobody(maker: User, boss: User) -> None:
    put_under_approval()
    make_thing("a")
    assert change("a", 5, system_actor("nightly")) == "changed"


@pytest.mark.parametrize(("amount", "waits"), [(99, False), (100, True), (101, True), (None, True)])
def test_change__by_its_amount__waits(maker: User, boss: User, amount: int | None, waits: bool) -> None:
    put_under_approval(amount_from=100)
    make_thing("a")
    if waits:
        ask("a", 5, maker.as_actor(), amount=amount)
    else:
        change("a", 5, maker.as_actor(), amount=amount)
    assert thing("a")[0] == (0 if waits else 5)


def test_change__of_several_workflows__takes_the_highest_threshold_reached(
    maker: User, boss: User, other: User
) -> None:
    put_under_approval(any_of("boss"), amount_from=10)
    strict = put_under_approval(any_of("boss", count=2), amount_from=100)
    put_under_approval(any_of("finance"), amount_from=1000)
    put_under_approval(any_of("finance"), amount_from=50, is_active=False)
    make_thing("a")
    request = ask("a", 5, maker.as_actor(), amount=500)
    assert (request.workflow_ref, request.steps[0]["approvals_min"]) == (strict.public_id, 2)


def test_request__kept__says_all_and_is_told(maker: User, boss: User) -> None:
    put_under_approval(expires_after_hours=5)
    make_thing("a", 3)
    request = ask("a", 7, maker.as_actor(), amount=40, beneficiary="customer-1")
    assert (request.state, request.summary, request.reason) == ("PENDING", "Set a to 7", "because")
    assert (request.before, request.after, request.amount) == ({"value": 3}, {"value": 7}, 40)
    assert (request.expires_at, request.maker_ref) == (NOW + timedelta(hours=5), str(maker.public_id))
    assert set(request.maker_keys) == {f"user:{maker.public_id}", "email:maker@khaywe.example"}
    assert thing("a") == (3, 1, 0)
    row = AuditEntry.objects.get(act="approvals.ask")
    assert (row.subject_ref, row.actor_name, row.reason) == (str(request.public_id), "maker", "because")
    ((data,),) = sql(f"SELECT data ->> 'request_id' FROM {STORE_VIEW} WHERE type = 'approval.requested'")  # noqa: S608
    assert data == str(request.public_id)


def test_change__as_a_part_of_something_larger__is_refused_and_nothing_is_kept(maker: User, boss: User) -> None:
    put_under_approval()
    make_thing("a")
    with pytest.raises(api.ApprovalRequired) as refusal, transaction.atomic():
        change("a", 5, maker.as_actor())
    assert refusal.value.facts == {"kind": "tests.change"}
    assert (ApprovalRequest.objects.count(), thing("a")[0]) == (0, 0)


def test_change__asked_again_alike__is_the_same_request(maker: User, boss: User) -> None:
    put_under_approval()
    make_thing("a")
    first = ask("a", 5, maker.as_actor())
    assert ask("a", 5, maker.as_actor()).pk == first.pk


@pytest.mark.parametrize("who", ["maker", "other"])
def test_change__asked_otherwise__voids_the_first(maker: User, boss: User, other: User, who: str) -> None:
    put_under_approval()
    make_thing("a")
    first = ask("a", 5, maker.as_actor())
    second = ask("a", 6, {"maker": maker, "other": other}[who].as_actor())
    assert (state_of(first), state_of(second)) == ("VOIDED", "PENDING")
    with pytest.raises(RequestClosed):
        decide(first, boss)


def test_key__repeated__gives_the_same_request_and_then_the_way_free(maker: User, boss: User) -> None:
    put_under_approval()
    make_thing("a")
    first = ask("a", 5, maker.as_actor(), key="k1")
    assert ask("a", 5, maker.as_actor(), key="k1").pk == first.pk
    assert ask("a", 5, maker.as_actor(), key="k2").pk != first.pk
    with pytest.raises(PayloadChanged):
        ask("a", 6, maker.as_actor(), key="k1")
    assert ApprovalRequest.objects.filter(state="PENDING").count() == 2


@pytest.mark.parametrize("ending", ["reject", "cancel"])
def test_key__of_a_request_that_was_not_granted__is_used_up(maker: User, boss: User, ending: str) -> None:
    put_under_approval()
    make_thing("a")
    first = ask("a", 5, maker.as_actor(), key="k1")
    if ending == "reject":
        decide(first, boss, api.Verdict.REJECT)
    else:
        api.cancel(request_id=first.public_id, actor=maker.as_actor(), reason="wrong", now=NOW)
    with pytest.raises(RequestClosed):
        change("a", 5, maker.as_actor(), key="k1")


def test_amounts__split_under_the_threshold__stop_at_the_sum(maker: User, boss: User) -> None:
    limit = 1000
    put_under_approval(amount_from=limit, window_hours=24)
    passed = waited = 0
    for number in range(100):
        make_thing(f"t{number}")
        try:
            change(f"t{number}", 1, maker.as_actor(), amount=limit // 10, now=NOW + timedelta(minutes=number))
            passed += 1
        except api.WaitsForApproval:
            waited += 1
    assert (passed, waited) == (9, 91)
    assert sql("SELECT sum(amount) FROM approvals_approvaltally") == [(900,)]


def test_amounts__of_many_makers_for_one_beneficiary__are_summed(world: None, boss: User) -> None:
    put_under_approval(amount_from=100, window_hours=24)
    outcomes = []
    for number in range(5):
        make_thing(f"t{number}")
        user = make_user()
        try:
            outcomes.append(change(f"t{number}", 1, user.as_actor(), amount=30, beneficiary="customer-1"))
        except api.WaitsForApproval:
            outcomes.append("waits")
    assert outcomes == ["changed", "changed", "changed", "waits", "waits"]
    make_thing("u")
    assert change("u", 1, make_user().as_actor(), amount=30, beneficiary="customer-2") == "changed"


def test_amounts__older_than_the_window__count_no_more(maker: User, boss: User) -> None:
    put_under_approval(amount_from=100, window_hours=24)
    make_thing("a")
    change("a", 1, maker.as_actor(), amount=90)
    change("a", 2, maker.as_actor(), amount=90, now=NOW + timedelta(hours=24))
    assert ask("a", 3, maker.as_actor(), amount=90, now=NOW + timedelta(hours=25)).amount_summed == 180


def test_amounts__that_others_agreed_to__are_not_summed(maker: User, boss: User) -> None:
    put_under_approval(amount_from=100, window_hours=24)
    make_thing("a")
    decide(ask("a", 1, maker.as_actor(), amount=5000), boss)
    assert change("a", 2, maker.as_actor(), amount=99) == "changed"


def test_amounts__of_one_key__count_once(maker: User, boss: User) -> None:
    put_under_approval(amount_from=100, window_hours=24)
    make_thing("a")
    for _ in range(5):
        sql("UPDATE tests_thing SET version = 1")
        change("a", 1, maker.as_actor(), amount=60, key="k1")
    assert ApprovalTally.objects.count() == 1
    assert ask("a", 2, maker.as_actor(), amount=60, key="k2").amount_summed == 120


def test_amounts__by_a_token_and_its_person__are_one_sum(maker: User, boss: User) -> None:
    put_under_approval(amount_from=100, window_hours=24)
    make_thing("a")
    token = Actor("token", "0192f0c1-0000-7000-8000-000000000000", "maker/token", person_ref=str(maker.public_id))
    change("a", 1, token, amount=60)
    assert ask("a", 2, maker.as_actor(), amount=60).amount_summed == 120


@pytest.mark.parametrize(
    "steps",
    [(any_of("boss", count=2),), (all_of("boss", "finance"),), (any_of("boss"), any_of("boss")), (any_of("nobody"),)],
)
def test_change__that_nobody_else_could_decide__is_refused(maker: User, boss: User, steps: Any) -> None:
    put_under_approval(*steps)
    make_thing("a")
    with pytest.raises(Undecidable):
        change("a", 5, maker.as_actor())
    assert ApprovalRequest.objects.count() == 0
