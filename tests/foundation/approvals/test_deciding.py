"""Deciding: steps in order, each person once, the change exactly once, or nothing decided."""

from datetime import timedelta
from typing import Any

import pytest

from loyalty.foundation.access.models import User, UserRole
from loyalty.foundation.approvals import api
from loyalty.foundation.approvals.api import Verdict
from loyalty.foundation.approvals.errors import (
    AlreadyDecided,
    CommentMissing,
    NotChecker,
    NotDelegate,
    NotExecutable,
    PayloadChanged,
    RequestClosed,
    RequestNotFound,
    SelfApproval,
)
from loyalty.foundation.approvals.models import ApprovalDecision, ApprovalRequest
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events.api import STORE_VIEW
from loyalty.foundation.kernel.ids import new_public_id
from tests.foundation.approvals.things import (
    NOW,
    all_of,
    any_of,
    ask,
    decide,
    make_thing,
    make_user,
    put_under_approval,
    sql,
    state_of,
    thing,
)


@pytest.fixture
def request_of_maker(maker: User, boss: User, other: User) -> ApprovalRequest:
    """Give a request that one of the bosses decides."""
    put_under_approval()
    make_thing("a")
    return ask("a", 5, maker.as_actor())


def told(kind: str) -> int:
    """Count the facts of a type."""
    return int(sql(f"SELECT count(*) FROM {STORE_VIEW} WHERE type = %s", kind)[0][0])  # noqa: S608


def test_approval__the_last_one__makes_the_change_once_and_tells(request_of_maker: ApprovalRequest, boss: User) -> None:
    outcome = decide(request_of_maker, boss)
    assert (outcome.state, outcome.result) == ("EXECUTED", {"value": 5, "by": "maker"})
    assert thing("a") == (5, 2, 1)
    assert told("approval.granted") == 1
    acts = list(AuditEntry.objects.order_by("id").values_list("act", flat=True))
    assert acts == ["approvals.ask", "approvals.decide", "approvals.execute"]
    with pytest.raises(RequestClosed):
        decide(request_of_maker, boss)
    assert thing("a") == (5, 2, 1)


def test_rejection__of_one__ends_it_and_changes_nothing(request_of_maker: ApprovalRequest, boss: User) -> None:
    outcome = decide(request_of_maker, boss, Verdict.REJECT, comment="too much")
    assert (outcome.state, thing("a"), told("approval.rejected")) == ("REJECTED", (0, 1, 0), 1)
    request_of_maker.refresh_from_db()
    assert (request_of_maker.closed_reason, request_of_maker.closed_by) == ("too much", "boss")


def test_rejection__without_a_word__is_refused(request_of_maker: ApprovalRequest, boss: User) -> None:
    with pytest.raises(CommentMissing):
        decide(request_of_maker, boss, Verdict.REJECT, comment=" ")
    assert state_of(request_of_maker) == "PENDING"


def test_decision__on_another_change_than_was_read__is_refused(request_of_maker: ApprovalRequest, boss: User) -> None:
    with pytest.raises(PayloadChanged):
        decide(request_of_maker, boss, payload_hash="0" * 64)
    assert state_of(request_of_maker) == "PENDING"


def test_decision__on_nothing__is_refused(request_of_maker: ApprovalRequest, boss: User) -> None:
    request_of_maker.public_id = new_public_id()
    with pytest.raises(RequestNotFound):
        decide(request_of_maker, boss)


def test_decision__after_its_time__finds_it_expired(request_of_maker: ApprovalRequest, boss: User) -> None:
    with pytest.raises(RequestClosed) as refusal:
        decide(request_of_maker, boss, now=NOW + timedelta(hours=72))
    assert refusal.value.facts["state"] == "EXPIRED"
    assert (state_of(request_of_maker), told("approval.expired"), thing("a")[2]) == ("EXPIRED", 1, 0)


def test_decision__after_the_subject_changed__finds_it_voided(request_of_maker: ApprovalRequest, boss: User) -> None:
    sql("UPDATE tests_thing SET version = version + 1")
    with pytest.raises(RequestClosed) as refusal:
        decide(request_of_maker, boss)
    assert refusal.value.facts["state"] == "VOIDED"
    assert (state_of(request_of_maker), told("approval.voided"), thing("a")[2]) == ("VOIDED", 1, 0)


@pytest.mark.parametrize("loss", ["role", "switched off"])
def test_decision__after_the_maker_lost_the_permission__finds_it_voided(
    request_of_maker: ApprovalRequest, maker: User, boss: User, loss: str
) -> None:
    if loss == "role":
        UserRole.objects.filter(user=maker).delete()
    else:
        User.objects.filter(pk=maker.pk).update(is_active=False)
    with pytest.raises(RequestClosed):
        decide(request_of_maker, boss)
    assert (state_of(request_of_maker), thing("a")[2]) == ("VOIDED", 0)


def test_change__refused_by_its_domain__leaves_nothing_decided(maker: User, boss: User) -> None:
    put_under_approval()
    make_thing("a")
    request = ask("a", -1, maker.as_actor())
    with pytest.raises(NotExecutable) as refusal:
        decide(request, boss)
    assert refusal.value.facts["refusal"] == "tests.stuck"
    assert (state_of(request), ApprovalDecision.objects.count(), thing("a")[2]) == ("PENDING", 0, 0)


def test_steps__in_order__each_by_somebody_else(maker: User, boss: User, other: User) -> None:
    put_under_approval(any_of("boss"), any_of("finance"))
    make_thing("a")
    request = ask("a", 5, maker.as_actor())
    assert decide(request, boss).state == "PENDING"
    request.refresh_from_db()
    assert (request.step, request.open_roles) == (1, ["finance"])
    with pytest.raises(AlreadyDecided):
        decide(request, boss)
    assert decide(request, other).state == "EXECUTED"


def test_steps__the_second_before_the_first__is_refused(maker: User, boss: User) -> None:
    put_under_approval(any_of("boss"), any_of("finance"))
    accountant = make_user(roles=["finance"])
    make_thing("a")
    request = ask("a", 5, maker.as_actor())
    with pytest.raises(NotChecker):
        decide(request, accountant)


def test_step__that_needs_two__waits_for_the_second(maker: User, boss: User, other: User) -> None:
    put_under_approval(any_of("boss", count=2))
    make_thing("a")
    request = ask("a", 5, maker.as_actor())
    assert decide(request, boss).state == "PENDING"
    with pytest.raises(AlreadyDecided):
        decide(request, boss)
    assert decide(request, other).state == "EXECUTED"


def test_step__that_needs_all__takes_one_person_for_one_seat(maker: User, boss: User, other: User) -> None:
    third = make_user(roles=["boss"])
    put_under_approval(all_of("boss", "finance", users=(str(third.public_id),)))
    make_thing("a")
    request = ask("a", 5, maker.as_actor())
    assert decide(request, other).state == "PENDING"  # holds both roles and still fills one seat
    assert decide(request, boss).state == "PENDING"
    assert decide(request, third).state == "EXECUTED"
    assert thing("a")[2] == 1


def test_step__by_permission__is_decided_by_who_holds_it(maker: User) -> None:
    holder = make_user(permissions=["approvals.decide", "events.replay"])
    without = make_user()
    put_under_approval(any_of(permission="events.replay"))
    make_thing("a")
    request = ask("a", 5, maker.as_actor())
    with pytest.raises(NotChecker):
        decide(request, without)
    assert decide(request, holder).state == "EXECUTED"


@pytest.mark.parametrize("verdict", list(Verdict))
def test_decision__by_others__is_refused(request_of_maker: ApprovalRequest, verdict: Verdict) -> None:
    for user in (make_user(), make_user(roles=["boss"], permissions=["approvals.view"]), make_user(kind="service")):
        with pytest.raises(NotChecker):
            decide(request_of_maker, user, verdict)
    off = make_user(roles=["boss"], is_active=False)
    with pytest.raises(NotChecker):
        decide(request_of_maker, off, verdict)
    assert state_of(request_of_maker) == "PENDING"


def test_workflow__changed_meanwhile__does_not_touch_what_waits(request_of_maker: ApprovalRequest, boss: User) -> None:
    sql("UPDATE approvals_approvalworkflow SET steps = '[]', is_active = false")
    assert decide(request_of_maker, boss).state == "EXECUTED"


def test_payload__edited_in_the_database__is_not_executed(request_of_maker: ApprovalRequest, boss: User) -> None:
    sql("SET LOCAL session_replication_role = replica")
    sql("UPDATE approvals_approvalrequest SET payload = payload || '{\"value\": 1000}'")
    sql("SET LOCAL session_replication_role = DEFAULT")
    with pytest.raises(PayloadChanged, match="edited it in the database"):
        decide(request_of_maker, boss)
    assert thing("a")[2] == 0


def test_deputy__of_somebody_away__decides_in_their_place(maker: User, boss: User) -> None:
    deputy = make_user("deputy")
    put_under_approval()
    make_thing("a")
    request = ask("a", 5, maker.as_actor())
    with pytest.raises(NotChecker):
        decide(request, deputy)
    hand_over(boss, deputy)
    outcome = decide(request, deputy, on_behalf_of=str(boss.public_id))
    decision = ApprovalDecision.objects.get(public_id=str(outcome.decision_id))
    assert (outcome.state, decision.checker_name, decision.on_behalf_of_name) == ("EXECUTED", "deputy", "boss")


def hand_over(user: User, delegate: User, **options: Any) -> None:
    """Have one stand in for the other for a day."""
    api.create_delegation(
        user_ref=str(user.public_id), delegate_ref=str(delegate.public_id), starts_at=NOW,
        ends_at=NOW + timedelta(days=1), reason="away", **{"actor": user.as_actor(), "now": NOW, **options},
    )  # fmt: skip


@pytest.mark.parametrize("when", [timedelta(days=1), timedelta(days=-1)])
def test_deputy__outside_of_the_time__does_not_decide(maker: User, boss: User, when: timedelta) -> None:
    deputy = make_user("deputy")
    put_under_approval(expires_after_hours=100)
    make_thing("a")
    request = ask("a", 5, maker.as_actor(), now=NOW - timedelta(days=1))
    hand_over(boss, deputy)
    with pytest.raises(NotDelegate, match="handed their decisions over"):
        decide(request, deputy, on_behalf_of=str(boss.public_id), now=NOW + when)


def test_person__and_deputy__have_one_word(maker: User, boss: User, other: User) -> None:
    deputy = make_user("deputy")
    put_under_approval(any_of("boss", count=2))
    make_thing("a")
    request = ask("a", 5, maker.as_actor())
    hand_over(boss, deputy)
    decide(request, boss)
    with pytest.raises(AlreadyDecided):
        decide(request, deputy, on_behalf_of=str(boss.public_id))
    hand_over(other, boss)
    with pytest.raises(AlreadyDecided):
        decide(request, boss, on_behalf_of=str(other.public_id))


@pytest.mark.parametrize("who", ["maker", "manager", "stranger"])
def test_cancel__by__whoever_asked_or_manages(request_of_maker: ApprovalRequest, maker: User, who: str) -> None:
    people = {
        "maker": maker, "manager": make_user(permissions=["approvals.manage"]),
        "stranger": make_user(permissions=["work.view"]),
    }  # fmt: skip
    if who == "stranger":
        with pytest.raises(NotChecker):
            api.cancel(request_id=request_of_maker.public_id, actor=people[who].as_actor(), reason="no", now=NOW)
        return
    api.cancel(request_id=request_of_maker.public_id, actor=people[who].as_actor(), reason="no", now=NOW)
    assert (state_of(request_of_maker), told("approval.cancelled")) == ("CANCELLED", 1)
    with pytest.raises(RequestClosed):
        api.cancel(request_id=request_of_maker.public_id, actor=people[who].as_actor(), reason="no", now=NOW)


def test_look__at_what_waits__ends_what_is_over(maker: User, boss: User) -> None:
    put_under_approval(expires_after_hours=10)
    for ref in ("late", "moved", "fine"):
        make_thing(ref)
    late = ask("late", 5, maker.as_actor(), now=NOW - timedelta(hours=10))
    moved, fine = ask("moved", 5, maker.as_actor()), ask("fine", 5, maker.as_actor())
    sql("UPDATE tests_thing SET version = 9 WHERE ref = 'moved'")
    assert api.expire_due(now=NOW) == 2
    assert [state_of(one) for one in (late, moved, fine)] == ["EXPIRED", "VOIDED", "PENDING"]
    assert api.expire_due(now=NOW) == 0
    assert (told("approval.expired"), told("approval.voided")) == (1, 1)


@pytest.mark.parametrize("payload", ["{}", "[]"])
def test_look__at_a_request_that_nobody_can_read_any_more__voids_it_and_ends_the_others(
    maker: User, boss: User, payload: str
) -> None:
    put_under_approval(expires_after_hours=10)
    for ref in ("old", "late"):
        make_thing(ref)
    # The one that cannot be read is looked at first.
    old, late = ask("old", 5, maker.as_actor(), now=NOW - timedelta(hours=9)), ask("late", 5, maker.as_actor())
    sql("SET LOCAL session_replication_role = replica")
    sql("UPDATE approvals_approvalrequest SET payload = %s WHERE id = %s", payload, old.pk)
    sql("SET LOCAL session_replication_role = DEFAULT")
    assert api.expire_due(now=NOW) == 1
    assert (state_of(old), state_of(late)) == ("VOIDED", "PENDING")
    assert api.expire_due(now=NOW + timedelta(hours=10)) == 1
    assert state_of(late) == "EXPIRED"


def test_bypass__in_an_emergency__makes_the_change_and_asks_for_a_review(
    request_of_maker: ApprovalRequest, maker: User, boss: User
) -> None:
    review_id = api.bypass(
        request_id=request_of_maker.public_id, actor=boss.as_actor(), reason="the shop stands still", now=NOW
    )
    assert (state_of(request_of_maker), thing("a"), told("approval.bypassed")) == ("BYPASSED", (5, 2, 1), 1)
    review = ApprovalRequest.objects.get(public_id=review_id)
    assert (review.kind, review.review_of, review.state) == ("approvals.review_bypass", request_of_maker, "PENDING")
    for involved in (boss, maker):
        with pytest.raises(SelfApproval):
            decide(review, involved)
    assert decide(review, User.objects.get(username="other")).state == "EXECUTED"
    assert thing("a")[2] == 1


def test_bypass__without_a_reason_or_the_permission__is_refused(request_of_maker: ApprovalRequest, boss: User) -> None:
    with pytest.raises(CommentMissing):
        api.bypass(request_id=request_of_maker.public_id, actor=boss.as_actor(), reason="urgent", now=NOW)
    limited = make_user(roles=["boss"], permissions=["approvals.decide"])
    with pytest.raises(NotChecker):
        api.bypass(request_id=request_of_maker.public_id, actor=limited.as_actor(), reason="the shop is down", now=NOW)
    assert thing("a")[2] == 0


def test_bypass__of_what_changed_meanwhile__finds_it_voided(request_of_maker: ApprovalRequest, boss: User) -> None:
    sql("UPDATE tests_thing SET version = 2")
    with pytest.raises(RequestClosed):
        api.bypass(request_id=request_of_maker.public_id, actor=boss.as_actor(), reason="the shop is down", now=NOW)
    assert (state_of(request_of_maker), thing("a")[2]) == ("VOIDED", 0)
