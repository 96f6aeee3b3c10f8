"""Approvals over HTTP: workflows, the inbox, decisions, delegations; one test for each way that a route answers."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.access.models import User
from loyalty.foundation.access.operations import create_token
from loyalty.foundation.approvals import api
from loyalty.foundation.approvals.models import ApprovalRequest, ApprovalWorkflow
from loyalty.foundation.kernel import approving
from loyalty.foundation.kernel.ids import new_public_id
from tests.foundation.approvals import things
from tests.foundation.approvals.things import any_of, make_thing, make_user, put_under_approval, thing

V1 = "/api/loyalty/v1"
WORKFLOW = {
    "kind": things.KIND, "name": "Big changes", "amount_from": 100, "window_hours": 24,
    "steps": [{"name": "Boss", "roles": ["boss"]}],
}  # fmt: skip


def client_of(user: User) -> APIClient:
    """Give a client of a user."""
    issued = create_token(user_id=user.public_id, name="tests", now=datetime.now(UTC), lifetime=timedelta(hours=1))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
    return client


@pytest.fixture
def asked(maker: User, boss: User) -> ApprovalRequest:
    """Give a request that waits, made now."""
    put_under_approval()
    make_thing("a", 3)
    return things.ask("a", 7, maker.as_actor(), now=datetime.now(UTC))


def refused(answer: Any) -> tuple[int, str]:
    """Give status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


def test_workflow__written__is_read_changed_and_deleted(boss: User) -> None:
    client = client_of(boss)
    made = client.post(f"{V1}/approvalWorkflows/", WORKFLOW)
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["amount_from"], told["window_hours"], told["expires_after_hours"], told["is_active"]) == (
        100,
        24,
        72,
        True,
    )
    assert told["steps"] == [
        {"name": "Boss", "mode": "ANY", "approvals_min": 1, "roles": ["boss"], "users": [], "permission": ""}
    ]
    address = f"{V1}/approvalWorkflows/{told['id']}/"
    changed = client.patch(address, {"is_active": False}, headers={"if-match": made["ETag"]})
    assert (changed.status_code, changed.json()["is_active"], changed.json()["name"]) == (200, False, "Big changes")
    assert refused(client.patch(address, {"name": "x"}, headers={"if-match": made["ETag"]})) == (412, "edit.conflict")
    assert client.get(f"{V1}/approvalWorkflows/?kind={things.KIND}").json()["count"] == 1
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404


def test_kinds__listed__name_what_may_wait(boss: User) -> None:
    kinds = {one["kind"]: one for one in client_of(boss).get(f"{V1}/approvalWorkflows/kinds/").json()}
    assert kinds[things.KIND] == {
        "kind": things.KIND, "title": "Change of a thing", "permission": "work.view", "amount_unit": "points",
    }  # fmt: skip
    assert "approvals.change_workflow" in kinds


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "nothing.known"}, "kind"), ({"steps": []}, "steps"), ({"steps": [{"name": "Nobody"}]}, "steps.0"),
        ({"steps": [{"name": "x", "roles": ["no-such-role"]}]}, "steps.0.roles"),
        ({"steps": [{"name": "x", "users": [str(new_public_id())]}]}, "steps.0.users"),
        ({"steps": [{"name": "x", "permission": "no.such"}]}, "steps.0.permission"),
        ({"steps": [{"name": "x", "roles": ["boss"], "approvals_min": 0}]}, "steps.0.approvals_min"),
        ({"amount_from": 0, "window_hours": None}, "amount_from"), ({"amount_from": None}, "window_hours"),
        ({"window_hours": 721}, "window_hours"), ({"expires_after_hours": 0}, "expires_after_hours"),
        ({"steps": [{"name": "x", "roles": ["boss"]}] * 11}, "steps"),
        ({"kind": "approvals.review_bypass", "window_hours": None}, "amount_from"),
    ],
)  # fmt: skip
def test_workflow__that_cannot_work__is_refused_at_its_place(boss: User, change: dict[str, Any], field: str) -> None:
    answer = client_of(boss).post(f"{V1}/approvalWorkflows/", {**WORKFLOW, **change})
    assert refused(answer) == (400, "approvals.workflow_invalid")
    assert field in {one["field"] for one in answer.json()["errors"]}


def test_workflow__of_workflows__guards_itself(maker: User, boss: User) -> None:
    put_under_approval(any_of("boss"), kind="approvals.change_workflow")
    guarded = put_under_approval()
    answer = client_of(maker).delete(f"{V1}/approvalWorkflows/{guarded.public_id}/")
    waiting = answer.json()["approval_request"]
    assert (answer.status_code, waiting["state"], waiting["kind"]) == (202, "PENDING", "approvals.change_workflow")
    assert answer["Location"] == f"{V1}/approvalRequests/{waiting['id']}/"
    assert ApprovalWorkflow.objects.filter(pk=guarded.pk).exists()
    whole = client_of(boss).get(answer["Location"]).json()
    assert whole["diff"][0] == {"path": "kind", "change": "removed", "before": things.KIND, "after": None}
    decided = client_of(boss).post(
        f"{V1}/approvalDecisions/",
        {"request": waiting["id"], "verdict": "APPROVE", "payload_hash": whole["payload_hash"]},
    )
    assert decided.json()["request"]["state"] == "EXECUTED", decided.content
    assert not ApprovalWorkflow.objects.filter(pk=guarded.pk).exists()


def test_request__read__tells_what_changes_and_whether_the_caller_decides(
    asked: ApprovalRequest, maker: User, boss: User
) -> None:
    told = client_of(boss).get(f"{V1}/approvalRequests/{asked.public_id}/").json()
    assert told["diff"] == [{"path": "value", "change": "changed", "before": 3, "after": 7}]
    assert (told["title"], told["summary"], told["maker"]["name"]) == ("Change of a thing", "Set a to 7", "maker")
    assert (told["can_decide"], told["why_not"], told["step"], told["decisions"]) == (True, "", 0, [])
    own = client_of(maker).get(f"{V1}/approvalRequests/{asked.public_id}/").json()
    assert (own["can_decide"], own["why_not"]) == (False, "approvals.self_approval")
    stranger = client_of(make_user()).get(f"{V1}/approvalRequests/{asked.public_id}/").json()
    assert stranger["why_not"] == "approvals.not_checker"


def arabic(user: User, request: ApprovalRequest) -> tuple[str, str]:
    """Give summary and reason of the end as an Arabic reader is told, without the marks that set texts apart."""
    headers = {"Accept-Language": "ar-EG,ar;q=0.9,en;q=0.5"}
    one = client_of(user).get(f"{V1}/approvalRequests/{request.public_id}/", headers=headers).json()
    listed = client_of(user).get(f"{V1}/approvalRequests/?kind={request.kind}", headers=headers).json()["results"]
    (row,) = [row for row in listed if row["id"] == one["id"]]
    assert (row["summary"], row["closed_reason"]) == (one["summary"], one["closed_reason"])
    return re.sub("[\u2068\u2069]", "", one["summary"]), one["closed_reason"]


def test_request__read_in_arabic__is_told_in_arabic_from_its_values(
    asked: ApprovalRequest, maker: User, boss: User
) -> None:
    assert arabic(boss, asked) == ("جعل a يساوي 7", "")
    things.ask("a", 8, maker.as_actor(), now=datetime.now(UTC))
    assert arabic(boss, asked) == ("جعل a يساوي 7", "حلّ محله طلب أحدث.")
    english = client_of(boss).get(f"{V1}/approvalRequests/{asked.public_id}/").json()
    assert (english["summary"], english["closed_reason"]) == ("Set a to 7", "A newer request took its place.")


def test_request__of_an_earlier_version_or_a_kind_that_is_gone__says_what_it_said_then(
    asked: ApprovalRequest, boss: User
) -> None:
    things.sql("SET LOCAL session_replication_role = replica")
    things.sql("UPDATE approvals_approvalrequest SET payload = '{}' WHERE id = %s", asked.pk)
    things.sql("SET LOCAL session_replication_role = DEFAULT")
    assert arabic(boss, asked) == ("Set a to 7", "")
    approving._Installed.subjects.pop(things.KIND)
    assert arabic(boss, asked) == ("Set a to 7", "")
    approving.register_subject(things.SUBJECT)


def test_review__of_a_bypass__tells_in_arabic_what_was_bypassed(asked: ApprovalRequest, boss: User) -> None:
    now = datetime.now(UTC)
    review_id = api.bypass(request_id=asked.public_id, actor=boss.as_actor(), reason="the shop is down", now=now)
    review = ApprovalRequest.objects.get(public_id=review_id)
    assert review.summary == "Review of an emergency: Set a to 7"
    assert arabic(boss, review)[0] == "مراجعة حالة طارئة: جعل a يساوي 7"
    assert arabic(boss, asked) == ("جعل a يساوي 7", "the shop is down")


def test_boxes__of_everybody__hold_what_is_theirs(asked: ApprovalRequest, maker: User, boss: User, other: User) -> None:
    def count(user: User, query: str) -> int:
        return int(client_of(user).get(f"{V1}/approvalRequests/?{query}").json()["count"])

    deputy = make_user("deputy")
    api.create_delegation(
        user_ref=str(other.public_id), delegate_ref=str(deputy.public_id), starts_at=datetime.now(UTC),
        ends_at=datetime.now(UTC) + timedelta(days=1), reason="", actor=other.as_actor(), now=datetime.now(UTC),
    )  # fmt: skip
    everybody = (maker, boss, other, deputy, make_user())
    assert [count(user, "box=to_decide") for user in everybody] == [0, 1, 1, 1, 0]
    assert [count(user, "box=mine") for user in everybody] == [1, 0, 0, 0, 0]
    things.decide(asked, boss, now=datetime.now(UTC))
    assert [count(user, "box=to_decide") for user in everybody] == [0, 0, 0, 0, 0]
    assert [count(user, "box=decided") for user in everybody] == [0, 1, 0, 0, 0]
    assert (count(boss, "state=EXECUTED"), count(boss, "state=PENDING"), count(boss, "kind=x")) == (1, 0, 0)
    assert refused(client_of(boss).get(f"{V1}/approvalRequests/?box=all")) == (400, "invalid")


def test_decision__made__is_answered_and_listed(asked: ApprovalRequest, boss: User) -> None:
    client = client_of(boss)
    body = {
        "request": str(asked.public_id),
        "verdict": "APPROVE",
        "payload_hash": asked.payload_hash,
        "comment": "fine",
    }
    answer = client.post(f"{V1}/approvalDecisions/", body)
    told = answer.json()
    assert (answer.status_code, told["verdict"], told["checker"]["name"]) == (201, "APPROVE", "boss")
    assert (told["request"]["state"], told["request"]["result"]) == ("EXECUTED", {"value": 7, "by": "maker"})
    assert thing("a") == (7, 2, 1)
    assert refused(client.post(f"{V1}/approvalDecisions/", body)) == (409, "approvals.closed")
    listed = client.get(f"{V1}/approvalDecisions/?request={asked.public_id}").json()["results"]
    assert [one["id"] for one in listed] == [told["id"]]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"verdict": "MAYBE"}, 400, "invalid"), ({"payload_hash": "x"}, 400, "invalid"),
        ({"payload_hash": "0" * 64}, 409, "approvals.payload_changed"),
        ({"verdict": "REJECT"}, 400, "approvals.comment_missing"),
        ({"request": str(new_public_id())}, 404, "approvals.request_not_found"),
        ({"on_behalf_of": str(new_public_id())}, 403, "approvals.not_delegate"), ({"extra": 1}, 400, "invalid"),
    ],
)  # fmt: skip
def test_decision__badly_made__is_refused(
    asked: ApprovalRequest, boss: User, change: dict[str, Any], status: int, code: str
) -> None:
    body = {"request": str(asked.public_id), "verdict": "APPROVE", "payload_hash": asked.payload_hash}
    assert refused(client_of(boss).post(f"{V1}/approvalDecisions/", {**body, **change})) == (status, code)
    assert things.state_of(asked) == "PENDING"


def test_request__cancelled_and_bypassed__over_http(asked: ApprovalRequest, maker: User, boss: User) -> None:
    address = f"{V1}/approvalRequests/{asked.public_id}"
    assert refused(client_of(maker).post(f"{address}/cancel/", {"reason": ""})) == (400, "approvals.comment_missing")
    by_stranger = client_of(make_user(permissions=["approvals.view"])).post(f"{address}/cancel/", {"reason": "x"})
    assert refused(by_stranger) == (
        403, "approvals.not_checker",
    )  # fmt: skip
    told = client_of(maker).post(f"{address}/cancel/", {"reason": "mistaken"}).json()
    assert (told["state"], told["closed_reason"], told["why_not"]) == ("CANCELLED", "mistaken", "approvals.closed")
    again = things.ask("a", 8, maker.as_actor(), now=datetime.now(UTC))
    answer = client_of(boss).post(f"{V1}/approvalRequests/{again.public_id}/bypass/", {"reason": "the shop is down"})
    told = answer.json()
    assert (told["state"], told["closed_by"], thing("a")[0]) == ("BYPASSED", "boss/tests", 8)
    review = client_of(boss).get(f"{V1}/approvalRequests/{told['review_request']}/").json()
    assert (review["kind"], review["review_of"]) == ("approvals.review_bypass", str(again.public_id))


def by_token(user: User, *scopes: str) -> APIClient:
    """Give a program of a user's, with a token of these scopes."""
    now = datetime.now(UTC)
    issued = create_token(user_id=user.public_id, name="narrow", now=now, scopes=scopes, lifetime=timedelta(hours=1))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
    return client


def test_others_requests_and_decisions__by_a_token_that_does_not_manage__are_out_of_reach(
    asked: ApprovalRequest, boss: User, other: User
) -> None:
    narrow, wide = (by_token(boss, "approvals.view", *more) for more in ((), ("approvals.manage", "approvals.decide")))
    address = f"{V1}/approvalRequests/{asked.public_id}/cancel/"
    assert refused(narrow.post(address, {"reason": "mistaken"})) == (403, "approvals.not_checker")
    assert things.state_of(asked) == "PENDING"
    deputy, now = make_user("deputy"), datetime.now(UTC)
    body = {"user": str(other.public_id), "delegate": str(deputy.public_id), "starts_at": now.isoformat(),
            "ends_at": (now + timedelta(days=1)).isoformat()}  # fmt: skip
    deciding = by_token(boss, "approvals.decide")
    assert refused(deciding.post(f"{V1}/approvalDelegations/", body)) == (403, "approvals.not_checker")
    made = wide.post(f"{V1}/approvalDelegations/", body)
    assert made.status_code == 201, made.content
    assert deciding.get(f"{V1}/approvalDelegations/").json()["results"] == []
    assert deciding.delete(f"{V1}/approvalDelegations/{made.json()['id']}/").status_code == 404
    assert wide.post(address, {"reason": "mistaken"}).json()["state"] == "CANCELLED"


def test_seats__of_a_deputy__tell_in_whose_place_to_decide(asked: ApprovalRequest, other: User) -> None:
    deputy = make_user(permissions=["approvals.view", "approvals.decide"])
    address = f"{V1}/approvalRequests/{asked.public_id}/"
    assert client_of(deputy).get(address).json()["seats"] == []
    api.create_delegation(
        user_ref=str(other.public_id), delegate_ref=str(deputy.public_id), starts_at=datetime.now(UTC),
        ends_at=datetime.now(UTC) + timedelta(days=1), reason="", actor=other.as_actor(), now=datetime.now(UTC),
    )  # fmt: skip
    seat = {"id": str(other.public_id), "name": other.username}
    told = client_of(deputy).get(address).json()
    assert (told["can_decide"], told["seats"]) == (True, [seat])
    said = {"request": str(asked.public_id), "verdict": "APPROVE", "payload_hash": told["payload_hash"]}
    assert refused(client_of(deputy).post(f"{V1}/approvalDecisions/", said)) == (403, "approvals.not_checker")
    made = client_of(deputy).post(f"{V1}/approvalDecisions/", {**said, "on_behalf_of": seat["id"]})
    assert (made.status_code, made.json()["on_behalf_of"]) == (201, seat)


def test_candidates__for_who_may_decide__are_those_who_may_too(boss: User) -> None:
    plain, powerless = make_user(permissions=["approvals.decide"]), make_user(permissions=["work.view"])
    names = [one["name"] for one in client_of(plain).get(f"{V1}/approvalDelegations/candidates/").json()]
    assert {"boss", plain.username} <= set(names)
    assert powerless.username not in names
    assert client_of(powerless).get(f"{V1}/approvalDelegations/candidates/").status_code == 403


def test_delegations__of_oneself_and_of_others__are_kept_apart(boss: User, other: User) -> None:
    begin = datetime.now(UTC)
    times = {"starts_at": begin.isoformat(), "ends_at": (begin + timedelta(days=2)).isoformat()}
    plain = make_user(permissions=["approvals.decide"])
    client = client_of(plain)
    made = client.post(f"{V1}/approvalDelegations/", {"delegate": str(boss.public_id), **times})
    assert made.status_code == 201, made.content
    assert made.json()["delegate"] == {"id": str(boss.public_id), "name": "boss"}
    for_other = {"user": str(other.public_id), "delegate": str(plain.public_id), **times}
    assert refused(client.post(f"{V1}/approvalDelegations/", for_other)) == (403, "approvals.not_checker")
    by_manager = client_of(boss).post(f"{V1}/approvalDelegations/", for_other).json()
    assert client.get(f"{V1}/approvalDelegations/").json()["count"] == 2
    assert refused(client.delete(f"{V1}/approvalDelegations/{by_manager['id']}/")) == (403, "approvals.not_checker")
    assert client.delete(f"{V1}/approvalDelegations/{made.json()['id']}/").status_code == 204
    powerless = make_user(permissions=["work.view"])
    for wrong in (
        {"delegate": str(plain.public_id)}, {"delegate": str(powerless.public_id)}, {"delegate": str(new_public_id())},
        {"delegate": str(boss.public_id), "ends_at": begin.isoformat()},
        {"delegate": str(boss.public_id), "ends_at": (begin + timedelta(days=400)).isoformat()},
    ):  # fmt: skip
        answer = client.post(f"{V1}/approvalDelegations/", {**times, **wrong})
        assert refused(answer) == (400, "approvals.delegation_invalid")


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("get", "approvalWorkflows/", "approvals.view"), ("post", "approvalWorkflows/", "approvals.manage"),
        ("get", "approvalWorkflows/kinds/", "approvals.view"), ("get", "approvalRequests/", "approvals.view"),
        ("get", "approvalDecisions/", "approvals.view"), ("post", "approvalDecisions/", "approvals.decide"),
        ("get", "approvalDelegations/", "approvals.decide"), ("post", "approvalDelegations/", "approvals.decide"),
        ("post", "approvalRequests/{id}/cancel/", "approvals.view"),
        ("post", "approvalRequests/{id}/bypass/", "approvals.bypass"),
    ],
)  # fmt: skip
def test_routes__without_the_permission__are_refused(
    asked: ApprovalRequest, method: str, path: str, permission: str
) -> None:
    client = client_of(make_user(permissions=["work.view"]))
    answer = getattr(client, method)(f"{V1}/{path.format(id=asked.public_id)}")
    assert (answer.status_code, answer.json()["permission"]) == (403, permission)
