"""The routes of the contact policy and of suppressions."""

import pytest
from rest_framework.test import APIClient

from loyalty.customers.models import Customer
from loyalty.delivery.models import Suppression
from tests.conftest import ClientWith

pytestmark = pytest.mark.django_db

POLICY = {
    "caps": [{"sends_max": 3, "hours": 168, "channel": "sms"}],
    "quiet_hours": [{"starts": "21:00", "ends": "09:00"}],
    "holdout_percent": 5,
    "time_zone": "Asia/Beirut",
}


def test_policy__put__is_read_back_with_its_etag_and_guards_against_older_edits(admin_client: APIClient) -> None:
    first = admin_client.get("/api/loyalty/v1/contactPolicy/")
    assert (first.status_code, first["ETag"]) == (200, '"1"')
    saved = admin_client.put("/api/loyalty/v1/contactPolicy/", POLICY, format="json", headers={"If-Match": '"1"'})
    assert saved.status_code == 200
    assert saved.json()["caps"] == [{"sends_max": 3, "hours": 168, "channel": "sms", "purpose": "marketing"}]
    assert saved.json()["quiet_hours"][0] == {"starts": "21:00", "ends": "09:00", "channel": "", "purpose": "marketing"}
    assert admin_client.get("/api/loyalty/v1/contactPolicy/").json() == saved.json()
    late = admin_client.put("/api/loyalty/v1/contactPolicy/", POLICY, format="json", headers={"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"]) == (412, "edit.conflict")


@pytest.mark.parametrize(
    "changes",
    [
        {"caps": [{"sends_max": 0, "hours": 1}]},
        {"time_zone": "Nowhere"},
        {"quiet_hours": [{"starts": "25:00", "ends": "9"}]},
    ],
)
def test_policy__wrong__is_refused_and_the_old_one_stays(admin_client: APIClient, changes: dict[str, object]) -> None:
    answer = admin_client.put("/api/loyalty/v1/contactPolicy/", {**POLICY, **changes}, format="json")
    assert answer.status_code == 400
    assert admin_client.get("/api/loyalty/v1/contactPolicy/").json()["caps"] == []


def test_suppression__made_listed_and_lifted(admin_client: APIClient) -> None:
    made = admin_client.post(
        "/api/loyalty/v1/suppressions/", {"channel": "sms", "address": "+9613000001", "reason": "legal"}, format="json"
    )
    assert (made.status_code, made.json()["address"]) == (201, "+9613000001")
    listed = admin_client.get("/api/loyalty/v1/suppressions/?reason=legal").json()
    assert [row["id"] for row in listed["results"]] == [made.json()["id"]]
    assert admin_client.delete(f"/api/loyalty/v1/suppressions/{made.json()['id']}/").status_code == 204
    assert not Suppression.objects.exists()
    assert admin_client.delete(f"/api/loyalty/v1/suppressions/{made.json()['id']}/").status_code == 404


def test_suppression__said_to_be_bounced__is_refused(admin_client: APIClient) -> None:
    wanted = {"channel": "sms", "address": "+9613000001", "reason": "bounced"}
    assert admin_client.post("/api/loyalty/v1/suppressions/", wanted, format="json").status_code == 400


@pytest.mark.parametrize(
    ("channel", "known", "typed"),
    [
        ("email", "Ada.Lovelace@Mail.test", " ada.lovelace@mail.test "),
        ("sms", "+9613000001", "+961 3 000-001"),
        ("sms", "9613000001", "+9613000001"),
        ("sms", "+9613000001", "00961 (3) 000 001"),
        ("whatsapp", "+9613000001", "9613000001"),
    ],
)
def test_suppression__typed_otherwise_than_the_customer_has_it__holds(
    admin_client: APIClient, channel: str, known: str, typed: str
) -> None:
    customer = Customer.objects.create(customer_ref="c-1", status="ACTIVE", source="test")
    customer.contact_points.create(channel="email" if channel == "email" else "sms", address=known)
    wanted = {"channel": channel, "address": typed, "reason": "legal"}
    assert admin_client.post("/api/loyalty/v1/suppressions/", wanted, format="json").status_code == 201
    assert list(Suppression.objects.values_list("channel", "address")) == [(channel, known)]


def test_suppression__of_nobody_known__is_kept_without_what_stands_between_the_digits(admin_client: APIClient) -> None:
    wanted = {"channel": "sms", "address": "+961 3 000-002", "reason": "manual"}
    made = admin_client.post("/api/loyalty/v1/suppressions/", wanted, format="json")
    assert (made.status_code, made.json()["address"]) == (201, "+9613000002")


@pytest.mark.parametrize(
    ("channel", "typed"), [("email", "nowhere"), ("sms", "nowhere"), ("push", "nobody"), ("email", "+9613000001")]
)
def test_suppression__of_no_address_of_the_channel__is_refused(
    admin_client: APIClient, channel: str, typed: str
) -> None:
    wanted = {"channel": channel, "address": typed, "reason": "manual"}
    answer = admin_client.post("/api/loyalty/v1/suppressions/", wanted, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "address")
    assert not Suppression.objects.exists()


def test_suppressions__searched__by_whoever_may_see_an_address(
    admin_client: APIClient, client_with: ClientWith
) -> None:
    for address in ("ada@mail.test", "bob@mail.test"):
        Suppression.objects.create(channel="email", address=address, reason="manual")
    found = admin_client.get("/api/loyalty/v1/suppressions/?search=ADA@").json()["results"]
    assert [row["address"] for row in found] == ["ada@mail.test"]
    blind = client_with("delivery.view")
    assert blind.get("/api/loyalty/v1/suppressions/").json()["count"] == 2
    assert blind.get("/api/loyalty/v1/suppressions/?search=ada@").json()["count"] == 0
