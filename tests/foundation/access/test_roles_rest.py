"""Roles, what they give and to whom, over HTTP: nobody grants beyond what they hold, in permission, scope and limit."""

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.access.api import create_token, create_user
from loyalty.foundation.access.models import Role, RolePermission, User, UserRole
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel import clock
from tests.conftest import ClientWith

V1 = "/api/loyalty/v1/"
PROGRAM, OTHER = str(uuid4()), str(uuid4())
pytestmark = pytest.mark.django_db


def person(name: str, *roles: str) -> User:
    """Make a person with roles."""
    view = create_user(username=name, password="correct horse battery", email="", roles=list(roles))
    return User.objects.get(public_id=view.id)


def client_of(user: User, *scopes: str) -> APIClient:
    """Sign a user in by a token."""
    issued = create_token(user_id=user.public_id, name="tests", now=clock.now(), scopes=scopes)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
    return client


def bounded(*grants: tuple[str, str, int | None], refs: tuple[str, ...] = ()) -> tuple[User, APIClient]:
    """Make somebody whose role gives patterns with a scope and a limit, held for some programs."""
    user = person(f"bounded-{uuid4().hex[:6]}")
    role = Role.objects.create(code=f"r-{uuid4().hex[:8]}", name="Bounded")
    RolePermission.objects.bulk_create(
        RolePermission(role=role, pattern=pattern, scope=scope, points_max=limit) for pattern, scope, limit in grants
    )
    UserRole.objects.create(user=user, role=role, scope_refs=list(refs))
    return user, client_of(user)


def test_roles__made_changed_and_deleted__with_an_audit_row_each(admin_client: APIClient) -> None:
    body = {"code": "till", "name": "Till", "permissions": ["points.view", {"permission": "points.adjust",
            "scope": "program", "points_max": 500}]}  # fmt: skip
    made = admin_client.post(f"{V1}roles/", body)
    assert (made.status_code, made.json()["permissions"]) == (201, ["points.adjust", "points.view"])
    assert made.json()["grants"][0] == {"permission": "points.adjust", "scope": "program", "points_max": 500}
    address = f"{V1}roles/{made.json()['id']}/"
    changed = admin_client.patch(address, {"permissions": ["points.view"]}, headers={"If-Match": made["ETag"]})
    assert changed.json()["grants"] == [{"permission": "points.view", "scope": "all", "points_max": None}]
    stale = admin_client.patch(address, {"name": "T"}, headers={"If-Match": made["ETag"]})
    assert (stale.status_code, stale.json()["code"]) == (412, "edit.conflict")
    assert admin_client.delete(address).status_code == 204
    rows = AuditEntry.objects.filter(subject_kind="role", subject_ref=made.json()["id"]).order_by("id")
    assert [(bool(one.before), bool(one.after)) for one in rows] == [(False, True), (True, True), (True, False)]


def test_roles__shipped_or_held__stay(admin_client: APIClient) -> None:
    shipped = Role.objects.get(code="analyst")
    for answer in (
        admin_client.patch(f"{V1}roles/{shipped.public_id}/", {"permissions": ["*"]}),
        admin_client.delete(f"{V1}roles/{shipped.public_id}/"),
        admin_client.post(f"{V1}rolePermissions/", {"role": "analyst", "permission": "points.adjust"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "role.is_shipped")
    role = admin_client.post(f"{V1}roles/", {"code": "own", "name": "Own", "permissions": []}).json()
    UserRole.objects.create(user=person("holder"), role=Role.objects.get(code="own"))
    held = admin_client.delete(f"{V1}roles/{role['id']}/")
    assert (held.status_code, held.json()["code"]) == (409, "role.in_use")


def test_mappings__by_api__count_with_the_next_request(admin_client: APIClient) -> None:
    user = person("mira")
    client = client_of(user)
    admin_client.post(f"{V1}roles/", {"code": "runs", "name": "Runs", "permissions": []})
    assert client.get(f"{V1}runs/").status_code == 403
    given = admin_client.post(f"{V1}rolePermissions/", {"role": "runs", "permission": "work.view"})
    held = admin_client.post(f"{V1}userRoles/", {"user": str(user.public_id), "role": "runs"})
    assert (given.status_code, held.status_code, client.get(f"{V1}runs/").status_code) == (201, 201, 200)
    assert admin_client.get(f"{V1}userRoles/", {"user": str(user.public_id)}).json()["count"] == 1
    assert admin_client.delete(f"{V1}rolePermissions/{given.json()['id']}/").status_code == 204
    assert client.get(f"{V1}runs/").status_code == 403
    admin_client.post(f"{V1}rolePermissions/", {"role": "runs", "permission": "work.view"})
    assert client.get(f"{V1}runs/").status_code == 200
    assert admin_client.delete(f"{V1}userRoles/{held.json()['id']}/").status_code == 204
    assert client.get(f"{V1}runs/").status_code == 403


MANAGING = (("access.*", "all", None),)


@pytest.mark.parametrize(
    ("held", "given"),
    [
        (("points.adjust", "program", None), ("points.adjust", "all", None)),
        (("points.adjust", "all", 100), ("points.adjust", "all", None)),
        (("points.adjust", "all", 100), ("points.adjust", "all", 101)),
        (("points.adjust", "own", None), ("points.adjust", "program", None)),
        (("points.adjust", "all", None), ("points.*", "all", None)),
        (("points.earn", "all", None), ("points.adjust", "all", None)),
    ],
)
def test_granting__beyond_scope_or_limit__is_refused(held: Any, given: Any) -> None:
    _, clerk = bounded(*MANAGING, held, refs=(PROGRAM,))
    pattern, scope, limit = given
    body = {"permission": pattern, "scope": scope, "points_max": limit}
    for answer in (
        clerk.post(f"{V1}roles/", {"code": "more", "name": "More", "permissions": [body]}),
        clerk.post(f"{V1}rolePermissions/", {**body, "role": own_role()}),
    ):
        assert answer.status_code == 403, answer.json()
        assert answer.json()["code"] == "grant.beyond_own"


def own_role() -> str:
    """Make a role that nobody holds."""
    return Role.objects.create(code=f"r-{uuid4().hex[:8]}", name="Mine").code


def test_granting__a_role_for_another_program__is_refused() -> None:
    clerk_user, clerk = bounded(*MANAGING, ("points.adjust", "program", None), refs=(PROGRAM,))
    role = Role.objects.create(code="local", name="Local")
    RolePermission.objects.create(role=role, pattern="points.adjust", scope="program")
    user = str(person("lena").public_id)
    body = {"user": user, "role": "local"}
    assert clerk.post(f"{V1}userRoles/", {**body, "scope_refs": [PROGRAM]}).status_code == 201
    for refs in ([OTHER], [PROGRAM, OTHER]):
        beyond = clerk.post(f"{V1}userRoles/", {**body, "scope_refs": refs})
        assert (beyond.status_code, beyond.json()["code"]) == (403, "grant.beyond_own")
    # Widening the role would widen it for everyone who holds it, wherever they hold it.
    UserRole.objects.create(user=person("far"), role=role, scope_refs=[OTHER])
    widened = clerk.post(f"{V1}rolePermissions/", {"role": "local", "permission": "points.adjust", "scope": "program"})
    assert (widened.status_code, widened.json()["code"]) == (403, "grant.beyond_own")


def test_users__who_may_more__are_not_touched_by_who_may_less(client_with: ClientWith) -> None:
    person("root", "admin")
    boss = person("boss", "admin")
    clerk = client_with("access.view", "access.manage_users", "access.manage_tokens")
    for answer in (
        clerk.patch(f"{V1}users/{boss.public_id}/", {"is_active": False}),
        clerk.patch(f"{V1}users/{boss.public_id}/", {"roles": []}),
        clerk.delete(f"{V1}userRoles/{UserRole.objects.get(user=boss).public_id}/"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "grant.beyond_own")
    assert clerk.post(f"{V1}apiTokens/", {"name": "x", "user": str(boss.public_id)}).status_code == 404


def test_users__the_last_who_may_everything__stays() -> None:
    root = person("root", "admin")
    client = client_of(root)
    for body in ({"is_active": False}, {"roles": ["analyst"]}):
        answer = client.patch(f"{V1}users/{root.public_id}/", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "user.last_administrator")
    person("second", "admin")
    assert client.patch(f"{V1}users/{root.public_id}/", {"roles": ["analyst"]}).status_code == 200


def test_effective__why_may_she__tells_role_pattern_scope_and_limit(admin_client: APIClient) -> None:
    user, _ = bounded(("points.adjust", "program", 500), ("points.*", "own", None), ("tiers.view", "partner", None),
                      refs=(PROGRAM,))  # fmt: skip
    UserRole.objects.create(user=user, role=Role.objects.get(code="partner"), scope_refs=[])
    body = admin_client.get(f"{V1}users/{user.public_id}/effectivePermissions/").json()
    told = {one["code"]: one for one in body["results"]}
    adjust = told["points.adjust"]
    assert (adjust["is_granted"], adjust["is_everywhere"], adjust["is_own"]) == (True, False, True)
    assert (adjust["program_refs"], adjust["points_max"]) == ([PROGRAM], None)
    assert {(one["pattern"], one["scope"], one["points_max"]) for one in adjust["reasons"]} == {
        ("points.adjust", "program", 500), ("points.*", "own", None),
    }  # fmt: skip
    # The mapping of the partner's role names nobody, so its pattern is told and does not count.
    receive = told["events.receive"]
    assert (receive["is_granted"], [one["is_in_force"] for one in receive["reasons"]]) == (False, [False])
    assert told["audit.view"]["reasons"] == [] and not told["audit.view"]["is_granted"]


def test_shipped_roles__are_what_they_say() -> None:
    held = {code: set(person(f"u-{code}", code).patterns) for code in Role.objects.values_list("code", flat=True)}
    assert held["admin"] == {"*"}
    for code in ("operator", "analyst", "approver", "partner", "auditor"):
        user = User.objects.get(username=f"u-{code}")
        for forbidden in ("customers.view_pii", "points.adjust", "access.manage_users", "programs.change"):
            assert not user.has_permission(forbidden), (code, forbidden)
    auditor = User.objects.get(username="u-auditor")
    assert auditor.has_permission("audit.export") and not auditor.has_permission("customers.change")
    assert not User.objects.get(username="u-analyst").has_permission("audit.view")
    grant = User.objects.get(username="u-manager").grant_for("points.adjust")
    assert grant is not None and grant.points_max == 100_000
