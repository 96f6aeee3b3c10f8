"""Kafka both ways. Named here alone is the driver, which comes with the extra ``kafka``."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import certifi
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from django.db import InterfaceError, OperationalError, transaction

from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.events import api as events
from loyalty.foundation.exchange.contracts import IntakeReport, RefusedEvent
from loyalty.foundation.exchange.models import DeadMessage, TopicOffset, TransportCursor
from loyalty.foundation.exchange.operations.endpoints import source
from loyalty.foundation.exchange.operations.intake import take_in
from loyalty.foundation.exchange.policy import BROKE, UNREADABLE, as_text, parse_message
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.exact_json import ExactDecoder, dumps_exact
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience import egress
from loyalty.foundation.resilience.failpoints import maybe_fail

log = logging.getLogger("loyalty.kafka")

NAME = "kafka"
# Where a broker is named without its port.
PORT = 9092
# Who brings what a topic tells; the topics are named in the configuration, which is approved.
ACTOR = system_actor("exchange.kafka")
BATCH = 1_000
# A broker that does not take a batch within this time is down; the batch is handed over again later.
FLUSH_S = 30.0
SESSION_MS = 10_000
READ = """
    SELECT s.position, s.key, events_cloud_event(s, %(source)s, %(types)s::text[])::text AS told FROM events_stored s
    WHERE s.position > %(from)s AND s.position <= %(until)s ORDER BY s.position
"""
MOVE_OFFSETS = """
    INSERT INTO exchange_topicoffset AS t (topic, partition, next_offset)
    SELECT * FROM unnest(%s::text[], %s::int[], %s::bigint[])
    ON CONFLICT (topic, partition) DO UPDATE SET next_offset = greatest(t.next_offset, excluded.next_offset)
"""


class KafkaDown(Exception):
    """The brokers did not take or give messages; nothing was moved."""


def connection() -> dict[str, Any]:
    """Give what producer and consumer share; every server named is checked by the one way out.

    :raises EgressRefusal: one of the servers may not be called.
    """
    section = configuration.read(NAME)
    servers = [one.strip() for one in str(section["bootstrap_servers"]).split(",") if one.strip()]
    if not servers:
        raise KafkaDown("No broker is named (LOYALTY_KAFKA_BOOTSTRAP_SERVERS).")
    for server in servers:
        egress.check_host(*place_of(server), NAME)
    found: dict[str, Any] = {"bootstrap.servers": ",".join(servers), "client.id": "khaywe-loyalty"}
    found["security.protocol"] = str(section["security_protocol"])
    if str(section["security_protocol"]).endswith("SSL"):
        # The same authorities as for every other call: the public ones, or the administrator's own file.
        found["ssl.ca.location"] = egress.current_policy().ca_file or certifi.where()
    if section["username"]:
        found |= {
            "sasl.mechanism": section["sasl_mechanism"],
            "sasl.username": section["username"],
            "sasl.password": section["password"],
        }
    return found


def place_of(server: str) -> tuple[str, int]:
    """Give host and port of a broker as it is written: ``host``, ``host:port`` or ``[::1]:port``.

    :raises KafkaDown: it is written in none of these ways.
    """
    host, separator, port = server.rpartition(":")
    if not separator or server.endswith("]"):
        host, port = server, str(PORT)
    if not (port.isascii() and port.isdigit()):
        raise KafkaDown(f"{server[:100]} is no broker: host:port is asked for (LOYALTY_KAFKA_BOOTSTRAP_SERVERS).")
    return host, int(port)


def producer(**more: Any) -> Producer:
    """Give a producer that keeps order and does not double a message that it sends again itself."""
    wanted = {"enable.idempotence": True, "acks": "all", "compression.type": "lz4", "linger.ms": 5}
    return Producer({**connection(), **wanted, "message.timeout.ms": int(FLUSH_S * 1000), **more})


def publish_some(sender: Producer, *, topic: str, limit: int = BATCH) -> int:
    """Hand the next facts of the event store to Kafka, and move the cursor when all of them were taken; give how many.

    At least once: who dies in between hands the same facts over again, with the same ids. Keyed by customer, so each
    customer's facts keep their order; CloudEvents in the binary mode of the Kafka binding.

    :raises KafkaDown: the brokers did not take them all.
    """
    until = events.store_facts()
    held, _ = TransportCursor.objects.get_or_create(name=NAME)
    places = {"from": held.position, "until": min(until, held.position + limit)}
    rows = sql.fetch_all(READ, {"source": source(), "types": sorted(events.list_type_names()), **places})
    if not rows:
        return 0
    problems: list[str] = []

    def note(problem: KafkaError | None, message: Message) -> None:
        if problem is not None:
            problems.append(str(problem))

    try:
        for row in rows:
            headers, body = binary_form(json.loads(row["told"], cls=ExactDecoder))
            sender.produce(topic, key=row["key"].encode() or None, value=body, headers=headers, on_delivery=note)
        waiting = sender.flush(FLUSH_S)
    except (KafkaException, BufferError) as fault:
        raise KafkaDown(str(fault)) from fault
    if waiting or problems:
        sender.purge()
        raise KafkaDown(problems[0] if problems else f"{waiting} messages were not taken in time.")
    maybe_fail("kafka.handed_over")
    # A second publisher may have moved it meanwhile; then these went out twice, which readers know by their ids.
    TransportCursor.objects.filter(name=NAME, position=held.position).update(position=rows[-1]["position"])
    maybe_fail("kafka.moved")
    return len(rows)


def binary_form(event: Mapping[str, Any]) -> tuple[list[tuple[str, str | bytes | None]], bytes]:
    """Give a CloudEvent as headers and body, as the Kafka protocol binding says."""
    attributes = {name: value for name, value in event.items() if name not in ("data", "datacontenttype")}
    headers: list[tuple[str, str | bytes | None]] = [
        (f"ce_{name}", str(value).encode()) for name, value in attributes.items()
    ]
    return [*headers, ("content-type", b"application/json")], dumps_exact(event["data"])


def consumer(topics: Sequence[str], **more: Any) -> Consumer:
    """Give a consumer of topics that begins where the last effect ended, whatever the group remembers."""
    group = str(configuration.read(NAME)["group_id"])
    wanted = {"group.id": group, "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    made = Consumer({**connection(), **wanted, "session.timeout.ms": SESSION_MS, **more})
    made.subscribe(list(topics), on_assign=_begin_where_effects_ended)
    return made


def _begin_where_effects_ended(reader: Consumer, assigned: list[TopicPartition]) -> None:
    kept = {(row.topic, row.partition): row.next_offset for row in TopicOffset.objects.all()}
    for one in assigned:
        if (one.topic, one.partition) in kept:
            one.offset = kept[(one.topic, one.partition)]
    reader.assign(assigned)


def consume_some(
    reader: Consumer, *, now: Callable[[], datetime], limit: int = 500, wait_s: float = 1.0
) -> IntakeReport:
    """Take the next messages in; offset and effect move in one transaction, and a bad one goes to the dead messages.

    One that breaks whoever takes it in is found by trying each by itself, so that it holds nobody up either.

    :raises KafkaDown: the brokers cannot be read.
    """
    try:
        messages = reader.consume(limit, wait_s)
    except KafkaException as fault:
        raise KafkaDown(str(fault)) from fault
    sound = [one for one in messages if one.error() is None]
    for problem in sorted({str(one.error()) for one in messages if one.error() is not None}):
        # Such as a topic that is not there, or may not be read: whoever named it must learn of it.
        log.warning("a topic cannot be read: %s", problem)
    if not sound:
        return IntakeReport()
    report = IntakeReport()
    with transaction.atomic():
        for topic in sorted({str(one.topic()) for one in sound}):
            report += _take_or_set_aside(topic, [one for one in sound if one.topic() == topic], now())
        maybe_fail("kafka.taken")
        ends: dict[tuple[str, int], int] = {}
        for one in sound:
            ends[(str(one.topic()), int(one.partition() or 0))] = int(one.offset() or 0) + 1
        places = sorted(ends)
        sql.execute(
            MOVE_OFFSETS, [[one for one, _ in places], [one for _, one in places], [ends[one] for one in places]]
        )
    maybe_fail("kafka.committed")
    # For whoever watches the lag of the group; what counts is in our own table.
    reader.commit(
        offsets=[TopicPartition(topic, part, ends[(topic, part)]) for topic, part in places], asynchronous=True
    )
    return report


def _take_or_set_aside(topic: str, messages: Sequence[Message], now: datetime) -> IntakeReport:
    """Take messages together in; where that breaks, each by itself, and set the ones aside that break it."""
    fault = _attempt(topic, messages, now)
    if isinstance(fault, IntakeReport):
        return fault
    if len(messages) == 1:
        log.error("a message of %s broke its receiver and was set aside", topic, exc_info=fault)
        _set_aside(topic, [(messages[0], BROKE, f"{type(fault).__name__}: {fault}"[:500])], now)
        return IntakeReport(refused=(RefusedEvent(0, "", BROKE, type(fault).__name__),))
    report = IntakeReport()
    for one in messages:
        report += _take_or_set_aside(topic, [one], now)
    return report


def _attempt(topic: str, messages: Sequence[Message], now: datetime) -> IntakeReport | Exception:
    """Take messages in; give the fault that undid all of it where the messages are to blame.

    :raises OperationalError: the database is to blame; the same messages come again.
    """
    try:
        with transaction.atomic():
            return _take_topic(topic, messages, now)
    except (OperationalError, InterfaceError) as fault:
        if not is_of_the_message(fault):
            raise
        return fault
    except Exception as fault:  # a receiver may fail in any way; who reads the dead messages must learn of it
        return fault


def is_of_the_message(fault: Exception) -> bool:
    """Tell whether the database refused what it was given (class 54: a limit of its own), or was not well itself."""
    return str(getattr(fault.__cause__, "sqlstate", None) or "").startswith("54")


def _take_topic(topic: str, messages: Sequence[Message], now: datetime) -> IntakeReport:
    raw: list[Any] = []
    taken: list[Message] = []
    dead: list[tuple[Message, str, str]] = []
    for one in messages:
        try:
            raw.append(parse_message(body_of(one), headers_of(one)))
            taken.append(one)
        except ValueError as fault:
            dead.append((one, UNREADABLE, str(fault)[:500]))
    report = take_in(raw=raw, source=topic, actor=ACTOR, now=now)
    _set_aside(topic, [*dead, *((taken[one.index], one.code, one.message) for one in report.refused)], now)
    return report


def _set_aside(topic: str, dead: Sequence[tuple[Message, str, str]], now: datetime) -> None:
    """Keep messages that could not be taken in, each once."""
    DeadMessage.objects.bulk_create(
        [
            DeadMessage(
                topic=topic,
                partition=one.partition() or 0,
                offset=one.offset() or 0,
                headers={name: as_text(value) for name, value in headers_of(one).items()},
                body=as_text(body_of(one)),
                code=code,
                message=message.replace("\x00", "\ufffd"),
                died_at=now,
            )
            for one, code, message in dead
        ],
        ignore_conflicts=True,
    )


def body_of(message: Message) -> bytes:
    """Give the body of a message; one without is empty."""
    return message.value() or b""


def headers_of(message: Message) -> dict[str, bytes]:
    """Give the headers of a message by name; of a repeated one the last."""
    found = message.headers() or []
    pairs = found.items() if isinstance(found, dict) else found
    return {name: value.encode() if isinstance(value, str) else value or b"" for name, value in pairs}
