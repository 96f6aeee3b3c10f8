"""Whatever a topic or a caller sends is refused by itself, and holds nobody up who reads, relays, sends or looks."""

import json
import secrets
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka import Producer
from django.db import DataError, OperationalError
from psycopg.errors import AdminShutdown, ProgramLimitExceeded

from loyalty.foundation.events import api as events
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.exchange import api
from loyalty.foundation.exchange.management.commands.run_kafka import Command
from loyalty.foundation.exchange.models import DeadMessage, TopicOffset
from loyalty.foundation.exchange.operations import kafka
from loyalty.foundation.kernel.actor import Actor
from tests.conftest import ClientWith
from tests.foundation.exchange import test_kafka

brokers, topic = test_kafka.brokers, test_kafka.topic

pytestmark = pytest.mark.django_db(transaction=True)

API = "/api/loyalty/v1"
# Longer than a page of an index takes, and of letters by chance, so that nothing packs it.
LONG = secrets.token_hex(10_000)


def told(**more: Any) -> bytes:
    """A CloudEvent with something odd in it."""
    event = {"specversion": "1.0", "id": "h", "source": "erp", "type": "invoice.paid", "subject": "c1", **more}
    return json.dumps(event).encode()


def with_data(text: str) -> bytes:
    """A CloudEvent whose data has a value that is written so."""
    return told(data={"value": "@"}).replace(b'"@"', text.encode())


UNREADABLE = "event.unreadable"
HOSTILE: dict[str, tuple[bytes, str]] = {
    "deep": (b"[" * 50_000, UNREADABLE),
    "deep data": (with_data("[" * 900 + "]" * 900), UNREADABLE),
    "NUL": (told(data={"value": "a\x00b"}), UNREADABLE),
    "NUL in the id": (told(id="a\x00b"), UNREADABLE),
    "NUL of a customer": (told(type="bss.customer_created", data={"first_name": "a\x00"}), UNREADABLE),
    "half a pair": (with_data('"\\ud800"'), UNREADABLE),
    "half a pair in the id": (told(id="@").replace(b'"@"', b'"\\ud800"'), UNREADABLE),
    "NaN": (with_data("NaN"), UNREADABLE),
    "digits without end": (with_data("9" * 200_000), UNREADABLE),
    "power of ten": (with_data("1e999999999"), UNREADABLE),
    "other encoding": ("\ufeff{}".encode("utf-16"), UNREADABLE),
    "twice": (b'{"specversion": "1.0", "id": "a", "id": "b"}', UNREADABLE),
    "long subject": (told(subject=LONG), "event.subject_invalid"),
    "long source": (told(source=LONG), "event.source_invalid"),
    "long type": (told(type=f"invoice.x{LONG}"), "event.type_invalid"),
    "before the first year": (told(time="0001-01-01T00:00:00+14:00"), "event.time_invalid"),
    "after the last year": (told(time="9999-12-31T23:59:59-14:00"), "event.time_invalid"),
    "nothing": (b"null", "event.empty"),
    "a number": (b"5", "event.no_mapping"),
}


def see_all(client_with: ClientWith, actor: Actor, now: datetime) -> None:
    """Hand on and look at whatever was taken in, as relay, webhooks and console do."""
    while events.relay(now=now)[0]:
        pass
    api.fan_out(now=now)
    client = client_with("events.view", "exchange.view", "exchange.replay", "customers.view_pii")
    masked = client_with("events.view", "exchange.view")
    for path in ("events", "deadMessages", "webhookDeliveries"):
        assert client.get(f"{API}/{path}/").status_code == masked.get(f"{API}/{path}/").status_code == 200
    for one in client.get(f"{API}/deadMessages/", {"page_size": 100}).json()["results"]:
        answer = client.post(f"{API}/deadMessages/{one['id']}/replay/")
        assert (answer.status_code, answer.json()["code"]) == (200, one["code"])


def told_of_all(actor: Actor, now: datetime) -> None:
    """Make an endpoint that every fact goes to."""
    api.create_endpoint(
        url="http://127.0.0.1:9/", description="", types=[], order=api.DeliveryOrder.KEY, actor=actor, now=now
    )


def test_messages__of_every_odd_kind__are_set_aside_each_and_the_others_taken(
    brokers: str, topic: str, client_with: ClientWith, actor: Actor
) -> None:
    now = datetime.now(UTC)
    told_of_all(actor, now)
    bodies = [one for name, (body, _) in HOSTILE.items() for one in (body, test_kafka.invoice(len(name)))]
    good = len({one["id"] for one in bodies if isinstance(one, dict)})
    test_kafka.send(brokers, topic, *bodies, key=b"k")
    sender = Producer({"bootstrap.servers": brokers, "log_level": 0})
    sender.produce(topic, key=b"k", value=None)
    assert sender.flush(20) == 0
    test_kafka.take(topic, len(bodies) + 1)
    assert TopicOffset.objects.get(next_offset__gt=0).next_offset == len(bodies) + 1
    assert PublishedEvent.objects.count() == good
    dead = DeadMessage.objects.order_by("offset").values_list("code", flat=True)
    assert list(dead) == [*(code for _, code in HOSTILE.values()), "event.empty"]
    see_all(client_with, actor, now)


@pytest.mark.parametrize("name", HOSTILE)
def test_event__odd__is_refused_over_http_and_breaks_no_page(client_with: ClientWith, actor: Actor, name: str) -> None:
    now = datetime.now(UTC)
    told_of_all(actor, now)
    body, code = HOSTILE[name]
    sample = b'{"source": "s", "sample": ' + body + b"}"
    client = client_with("events.receive", "exchange.view", "customers.import")
    answer = client.post(f"{API}/events/", body, content_type="application/json")
    tried = client.post(f"{API}/eventMappings/try/", sample, content_type="application/json")
    if code == UNREADABLE:
        assert (answer.status_code, tried.status_code) == (400, 400)
    else:
        assert [one["code"] for one in answer.json()["refused"]] == [code]
        assert tried.json().get("code") == code or tried.status_code == 400
    see_all(client_with, actor, now)


def broken(fault: Exception) -> Any:
    """A receiver that one event breaks."""

    def take_in(*, raw: Any, **wanted: Any) -> Any:
        if any(one["id"] == "i-7" for one in raw):
            raise fault
        return api.take_in(raw=raw, **wanted)

    return take_in


def caused(fault: Exception, cause: Exception) -> Exception:
    """A fault with its cause, as Django raises those of the driver."""
    fault.__cause__ = cause
    return fault


@pytest.mark.parametrize(
    "fault", [KeyError("amount"), DataError("odd\x00"), caused(OperationalError("index row"), ProgramLimitExceeded())]
)
def test_message__that_breaks_its_receiver__is_set_aside_and_tried_again_when_it_is_mended(
    brokers: str, topic: str, client_with: ClientWith, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    test_kafka.send(brokers, topic, *[test_kafka.invoice(n) for n in range(10)], key=b"k")
    with monkeypatch.context() as patch:
        patch.setattr(kafka, "take_in", broken(fault))
        test_kafka.take(topic, 10)
    assert sum(TopicOffset.objects.values_list("next_offset", flat=True)) == 10
    assert PublishedEvent.objects.count() == 9
    dead = DeadMessage.objects.get()
    assert (dead.code, dead.offset) == ("event.broke", 7)
    assert type(fault).__name__ in dead.message
    client = client_with("exchange.view", "exchange.replay")
    assert client.post(f"{API}/deadMessages/{dead.public_id}/replay/").json()["is_taken"] is True
    assert PublishedEvent.objects.count() == 10


def test_database__that_goes_away__is_no_fault_of_the_message(
    brokers: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    test_kafka.send(brokers, topic, *[test_kafka.invoice(n) for n in range(10)], key=b"k")
    with monkeypatch.context() as patch:
        patch.setattr(kafka, "take_in", broken(caused(OperationalError("ends"), AdminShutdown())))
        with pytest.raises(OperationalError):
            test_kafka.take(topic, 10)
    assert not DeadMessage.objects.exists()
    test_kafka.take(topic, 10)
    assert PublishedEvent.objects.count() == 10


@pytest.mark.parametrize(
    ("written", "place"),
    [("b1", ("b1", 9092)), ("b1:9093", ("b1", 9093)), ("[::1]:9", ("[::1]", 9)), ("[::1]", ("[::1]", 9092))],
)
def test_broker__with_or_without_a_port__is_found(written: str, place: tuple[str, int]) -> None:
    assert kafka.place_of(written) == place


def test_broker__written_as_none_can_be__is_told_and_not_a_crash(settings: Any) -> None:
    for written in ("", " , ", "b1:port", "b1:"):
        settings.LOYALTY_KAFKA_BOOTSTRAP_SERVERS = written
        with pytest.raises(kafka.KafkaDown, match="LOYALTY_KAFKA_BOOTSTRAP_SERVERS"):
            kafka.producer(log_level=0)


def test_half_of_the_process__that_breaks__begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loyalty.foundation.exchange.management.commands.run_kafka.RETRY_SECONDS", 0.0)
    stop, calls = threading.Event(), []

    def work(stop: threading.Event) -> None:
        calls.append(1)
        if len(calls) < 3:
            raise KeyError("odd")
        stop.set()

    Command.keep(stop, work)
    assert len(calls) == 3
