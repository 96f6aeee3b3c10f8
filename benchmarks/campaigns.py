"""Fan-out of a campaign beside Django's bulk_create, and mails handed over beside a bare SMTP loop."""

import os
import resource
import smtplib
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from datetime import time as time_of_day
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import psycopg
from django.conf import settings
from django.db import connection, transaction

from benchmarks.harness import BackendClock, Bench
from loyalty.campaigns import api as campaigns
from loyalty.campaigns.contracts import Plan
from loyalty.campaigns.models import Campaign, Occurrence
from loyalty.campaigns.operations import fan_out
from loyalty.campaigns.queries import audience as audiences
from loyalty.delivery import api as delivery
from loyalty.delivery.models import Message, Send
from loyalty.delivery.tasks import send_channel
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.orm import sql
from loyalty.segments import api as segments

CUSTOMERS = 300_000
# As many are placed as objects, which takes longer.
OBJECTS = 100_000
# One in ten agreed to nothing, so that both sides decide something.
CONSENTED_OF_TEN = 9
BATCH_ROWS = 2_000
# What ten million customers need to be placed within two minutes, with half of it to spare.
ROWS_FLOOR = 150_000
MAILS = 200
CONTENT = {
    "subject": 'Hello {{ first_name | "friend" }}',
    "body": '<p>Dear {{ first_name | "customer" }},</p><p><a href="https://shop.example/offer">See the offer</a></p>',
}

FILL = (
    """
    INSERT INTO customers_customer (public_id, customer_ref, first_name, last_name, status, language, time_zone, city,
        gender, source)
    SELECT gen_random_uuid(), 'c-' || n, 'Name' || n, 'Test', 'ACTIVE', 'en', 'UTC', '', '', 'bench'
    FROM generate_series(1, %(customers)s) n
    """,
    """
    INSERT INTO customers_contactpoint (customer_id, channel, address, is_primary)
    SELECT id, 'email', customer_ref || '@mail.example', true FROM customers_customer ORDER BY id
    """,
    """
    INSERT INTO customers_consent (customer_id, channel, purpose, is_granted, source, changed_at)
    SELECT id, 'email', 'marketing', id %% 10 < %(consented)s, 'bench', now() FROM customers_customer ORDER BY id
    """,
    # Everybody, as the segments keep it: whole chunks of 2,048 neighbours.
    """
    INSERT INTO segments_segmentchunk (segment_id, chunk, bits)
    SELECT (SELECT id FROM segments_segment WHERE public_id = %(segment)s), c.chunk, decode(repeat('ff', 256), 'hex')
    FROM (SELECT DISTINCT id >> 11 AS chunk FROM customers_customer) c
    """,
)
AUDIENCE = """
    SELECT m.customer_id, r.address, r.is_consented FROM segments_membership m
    JOIN customers_reachable r ON r.customer_id = m.customer_id AND r.channel = 'email' AND r.purpose = 'marketing'
    WHERE m.segment_public_id = %s
"""
# The policies that the fan-out decides besides consent, address, suppressions and legal reasons.
POLICY = {
    "caps": [delivery.ContactCap(sends_max=3, hours=24)],
    "quiet_hours": [delivery.QuietHours(starts=time_of_day(22), ends=time_of_day(7))],
    "holdout_percent": 2,
    "time_zone": "UTC",
}
ACTOR = system_actor("bench")


def run(bench: Bench) -> None:
    """Measure."""
    customers = bench.rows or CUSTOMERS
    campaign = fill(customers)
    segment = Campaign.objects.get(public_id=campaign).segment_refs[0]
    figures = bench.interleave(
        {"objects": lambda: fan_out_in_objects(segment, customers), "sets": lambda: fan_out_in_sets(campaign)}
    )
    bench.tell(
        "fan-out rows per processor-second: set-based / bulk_create", figures["sets"], figures["objects"], floor=5.0
    )
    bench.tell_ratios(
        "fan-out with every policy, arms and offer: rows per processor-second / 150,000",
        [one / ROWS_FLOOR for one in figures["sets"]], floor=1.0,
    )  # fmt: skip
    started = time.perf_counter()
    rows = fan_out_in_sets(campaign)
    took = time.perf_counter() - started
    print(f"  {customers:,} customers: {took:.1f} s by the wall, {rows:,.0f} rows per processor-second", flush=True)
    print(f"  ten million at this pace: {took / customers * 10_000_000:,.0f} s (floor 120 s)", flush=True)
    print(f"  memory of this process: {peak_memory_mb():.0f} MB at most (floor 300 MB)", flush=True)
    with mail_server() as port:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        samples = bench.compare(
            "mails/s: claimed, checked, rendered, sent, settled / bare SMTP",
            ours=lambda: hand_over(segment),
            theirs=lambda: hand_over_bare(port),
            floor=0.2,
        )
        print(f"  {hand_over(segment):,.0f} mails/s in one worker ({samples.median:.2f} of a bare loop)", flush=True)


def peak_memory_mb() -> float:
    """Give the largest resident size of this process, which places the rows as a worker does."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fill(customers: int) -> uuid.UUID:
    """Make customers, a segment of all of them, a contact policy, and a campaign with arms on it; give the campaign."""
    now = datetime.now(UTC)
    segment = segments.create(name="Everyone", description="", kind="static", rules=None, actor=ACTOR, now=now)
    for statement in FILL:
        sql.execute(statement, {"customers": customers, "consented": CONSENTED_OF_TEN, "segment": segment})
    sql.execute("ANALYZE")
    delivery.save_policy(**POLICY, actor=ACTOR, now=now)  # type: ignore[arg-type]
    new = campaigns.NewCampaign(
        name="Bench",
        trigger={"kind": "schedule", "cron": "0 9 * * *"},
        channels=("email",),
        content={"email": CONTENT},
        segments=(segment,),
        control_percent=5,
        variants=({"code": "a", "weight": 1}, {"code": "b", "weight": 1}),
    )
    return campaigns.create(new=new, is_active=True, actor=ACTOR, now=now)


def empty() -> None:
    """Begin with an empty send ledger."""
    sql.execute("TRUNCATE delivery_send CASCADE")


def open_message(now: datetime) -> delivery.MessageView:
    """Open a message of an occurrence of its own."""
    request = delivery.MessageRequest(
        occurrence_key=f"bench:{uuid.uuid4()}",
        channel="email",
        purpose="marketing",
        content=CONTENT,
        variables=(),
        source_kind="bench",
        source_ref=uuid.uuid4(),
    )
    return delivery.open_message(request=request, now=now)


def audience(segment: uuid.UUID) -> delivery.Audience:
    """Give the members of the segment, with nothing decided about them."""
    plan = Plan(campaign=segment, segments=(segment,))
    return audiences.audience_of(plan, audiences.live(plan))


class ProcessorTime:
    """Counts the processor time of this process and of the server process behind its connection.

    Both sides of a comparison load the two differently, and on a busy machine the clock on the wall says little.
    """

    def __init__(self) -> None:
        connection.ensure_connection()
        self._server = BackendClock(cast("psycopg.Connection[tuple[object, ...]]", connection.connection))
        self._started = self._now()

    def _now(self) -> float:
        return time.process_time() + (self._server.seconds() if self._server.can_read else 0.0)

    def seconds(self) -> float:
        """Give the time since the beginning."""
        return self._now() - self._started


def fan_out_in_sets(campaign: uuid.UUID) -> float:
    """Trigger the campaign and place its whole audience as a worker does; give rows per processor-second."""
    empty()
    now = datetime.now(UTC)
    clock = ProcessorTime()
    outcome = campaigns.trigger(
        campaign_id=campaign, occurrence=None, cause=campaigns.Cause("manual"), actor=ACTOR, now=now
    )
    occurrence = Occurrence.objects.get(public_id=outcome.answer["id"])
    parts = fan_out.slices_of(occurrence)
    for one in parts:
        fan_out.place_slice(occurrence, one, now=now, is_last=one is parts[-1])
    return Send.objects.filter(source_ref=campaign).count() / clock.seconds()


def fan_out_in_objects(segment: uuid.UUID, customers: int) -> float:
    """Place the same audience with the same decisions as objects, in batches; give rows per processor-second."""
    empty()
    now = datetime.now(UTC)
    message = Message.objects.get(public_id=open_message(now).id)
    clock = ProcessorTime()
    placed = 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(AUDIENCE + " LIMIT %s", [segment, min(customers, OBJECTS)])
        while batch := cursor.fetchmany(BATCH_ROWS):
            Send.objects.bulk_create(
                [one_send(message, customer, address, is_consented, now) for customer, address, is_consented in batch],
                ignore_conflicts=True,
            )
            placed += len(batch)
    return placed / clock.seconds()


def one_send(message: Message, customer: int, address: str | None, is_consented: bool, now: datetime) -> Send:
    """Decide for one customer in Python."""
    reason = "no_consent" if not is_consented else "" if address else "no_address"
    return Send(
        message=message,
        source_ref=message.source_ref,
        customer_id=customer,
        channel="email",
        priority=message.priority,
        state="SKIPPED" if reason else "QUEUED",
        reason=reason,
        due_at=None if reason else now,
        queued_at=now,
        ended_at=now if reason else None,
    )


@contextmanager
def mail_server() -> Iterator[int]:
    """Run the mail catcher as a process of its own."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "django", "run_mail_catcher", "--maildir", str(Path(folder)), "--port", "0"]
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"]}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            yield int(process.stdout.readline().split(" and ")[0].rpartition(":")[2])
            process.terminate()


def hand_over(segment: uuid.UUID) -> float:
    """Send mails as one worker does on all its lines, all commits included; give mails per second."""
    empty()
    now = datetime.now(UTC)
    message = open_message(now)
    delivery.enqueue_chunk(message_id=message.id, audience=audience(segment), now=now, limit=MAILS)
    started = time.perf_counter()
    sent = 0
    while (done := send_channel("email"))[0]:
        sent += done[0]
    return sent / (time.perf_counter() - started)


def hand_over_bare(port: int) -> float:
    """Send as many mails of the same kind with nothing around them; give mails per second."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "loyalty@khaywe.example", "c@mail.example", "Hello Name"
    mail.set_content("Dear Name,\n\nSee the offer (https://shop.example/offer)")
    mail.add_alternative("<p>Dear Name,</p><p><a href='https://shop.example/offer'>See the offer</a></p>", "html")
    started = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as server:
        for _ in range(MAILS):
            server.send_message(mail)
    return MAILS / (time.perf_counter() - started)
