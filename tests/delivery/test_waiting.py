"""A provider that asks to be left alone for a while is left alone so long."""

from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest

from loyalty.delivery import api
from loyalty.delivery.models import Send
from tests.delivery.peers import Answer, Peer, told
from tests.delivery.post import make_customers, queue_all
from tests.delivery.smsc import make_subscribers, queue_text
from tests.delivery.test_mail_services import Kind
from tests.delivery.test_mail_services import service as mail_service
from tests.delivery.test_push import GOOGLE_TOKEN, fcm, files, push, register
from tests.delivery.test_push import queue as queue_push
from tests.delivery.test_text_services import service as text_service
from tests.delivery.test_text_services import sns

pytestmark = pytest.mark.django_db
__all__ = ["fcm", "files", "mail_service", "push", "text_service"]
FIRST, DAY = timedelta(seconds=30), timedelta(days=1)


def after(answer: Answer, asked: str) -> Answer:
    """Give a refusal that asks to wait."""
    return Answer(answer.status, answer.body, {**answer.headers, "Retry-After": asked})


def waits(now: datetime) -> timedelta:
    """Give how long the only message waits, and look that nothing is sent before."""
    row = Send.objects.get()
    assert (row.state, row.due_at is not None) == ("QUEUED", True)
    assert row.due_at is not None
    assert api.send_due(channel=row.channel, now=row.due_at - timedelta(seconds=1)).claimed == 0
    assert api.send_due(channel=row.channel, now=row.due_at).sent == 1
    return row.due_at - now


@pytest.mark.parametrize(
    ("text_service", "answer"),
    [("twilio", told(429, {"code": 20429})), ("sns", sns(400, "Throttling")), ("sns", Answer(503, b""))],
    indirect=["text_service"],
)
@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("600", timedelta(minutes=10)),
        # Shorter than we wait anyway, none, or a mistake.
        ("1", FIRST),
        ("", FIRST),
        ("soon", FIRST),
        ("-5", FIRST),
        ("9" * 40, DAY),
        ("Thu, 32 Nov 2026 99:00:00 GMT", FIRST),
    ],
)
def test_texts__provider_asks_to_wait__waits_so_long(
    text_service: Peer, now: datetime, answer: Answer, asked: str, wait: timedelta
) -> None:
    make_subscribers(["+9613000001"], now)
    queue_text(now, "Hello")
    text_service.then(after(answer, asked))
    api.send_due(channel="sms", now=now)
    assert waits(now) == wait


@pytest.mark.parametrize("text_service", ["twilio"], indirect=True)
def test_texts__provider_names_the_instant__waits_until_then(
    text_service: Peer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loyalty.delivery.kinds.http.instant_of_call", lambda: now)
    make_subscribers(["+9613000001"], now)
    queue_text(now, "Hello")
    text_service.then(after(told(429, {}), format_datetime(now + timedelta(hours=2), usegmt=True)))
    api.send_due(channel="sms", now=now)
    assert waits(now) == timedelta(hours=2)


def test_mails__service_asks_to_wait__waits_so_long(mail_service: tuple[Kind, Peer], now: datetime) -> None:
    make_customers(["Ada"], now)
    queue_all(now)
    mail_service[1].then(after(Answer(429, b"{}"), "3000"))
    api.send_due(channel="email", now=now)
    assert waits(now) == timedelta(seconds=3_000)


def test_push__quota_is_used_up__waits_so_long(fcm: Peer, now: datetime) -> None:
    (customer,) = make_customers(["Ada"], now)
    register(customer, GOOGLE_TOKEN, now)
    used_up = told(429, {"error": {"details": [{"errorCode": "QUOTA_EXCEEDED"}]}})
    fcm.then(told(200, {"access_token": "access-1", "expires_in": 3_599}), after(used_up, "120"))
    queue_push(now)
    api.send_due(channel="push", now=now)
    assert waits(now) == timedelta(minutes=2)


@pytest.mark.parametrize("expires_in", ["soon", "", None, [], 10**30, -1, 1.5, True])
def test_push__google_says_nonsense_of_a_tokens_end__is_taken_as_an_hour(
    fcm: Peer, now: datetime, expires_in: object
) -> None:
    (customer,) = make_customers(["Ada"], now)
    register(customer, GOOGLE_TOKEN, now)
    fcm.then(told(200, {"access_token": "access-1", "expires_in": expires_in}))
    queue_push(now)
    assert api.send_due(channel="push", now=now).sent == 1


@pytest.mark.parametrize("violations", [5, "x", {"field": "message.token"}, [5, None]])
def test_push__google_explains_itself_in_nonsense__is_refused(fcm: Peer, now: datetime, violations: object) -> None:
    (customer,) = make_customers(["Ada"], now)
    register(customer, GOOGLE_TOKEN, now)
    details = [{"errorCode": "INVALID_ARGUMENT", "fieldViolations": violations}]
    fcm.then(told(200, {"access_token": "a", "expires_in": 3_599}), told(400, {"error": {"details": details}}))
    queue_push(now)
    assert api.send_due(channel="push", now=now).failed == 1
