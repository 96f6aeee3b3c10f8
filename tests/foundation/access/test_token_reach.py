"""What a narrow token gives, touches and asks for: never more than it reaches itself, whoever its owner is."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.access.api import create_token, create_user
from loyalty.foundation.access.contracts import HeldPattern
from loyalty.foundation.access.models import ApiToken, User
from loyalty.foundation.access.policy import are_within_networks, narrowed
from loyalty.foundation.kernel import clock
from loyalty.foundation.signing_in.models import PasswordState, RecoveryCode, SecondFactor
from loyalty.foundation.signing_in.queries import list_open_sessions
from tests.foundation.signing_in.door import AUTH, Browser

V1 = "/api/loyalty/v1/"
MANY = [
    "access.manage_users",
    "access.manage_roles",
    "access.manage_tokens",
    "access.manage_partner_keys",
    "access.view",
]
BEYOND = (403, "grant.beyond_own")


@pytest.fixture
def owner(db: None) -> User:
    """An administrator, who has tokens."""
    view = create_user(username="owner", password="correct horse battery", email="owner@example.test", roles=["admin"])
    return User.objects.get(public_id=view.id)


def narrow(owner: User, *scopes: str, networks: tuple[str, ...] = ()) -> APIClient:
    """Give a program with a token of the owner's."""
    issued = create_token(user_id=owner.public_id, name="n", now=clock.now(), scopes=scopes, networks=networks)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.secret}")
    return client


def said(answer: Any) -> tuple[int, str]:
    """Give status and code."""
    return answer.status_code, answer.json().get("code", "") if answer.content else ""


def test_rights__given_with_a_narrow_token__reach_no_further_than_it(owner: User) -> None:
    client = narrow(owner, *MANY)
    someone = create_user(username="someone", password="correct horse battery", email="", roles=[])
    person = {"username": "thief", "password": "correct horse battery", "email": "", "roles": ["admin"]}
    assert said(client.post(f"{V1}users/", person)) == BEYOND
    assert said(client.patch(f"{V1}users/{someone.id}/", {"roles": ["admin"]})) == BEYOND
    assert said(client.post(f"{V1}userRoles/", {"user": str(someone.id), "role": "manager"})) == BEYOND
    wide = {"code": "wide", "name": "Wide", "permissions": ["points.adjust"]}
    assert said(client.post(f"{V1}roles/", wide)) == BEYOND
    assert not User.objects.filter(username="thief").exists()
    fitting = {"code": "desk", "name": "Desk", "permissions": ["access.view", "access.manage_users"]}
    assert said(client.post(f"{V1}roles/", fitting))[0] == 201
    assert said(client.post(f"{V1}userRoles/", {"user": str(someone.id), "role": "desk"}))[0] == 201
    assert said(narrow(owner).post(f"{V1}roles/", wide))[0] == 201, "a token without scopes is its owner"


def test_owner__of_a_narrow_token__is_not_taken_over_with_it(owner: User) -> None:
    client = narrow(owner, "access.manage_users", "access.view")
    address = f"{V1}users/{owner.public_id}/"
    assert said(client.patch(address, {"email": "thief@example.test"})) == BEYOND
    for answer in (
        client.post(f"{address}passwordReset/"), client.post(f"{address}mustChangePassword/"),
        client.post(f"{address}unlock/"), client.delete(f"{address}sessions/"),
        client.delete(f"{address}secondFactor/"),
    ):  # fmt: skip
        assert said(answer) == BEYOND
    owner.refresh_from_db()
    assert owner.email == "owner@example.test"
    assert not PasswordState.objects.filter(user=owner, reset_digest__isnull=False).exists()


def test_token__of_wider_scopes__is_not_rotated_by_a_narrow_one(owner: User) -> None:
    wide = create_token(user_id=owner.public_id, name="wide", now=clock.now())
    same = create_token(user_id=owner.public_id, name="same", now=clock.now(), scopes=["access.manage_tokens"])
    client = narrow(owner, "access.manage_tokens")
    assert said(client.post(f"{V1}apiTokens/{wide.id}/rotate/")) == BEYOND
    assert ApiToken.objects.get(public_id=wide.id).replaced_by is None
    assert said(client.post(f"{V1}apiTokens/{same.id}/rotate/"))[0] == 201


def test_partner_key__asked_for_with_a_narrow_token__reaches_no_further(owner: User) -> None:
    client = narrow(owner, "access.manage_partner_keys", "events.receive")
    for scopes in (["points.earn"], ["events.receive", "points.*"]):
        body = {"partner_ref": "P-ONE", "name": "till", "scopes": scopes}
        assert said(client.post(f"{V1}partnerApiKeys/", body)) == BEYOND
    made = client.post(f"{V1}partnerApiKeys/", {"partner_ref": "P-ONE", "name": "till", "scopes": ["events.receive"]})
    assert made.status_code == 201
    wide = (
        narrow(owner)
        .post(f"{V1}partnerApiKeys/", {"partner_ref": "P-ONE", "name": "all", "scopes": ["points.*"]})
        .json()
    )
    assert said(client.post(f"{V1}partnerApiKeys/{wide['id']}/rotate/")) == BEYOND


def test_token__good_from_some_networks__gives_none_that_is_good_from_others(owner: User) -> None:
    client = narrow(owner, "access.*", networks=("127.0.0.0/8", "2001:db8::/32"))
    body = {"name": "x", "scopes": ["access.view"]}
    for networks in ([], ["0.0.0.0/0"], ["127.0.0.1", "198.51.100.0/24"], ["2001:db9::1"]):
        assert said(client.post(f"{V1}apiTokens/", {**body, "networks": networks})) == BEYOND, networks
    assert said(client.post(f"{V1}apiTokens/", {**body, "networks": ["127.0.0.1", "2001:db8:1::/48"]}))[0] == 201
    anywhere = create_token(user_id=owner.public_id, name="a", now=clock.now(), scopes=["access.view"])
    assert said(client.post(f"{V1}apiTokens/{anywhere.id}/rotate/")) == BEYOND


def test_own_sign_in__of_a_person__is_out_of_reach_of_programs(owner: User) -> None:
    SecondFactor.objects.create(user=owner, sealed=b"x", began_at=clock.now(), confirmed_at=clock.now(), last_step=0)
    for client in (narrow(owner, "points.view"), narrow(owner)):
        for answer in (
            client.delete(f"{AUTH}/session/secondFactor/"), client.post(f"{AUTH}/session/secondFactor/enrol/"),
            client.post(f"{AUTH}/session/secondFactor/confirm/", {"code": "000000"}),
            client.post(f"{AUTH}/session/secondFactor/recoveryCodes/"), client.post(f"{AUTH}/sessions/endOthers/"),
            client.post(f"{AUTH}/session/password/", {"old_password": "x", "new_password": "y"}),
            client.delete(f"{AUTH}/sessions/{owner.public_id}/"),
        ):  # fmt: skip
            assert said(answer) == (403, "sign_in.needed")
        assert client.get(f"{AUTH}/me/").status_code == 200
    assert SecondFactor.objects.filter(user=owner).exists() and not RecoveryCode.objects.filter(user=owner).exists()


def test_own_sign_in__asked_for_with_the_token_of_that_sign_in__is_within_reach(owner: User) -> None:
    entered = Browser().post(f"{AUTH}/login/", {"username": "owner", "password": "correct horse battery"})
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {entered.json()['token']}")
    assert client.post(f"{AUTH}/session/secondFactor/enrol/").status_code == 200
    assert client.post(f"{AUTH}/sessions/endOthers/").status_code == 200
    (open_one,) = list_open_sessions(owner, clock.now())
    assert client.delete(f"{AUTH}/sessions/{open_one.public_id}/").status_code == 204


def held(pattern: str, limit: int | None = None) -> HeldPattern:
    """Give a pattern that counts everywhere."""
    return HeldPattern.of(pattern, "all", limit, ())


@pytest.mark.parametrize(
    ("patterns", "scopes", "left"),
    [
        (["*"], ["points.view"], {"points.view"}),
        (["*"], ["access.*", "points.view"], {"access.*", "points.view"}),
        (["points.*"], ["*"], {"points.*"}),
        (["points.view"], ["points.*"], {"points.view"}),
        (["points.*"], ["access.*"], set()),
        (["*.view"], ["tiers.*"], {"tiers.view"}),
    ],
)
def test_patterns__within_scopes__are_the_narrower_of_both(
    patterns: list[str], scopes: list[str], left: set[str]
) -> None:
    assert {one.pattern for one in narrowed([held(one) for one in patterns], scopes)} == left
    assert {one.part.points_max for one in narrowed([held(one, 5) for one in patterns], scopes)} <= {5}


@pytest.mark.parametrize(
    ("asked", "networks", "is_within"),
    [
        (["192.0.2.0/25"], ["192.0.2.0/24"], True), (["192.0.2.0/23"], ["192.0.2.0/24"], False),
        ([], ["192.0.2.0/24"], False), (["2001:db8::1"], ["192.0.2.0/24"], False),
        (["192.0.2.1", "2001:db8::1"], ["2001:db8::/32", "192.0.2.1"], True),
    ],
)  # fmt: skip
def test_networks__within_others__are_all_of_them(asked: list[str], networks: list[str], is_within: bool) -> None:
    assert are_within_networks(asked, networks) is is_within
