"""Roles, what they give and who holds them, under approval: 202, made once, void when what was read has changed."""

import os
import signal
from functools import partial
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from loyalty.foundation.access.models import Role, RolePermission, User, UserRole
from loyalty.foundation.approvals import queries
from loyalty.foundation.approvals.api import Verdict
from loyalty.foundation.approvals.models import ApprovalRequest
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.resilience import failpoints
from tests.foundation.approvals import things
from tests.foundation.approvals.test_approvals_rest import V1, client_of
from tests.foundation.approvals.things import any_of, make_user, put_under_approval, state_of
from tests.ledger.parallel import all_at_once

KIND = "access.change_role"


@pytest.fixture
def chief(db: None) -> User:
    """Somebody who decides on changes of rights, and a workflow that has them wait."""
    put_under_approval(any_of("chief"), kind=KIND)
    return make_user("chief", roles=["chief"])


@pytest.fixture
def keeper(db: None) -> User:
    """Somebody who may do everything, and so give everything."""
    return make_user("keeper", permissions=["*"])


@pytest.fixture
def client(keeper: User) -> APIClient:
    """The keeper's client."""
    return client_of(keeper)


def waiting(answer: Any) -> ApprovalRequest:
    """Give the request behind a 202."""
    assert answer.status_code == 202, answer.content
    told = answer.json()["approval_request"]
    assert (told["kind"], told["state"], answer["Location"]) == (
        KIND,
        "PENDING",
        f"{V1}/approvalRequests/{told['id']}/",
    )
    return ApprovalRequest.objects.get(public_id=told["id"])


def approve(request: ApprovalRequest, chief: User) -> dict[str, Any]:
    """Approve over HTTP and give what came of it."""
    body = {"request": str(request.public_id), "verdict": "APPROVE", "payload_hash": request.payload_hash}
    answer = client_of(chief).post(f"{V1}/approvalDecisions/", body)
    assert answer.status_code == 201, answer.content
    assert answer.json()["request"]["state"] == "EXECUTED"
    found: dict[str, Any] = answer.json()["request"]["result"]
    return found


def patterns(code: str) -> set[str]:
    """Give what a role holds."""
    return set(RolePermission.objects.filter(role__code=code).values_list("pattern", flat=True))


def make_role(code: str, *held: str) -> Role:
    """Have a role."""
    role = Role.objects.create(code=code, name=code)
    RolePermission.objects.bulk_create([RolePermission(role=role, pattern=one) for one in held])
    return role


def test_role__made_and_changed__waits_each_time_and_is_made_once(client: APIClient, chief: User) -> None:
    asked = waiting(client.post(f"{V1}/roles/", {"code": "till", "name": "Till", "permissions": ["points.view"]}))
    assert not Role.objects.filter(code="till").exists()
    assert (asked.summary, asked.subject_kind, asked.subject_ref) == ("Make the role till", "role", "till")
    made = approve(asked, chief)
    role = Role.objects.get(code="till")
    assert (made, patterns("till")) == ({"role": str(role.public_id)}, {"points.view"})
    address = f"{V1}/roles/{role.public_id}/"
    changed = waiting(client.patch(address, {"permissions": ["points.view", "points.adjust"]}))
    told = client_of(chief).get(f"{V1}/approvalRequests/{changed.public_id}/").json()
    assert any("points.adjust" in str(one["after"]) for one in told["diff"])
    assert patterns("till") == {"points.view"}
    approve(changed, chief)
    assert patterns("till") == {"points.view", "points.adjust"}
    rows = AuditEntry.objects.filter(act="access.manage_roles", subject_ref=str(role.public_id))
    assert [one.actor_name for one in rows] == ["keeper/tests"] * 2
    gone = waiting(client.delete(address))
    approve(gone, chief)
    assert not Role.objects.filter(code="till").exists()


def test_permission__given_to_and_taken_from_a_role__waits(client: APIClient, chief: User) -> None:
    role = make_role("till", "points.view")
    body = {"role": "till", "permission": "points.adjust", "points_max": 500}
    given = waiting(client.post(f"{V1}/rolePermissions/", body))
    assert given.summary == "Give the role till points.adjust up to 500 points"
    assert "500 من النقاط" in queries.summary_of(given, "ar")
    approve(given, chief)
    granted = RolePermission.objects.get(role=role, pattern="points.adjust")
    assert granted.points_max == 500
    taken = waiting(client.delete(f"{V1}/rolePermissions/{granted.public_id}/"))
    approve(taken, chief)
    assert patterns("till") == {"points.view"}


def test_role__given_to_a_user__waits_side_by_side_and_taking_it_counts_at_once(client: APIClient, chief: User) -> None:
    user = make_user("mira", permissions=[])
    make_role("till", "points.view")
    make_role("desk", "customers.view")
    first, second = (
        waiting(client.post(f"{V1}/userRoles/", {"user": str(user.public_id), "role": code}))
        for code in ("till", "desk")
    )
    assert not UserRole.objects.filter(user=user, role__code__in=("till", "desk")).exists()
    approve(first, chief)
    approve(second, chief)
    held = UserRole.objects.get(user=user, role__code="till")
    assert client.delete(f"{V1}/userRoles/{held.public_id}/").status_code == 204
    assert set(user.roles.filter(code__in=("till", "desk")).values_list("code", flat=True)) == {"desk"}


def test_user__made_with_roles__is_there_without_them_until_they_are_granted(client: APIClient, chief: User) -> None:
    body = {"username": "nour", "password": "correct horse battery", "roles": ["analyst"]}
    asked = waiting(client.post(f"{V1}/users/", body))
    user = User.objects.get(username="nour")
    assert (user.roles.count(), "password" in str(asked.payload)) == (0, False)
    approve(asked, chief)
    assert list(user.roles.values_list("code", flat=True)) == ["analyst"]
    # Without roles there is nothing to wait for.
    assert client.post(f"{V1}/users/", {**body, "username": "rami", "roles": []}).status_code == 201


def test_user__changed__waits_only_where_it_gives(client: APIClient, chief: User) -> None:
    user = make_user("mira", permissions=[])
    own = user.roles.get().code
    address = f"{V1}/users/{user.public_id}/"
    asked = waiting(client.patch(address, {"email": "mira@mail.test", "roles": [own, "analyst"]}))
    user.refresh_from_db()
    assert (user.email, user.roles.count()) == ("", 1)
    approve(asked, chief)
    user.refresh_from_db()
    assert (user.email, set(user.roles.values_list("code", flat=True))) == ("mira@mail.test", {own, "analyst"})
    assert client.patch(address, {"roles": [own]}).status_code == 200
    assert client.patch(address, {"is_active": False, "roles": []}).status_code == 200
    assert user.roles.count() == 0


def test_change__that_would_be_refused_anyway__is_refused_at_once(chief: User) -> None:
    small = client_of(make_user("small", permissions=["access.manage_roles", "access.manage_users", "points.view"]))
    made = small.post(f"{V1}/roles/", {"code": "big", "name": "Big", "permissions": ["points.*"]})
    assert (made.status_code, made.json()["code"]) == (403, "grant.beyond_own")
    given = small.post(f"{V1}/userRoles/", {"user": str(chief.public_id), "role": "admin"})
    assert (given.status_code, ApprovalRequest.objects.count()) == (403, 0)


def test_request__when_the_role_to_be_given_was_widened__is_void(client: APIClient, chief: User, keeper: User) -> None:
    user, role = make_user("mira", permissions=[]), make_role("till", "points.view")
    asked = waiting(client.post(f"{V1}/userRoles/", {"user": str(user.public_id), "role": "till"}))
    assert asked.after["gives"] == {"till": [{"permission": "points.view", "scope": "all", "points_max": None}]}
    RolePermission.objects.create(role=role, pattern="*")
    body = {"request": str(asked.public_id), "verdict": "APPROVE", "payload_hash": asked.payload_hash}
    answer = client_of(chief).post(f"{V1}/approvalDecisions/", body)
    assert (answer.status_code, answer.json()["code"], state_of(asked)) == (409, "approvals.closed", "VOIDED")
    assert not UserRole.objects.filter(user=user, role=role).exists()


def test_request__of_one_who_lost_what_they_would_give__is_not_executed(chief: User) -> None:
    maker = make_user("maker", permissions=["access.manage_roles", "points.*"])
    asked = waiting(client_of(maker).post(f"{V1}/roles/", {"code": "x", "name": "X", "permissions": ["points.view"]}))
    RolePermission.objects.filter(role__held__user=maker, pattern="points.*").delete()
    body = {"request": str(asked.public_id), "verdict": "APPROVE", "payload_hash": asked.payload_hash}
    answer = client_of(chief).post(f"{V1}/approvalDecisions/", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "approvals.not_executable")
    RolePermission.objects.filter(role__held__user=maker, pattern="access.manage_roles").delete()
    void = client_of(chief).post(f"{V1}/approvalDecisions/", body)
    assert (void.status_code, state_of(asked), Role.objects.filter(code="x").exists()) == (409, "VOIDED", False)


def test_request__in_the_checkers_own_favour__is_decided_by_another(client: APIClient, chief: User) -> None:
    other = make_user("other", roles=["chief"])
    make_role("till", "points.view")
    asked = waiting(client.post(f"{V1}/userRoles/", {"user": str(chief.public_id), "role": "till"}))
    body = {"request": str(asked.public_id), "verdict": "APPROVE", "payload_hash": asked.payload_hash}
    answer = client_of(chief).post(f"{V1}/approvalDecisions/", body)
    assert (answer.status_code, answer.json()["code"]) == (403, "approvals.gains_by_it")
    approve(asked, other)
    assert UserRole.objects.filter(user=chief, role__code="till").exists()


def test_payload__edited_in_the_database__is_not_executed(client: APIClient, chief: User) -> None:
    asked = waiting(client.post(f"{V1}/roles/", {"code": "x", "name": "X", "permissions": ["points.view"]}))
    things.sql("SET LOCAL session_replication_role = replica")
    things.sql(
        "UPDATE approvals_approvalrequest SET payload = jsonb_set(payload, '{patterns,0,permission}', '\"*\"') "
        "WHERE public_id = %s", asked.public_id,
    )  # fmt: skip
    things.sql("SET LOCAL session_replication_role = DEFAULT")
    body = {"request": str(asked.public_id), "verdict": "APPROVE", "payload_hash": asked.payload_hash}
    answer = client_of(chief).post(f"{V1}/approvalDecisions/", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "approvals.payload_changed")
    assert not Role.objects.filter(code="x").exists()


# -- At once, and killed ---------------------------------------------------------------------------------------------


def decide(request: ApprovalRequest, user: User) -> Any:
    """Approve by the front door."""
    return things.decide(request, user, Verdict.APPROVE, now=clock.now())


@pytest.mark.django_db(transaction=True)
def test_two_checkers__at_once__give_a_role_once(client: APIClient, chief: User, transactional_db: None) -> None:
    other = make_user("other", roles=["chief"])
    for number in range(4):
        user = make_user(f"user-{number}", permissions=[])
        asked = waiting(client.post(f"{V1}/userRoles/", {"user": str(user.public_id), "role": "analyst"}))
        outcomes = all_at_once([partial(decide, asked, chief), partial(decide, asked, other)])
        assert sorted(isinstance(one, Refusal) for one in outcomes) == [False, True]
        assert UserRole.objects.filter(user=user, role__code="analyst").count() == 1
        assert AuditEntry.objects.filter(act="access.manage_users", subject_ref=str(user.public_id)).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", ["approvals.decided", "approvals.executed", "approvals.decision_committed"])
def test_decision__killed__leaves_right_and_request_together(
    client: APIClient, chief: User, transactional_db: None, point: str
) -> None:
    code = point.replace(".", "-")
    asked = waiting(client.post(f"{V1}/roles/", {"code": code, "name": "X", "permissions": ["points.view"]}))
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
    assert (state_of(asked), Role.objects.filter(code=code).count()) == (("EXECUTED", 1) if is_done else ("PENDING", 0))
    if not is_done:
        assert decide(asked, chief).state == "EXECUTED"
    assert patterns(code) == {"points.view"}
    # Roles are rows that the tests' clean-up leaves in place.
    Role.objects.filter(code=code).delete()
