"""From an event to the turned membership: purchases at a fixed rate, whatever the platform does meanwhile."""

import threading
import time
import uuid
from datetime import UTC, datetime

import psycopg

from benchmarks.harness import Bench
from loyalty.foundation.events import api as facts
from loyalty.foundation.orm import sql
from loyalty.segments import api as segments
from loyalty.segments.models import Segment

RATE, SECONDS, SECONDS_QUICK = 500, 20, 4
# How often the relay looks when it found nothing; it rings the doorbell that calls settle.
LOOK_S = 0.2
# Customers whom a purchase makes members: rich enough, and long not here.
CHOSEN = """
    SELECT f.customer_id FROM customer_features_view f
    WHERE f.total_revenue > 1500 AND f.last_purchase_days_ago > 40 LIMIT %s
"""
PURCHASE = """
    INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data)
    VALUES (gen_random_uuid(), 'customer.purchase', %(key)s, 'customer', %(key)s, now(), '{"amount": "10"}')
"""
TURNED = """
    SELECT m.id, c.public_id FROM segments_segmentchange m JOIN customers_directory c USING (customer_id)
    WHERE m.segment_id = %s AND m.id > %s AND m.is_member ORDER BY m.id
"""


def measure(bench: Bench, segment: Segment) -> None:
    """Send purchases by the clock and tell how long after each its customer was a member."""
    count = RATE * (SECONDS_QUICK if bench.is_quick else SECONDS)
    chosen = [row["customer_id"] for row in sql.fetch_all(CHOSEN, [count])]
    Segment.objects.filter(pk=segment.pk).update(is_event_driven=True)
    _store_backlog()
    segments.settle(now=datetime.now(UTC))
    row = sql.fetch_one("SELECT coalesce(max(id), 0) AS id FROM segments_segmentchange")
    last = int(row["id"]) if row else 0
    meant: dict[uuid.UUID, float] = {}
    over = threading.Event()
    sender = threading.Thread(target=_send, args=(bench.database_url, chosen, meant, over), daemon=True)
    sender.start()
    taken: list[float] = []
    patience = time.monotonic() + 20 * SECONDS
    while len(taken) < len(chosen) and time.monotonic() < patience:
        settled = segments.settle(now=datetime.now(UTC))
        ended = time.perf_counter()
        for turned in sql.fetch_all(TURNED, [segment.pk, last]):
            last = turned["id"]
            if turned["public_id"] in meant:
                taken.append(ended - meant[turned["public_id"]])
        if not settled.read:
            over.wait(LOOK_S)
    sender.join()
    Segment.objects.filter(pk=segment.pk).update(is_event_driven=False)
    taken.sort()
    if len(taken) < len(chosen):
        raise SystemExit(f"benchmarks: {len(chosen) - len(taken)} of {len(chosen)} purchases turned nothing.")
    p50, p99 = taken[len(taken) // 2], taken[len(taken) * 99 // 100]
    print(f"  an event to the membership at {RATE}/s, {count} events: p50 {p50:.3f} s, p99 {p99:.3f} s", flush=True)
    bench.tell_ratios("an event to the membership, p99 in seconds / 1 s", [p99], ceiling=1.0)


def _store_backlog() -> None:
    """Store the facts of the recalculations before, as the relay does all the time; it does not run here."""
    stored = -1
    while (position := facts.store_facts()) > stored:
        stored = position


def _send(url: str, chosen: list[uuid.UUID], meant: dict[uuid.UUID, float], over: threading.Event) -> None:
    """Commit one purchase after another, each counted from when it was due and not from when it was sent."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        began = time.perf_counter()
        for place, customer in enumerate(chosen):
            due = began + place / RATE
            wait = due - time.perf_counter()
            if wait > 0:
                over.wait(wait)
            meant[customer] = due
            connection.execute(PURCHASE, {"key": str(customer)}, prepare=True)
