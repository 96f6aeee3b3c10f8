"""Tokens over HTTP: services, partners, networks, rotation with an overlap, and rights taken away under load."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from loyalty.foundation.access.api import create_token, create_user
from loyalty.foundation.access.models import ApiToken, User, UserRole
from loyalty.foundation.access.policy import is_within_networks
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel import clock
from tests.conftest import ClientWith

V1 = "/api/loyalty/v1/"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def by(secret: str, **headers: Any) -> APIClient:
    """Give a client that uses a secret."""
    client = APIClient(**headers)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


@pytest.mark.django_db
def test_service__with_its_own_token__has_no_password_and_may_what_its_role_says(admin_client: APIClient) -> None:
    body = {"username": "till-7", "kind": "service", "roles": ["analyst"]}
    service = admin_client.post(f"{V1}users/", body).json()
    assert (service["kind"], service["roles"]) == ("service", ["analyst"])
    assert not User.objects.get(username="till-7").has_usable_password()
    made = admin_client.post(f"{V1}apiTokens/", {"name": "t", "user": service["id"], "scopes": ["points.view"],
                                                 "expires_in_days": 30}).json()  # fmt: skip
    client = by(made["secret"])
    assert client.get(f"{V1}loyaltyAccounts/").status_code == 200
    assert client.get(f"{V1}customers/").status_code == 403, "the token's scopes narrow the role"
    assert admin_client.get(f"{V1}apiTokens/{made['id']}/").json()["last_used_at"] is not None
    assert made["secret"] not in str(list(AuditEntry.objects.values())) + str(list(ApiToken.objects.values()))


@pytest.mark.django_db
def test_rotation__both_are_good_until_the_overlap_ends(admin_client: APIClient, client_with: ClientWith) -> None:
    with clock.use(clock.FixedClock(NOW)):
        user = create_user(username="svc", password="correct horse battery", email="", roles=["admin"])
        secret = create_token(user_id=user.id, name="old", now=NOW, scopes=["access.manage_tokens"],
                              lifetime=timedelta(days=30), networks=["127.0.0.0/8"]).secret  # fmt: skip
        old = ApiToken.objects.get(user__username="svc")
        answer = by(secret).post(f"{V1}apiTokens/{old.public_id}/rotate/", {"overlap_hours": 2})
        assert answer.status_code == 201, answer.json()
        new = answer.json()
        assert (new["scopes"], new["networks"]) == (["access.manage_tokens"], ["127.0.0.0/8"])
        again = by(secret).post(f"{V1}apiTokens/{old.public_id}/rotate/")
        assert (again.status_code, again.json()["code"]) == (409, "token.already_rotated")
    for hours, statuses in [(1, (200, 200)), (3, (401, 200))]:
        with clock.use(clock.FixedClock(NOW + timedelta(hours=hours))):
            told = [by(one).get(f"{V1}apiTokens/").status_code for one in (secret, new["secret"])]
        assert tuple(told) == statuses, hours


@pytest.mark.django_db
def test_token__asks_for_another__that_reaches_no_further(client_with: ClientWith) -> None:
    user = create_user(username="svc", password="correct horse battery", email="", roles=["admin"])
    narrow = by(create_token(user_id=user.id, name="n", now=clock.now(), scopes=["access.*"]).secret)
    for scopes in ([], ["*"], ["points.view"]):
        answer = narrow.post(f"{V1}apiTokens/", {"name": "wide", "scopes": scopes})
        assert (answer.status_code, answer.json()["code"]) == (403, "grant.beyond_own"), scopes
    assert narrow.post(f"{V1}apiTokens/", {"name": "same", "scopes": ["access.view"]}).status_code == 201


@pytest.mark.django_db
def test_partner_key__from_its_networks_alone__for_its_partner_alone(admin_client: APIClient) -> None:
    body = {"partner_ref": "P-ONE", "name": "till", "scopes": ["events.receive", "points.*"],
            "networks": ["192.0.2.0/24", "2001:db8::/32"]}  # fmt: skip
    made = admin_client.post(f"{V1}partnerApiKeys/", body)
    assert (made.status_code, made.json()["partner_ref"]) == (201, "P-ONE")
    secret, address = made.json()["secret"], f"{V1}webhooks/customer-events/"
    event = {"event_id": "e", "event_type": "customer.visit", "customer_ref": "nobody", "occurred_at": NOW.isoformat()}

    def sent(partner: str, remote: str) -> tuple[int, str]:
        events = [{**event, "event_data": {"partner_ref": partner}}]
        answer = by(secret, REMOTE_ADDR=remote).post(address, {"events": events})
        return answer.status_code, str(answer.json().get("code", ""))

    assert sent("P-ONE", "192.0.2.7") == (202, "")
    assert sent("P-ONE", "2001:db8::1") == (202, "")
    assert sent("P-TWO", "192.0.2.7") == (404, "not_found")
    assert sent("P-ONE", "198.51.100.7") == (401, "token.invalid")
    forged = by(secret, REMOTE_ADDR="198.51.100.7", HTTP_X_FORWARDED_FOR="192.0.2.7")
    assert forged.post(address, {"events": []}).status_code == 401
    assert by(secret, REMOTE_ADDR="192.0.2.7").get(f"{V1}customers/").status_code == 403
    assert admin_client.post(f"{V1}partnerApiKeys/", {**body, "networks": ["10.0.0.1/8"]}).json()["code"] == (
        "network.invalid"
    )
    assert admin_client.delete(f"{V1}partnerApiKeys/{made.json()['id']}/").status_code == 204
    assert sent("P-ONE", "192.0.2.7") == (401, "token.invalid")


@pytest.mark.parametrize(
    ("address", "networks", "is_within"),
    [
        ("192.0.2.1", [], True), ("192.0.2.1", ["192.0.2.1/32"], True), ("192.0.2.2", ["192.0.2.1/32"], False),
        ("", ["0.0.0.0/0"], False), ("::1", ["0.0.0.0/0"], False), ("2001:db8::9", ["2001:db8::/32"], True),
        ("nonsense", ["0.0.0.0/0", "::/0"], False),
    ],
)  # fmt: skip
def test_networks__hold_addresses(address: str, networks: list[str], is_within: bool) -> None:
    assert is_within_networks(address, networks) is is_within


@pytest.mark.django_db(transaction=True)
def test_rights__taken_away_under_load__no_request_that_begins_later_passes() -> None:
    view = create_user(username="busy", password="correct horse battery", email="", roles=["analyst"])
    secret = create_token(user_id=view.id, name="busy", now=clock.now()).secret
    taken = threading.Event()
    seen: list[tuple[bool, int]] = []
    begun = threading.Barrier(5, timeout=60)

    def asking() -> None:
        client = by(secret)
        try:
            begun.wait()
            for _ in range(40):
                was_taken = taken.is_set()
                seen.append((was_taken, client.get(f"{V1}runs/").status_code))
        finally:
            connection.close()

    threads = [threading.Thread(target=asking) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun.wait()
    UserRole.objects.filter(user__username="busy").delete()
    taken.set()
    for thread in threads:
        thread.join(timeout=120)
    told: Counter[Any] = Counter(seen)
    assert {status for was_taken, status in told if was_taken} == {403}, told
    assert {status for _, status in told} <= {200, 403} and len(seen) == 160
