"""Text messages by providers' APIs, against real HTTP peers: once each, and every way of failing told apart."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pytest_django.fixtures import Settings

from loyalty.delivery import api
from loyalty.delivery.kinds import http
from loyalty.delivery.models import Send, Suppression
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.kernel.actor import system_actor
from tests.delivery.peers import DROP, GARBAGE, SILENT, Answer, Peer, http_peer, told
from tests.delivery.post import states
from tests.delivery.smsc import Smsc, make_subscribers, queue_text

pytestmark = pytest.mark.django_db
ACTOR = system_actor("tests")
PUBLISHED = b"<PublishResponse><PublishResult><MessageId>sns-1</MessageId></PublishResult></PublishResponse>"
VALUES: dict[str, dict[str, Any]] = {
    "twilio": {"account": "AC1", "sender": "+9615555"},
    "sns": {"account": "AKIA", "region": "eu-west-1"},
}
USUAL = {"twilio": told(201, {"sid": "SM1"}), "sns": Answer(200, PUBLISHED)}


def sns(status: int, code: str, message: str = "") -> Answer:
    """Give a refusal of Amazon's."""
    return Answer(status, f"<ErrorResponse><Error><Code>{code}</Code>{message}</Error></ErrorResponse>".encode())


@pytest.fixture
def service(
    request: pytest.FixtureRequest, now: datetime, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Peer]:
    """One of the providers, running and set up."""
    settings.PUBLIC_URL = "https://loyalty.test"
    monkeypatch.setattr(http, "TOTAL_SECONDS", 1.0)
    with http_peer(lambda asked: USUAL[request.param]) as peer:
        values = {"provider": request.param, "api_url": peer.url, "api_key": "secret-key", **VALUES[request.param]}
        configuration.save(code="sms", values=values, actor=ACTOR, now=now)
        yield peer


BOTH = pytest.mark.parametrize("service", ["twilio", "sns"], indirect=True)


def send(now: datetime) -> api.BatchReport:
    """Send one batch."""
    return api.send_due(channel="sms", now=now)


def forms(peer: Peer) -> list[Mapping[str, str]]:
    """Give the forms that were posted."""
    return [dict(parse_qsl(asked.body.decode())) for asked in peer.asked]


@BOTH
def test_texts__queued__reach_the_provider_once_each(service: Peer, now: datetime) -> None:
    make_subscribers([f"+961300000{number}" for number in range(5)], now)
    queue_text(now, "Hello {{ first_name }}")
    assert (send(now).sent, states()) == (5, {"SENT": 5})
    to = sorted(form.get("To", form.get("PhoneNumber", "")) for form in forms(service))
    assert to == [f"+961300000{number}" for number in range(5)]
    texts = {form.get("Body", form.get("Message", "")) for form in forms(service)}
    assert texts == {f"Hello Name{number}\nReply STOP to stop." for number in range(5)}
    assert Send.objects.filter(references__isnull=False).exists()


@pytest.mark.parametrize("service", ["twilio"], indirect=True)
def test_twilio__is_asked_to_tell_what_became_of_it(service: Peer, now: datetime) -> None:
    make_subscribers(["+9613000001"], now)
    queue_text(now, "Hello")
    send(now)
    (form,) = forms(service)
    assert (form["From"], form["StatusCallback"]) == ("+9615555", "https://loyalty.test/hooks/sms/twilio")
    (asked,) = service.asked
    assert (asked.path, asked.headers["authorization"][:6]) == ("/2010-04-01/Accounts/AC1/Messages.json", "Basic ")


@pytest.mark.parametrize("service", ["sns"], indirect=True)
def test_sns__signed_by_version_4(service: Peer, now: datetime) -> None:
    make_subscribers(["+9613000001"], now)
    queue_text(now, "Hello")
    send(now)
    (asked,), (form,) = service.asked, forms(service)
    assert "/eu-west-1/sns/aws4_request, SignedHeaders=content-type;host;x-amz-date, " in asked.headers["authorization"]
    assert (form["Action"], form["MessageAttributes.entry.1.Value.StringValue"]) == ("Publish", "Khaywe")


FAULTS = [
    ("twilio", told(400, {"code": 21211}), "BOUNCED", "sms.number_refused"),
    ("twilio", told(400, {"code": 21610}), "BOUNCED", "sms.number_refused"),
    ("twilio", told(400, {"code": 21617}), "FAILED", "sms.refused"),
    ("twilio", told(429, {"code": 20429}), "QUEUED", ""),
    ("sns", sns(400, "InvalidParameter", "PhoneNumber"), "BOUNCED", "sms.number_refused"),
    ("sns", sns(400, "Throttling"), "QUEUED", ""),
    ("sns", sns(400, "Other"), "FAILED", "sms.refused"),
    *[
        (name, fault, state, reason)
        for name in ("twilio", "sns")
        for fault, state, reason in (
            (Answer(503, b""), "QUEUED", ""),
            (Answer(500, b""), "UNKNOWN", "sms.outcome_unknown"),
            (Answer(200, b"<html>hello"), "UNKNOWN", "sms.outcome_unknown"),
            (DROP, "UNKNOWN", "sms.outcome_unknown"),
            (SILENT, "UNKNOWN", "sms.outcome_unknown"),
            (GARBAGE, "UNKNOWN", "sms.outcome_unknown"),
        )
    ],
]


@pytest.mark.parametrize(("service", "fault", "state", "reason"), FAULTS, indirect=["service"])
def test_provider__fails__permanent_passing_and_unknown_are_told_apart(
    service: Peer, now: datetime, fault: Answer | str, state: str, reason: str
) -> None:
    make_subscribers(["+9613000001"], now)
    queue_text(now, "Hello")
    service.then(fault)
    send(now)
    row = Send.objects.get()
    assert (row.state, row.reason) == (state, reason)
    assert Suppression.objects.exists() == (state == "BOUNCED")
    assert send(now + timedelta(minutes=1)).sent == (1 if state == "QUEUED" else 0)
    assert len(service.asked) == (2 if state == "QUEUED" else 1)


@pytest.mark.parametrize(
    ("service", "fault"),
    [("twilio", told(401, {"code": 20003})), ("sns", sns(403, "InvalidClientTokenId"))],
    indirect=["service"],
)
def test_provider__refuses_our_login__costs_nobody_an_attempt_and_the_test_tells(
    service: Peer, now: datetime, fault: Answer
) -> None:
    make_subscribers(["+9613000001"], now)
    queue_text(now, "Hello")
    service.then(fault, fault)
    assert send(now).is_channel_down
    assert set(Send.objects.values_list("state", "attempts")) == {("QUEUED", 0)}
    assert configuration.test("sms").report.outcome == "credentials_refused"
    assert configuration.test("sms").report.outcome == "ok"
    assert send(now + timedelta(seconds=15)).sent == 1


def test_smpp__tried_from_the_configuration__tells_what_is_wrong(smsc: Smsc) -> None:
    assert configuration.test("sms").report.outcome == "ok"
    smsc.fail("BIND 13")
    assert configuration.test("sms").report.outcome == "credentials_refused"
    assert smsc.texts() == []
