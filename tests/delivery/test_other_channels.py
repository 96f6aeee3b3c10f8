"""WhatsApp and the webhook channel, against real HTTP peers: once each, and every way of failing told apart."""

import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings
from standardwebhooks import Webhook

from loyalty.delivery import api
from loyalty.delivery.kinds import http
from loyalty.delivery.models import InboundMessage, Send
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.errors import ValuesInvalid
from loyalty.foundation.kernel.actor import system_actor
from tests.delivery.peers import DROP, GARBAGE, SILENT, Answer, Asked, Peer, http_peer, told
from tests.delivery.post import EVERYONE, SOURCE, make_customers, states
from tests.delivery.smsc import make_subscribers

pytestmark = pytest.mark.django_db
ACTOR = system_actor("tests")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TEMPLATE = {"meta_template": "offer_1", "language": "ar", "parameters": "{{ first_name }}\n10 %"}
NOTICE = {"title": "Hello {{ first_name }}", "body": "An offer", "url": "https://shop.test/"}


def meta(asked: Asked) -> Answer:
    """Answer as Meta does."""
    return told(200, {"messages": [{"id": f"wamid.{asked.json()['to']}"}]} if asked.method == "POST" else {})


@pytest.fixture
def whatsapp(now: datetime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """Meta's API."""
    monkeypatch.setattr(http, "TOTAL_SECONDS", 1.0)
    with http_peer(meta) as peer:
        values = {
            "base_url": peer.url,
            "phone_number_id": "12345678",
            "access_token": "access-token",
            "app_secret": "app-secret",
            "verify_token": "verify-word",
        }
        configuration.save(code="whatsapp", values=values, actor=ACTOR, now=now)
        yield peer


@pytest.fixture
def system(now: datetime, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """A system of the operator's."""
    monkeypatch.setattr(http, "TOTAL_SECONDS", 1.0)
    settings.PUBLIC_URL = "https://loyalty.test"
    with http_peer(lambda asked: told(204, "")) as peer:
        values = {"url": f"{peer.url}/messages?of=loyalty", "secret": SECRET}
        configuration.save(code="webhook-channel", values=values, actor=ACTOR, now=now)
        yield peer


def queue(now: datetime, channel: str, content: dict[str, str]) -> None:
    """Queue a message for everyone."""
    request = api.MessageRequest("o-1", channel, "service", content, (), "tests", SOURCE)
    message = api.open_message(request=request, now=now)
    api.enqueue_chunk(message_id=message.id, audience=EVERYONE, now=now)


def fails(now: datetime, channel: str, peer: Peer, answer: Answer | str) -> tuple[str, str, int]:
    """Send against a fault, and again later; give state and reason after the first try, and how often it was asked."""
    peer.then(answer)
    api.send_due(channel=channel, now=now)
    row = Send.objects.get()
    first = (row.state, row.reason)
    api.send_due(channel=channel, now=now + timedelta(minutes=1))
    return *first, len(peer.asked)


def test_whatsapp__template__reaches_the_telephone_once_with_its_parameters(whatsapp: Peer, now: datetime) -> None:
    make_subscribers(["+9613000001", "+9613000002"], now)
    queue(now, "whatsapp", TEMPLATE)
    assert (api.send_due(channel="whatsapp", now=now).sent, states()) == (2, {"SENT": 2})
    bodies = sorted((asked.json() for asked in whatsapp.asked), key=lambda body: str(body["to"]))
    assert [body["to"] for body in bodies] == ["9613000001", "9613000002"]
    assert bodies[0]["template"] == {
        "name": "offer_1",
        "language": {"code": "ar"},
        "components": [
            {"type": "body", "parameters": [{"type": "text", "text": "Name0"}, {"type": "text", "text": "10 %"}]}
        ],
    }
    assert {asked.path for asked in whatsapp.asked} == {"/v23.0/12345678/messages"}
    assert {asked.headers["authorization"] for asked in whatsapp.asked} == {"Bearer access-token"}


def code(status: int, number: int) -> Answer:
    """Give a refusal of Meta's."""
    return told(status, {"error": {"code": number, "message": "m"}})


@pytest.mark.parametrize(
    ("answer", "state", "reason", "asked"),
    [
        (code(400, 131026), "BOUNCED", "whatsapp.number_refused", 1),
        (code(400, 131047), "FAILED", "whatsapp.refused", 1),
        (code(404, 132001), "FAILED", "whatsapp.refused", 1),
        (code(429, 130429), "QUEUED", "", 2),
        (code(401, 190), "QUEUED", "", 2),
        (code(500, 131000), "UNKNOWN", "whatsapp.outcome_unknown", 1),
        (Answer(200, b"<html>"), "UNKNOWN", "whatsapp.outcome_unknown", 1),
        (DROP, "UNKNOWN", "whatsapp.outcome_unknown", 1),
        (SILENT, "UNKNOWN", "whatsapp.outcome_unknown", 1),
        (GARBAGE, "UNKNOWN", "whatsapp.outcome_unknown", 1),
    ],
)
def test_whatsapp__fails__permanent_passing_and_unknown_are_told_apart(
    whatsapp: Peer, now: datetime, answer: Answer | str, state: str, reason: str, asked: int
) -> None:
    make_subscribers(["+9613000001"], now)
    queue(now, "whatsapp", {"body": "Hello"})
    assert fails(now, "whatsapp", whatsapp, answer) == (state, reason, asked)


def meta_call(body: dict[str, Any], secret: str = "app-secret") -> int:
    """Post as Meta does."""
    content = json.dumps(body).encode()
    signature = "sha256=" + hmac.digest(secret.encode(), content, "sha256").hex()
    headers = {"X-Hub-Signature-256": signature}
    return Client().post("/hooks/whatsapp/cloud", content, content_type="application/json", headers=headers).status_code


def change(**value: Any) -> dict[str, Any]:
    """Give one change as Meta wraps it."""
    return {"entry": [{"changes": [{"value": {"metadata": {"display_phone_number": "9615555"}, **value}}]}]}


def test_whatsapp__reports__count_when_signed(whatsapp: Peer, now: datetime) -> None:
    make_subscribers(["+9613000001"], now)
    queue(now, "whatsapp", TEMPLATE)
    api.send_due(channel="whatsapp", now=now)
    delivered = change(statuses=[{"id": "wamid.9613000001", "status": "delivered", "timestamp": "1763640000"}])
    assert meta_call(delivered, "other-secret") == 403
    assert (meta_call(delivered), meta_call(delivered)) == (200, 200)
    api.apply_receipts(now=now)
    assert states() == {"DELIVERED": 1}
    assert meta_call(change(messages=[{"id": "wamid.in", "from": "9613000001", "text": {"body": "Thanks"}}])) == 200
    assert InboundMessage.objects.get().channel == "whatsapp"
    for odd in ({}, {"entry": 1}, {"entry": [{"changes": [1, {"value": {"statuses": [{"id": 1}, 2]}}]}]}):
        assert meta_call(odd) == 200
    place = "/hooks/whatsapp/cloud?hub.mode=subscribe&hub.challenge=4711&hub.verify_token="
    assert Client().get(place + "verify-word").content == b"4711"
    assert Client().get(place + "other").status_code == 403


def test_whatsapp__tried_from_the_configuration__tells_what_is_wrong(whatsapp: Peer) -> None:
    assert configuration.test("whatsapp").report.outcome == "ok"
    whatsapp.then(code(401, 190))
    assert configuration.test("whatsapp").report.outcome == "credentials_refused"


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"body": ""},
        {"body": "b", "title": "t"},
        {"meta_template": "Offer", "language": "en"},
        {"meta_template": "offer", "language": "english"},
        {"meta_template": "offer", "language": "en", "parameters": "a\n\nb"},
        {"meta_template": "offer", "language": "en", "parameters": "{{ nobody }}"},
    ],
)
def test_whatsapp__bad_content__is_refused(whatsapp: Peer, content: dict[str, str]) -> None:
    with pytest.raises((api.ContentInvalid, api.TemplateInvalid)):
        api.check_content(channel="whatsapp", content=content, variables=())


def test_webhook__message__is_signed_and_named_by_its_send(system: Peer, now: datetime) -> None:
    (customer,) = make_customers(["Ada"], now)
    queue(now, "webhook", NOTICE)
    assert (api.send_due(channel="webhook", now=now).sent, states()) == (1, {"DELIVERED": 1})
    (asked,) = system.asked
    # The reference library checks signature and instant.
    body = Webhook(SECRET).verify(asked.body, dict(asked.headers))
    row = Send.objects.get()
    assert (asked.path, asked.headers["webhook-id"]) == ("/messages?of=loyalty", str(row.public_id))
    assert (body["customer_id"], body["title"], body["body"]) == (str(customer), "Hello Ada", "An offer")
    assert body["url"].startswith("https://loyalty.test/t/c/")


@pytest.mark.parametrize(
    ("answer", "state", "reason", "asked"),
    [
        (Answer(400, b""), "FAILED", "webhook.refused", 1),
        (Answer(401, b""), "QUEUED", "", 2),
        (Answer(429, b""), "QUEUED", "", 2),
        (Answer(500, b""), "QUEUED", "", 2),
        (DROP, "QUEUED", "", 2),
        (SILENT, "QUEUED", "", 2),
        (GARBAGE, "QUEUED", "", 2),
    ],
)
def test_webhook__fails__what_nobody_knows_is_posted_again_under_the_same_id(
    system: Peer, now: datetime, answer: Answer | str, state: str, reason: str, asked: int
) -> None:
    make_customers(["Ada"], now)
    queue(now, "webhook", NOTICE)
    assert fails(now, "webhook", system, answer) == (state, reason, asked)
    assert len({one.headers["webhook-id"] for one in system.asked}) == 1


@pytest.mark.parametrize(
    "values", [{"url": "ftp://x.test/"}, {"secret": "short"}, {"secret": "whsec_AAAA"}, {"url": "http://a:b@x.test"}]
)
def test_webhook__bad_values__are_refused(now: datetime, values: dict[str, str]) -> None:
    with pytest.raises(ValuesInvalid):
        configuration.save(code="webhook-channel", values=values, actor=ACTOR, now=now)
