"""Mails by the APIs of services, against real HTTP peers; what they report must be signed as set up."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pytest_django.fixtures import Settings

from loyalty.delivery import api
from loyalty.delivery.kinds import http
from loyalty.delivery.models import Send
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.configuration.operations import testing
from loyalty.foundation.kernel.actor import system_actor
from tests.delivery.peers import DROP, GARBAGE, HUGE, SILENT, Answer, Asked, Peer, http_peer, told
from tests.delivery.post import make_customers, queue_all, states

pytestmark = pytest.mark.django_db
ACTOR = system_actor("tests")


@dataclass(frozen=True, slots=True)
class Kind:
    """One service: how it is set up, how it answers, how its requests are read, how it refuses."""

    values: Mapping[str, Any]
    path: str
    answer: Answer
    reads: Callable[[Asked], Mapping[str, Any]]
    no_login: Answer
    no_recipient: Answer | None


def of_ses(asked: Asked) -> Mapping[str, Any]:
    """Read the whole mail that SES takes."""
    body = asked.json()
    mail = message_from_bytes(base64.b64decode(body["Content"]["Raw"]["Data"]))
    return {
        "to": body["Destination"]["ToAddresses"],
        "subject": mail["Subject"],
        "unsubscribe": mail["List-Unsubscribe-Post"],
        "login": asked.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIA/"),
    }


def of_sendgrid(asked: Asked) -> Mapping[str, Any]:
    """Read what SendGrid takes."""
    body = asked.json()
    return {
        "to": [body["personalizations"][0]["to"][0]["email"]],
        "subject": body["subject"],
        "unsubscribe": body["personalizations"][0].get("headers", body.get("headers", {})).get("List-Unsubscribe-Post"),
        "login": asked.headers["authorization"] == "Bearer secret-key",
    }


def of_mailgun(asked: Asked) -> Mapping[str, Any]:
    """Read the form that Mailgun takes."""
    mail = message_from_bytes(b"Content-Type: " + asked.headers["content-type"].encode() + b"\r\n\r\n" + asked.body)
    if mail.is_multipart():
        parts = {
            part.get_param("name", header="content-disposition"): part.get_payload(decode=True).decode()  # type: ignore[union-attr]
            for part in mail.get_payload()
        }
    else:
        parts = dict(parse_qsl(asked.body.decode()))
    login = base64.b64encode(b"api:secret-key").decode()
    return {
        "to": [parts["to"]],
        "subject": parts["subject"],
        "unsubscribe": parts["h:List-Unsubscribe-Post"],
        "login": asked.headers["authorization"] == f"Basic {login}",
    }


def of_postmark(asked: Asked) -> Mapping[str, Any]:
    """Read what Postmark takes."""
    body = asked.json()
    headers = {one["Name"]: one["Value"] for one in body["Headers"]}
    return {
        "to": [body["To"]],
        "subject": body["Subject"],
        "unsubscribe": headers["List-Unsubscribe-Post"],
        "login": asked.headers["x-postmark-server-token"] == "secret-key",
    }


KINDS = {
    "ses": Kind(
        {"region": "eu-west-1", "access_key_id": "AKIA"},
        "/v2/email/outbound-emails",
        told(200, {"MessageId": "ses-1"}),
        of_ses,
        told(403, {}, **{"x-amzn-errortype": "UnrecognizedClientException"}),
        None,
    ),
    "sendgrid": Kind({}, "/mail/send", Answer(202, b""), of_sendgrid, told(401, {"errors": []}), None),
    "mailgun": Kind(
        {"domain": "mg.test"},
        "/mg.test/messages",
        told(200, {"id": "<mg-1@mg.test>", "message": "Queued. Thank you."}),
        of_mailgun,
        Answer(401, b"Forbidden"),
        None,
    ),
    "postmark": Kind(
        {},
        "/email",
        told(200, {"ErrorCode": 0, "Message": "OK", "MessageID": "pm-1", "To": "c0@mail.test"}),
        of_postmark,
        told(401, {"ErrorCode": 10, "Message": "No server token"}),
        told(422, {"ErrorCode": 406, "Message": "You tried to send to recipient(s) that have been marked as inactive."
                   "\nFound inactive addresses: c0@mail.test.\nInactive recipients are ones that have generated a "
                   "hard bounce or a spam complaint."}),
    ),
}  # fmt: skip


@pytest.fixture(params=sorted(KINDS))
def service(
    request: pytest.FixtureRequest, now: datetime, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Kind, Peer]]:
    """One of the services, running and set up."""
    kind = KINDS[request.param]
    settings.PUBLIC_URL = "https://loyalty.test"
    monkeypatch.setattr(http, "TOTAL_SECONDS", 1.0)
    with http_peer(lambda asked: kind.answer) as peer:
        values = {"provider": request.param, "api_url": peer.url, "api_key": "secret-key", **kind.values}
        configuration.save(code="email", values=values, actor=ACTOR, now=now)
        yield kind, peer


def send(now: datetime) -> api.BatchReport:
    """Send one batch."""
    return api.send_due(channel="email", now=now)


def test_service__takes_mails__each_once_with_one_click_unsubscribe(service: tuple[Kind, Peer], now: datetime) -> None:
    kind, peer = service
    make_customers(["Ada", "Bob", "Cleo"], now)
    queue_all(now)
    assert (send(now).sent, states()) == (3, {"SENT": 3})
    read = [kind.reads(asked) for asked in peer.asked]
    assert [asked.path for asked in peer.asked] == [kind.path] * 3
    assert sorted(one["to"][0] for one in read) == ["c0@mail.test", "c1@mail.test", "c2@mail.test"]
    assert {one["subject"] for one in read} == {"Hello Ada", "Hello Bob", "Hello Cleo"}
    assert {(one["unsubscribe"], one["login"]) for one in read} == {("List-Unsubscribe=One-Click", True)}
    assert Send.objects.filter(references__isnull=False).exists()


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        (Answer(429, b"{}"), "QUEUED", ""),
        (Answer(503, b"{}"), "QUEUED", ""),
        (
            Answer(400, b'{"errors": [], "message": "bad", "ErrorCode": 402, "Message": "bad"}'),
            "FAILED",
            "email.refused",
        ),
        (Answer(500, b"{}"), "UNKNOWN", "email.outcome_unknown"),
        (DROP, "UNKNOWN", "email.outcome_unknown"),
        (GARBAGE, "UNKNOWN", "email.outcome_unknown"),
        (HUGE, "UNKNOWN", "email.outcome_unknown"),
        (SILENT, "UNKNOWN", "email.outcome_unknown"),
    ],
)
def test_service__fails__permanent_passing_and_unknown_are_told_apart(
    service: tuple[Kind, Peer], now: datetime, answer: Answer | str, state: str, reason: str
) -> None:
    _, peer = service
    make_customers(["Ada"], now)
    queue_all(now)
    peer.then(answer)
    send(now)
    row = Send.objects.get()
    assert (row.state, row.reason) == (state, reason)
    assert send(now + timedelta(minutes=1)).sent == (1 if state == "QUEUED" else 0)
    assert len(peer.asked) == (2 if state == "QUEUED" else 1)


def test_service__refuses_our_key__costs_nobody_an_attempt(service: tuple[Kind, Peer], now: datetime) -> None:
    kind, peer = service
    make_customers(["Ada"], now)
    queue_all(now)
    peer.then(kind.no_login)
    assert send(now).is_channel_down
    assert set(Send.objects.values_list("state", "attempts")) == {("QUEUED", 0)}
    assert send(now + timedelta(seconds=15)).sent == 1


@pytest.mark.parametrize("service", ["postmark"], indirect=True)
def test_service__recipient_is_no_good__bounces(service: tuple[Kind, Peer], now: datetime) -> None:
    kind, peer = service
    assert kind.no_recipient is not None
    make_customers(["Ada"], now)
    queue_all(now)
    peer.then(kind.no_recipient)
    send(now)
    assert (states(), Send.objects.get().reason) == ({"BOUNCED": 1}, "email.recipient_refused")


def test_connection__tried__tells_whether_the_key_is_known(
    service: tuple[Kind, Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The pause after no answer, by which nobody tells a closed port from a silent one, has tests of its own.
    monkeypatch.setattr(testing.pace, "pause", lambda seconds: None)
    kind, peer = service
    peer.then(told(200, {}))
    assert configuration.test("email").report.outcome == "ok"
    peer.then(kind.no_login)
    assert configuration.test("email").report.outcome == "credentials_refused"
    peer.then(DROP)
    assert configuration.test("email").report.outcome == "no_answer"


def test_section__service_without_its_fields__is_not_configured(now: datetime) -> None:
    configuration.save(code="email", values={"provider": "mailgun"}, actor=ACTOR, now=now)
    assert configuration.test("email").report.outcome == "not_configured"
