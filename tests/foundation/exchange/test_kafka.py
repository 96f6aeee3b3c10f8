"""Kafka both ways: over TCP against the mock cluster of librdkafka, and against a real broker where one is named."""

import json
import os
import secrets
import socket
import ssl
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from django.db import OperationalError
from pytest_django.fixtures import Settings

from loyalty.customers.models import Consent, Customer, CustomerEvent
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.exchange.models import DeadMessage, TopicOffset, TransportCursor
from loyalty.foundation.exchange.operations import kafka
from loyalty.foundation.orm import sql
from tests.conftest import ClientWith
from tests.delivery.peers import make_authority

pytestmark = pytest.mark.django_db(transaction=True)

# A broker of one's own instead of the mock cluster: host:port.
REAL = os.environ.get("LOYALTY_TEST_KAFKA", "")
LOOKS = 40


Headers = list[tuple[str, str | bytes | None]]


class Killed(BaseException):
    """As if the process ended here."""


@pytest.fixture(scope="module")
def brokers() -> Iterator[str]:
    """Addresses of brokers: the cluster lives as long as the client that made it."""
    if REAL:
        yield REAL
        return
    cluster = Producer({"test.mock.num.brokers": 3, "log_level": 0})
    yield ",".join(f"{one.host}:{one.port}" for one in cluster.list_topics(timeout=10).brokers.values())


@pytest.fixture
def topic(brokers: str, settings: Settings) -> str:
    """A topic and a group of its own, with the platform configured for the brokers."""
    name = f"t-{secrets.token_hex(6)}"
    settings.LOYALTY_KAFKA_BOOTSTRAP_SERVERS = brokers
    settings.LOYALTY_KAFKA_GROUP_ID = f"g-{name}"
    return name


def happen(count: int, keys: int = 3) -> None:
    """Publish facts."""
    sql.execute(
        "INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data) "
        "SELECT gen_random_uuid(), 'points.earned', 'k' || n %% %s, 'transaction', n::text, now(), "
        "jsonb_build_object('number', n, 'amount', 0.10) FROM generate_series(1, %s) n",
        [keys, count],
    )


def read_all(brokers: str, topic: str, count: int) -> list[Any]:
    """Read so many messages from the beginning."""
    wanted = {"group.id": secrets.token_hex(6), "auto.offset.reset": "earliest", "enable.auto.commit": False}
    reader = Consumer({"bootstrap.servers": brokers, "log_level": 0, **wanted})
    reader.subscribe([topic])
    found: list[Any] = []
    for _ in range(LOOKS):
        found += [one for one in reader.consume(500, 0.5) if one.error() is None]
        if len(found) >= count:
            break
    reader.close()
    return found


def send(
    brokers: str,
    topic: str,
    *bodies: Any,
    headers: list[tuple[str, str | bytes | None]] | None = None,
    key: bytes = b"",
) -> None:
    """Put messages into a topic, in one partition where they have a key."""
    sender = Producer({"bootstrap.servers": brokers, "log_level": 0})
    for body in bodies:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        sender.produce(topic, key=key or None, value=text, headers=headers or [])
    assert sender.flush(20) == 0


def invoice(number: int) -> dict[str, Any]:
    """An event of another system."""
    return {
        "specversion": "1.0",
        "id": f"i-{number}",
        "source": "erp",
        "type": "invoice.paid",
        "subject": f"c{number % 4}",
    }


def take(topic: str, until: int) -> None:
    """Take messages of a topic in until so many were read."""
    reader = kafka.consumer([topic], log_level=0)
    try:
        for _ in range(LOOKS):
            kafka.consume_some(reader, now=lambda: datetime.now(UTC), wait_s=0.5)
            if sum(TopicOffset.objects.filter(topic=topic).values_list("next_offset", flat=True)) >= until:
                break
    finally:
        reader.close()


def test_facts__handed_over__come_keyed_in_order_as_cloud_events(brokers: str, topic: str) -> None:
    happen(300)
    sender = kafka.producer(log_level=0)
    assert [kafka.publish_some(sender, topic=topic, limit=200) for _ in range(3)] == [200, 100, 0]
    found = read_all(brokers, topic, 300)
    assert len(found) == 300
    by_key: dict[bytes, list[int]] = {}
    for one in found:
        by_key.setdefault(one.key(), []).append(json.loads(one.value())["number"])
    assert sorted(by_key) == [b"k0", b"k1", b"k2"]
    assert all(numbers == sorted(numbers) for numbers in by_key.values())
    headers = dict(found[0].headers())
    assert {"ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "content-type"} <= set(headers)
    assert str(uuid.UUID(headers["ce_id"].decode())) == headers["ce_id"].decode()
    assert b'"amount":0.10' in found[0].value().replace(b" ", b"")


def test_publisher__died_before_the_cursor_moved__hands_the_same_ids_over_again(
    brokers: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    happen(50)
    sender = kafka.producer(log_level=0)

    def die(point: str) -> None:
        if point == "kafka.handed_over":
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("loyalty.foundation.exchange.operations.kafka.maybe_fail", die)
        with pytest.raises(Killed):
            kafka.publish_some(sender, topic=topic)
    assert TransportCursor.objects.get().position == 0
    assert kafka.publish_some(sender, topic=topic) == 50
    ids = [dict(one.headers())["ce_id"] for one in read_all(brokers, topic, 100)]
    assert (len(ids), len(set(ids))) == (100, 50)


def test_publisher__while_brokers_are_away__loses_nothing(
    brokers: str, topic: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    happen(20)
    monkeypatch.setattr(kafka, "FLUSH_S", 1.0)
    settings.LOYALTY_KAFKA_BOOTSTRAP_SERVERS = "127.0.0.1:9"
    with pytest.raises(kafka.KafkaDown):
        kafka.publish_some(kafka.producer(log_level=0), topic=topic)
    settings.LOYALTY_KAFKA_BOOTSTRAP_SERVERS = brokers
    monkeypatch.setattr(kafka, "FLUSH_S", 30.0)
    assert kafka.publish_some(kafka.producer(log_level=0), topic=topic) == 20
    assert len(read_all(brokers, topic, 20)) == 20


BINARY: Headers = [
    ("ce_specversion", b"1.0"), ("ce_id", b"b"), ("ce_type", b"invoice.paid"), ("ce_source", b"erp"),
]  # fmt: skip


def test_events__of_a_topic__are_taken_in_once_and_bad_ones_are_kept_aside(
    brokers: str, topic: str, client_with: ClientWith
) -> None:
    send(brokers, topic, *[invoice(n) for n in range(100)], *[invoice(n) for n in range(50, 100)][::-1])
    send(brokers, topic, b"no json", {"any": "thing"})
    send(brokers, topic, {"sum": 5}, headers=BINARY)
    take(topic, 153)
    assert PublishedEvent.objects.filter(type="invoice.paid").count() == 101
    assert sorted(DeadMessage.objects.values_list("code", flat=True)) == ["event.no_mapping", "event.unreadable"]
    client = client_with("exchange.view", "exchange.replay", "exchange.manage")
    (dead,) = client.get("/api/loyalty/v1/deadMessages/", {"code": "event.no_mapping"}).json()["results"]
    replay = f"/api/loyalty/v1/deadMessages/{dead['id']}/replay/"
    assert client.post(replay).json() == {
        "is_taken": False,
        "code": "event.no_mapping",
        "message": f"It is no CloudEvent, and no mapping of {topic} fits.",
    }
    mapping = {"source": topic, "name": "any", "type": "invoice.paid", "id_path": "$.any", "subject_path": "$.any"}
    assert client.post("/api/loyalty/v1/eventMappings/", mapping).status_code == 201
    assert client.post(replay).json()["is_taken"] is True
    assert DeadMessage.objects.count() == 1
    assert PublishedEvent.objects.filter(type="invoice.paid").count() == 102


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"phone": "+96170123456", "sum": 1.50}', '{"phone":"•••56","sum":1.50}'),
        ("lina@example.com, no json", "•••"),
        ("[" * 50_000, "•••"),
        ('"lina@example.com"', "•••"),
        ("", ""),
    ],
)
def test_dead_message__that_tells_of_a_person__is_masked_but_for_who_may_see(
    client_with: ClientWith, now: datetime, body: str, shown: str
) -> None:
    DeadMessage.objects.create(
        topic="t", partition=0, offset=1, body=body, code="event.unreadable", message="", died_at=now
    )
    address = "/api/loyalty/v1/deadMessages/"
    (one,) = client_with("exchange.view").get(address).json()["results"]
    assert one["body"] == shown
    (one,) = client_with("exchange.view", "customers.view_pii").get(address).json()["results"]
    assert one["body"] == body


@pytest.mark.parametrize("point", ["kafka.taken", "kafka.committed"])
def test_consumer__died_in_mid_batch__the_next_one_ends_with_each_event_once(
    brokers: str, topic: str, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    send(brokers, topic, *[invoice(n) for n in range(60)])

    def die(at: str) -> None:
        if at == point:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("loyalty.foundation.exchange.operations.kafka.maybe_fail", die)
        with pytest.raises(Killed):
            take(topic, 60)
    taken = PublishedEvent.objects.filter(type="invoice.paid").count()
    assert (taken > 0) is (point == "kafka.committed"), "effect and offset move together or not at all"
    assert sum(TopicOffset.objects.values_list("next_offset", flat=True)) == taken
    take(topic, 60)
    assert PublishedEvent.objects.filter(type="invoice.paid").count() == 60


def test_database__away_in_mid_batch__nothing_is_passed_over(
    brokers: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(brokers, topic, *[invoice(n) for n in range(10)])

    def fail(**wanted: Any) -> None:
        raise OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(kafka, "take_in", fail)
        with pytest.raises(OperationalError):
            take(topic, 10)
    take(topic, 10)
    assert PublishedEvent.objects.filter(type="invoice.paid").count() == 10


def profile(number: int, ref: str, kind: str = "customer_changed", **data: Any) -> dict[str, Any]:
    """What the BSS tells of a customer, second by second."""
    at = datetime(2026, 3, 1, 12, 0, number, tzinfo=UTC).isoformat()
    event = {"specversion": "1.0", "id": f"p-{number}", "source": "bss", "type": f"bss.{kind}", "time": at}
    return {**event, "subject": ref, "data": data}


PROFILES = [
    profile(0, "B-1", "customer_created", first_name="Lina", city="Beirut", email="lina@example.test"),
    profile(1, "B-2", "customer_created", first_name="Omar"),
    profile(2, "B-1", city="Tripoli"),
    profile(3, "B-2", "customer_status_changed", status="closed"),
    profile(4, "B-1", "consent_changed", channel="email", purpose="marketing", is_granted=True),
    profile(5, "B-1", city="Sidon", email=None),
]


def known() -> list[Any]:
    """Give what is known of the customers of the topic."""
    people = Customer.objects.order_by("customer_ref").values_list("customer_ref", "first_name", "city", "status")
    return [*people, *Consent.objects.values_list("customer__customer_ref", "channel", "is_granted")]


KNOWN = [("B-1", "Lina", "Sidon", "ACTIVE"), ("B-2", "Omar", "", "CLOSED"), ("B-1", "email", True)]


@pytest.mark.parametrize("point", ["", "profiles.stored", "kafka.taken", "kafka.committed"])
def test_profiles__of_a_topic__change_customers_once_whoever_dies(
    brokers: str, topic: str, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    send(brokers, topic, *PROFILES, *PROFILES[::-1], key=b"B")

    def die(at: str) -> None:
        if at == point:
            raise Killed

    if point:
        with monkeypatch.context() as patch:
            patch.setattr("loyalty.foundation.exchange.operations.kafka.maybe_fail", die)
            patch.setattr("loyalty.customers.operations.profiles.maybe_fail", die)
            with pytest.raises(Killed):
                take(topic, 12)
        assert bool(known()) is (point == "kafka.committed"), "effect and offset move together or not at all"
    take(topic, 12)
    assert known() == KNOWN
    assert CustomerEvent.objects.count() == len(PROFILES)
    assert PublishedEvent.objects.filter(type="customer.created").count() == 2
    assert not DeadMessage.objects.exists()
    assert AuditEntry.objects.filter(act="customers.import", actor_ref="exchange.kafka").exists()


def test_profiles__that_cannot_be_taken__are_dead_messages_and_replayed_when_they_can(
    brokers: str, topic: str, client_with: ClientWith
) -> None:
    at = "2026-03-01T12:00:00Z"
    foreign = {"what": "MOVED", "no": 7, "who": "B-1", "at": at, "town": "Tyre"}
    early = profile(9, "B-9", "customer_status_changed", status="suspended")
    bad = profile(8, "B-1", status="happy", phone="+96170123456")
    send(brokers, topic, PROFILES[0], bad, early, foreign, key=b"B")
    take(topic, 4)
    assert sorted(DeadMessage.objects.values_list("code", flat=True)) == [
        *("customer.not_found", "customer.profile_invalid", "event.no_mapping"),
    ]
    client = client_with("exchange.view", "exchange.replay", "exchange.manage")
    dead = {one["code"]: one for one in client.get("/api/loyalty/v1/deadMessages/").json()["results"]}
    assert "96170123456" not in dead["customer.profile_invalid"]["body"]
    mapping = {
        "source": topic, "name": "moved", "type": "bss.customer_changed", "matches": {"$.what": "MOVED"},
        "id_path": "$.no", "subject_path": "$.who", "time_path": "$.at", "data_paths": {"city": "$.town"},
    }  # fmt: skip
    assert client.post("/api/loyalty/v1/eventMappings/", mapping).status_code == 201
    send(brokers, topic, profile(10, "B-9", "customer_created", first_name="Rana"), key=b"B")
    take(topic, 5)

    def replay(code: str) -> Any:
        return client.post(f"/api/loyalty/v1/deadMessages/{dead[code]['id']}/replay/").json()

    assert replay("customer.not_found")["is_taken"] is True
    assert replay("event.no_mapping")["is_taken"] is True
    assert replay("customer.profile_invalid")["code"] == "customer.profile_invalid"
    people = Customer.objects.order_by("customer_ref").values_list("customer_ref", "city", "status")
    assert list(people) == [("B-1", "Tyre", "ACTIVE"), ("B-9", "", "SUSPENDED")]


@pytest.mark.parametrize("is_known", [True, False])
def test_broker__over_tls__is_believed_by_the_authorities_of_the_administrator_alone(
    settings: Settings, tmp_path: Path, is_known: bool
) -> None:
    authority, certificate, key = make_authority(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def listen() -> None:
        with suppress(OSError):
            while True:
                line, _ = listener.accept()
                with suppress(OSError), line, server.wrap_socket(line, server_side=True) as safe:
                    heard.append(safe.recv(8))

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    settings.LOYALTY_KAFKA_BOOTSTRAP_SERVERS = f"localhost:{listener.getsockname()[1]}"
    settings.LOYALTY_KAFKA_SECURITY_PROTOCOL = "SSL"
    settings.LOYALTY_EGRESS_CA_FILE = str(authority) if is_known else ""
    with pytest.raises(KafkaException):
        kafka.producer(log_level=0).list_topics(timeout=3)
    listener.close()
    assert any(heard) is is_known, "a broker of another authority is told nothing"


def test_topic__that_is_not_there__is_told_in_the_log(topic: str, caplog: pytest.LogCaptureFixture) -> None:
    # Of the brokers here none makes a topic because somebody would read it.
    reader = kafka.consumer([topic], log_level=0, **{"allow.auto.create.topics": False})
    try:
        for _ in range(LOOKS):
            assert kafka.consume_some(reader, now=lambda: datetime.now(UTC), wait_s=0.5).accepted == 0
            if caplog.messages:
                break
    finally:
        reader.close()
    assert topic in caplog.text
    assert "a topic cannot be read" in caplog.text
