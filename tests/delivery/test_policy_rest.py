"""The routes of the contact policy and of suppressions."""

from datetime import datetime

import pytest
from rest_framework.test import APIClient

from loyalty.customers.models import Customer
from loyalty.delivery import api
from loyalty.delivery.models import Send, Suppression
from tests.conftest import ClientWith
from tests.delivery.post import CONTENT, EVERYONE, SOURCE, Post, queue_all
from tests.delivery.smsc import Smsc

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


def come(channel: str, address: str) -> None:
    """Let a customer come with an address, as the BSS writes it."""
    customer = Customer.objects.create(public_id=SOURCE, customer_ref="c-1", status="ACTIVE", source="test")
    if address:
        customer.contact_points.create(channel="email" if channel == "email" else "sms", address=address)


def forbid(client: APIClient, channel: str, address: str) -> None:
    """Suppress an address by law."""
    wanted = {"channel": channel, "address": address, "reason": "legal"}
    assert client.post("/api/loyalty/v1/suppressions/", wanted, format="json").status_code == 201


@pytest.mark.parametrize(
    ("channel", "known", "typed"),
    [
        ("email", "Ada.Lovelace@Mail.test", " ada.lovelace@mail.test "),
        ("email", "ada@BÜCHER.test", "ADA@bücher.test"),
        ("sms", "+9613000001", "+961 3 000-001"),
        ("sms", "9613000001", "+9613000001"),
        ("sms", "009613000001", "9613000001"),
        ("sms", "+961 (3) 000 001", "00961 3 000001"),
        ("sms", "+961\u00a03\u2011000\u2011001", "009613000001"),
        ("whatsapp", "+9613000001", "9613000001"),
        ("in_app", "", ""),
    ],
)
@pytest.mark.parametrize("is_known", [True, False])
def test_suppression__written_otherwise_than_the_customer_has_it__holds(
    admin_client: APIClient, channel: str, known: str, typed: str, now: datetime, *, is_known: bool
) -> None:
    if is_known:
        come(channel, known)
    forbid(admin_client, channel, typed or str(SOURCE).upper())
    if not is_known:
        come(channel, known)
    counted = api.count_audience(audience=EVERYONE, channel=channel, purpose="service", now=now)
    assert (counted.excluded["forbidden"], counted.sendable) == (1, 0)


@pytest.mark.parametrize(
    ("channel", "known", "typed", "content"),
    [
        ("email", "Ada@Mail.test", "ada@mail.test", CONTENT),
        ("sms", "961 3 000 001", "+9613000001", {"body": "Hello"}),
    ],
)
def test_suppression__written_otherwise__reaches_what_waits_already(
    admin_client: APIClient, post: Post, smsc: Smsc, now: datetime, channel: str, known: str, typed: str,
    content: dict[str, str],
) -> None:  # fmt: skip
    come(channel, known)
    queue_all(now, channel=channel, content=content, purpose="service")
    forbid(admin_client, channel, typed)
    assert api.send_due(channel=channel, now=now).skipped == 1
    assert Send.objects.get().reason == "forbidden"


def test_suppression__typed_twice_in_two_ways__is_one_with_the_last_reason(admin_client: APIClient) -> None:
    made = [
        admin_client.post("/api/loyalty/v1/suppressions/", {"channel": "sms", **one}, format="json").json()["id"]
        for one in ({"address": "+9613000001"}, {"address": "00961 3 000 001", "reason": "legal"})
    ]
    assert made[0] == made[1]
    assert Suppression.objects.get().reason == "legal"


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
    Suppression.objects.create(channel="sms", address="+9613000001", reason="manual")
    for typed in ("00961 3", "+9613", "9613000001"):
        assert admin_client.get("/api/loyalty/v1/suppressions/", {"search": typed}).json()["count"] == 1
    blind = client_with("delivery.view")
    assert blind.get("/api/loyalty/v1/suppressions/").json()["count"] == 3
    assert blind.get("/api/loyalty/v1/suppressions/?search=ada@").json()["count"] == 0
