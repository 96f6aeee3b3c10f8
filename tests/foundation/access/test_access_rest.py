"""Signing in, tokens, users and roles over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from rest_framework.test import APIClient

from loyalty.foundation.access.api import create_token, create_user
from loyalty.foundation.access.models import User
from loyalty.foundation.access.operations import touch_token
from loyalty.foundation.access.queries import get_token
from loyalty.foundation.audit.models import AuditEntry
from tests.conftest import ClientWith

PASSWORD = "correct horse battery"
V1 = "/api/loyalty/v1"


@pytest.fixture
def anna(db: None) -> User:
    """A manager."""
    view = create_user(username="anna", password=PASSWORD, email="anna@example.test", roles=["manager"])
    return User.objects.get(public_id=view.id)


def test_login__right_password__answers_token_and_session(anna: User) -> None:
    client = APIClient()
    answer = client.post("/api/auth/login/", {"username": "anna", "password": PASSWORD})
    assert answer.status_code == 200
    body = answer.json()
    assert body["user"]["username"] == "anna"
    assert (
        "segments.view" not in body["user"]["permissions"] or "access.manage_users" not in body["user"]["permissions"]
    )
    assert client.get("/api/auth/me/").status_code == 200, "the session cookie is enough"
    bearer = APIClient()
    bearer.credentials(HTTP_AUTHORIZATION=f"Bearer {body['token']}")
    assert bearer.get("/api/auth/me/").json()["roles"] == ["manager"]
    assert bearer.post("/api/auth/logout/").status_code == 204
    assert bearer.get("/api/auth/me/").json()["code"] == "token.invalid"


@pytest.mark.parametrize("username, password", [("anna", "wrong"), ("nobody", PASSWORD)])
def test_login__wrong__is_refused_alike(anna: User, username: str, password: str) -> None:
    answer = APIClient().post("/api/auth/login/", {"username": username, "password": password})
    assert (answer.status_code, answer.json()["code"]) == (401, "credentials.invalid")
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body, status, code",
    [
        (b"{not json", 400, "request.malformed"),
        (b'{"username": "a", "password": "b", "role": "admin"}', 400, "invalid"),
        (b'{"username": 5, "password": NaN}', 400, "request.malformed"),
        (b'{"username": "a\\u0000", "password": "b"}', 400, "request.malformed"),
        (b"[" * 100_000, 400, "request.malformed"),
        (b'{"username": 1e999999999, "password": "b"}', 400, "request.malformed"),
        (b" " * 5_000_000, 413, "request.too_large"),
    ],
)
def test_login__bad_body__is_a_problem_document(db: None, body: bytes, status: int, code: str) -> None:
    answer = APIClient().post("/api/auth/login/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_token__expired__is_refused(anna: User) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=2)
    issued = create_token(user_id=anna.public_id, name="old", now=long_ago, lifetime=timedelta(days=1))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
    answer = client.get("/api/auth/me/")
    assert (answer.status_code, answer.json()["code"]) == (401, "token.expired")


def test_token__with_scopes__may_no_more_than_both(anna: User) -> None:
    issued = create_token(user_id=anna.public_id, name="narrow", now=datetime.now(UTC), scopes=["work.view"])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
    assert client.get(f"{V1}/runs/").status_code == 200
    refused = client.get(f"{V1}/events/")
    assert (refused.status_code, refused.json()["permission"]) == (403, "events.view")


def test_token__what_is_taken_away__counts_with_the_next_request(anna: User) -> None:
    issued = create_token(user_id=anna.public_id, name="till", now=datetime.now(UTC))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")

    def status() -> int:
        return client.get(f"{V1}/runs/").status_code

    assert status() == 200
    roles = list(anna.held.all())
    anna.held.all().delete()
    assert status() == 403
    anna.held.bulk_create(roles)
    User.objects.filter(pk=anna.pk).update(is_active=False)
    assert status() == 401
    User.objects.filter(pk=anna.pk).update(is_active=True)
    anna.tokens.update(revoked_at=datetime.now(UTC))
    assert status() == 401


def test_token__used__costs_one_statement_and_no_hash_is_read(anna: User) -> None:
    issued = create_token(user_id=anna.public_id, name="till", now=datetime.now(UTC))
    touch_token(token=get_token(issued.secret, datetime.now(UTC)), now=datetime.now(UTC))
    seen = list[str]()

    def keep(execute: Any, statement: str, *rest: Any) -> Any:
        seen.append(statement)
        return execute(statement, *rest)

    with connection.execute_wrapper(keep):
        token = get_token(issued.secret, datetime.now(UTC))
        assert token.has_permission("work.view") and token.user.has_permission("work.view")

    assert len(seen) == 1 and "password" not in seen[0]
    assert token.user == anna and token.user.email == anna.email and token.last_used_at is not None
    assert token.get_deferred_fields() == {"digest"} and token.user.get_deferred_fields() == {"password"}


def test_anonymous__any_route__is_asked_to_sign_in(db: None) -> None:
    answer = APIClient().get(f"{V1}/users/")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


def test_users__created__with_audit_row_and_role(admin_client: APIClient) -> None:
    body = {"username": "ben", "password": PASSWORD, "email": "ben@example.test", "roles": ["analyst"]}
    answer = admin_client.post(f"{V1}/users/", body)
    assert (answer.status_code, answer.json()["roles"]) == (201, ["analyst"])
    entry = AuditEntry.objects.get(subject_kind="user")
    assert (entry.act, entry.after) == (
        "access.manage_users",
        {"username": "ben", "roles": ["analyst"], "kind": "person"},
    )
    assert "password" not in str(entry.after)
    again = admin_client.post(f"{V1}/users/", body)
    assert (again.status_code, again.json()["code"]) == (409, "user.name_taken")
    changed = admin_client.patch(f"{V1}/users/{answer.json()['id']}/", {"is_active": False, "roles": []})
    assert (changed.json()["is_active"], changed.json()["roles"]) == (False, [])


def test_users__weak_password_or_unknown_role__is_refused(admin_client: APIClient) -> None:
    weak = admin_client.post(f"{V1}/users/", {"username": "ben", "password": "short"})
    assert weak.json()["code"] == "password.too_weak"
    unknown = admin_client.post(f"{V1}/users/", {"username": "ben", "password": PASSWORD, "roles": ["king"]})
    assert unknown.json()["code"] == "role.unknown"
    assert not User.objects.filter(username="ben").exists()


def test_users__refs_of_a_role_that_is_not_given__are_refused(admin_client: APIClient) -> None:
    body = {"username": "eva", "password": "correct horse battery", "roles": ["analyst"]}
    for refs in ({"nobody": ["x"]}, {"manager": ["x"], "analyst": []}):
        answer = admin_client.post(f"{V1}/users/", {**body, "scope_refs": refs})
        assert (answer.status_code, answer.json()["code"]) == (400, "role.unknown")
    made = admin_client.post(f"{V1}/users/", {**body, "scope_refs": {"analyst": ["x"]}})
    assert (made.status_code, made.json()["scope_refs"]) == (201, {"analyst": ["x"]})
    address = f"{V1}/users/{made.json()['id']}/"
    assert admin_client.patch(address, {"scope_refs": {"manager": ["x"]}}).json()["code"] == "role.unknown"
    assert admin_client.patch(address, {"roles": [], "scope_refs": {"analyst": []}}).json()["code"] == "role.unknown"
    assert admin_client.patch(address, {"scope_refs": {"analyst": ["y"]}}).json()["scope_refs"] == {"analyst": ["y"]}


def test_users__granting_beyond_own__is_refused(client_with: ClientWith) -> None:
    clerk = client_with("access.manage_users", "access.manage_roles", "access.view")
    answer = clerk.post(f"{V1}/users/", {"username": "ben", "password": PASSWORD, "roles": ["admin"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "grant.beyond_own")
    role = clerk.post(f"{V1}/roles/", {"code": "all", "name": "All", "permissions": ["*"]})
    assert role.json()["code"] == "grant.beyond_own"


def test_roles_permissions_tokens__round_trip(admin_client: APIClient) -> None:
    assert admin_client.get(f"{V1}/permissions/").json()["count"] > 5
    role = admin_client.post(f"{V1}/roles/", {"code": "watcher", "name": "Watcher", "permissions": ["work.view"]})
    assert (role.status_code, role.json()["permissions"]) == (201, ["work.view"])
    bad = admin_client.post(f"{V1}/roles/", {"code": "x", "name": "X", "permissions": ["nothing.at_all"]})
    assert bad.json()["code"] == "permission.unknown"
    token = admin_client.post(f"{V1}/apiTokens/", {"name": "till"}).json()
    assert token["secret"].startswith("klt_")
    listed = admin_client.get(f"{V1}/apiTokens/").json()["results"]
    assert all("secret" not in row for row in listed)
    assert admin_client.delete(f"{V1}/apiTokens/{token['id']}/").status_code == 204


@pytest.mark.parametrize("ref", ["0", "nonsense", "019d0000-0000-7000-8000-000000000000"])
def test_objects__unknown_id__is_not_found(admin_client: APIClient, ref: str) -> None:
    answer = admin_client.get(f"{V1}/users/{ref}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("statement", ["UPDATE audit_auditentry SET act = 'x'", "DELETE FROM audit_auditentry",
                                       "TRUNCATE audit_auditentry"])  # fmt: skip
def test_audit__changed_by_sql__is_refused(admin_client: APIClient, statement: str) -> None:
    admin_client.post(f"{V1}/roles/", {"code": "watcher", "name": "Watcher", "permissions": ["work.view"]})
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert admin_client.get(f"{V1}/auditLogs/").json()["results"][0]["act"] == "access.manage_roles"


def test_addresses__outside_the_api__give_the_console_or_a_problem(client_with: ClientWith) -> None:
    client = APIClient()
    assert client.get("/api/nothing/").json()["code"] == "not_found"
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["checks"]["database"] is True
