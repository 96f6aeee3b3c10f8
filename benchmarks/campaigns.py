"""Fan-out of a campaign beside Django's bulk_create, and mails handed over beside a bare SMTP loop."""

import os
import smtplib
import statistics
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

from django.conf import settings
from django.db import connection, transaction

from benchmarks.campaign_parts.answering import EVENT_TYPE, EVENTS_PER_SECOND, WARM_UP_S, answer
from benchmarks.campaign_parts.clocks import ProcessorTime, peak_memory_mb
from benchmarks.campaign_parts.workers import crew, place_slices, send_mails
from benchmarks.harness import Bench
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

CUSTOMERS, QUICK_CUSTOMERS = 300_000, 100_000
# As many are placed as objects, which takes longer.
OBJECTS = 100_000
# One in ten agreed to nothing, so that both sides decide something.
CONSENTED_OF_TEN = 9
BATCH_ROWS = 2_000
# What ten million customers need to be placed within two minutes, with half of it to spare.
ROWS_FLOOR = 150_000
TEN_MILLION = 10_000_000
MEMORY_MAX_MB = 300
# As many as a small machine's launcher begins for work.
WORKERS = 2
MAILS, MAILS_TOGETHER, MAILS_FLOOR = 200, 2_000, 1_000
QUIET_AHEAD_H = 8
# For so long events come while it is measured.
ANSWERED_S, ANSWERED_QUICK_S = 30, 10
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
ACTOR = system_actor("bench")


def run(bench: Bench) -> None:
    """Measure."""
    customers = bench.rows or (QUICK_CUSTOMERS if bench.is_quick else CUSTOMERS)
    campaign = fill(customers)
    segment = Campaign.objects.get(public_id=campaign).segment_refs[0]
    figures = bench.interleave(
        {"objects": lambda: fan_out_in_objects(segment, customers), "sets": lambda: fan_out_in_sets(campaign)}
    )
    bench.tell(
        "fan-out rows per processor-second: set-based / bulk_create", figures["sets"], figures["objects"], floor=5.0
    )
    bench.tell_ratios(
        f"fan-out with every policy, arms and offer: rows per processor-second / {ROWS_FLOOR:,}",
        [one / ROWS_FLOOR for one in figures["sets"]],
    )  # fmt: skip
    print(f"  memory of this process: {peak_memory_mb():.0f} MB at most (floor {MEMORY_MAX_MB} MB)", flush=True)
    for workers in (1, WORKERS):
        fan_out_together(bench, campaign, customers, workers)
    with mail_server() as port:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        samples = bench.compare(
            "mails/s: claimed, checked, rendered, sent, settled / bare SMTP",
            ours=lambda: hand_over(segment),
            theirs=lambda: hand_over_bare(port),
            floor=0.2,
        )
        print(f"  {hand_over(segment):,.0f} mails/s in one worker ({samples.median:.2f} of a bare loop)", flush=True)
        for workers in (1, WORKERS):
            hand_over_together(bench, segment, port, workers)
    answering(bench)


def fan_out_together(bench: Bench, campaign: uuid.UUID, customers: int, workers: int) -> None:
    """Tell how fast so many workers place one occurrence side by side, by the wall and by the processor."""
    ratios, rows, walls, spent, memory = [], 0, [], [], 0.0
    with crew(bench.database_url, workers) as hands:
        for _ in range(bench.repetitions):
            empty()
            occurrence = begin(campaign)
            done = hands.run(place_slices, occurrence.pk)
            rows = Send.objects.filter(source_ref=campaign).count()
            if rows != customers:
                raise SystemExit(f"benchmarks: {rows:,} rows were placed of {customers:,}.")
            ratios.append(rows / done.wall_s / ROWS_FLOOR)
            walls.append(done.wall_s)
            spent.append(rows / done.cpu_s)
            memory = max(memory, done.memory_mb)
    name = f"fan-out by {workers} worker(s): rows per second of the wall / {ROWS_FLOOR:,}"
    bench.tell_ratios(name, ratios, floor=1.0 if workers == WORKERS else None)
    scaled = statistics.median(walls) / customers * TEN_MILLION
    print(
        f"  {workers} worker(s): {statistics.median(ratios) * ROWS_FLOOR:,.0f} rows/s, "
        f"{statistics.median(spent):,.0f} rows per processor-second, ten million in {scaled:,.0f} s (floor 120 s), "
        f"memory of a worker {memory:.0f} MB at most (floor {MEMORY_MAX_MB} MB)",
        flush=True,
    )


def hand_over_together(bench: Bench, segment: uuid.UUID, port: int, workers: int) -> None:
    """Tell how many mails so many worker processes hand over in a second; the mail server is one process all the
    while."""
    rates, spent = [], []
    with crew(bench.database_url, workers) as hands:
        for _ in range(bench.repetitions):
            queue(segment, MAILS_TOGETHER)
            done = hands.run(send_mails, "127.0.0.1", port)
            sent = sum(one.done for one in done.shares)
            if not sent or Send.objects.filter(state="SENT").count() != sent:
                raise SystemExit(f"benchmarks: {sent:,} mails were sent, the ledger says otherwise.")
            rates.append(sent / done.wall_s)
            spent.append(sent / done.cpu_s)
    name = f"mails/s by {workers} worker process(es) / {MAILS_FLOOR:,}"
    bench.tell_ratios(name, [one / MAILS_FLOOR for one in rates], floor=1.0)
    print(
        f"  {workers} worker process(es): {statistics.median(rates):,.0f} mails/s, {statistics.median(spent):,.0f} per "
        "processor-second of workers and their sessions",
        flush=True,
    )


def answering(bench: Bench) -> None:
    """Tell how long an event takes until the mail that it triggers has arrived, with the platform's own programs."""
    seconds = ANSWERED_QUICK_S if bench.is_quick else ANSWERED_S
    people = [
        (str(row["public_id"]), str(row["address"]))
        for row in sql.fetch_all(
            "SELECT public_id, address FROM customers_reachable_by('email', 'marketing') WHERE is_consented "
            "ORDER BY customer_id LIMIT %s",
            [(WARM_UP_S + seconds) * EVENTS_PER_SECOND],
        )
    ]
    empty()
    set_policy(datetime.now(UTC), is_quiet_known=False, holdout_percent=0)
    new = campaigns.NewCampaign(
        name="Answer", trigger={"kind": "event", "event_type": EVENT_TYPE}, channels=("email",),
        content={"email": CONTENT},
    )  # fmt: skip
    campaigns.create(new=new, is_active=True, actor=ACTOR, now=datetime.now(UTC))
    told = answer(bench.database_url, people)
    print(
        f"  {len(people):,} events at {EVENTS_PER_SECOND}/s, one mail each: after the first {WARM_UP_S} s p50 "
        f"{told.at(0.5):.2f} s, p99 {told.at(0.99):.2f} s, {told.missing} did not arrive",
        flush=True,
    )
    bench.tell_ratios(f"event to its mail, p99 in seconds at {EVENTS_PER_SECOND}/s", [told.at(0.99)], ceiling=2.0)


def fill(customers: int) -> uuid.UUID:
    """Make customers, a segment of all of them, a contact policy, and a campaign with arms on it; give the campaign."""
    now = datetime.now(UTC)
    segment = segments.create(name="Everyone", description="", kind="static", rules=None, actor=ACTOR, now=now)
    for statement in FILL:
        sql.execute(statement, {"customers": customers, "consented": CONSENTED_OF_TEN, "segment": segment})
    sql.execute("ANALYZE")
    set_policy(now)
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


def set_policy(now: datetime, *, is_quiet_known: bool = True, holdout_percent: int = 2) -> None:
    """Put in force what the fan-out decides besides consent, address, suppressions and legal reasons.

    The quiet hours begin in some hours: asked for each row, and none is held, whenever the benchmark runs.
    """
    hours = delivery.QuietHours(
        starts=time_of_day((now.hour + QUIET_AHEAD_H) % 24), ends=time_of_day((now.hour + 2 * QUIET_AHEAD_H) % 24)
    )
    delivery.save_policy(
        caps=[delivery.ContactCap(sends_max=3, hours=24)],
        quiet_hours=[hours] if is_quiet_known else [],
        holdout_percent=holdout_percent,
        time_zone="UTC",
        actor=ACTOR,
        now=now,
    )


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


def begin(campaign: uuid.UUID) -> Occurrence:
    """Trigger the campaign: its audience is frozen and counted, nobody is placed yet."""
    outcome = campaigns.trigger(
        campaign_id=campaign, occurrence=None, cause=campaigns.Cause("manual"), actor=ACTOR, now=datetime.now(UTC)
    )
    return Occurrence.objects.select_related("campaign").get(public_id=outcome.answer["id"])


def fan_out_in_sets(campaign: uuid.UUID) -> float:
    """Trigger the campaign and place its whole audience as a worker does; give rows per processor-second."""
    empty()
    clock = ProcessorTime()
    occurrence = begin(campaign)
    while fan_out.place_next(occurrence, now=occurrence.triggered_at) is not None:
        pass
    spent = clock.seconds()
    return Send.objects.filter(source_ref=campaign).count() / spent


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


def queue(segment: uuid.UUID, customers: int) -> None:
    """Queue a message for so many customers."""
    empty()
    now = datetime.now(UTC)
    message = open_message(now)
    delivery.enqueue_chunk(message_id=message.id, audience=audience(segment), now=now, limit=customers)


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
