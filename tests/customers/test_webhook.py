"""Events from outside."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.customers import api
from loyalty.customers.models import CustomerEvent, EventSource
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import new_public_id, public_id_of_ref
from tests.conftest import ClientWith
from tests.customers.conftest import Load, record

ADDRESS = "/api/loyalty/v1/webhooks/customer-events/"
ONE = public_id_of_ref("XV-00001")


def event(event_id: str = "e-1", **changes: Any) -> dict[str, Any]:
    """Describe a purchase of now."""
    values = {
        "event_id": event_id,
        "event_type": "customer.purchase",
        "customer_ref": "XV-00001",
        "occurred_at": datetime.now(UTC).isoformat(),
        "event_data": {"amount": "19.90", "currency": "EUR", "product_id": "p-1"},
    }
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


def send(client: APIClient, *events: Any) -> dict[str, Any]:
    """Send a batch that is taken in."""
    answer = client.post(ADDRESS, {"events": list(events)})
    assert answer.status_code == 202, answer.json()
    body: dict[str, Any] = answer.json()
    return body


def test_events__by_token__stored_and_published_once(client_with: ClientWith, load: Load) -> None:
    load(record(1))
    client = client_with("events.receive")
    assert send(client, event()) == {"accepted": 1, "duplicates": 0, "rejected": []}
    assert send(client_with("events.receive"), event(), event("e-2"), event("e-2")) == {
        "accepted": 1,
        "duplicates": 2,
        "rejected": [],
    }
    facts = PublishedEvent.objects.filter(type="customer.purchase").order_by("recorded_at")
    assert [fact.data["event_id"] for fact in facts] == ["e-1", "e-2"]
    assert {fact.key for fact in facts} == {str(ONE)}
    assert str(facts[0].data["amount"]) == "19.90", "a number, as the schema of its type says, digit for digit"
    assert CustomerEvent.objects.count() == 2


def test_events__fraction_as_number__kept_digit_for_digit(client_with: ClientWith, load: Load) -> None:
    load(record(1))
    raw = json.dumps({"events": [event()]}).replace('"19.90"', "19.90")
    answer = client_with("events.receive").post(ADDRESS, raw, content_type="application/json")
    assert answer.json()["accepted"] == 1
    assert str(PublishedEvent.objects.get(type="customer.purchase").data["amount"]) == "19.90"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"customer_ref": "nobody"}, "customer.not_found"),
        ({"customer_ref": None, "customer_id": str(new_public_id())}, "customer.not_found"),
        ({"customer_ref": None}, "event.customer_missing"),
        ({"customer_id": str(ONE)}, "event.customer_missing"),
        ({"customer_ref": None, "customer_id": "x"}, "id.invalid"),
        ({"customer_ref": 7}, "id.invalid"),
        ({"event_id": ""}, "event.id_invalid"),
        ({"event_id": 5}, "event.id_invalid"),
        ({"event_id": "x" * 201}, "event.id_invalid"),
        ({"event_type": "points.earned"}, "event.type_invalid"),
        ({"event_type": "customer.created"}, "event.type_reserved"),
        ({"event_type": None}, "event.type_invalid"),
        ({"occurred_at": "yesterday"}, "event.time_invalid"),
        ({"occurred_at": "2026-11-20T10:00:00"}, "event.time_invalid"),
        ({"occurred_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}, "event.in_the_future"),
        ({"occurred_at": "2020-01-01T00:00:00Z"}, "event.too_old"),
        ({"event_data": []}, "event.data_invalid"),
        ({"event_data": {"note": "x" * 9000}}, "event.data_invalid"),
        ({"event_data": {"amount": "lots"}}, "event.amount_invalid"),
        ({"event_data": {"amount": "-1"}}, "event.amount_invalid"),
        ({"event_data": {"amount": True}}, "event.amount_invalid"),
        ({"event_data": {"amount": "1", "currency": "euro"}}, "event.currency_invalid"),
        ({"surprise": 1}, "unknown_field"),
    ],
)
def test_events__one_bad_among_good__rejected_by_index_and_code(
    client_with: ClientWith, load: Load, changes: dict[str, Any], code: str
) -> None:
    load(record(1))
    body = send(client_with("events.receive"), event("good"), event(**{"event_id": "bad", **changes}))
    assert body["accepted"] == 1
    assert [(one["index"], one["code"]) for one in body["rejected"]] == [(1, code)]
    assert CustomerEvent.objects.count() == 1


@pytest.mark.parametrize("raw", [1, None, "x", []])
def test_events__not_an_object__rejected(client_with: ClientWith, load: Load, raw: Any) -> None:
    assert send(client_with("events.receive"), raw)["rejected"][0]["code"] == "event.invalid"


@pytest.mark.parametrize("body", [{}, {"events": []}, {"events": {}}, {"events": [], "more": 1}, [], "x"])
def test_events__bad_envelope__400(client_with: ClientWith, body: object) -> None:
    assert client_with("events.receive").post(ADDRESS, body).status_code == 400


def test_events__1001__refused_whole(client_with: ClientWith, load: Load) -> None:
    load(record(1))
    answer = client_with("events.receive").post(ADDRESS, {"events": [event(f"e-{n}") for n in range(1001)]})
    assert (answer.status_code, answer.json()["code"]) == (400, "events.too_many")
    assert not CustomerEvent.objects.exists()


def test_events__no_token_wrong_permission__401_403(client_with: ClientWith) -> None:
    assert APIClient().post(ADDRESS, {"events": [event()]}).status_code == 401
    assert client_with("customers.view").post(ADDRESS, {"events": [event()]}).status_code == 403


def signed(secret: str, body: bytes, at: datetime, message_id: str = "m-1") -> dict[str, Any]:
    """Give the headers of a signed call."""
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "HTTP_WEBHOOK_SOURCE": "shop",
        "HTTP_WEBHOOK_ID": message_id,
        "HTTP_WEBHOOK_TIMESTAMP": stamp,
        "HTTP_WEBHOOK_SIGNATURE": f"v1,AAAA v1,{base64.b64encode(digest).decode()}",
    }


def test_events__signed__accepted_and_apart_from_the_token_space(
    client_with: ClientWith, load: Load, actor: Actor, now: datetime
) -> None:
    load(record(1))
    secret = api.create_source(code="shop", name="Shop", actor=actor, now=now).secret
    send(client_with("events.receive"), event())
    body = json.dumps({"events": [event()]}).encode()
    headers = signed(secret, body, clock.now())
    answer = APIClient().post(ADDRESS, body, content_type="application/json", **headers)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    again = APIClient().post(ADDRESS, body, content_type="application/json", **headers)
    assert again.json()["duplicates"] == 1


@pytest.mark.parametrize(
    ("case", "code"),
    [("body", "signature.invalid"), ("old", "signature.expired"), ("source", "signature.invalid"),
     ("stamp", "signature.invalid"), ("closed", "signature.invalid")],
)  # fmt: skip
def test_events__signature_wrong__401(load: Load, actor: Actor, now: datetime, case: str, code: str) -> None:
    load(record(1))
    issued = api.create_source(code="shop", name="Shop", actor=actor, now=now)
    body = json.dumps({"events": [event()]}).encode()
    headers = signed(issued.secret, body, clock.now() - timedelta(minutes=10 if case == "old" else 0))
    if case == "body":
        body = body.replace(b"19.90", b"99.90")
    elif case == "source":
        headers["HTTP_WEBHOOK_SOURCE"] = "nobody"
    elif case == "stamp":
        headers["HTTP_WEBHOOK_TIMESTAMP"] = "noon"
    elif case == "closed":
        api.close_source(source=EventSource.objects.get(), actor=actor, now=now)
    answer = APIClient().post(ADDRESS, body, content_type="application/json", **headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
