"""Reports in which one word makes no sense: refused or passed over, never a fault, and nothing beside it is lost."""

import base64
import copy
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from loyalty.delivery.models import InboundMessage, ProviderReceipt
from loyalty.foundation.kernel import clock
from tests.delivery.peers import Peer
from tests.delivery.test_hooks import (
    TOPIC,
    amazon,
    events,
    notification,
    post_note,
    post_to,
    sendgrid_headers,
    sendgrid_key,
    set_up,
    twilio_call,
)
from tests.delivery.test_other_channels import change, meta_call

pytestmark = pytest.mark.django_db
__all__ = ["amazon"]

# No text of a database, no instant, no text at all, and nothing that can be a key.
ODD: tuple[Any, ...] = ("x\x00\ud800", 10**30, [], {"a": 1})


def sendgrid(now: datetime) -> tuple[Callable[[Any], int], Any]:
    """Set SendGrid up; give how it is called, and a report."""
    set_up("email", now, provider="sendgrid", api_key="k", webhook_key=sendgrid_key())

    def call(body: Any) -> int:
        content = json.dumps(body).encode()
        return post_to("email/sendgrid", content, **sendgrid_headers(content))

    return call, json.loads(events(("bounce", {"reason": "550", "type": "bounce", "sg_event_id": "e-1"})))


def mailgun(now: datetime) -> tuple[Callable[[Any], int], Any]:
    """Set Mailgun up."""
    set_up("email", now, provider="mailgun", api_key="k", domain="mg.test", webhook_key="mg-key")
    at = str(int(now.timestamp()))
    signature = hmac.new(b"mg-key", f"{at}token".encode(), "sha256").hexdigest()
    event = {
        "event": "failed",
        "severity": "permanent",
        "timestamp": 1.5,
        "reason": "bounce",
        "recipient": "c0@mail.test",
        "message": {"headers": {"message-id": "ref-1@mg.test"}},
        "delivery-status": {"code": 550, "message": "no such user"},
    }
    told = {"signature": {"timestamp": at, "token": "token", "signature": signature}, "event-data": event}
    return lambda body: post_to("email/mailgun", json.dumps(body).encode()), told


def postmark(now: datetime) -> tuple[Callable[[Any], int], Any]:
    """Set Postmark up."""
    set_up("email", now, provider="postmark", api_key="k", webhook_key="user:word")
    ours = {"Authorization": "Basic " + base64.b64encode(b"user:word").decode()}
    told = {
        "RecordType": "Bounce",
        "ID": 1,
        "Type": "HardBounce",
        "MessageID": "ref-1",
        "Email": "c0@mail.test",
        "BouncedAt": "2026-11-20T12:00:00Z",
        "Details": "no such user",
    }
    return lambda body: post_to("email/postmark", json.dumps(body).encode(), **ours), told


def meta(now: datetime) -> tuple[Callable[[Any], int], Any]:
    """Set WhatsApp up."""
    set_up("whatsapp", now, phone_number_id="12345678", access_token="t", app_secret="app-secret", verify_token="word")
    status = {"id": "wamid.1", "status": "failed", "timestamp": "1763640000", "errors": [{"code": 131026}]}
    message = {"id": "wamid.in", "from": "9613000001", "type": "text", "text": {"body": "Thanks"}}
    return meta_call, change(statuses=[status], messages=[message])


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give every place of a report."""
    yield place
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from places(part, (*place, name))


def with_odd(value: Any, place: tuple[Any, ...], odd: Any) -> Any:
    """Give a report with something odd in one place."""
    if not place:
        return odd
    changed = copy.deepcopy(value)
    at = changed
    for name in place[:-1]:
        at = at[name]
    at[place[-1]] = odd
    return changed


@pytest.mark.parametrize("service", [sendgrid, mailgun, postmark, meta])
def test_report__with_an_odd_word_anywhere__is_no_fault(
    settings: Settings, service: Callable[[datetime], tuple[Callable[[Any], int], Any]]
) -> None:
    call, told = service(clock.now())
    assert call(told) == 200
    assert ProviderReceipt.objects.count() == 1
    for place in places(told):
        for odd in ODD:
            assert call(with_odd(told, place, odd)) in (200, 403), (place, odd)


def test_notification__with_an_odd_word_anywhere__is_no_fault(now: datetime, amazon: Peer) -> None:
    set_up("email", now, provider="ses", region="eu-west-1", access_key_id="AKIA", api_key="k", topic_arn=TOPIC)
    note = notification(amazon)
    event = {"eventType": "Bounce", "mail": {"messageId": "r"}, "bounce": {"bounceType": "Permanent", "timestamp": "x"}}
    assert post_note(notification(amazon, Message=json.dumps(event))) == 200
    for odd in ODD:
        for place in places(note):
            assert post_note(with_odd(note, place, odd)) == 403, (place, odd)
        for place in places(event):
            said = json.dumps(with_odd(event, place, odd))
            assert post_note(notification(amazon, Message=said)) == 200, (place, odd)
    assert post_to("email/ses", b"[" * 100_000, "text/plain") == 403


def test_batch__with_an_event_that_makes_no_sense__keeps_the_others(now: datetime) -> None:
    call, told = sendgrid(now)
    assert call([*told, {**told[0], "timestamp": "soon"}, {**told[0], "anymail_id": "ref-2"}]) == 200
    assert set(ProviderReceipt.objects.values_list("reference", flat=True)) == {"ref-1", "ref-2"}


@pytest.mark.parametrize("field", ["MessageSid", "From", "To", "Body"])
def test_twilio__odd_words__are_kept_as_they_can_be(now: datetime, settings: Settings, field: str) -> None:
    settings.PUBLIC_URL = "https://loyalty.test"
    set_up("sms", now, provider="twilio", account="AC1", api_key="twilio-key", sender="+9615555")
    stop = {"MessageSid": "SM9", "SmsStatus": "received", "From": "+9613000001", "To": "+9615555", "Body": "Hello"}
    assert twilio_call({**stop, field: "a\x00" + "b" * 300}) == 200
    assert InboundMessage.objects.count() == 1


@pytest.mark.parametrize(
    "said",
    [
        {"type": "button", "button": {"text": "Stop", "payload": "x"}},
        {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "1", "title": "STOP"}}},
        {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "1", "title": "إيقاف"}}},
    ],
)
def test_whatsapp__a_touch_on_a_button__is_what_the_customer_says(now: datetime, said: dict[str, Any]) -> None:
    call, _ = meta(now)
    assert call(change(messages=[{"id": "wamid.in", "from": "9613000001", **said}])) == 200
    assert InboundMessage.objects.get().keyword == "STOP"
