"""What is done by the clock: starts whose slot came, members let in, people past their time, rules that came true."""

import hashlib
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from loyalty.campaigns import api as campaigns
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.foundation.work import api as work
from loyalty.journeys.contracts import ExecutionState
from loyalty.journeys.models import Backfill, Journey, Stretch, Version
from loyalty.journeys.operations import deciding, groups, holding
from loyalty.journeys.operations.entering import settings_of
from loyalty.journeys.operations.starting_clock import schedule_of
from loyalty.journeys.operations.versions import load
from loyalty.journeys.policy.graph import parse
from loyalty.journeys.policy.reasons import Reason, say

log = logging.getLogger("loyalty.journeys")

# Members let in by one transaction, beside another worker's. Others' facts are stored behind those of one such
# transaction, so it is a fraction of a second long.
FILL_ROWS = 20_000
EXPIRE_ROWS = 10_000
# People asked of one version in one look, and in one transaction of it: an event waits for those who are just asked.
ASK_ROWS, ASK_ROWS_AT_ONCE = 20_000, 5_000
# Later than this a person whose time has come counts as stuck: a worker is gone, or far behind.
STUCK_AFTER = timedelta(minutes=10)
STUCK_MAX = 500

FILL = """
    WITH asked AS (
        SELECT array_agg(m) AS customers, count(*)::integer AS seen
        FROM segments_members_between(%(segment)s, %(after)s, %(until)s) m
    )
    SELECT a.seen, coalesce(e.entered, 0) AS entered
    FROM asked a LEFT JOIN LATERAL journeys_enter(%(settings)s::jsonb, a.customers, array_fill(''::text, ARRAY[a.seen]),
        array_fill(%(occurrence)s::uuid, ARRAY[a.seen]), NULL, %(now)s) e ON a.seen > 0
"""
LAY_OUT = """
    INSERT INTO journeys_stretch (backfill_id, after_id, until_id)
    SELECT %s, s.after_id, s.until_id FROM segments_stretches(%s, %s) s ORDER BY s.after_id
"""
EXPIRE = """
    SELECT x.id FROM journeys_execution x JOIN journeys_journey j ON j.id = x.journey_id AND (
        j.status = 'ACTIVE' OR (j.status = 'PAUSED' AND NOT j.is_frozen))
    WHERE x.expires_at <= %s AND x.state IN ('NOT_STARTED', 'IN_PROGRESS', 'WAITING') AND NOT x.is_held_out
    ORDER BY x.expires_at LIMIT %s FOR UPDATE OF x SKIP LOCKED
"""
ASK = """
    SELECT x.id FROM journeys_execution x
    WHERE x.journey_id = %s AND x.version_id = %s AND x.state = 'WAITING' AND NOT x.is_held_out AND x.id > %s
    ORDER BY x.id LIMIT %s FOR UPDATE SKIP LOCKED
"""
CLOSE = """
    UPDATE journeys_version v SET is_open = false FROM journeys_journey j
    WHERE j.id = v.journey_id AND v.is_open AND j.live_id IS DISTINCT FROM v.id AND NOT EXISTS (
        SELECT 1 FROM journeys_execution x WHERE x.journey_id = j.id AND x.version_id = v.id
            AND x.state IN ('NOT_STARTED', 'IN_PROGRESS', 'WAITING') AND NOT x.is_held_out)
"""
STUCK = """
    SELECT x.id AS execution_id, j.public_id AS journey_id, j.name AS journey_name, v.number AS version,
        n.code AS node_id, n.name AS node_name, n.kind, x.state, x.attempts, x.reason AS last_error, x.due_at,
        d.public_id AS customer_id
    FROM journeys_journey j
    JOIN journeys_version v ON v.journey_id = j.id AND v.is_open
    JOIN journeys_node n ON n.version_id = v.id
    JOIN LATERAL (
        SELECT * FROM journeys_execution x WHERE x.node_id = n.id AND x.due_at < %(before)s
        ORDER BY x.due_at LIMIT %(limit)s) x ON true
    LEFT JOIN customers_directory d ON d.customer_id = x.customer_id
    WHERE j.status = 'ACTIVE' ORDER BY x.due_at LIMIT %(limit)s
"""
FIRST = uuid.UUID(int=0)


@dataclass(frozen=True, slots=True)
class Swept:
    """What one look at the clock came to."""

    started: int = 0
    entered: int = 0
    expired: int = 0


def sweep(*, now: datetime, has_time: Callable[[], bool] = lambda: True) -> Swept:
    """Do what the clock asks for; each piece is a transaction of its own.

    :param has_time: asked after each piece; False stops, and the rest is left to the next look.
    """
    started = sum(_start_slot(pk, now) for pk in _list_due_starts(now))
    # Who is past the longest time first: an entry may take longer than one look.
    expired = 0
    while gone := _expire(now):
        expired += gone
        if not has_time():
            break
    entered = fill_all(now=now, has_time=has_time)
    if entered:
        work.ring("journeys.advance")
    return Swept(started, entered, expired)


def tidy(*, now: datetime) -> None:
    """Make the months of the log, and close versions that nobody is inside of."""
    with transaction.atomic():
        sql.fetch_one("SELECT journeys_make_months(%s)", [now])
    with transaction.atomic():
        sql.execute(CLOSE)


def _list_due_starts(now: datetime) -> list[int]:
    rows = Journey.objects.filter(status="ACTIVE", due_at__lte=now).order_by("due_at")
    return list(rows.values_list("pk", flat=True))


@transaction.atomic
def _start_slot(pk: int, now: datetime) -> int:
    """Have those let in whom a slot leads in; of slots that were missed the latest only."""
    journey = Journey.objects.select_for_update(skip_locked=True).filter(pk=pk, status="ACTIVE").first()
    if journey is None or journey.live is None or journey.due_at is None or journey.due_at > now:
        return 0
    graph = parse(journey.live.graph)
    try:
        schedule = schedule_of(graph)
    except Refusal as refusal:
        log.warning("journey %s has no schedule any more: %s", journey.public_id, refusal.detail)
        schedule = None
    if schedule is None:
        Journey.objects.filter(pk=pk).update(due_at=None)
        return 0
    due = campaigns.due_slot(schedule, journey.due_at, now)
    Journey.objects.filter(pk=pk).update(due_at=due.next_at)
    start = load(journey.live.pk, journey.public_id).wiring.start
    segment = start.config["trigger"]["segment_id"] if start is not None else ""
    occurrence = f"slot {campaigns.name_of(due.slot_at, schedule)}"
    _, is_new = Backfill.objects.get_or_create(
        journey=journey, occurrence=occurrence, defaults={"segment_ref": uuid.UUID(str(segment))}
    )
    maybe_fail("journeys.slot_taken")
    return int(is_new)


def fill_all(*, now: datetime, has_time: Callable[[], bool] = lambda: True) -> int:
    """Let in whom segments lead in, in stretches, beside other workers; give how many came.

    A stretch goes with the transaction in which its people come in: a lost worker's is taken by the next. Whoever let
    a stretch in stores its facts, so that no backlog of them stands before somebody else's.
    """
    entered = 0
    for pk in list(Backfill.objects.filter(is_complete=False).order_by("pk").values_list("pk", flat=True)):
        _lay_out(pk)
        while (came := _fill(pk, now)) is not None:
            entered += came
            events.store_facts()
            if not has_time():
                return entered
        _finish(pk)
    return entered


@transaction.atomic
def _lay_out(pk: int) -> None:
    """Lay the stretches of a backfill out, once, and call others to take some; who comes meanwhile waits for them."""
    backfill = Backfill.objects.select_for_update().filter(pk=pk, is_complete=False, is_planned=False).first()
    if backfill is None:
        return
    if sql.execute(LAY_OUT, [pk, backfill.segment_ref, FILL_ROWS]) > 1:
        work.ring("journeys.sweep")
    backfill.is_planned = True
    backfill.save(update_fields=["is_planned"])
    maybe_fail("journeys.laid_out")


@transaction.atomic
def _fill(pk: int, now: datetime) -> int | None:
    """Let in the members of a stretch; None when there is none left that nobody else is at."""
    stretch = (
        Stretch.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(backfill_id=pk, backfill__is_complete=False)
        .select_related("backfill__journey")
        .order_by("pk")
        .first()
    )
    if stretch is None or not holding.share_if_active(stretch.backfill.journey_id):
        return None
    backfill = stretch.backfill
    journey = Journey.objects.get(pk=backfill.journey_id)
    if journey.live_id is None:
        return None
    row = sql.fetch_one(
        FILL,
        {
            "segment": backfill.segment_ref,
            "after": stretch.after_id,
            "until": stretch.until_id,
            "settings": settings_of(load(journey.live_id, journey.public_id)),
            "occurrence": uuid.UUID(hashlib.md5(f"{journey.public_id} {backfill.occurrence}".encode()).hexdigest()),
            "now": now,
        },
    )
    seen, entered = (int(row["seen"]), int(row["entered"])) if row else (0, 0)
    stretch.delete()
    # Last, so that workers side by side wait for one another as short as may be.
    Backfill.objects.filter(pk=pk).update(seen=F("seen") + seen, entered=F("entered") + entered)
    maybe_fail("journeys.filled")
    return entered


@transaction.atomic
def _finish(pk: int) -> None:
    """Close a backfill of which no stretch is left, in anybody's hands either."""
    backfill = Backfill.objects.select_for_update().filter(pk=pk, is_complete=False, is_planned=True).first()
    if backfill is not None and not Stretch.objects.filter(backfill_id=pk).exists():
        backfill.is_complete = True
        backfill.save(update_fields=["is_complete"])


@transaction.atomic
def _expire(now: datetime) -> int:
    ids = [row["id"] for row in sql.fetch_all(EXPIRE, [now, EXPIRE_ROWS])]
    ended = groups.end(ids, state=ExecutionState.EXPIRED, branch="expired", reason="the longest time was over", now=now)
    maybe_fail("journeys.expired")
    return ended


def ask_rules(*, now: datetime) -> int:
    """Ask those who wait whether the exit rule or the goal came true; give how many were asked.

    Each version remembers how far it came, so that all are asked in turn.
    """
    asked = 0
    for version in Version.objects.filter(is_open=True, journey__status="ACTIVE").select_related("journey"):
        if deciding.has_rules(load(version.pk, version.journey.public_id)):
            for _ in range(ASK_ROWS // ASK_ROWS_AT_ONCE):
                some = _ask(version.pk, now)
                asked += some
                if some < ASK_ROWS_AT_ONCE:
                    break
    return asked


@transaction.atomic
def _ask(version_pk: int, now: datetime) -> int:
    version = Version.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=version_pk).first()
    if version is None or not holding.share_if_active(version.journey_id):
        return 0
    journey = Journey.objects.get(pk=version.journey_id)
    after = version.asked_after or FIRST
    ids = [row["id"] for row in sql.fetch_all(ASK, [journey.pk, version.pk, after, ASK_ROWS_AT_ONCE])]
    deciding.stay(load(version.pk, journey.public_id), ids, now=now)
    version.asked_after = ids[-1] if len(ids) == ASK_ROWS_AT_ONCE else None
    version.save(update_fields=["asked_after"])
    return len(ids)


@dataclass(frozen=True, slots=True)
class Stuck:
    """Somebody whose time came and who has not gone on, and why as far as that can be told."""

    execution_id: uuid.UUID
    journey_id: uuid.UUID
    journey_name: str
    version: int
    node_id: str
    node_name: str
    state: str
    customer_id: uuid.UUID | None
    due_at: datetime
    overdue_seconds: int
    reason: str


def list_stuck(*, now: datetime, language: str = "en") -> list[Stuck]:
    """Give people whose time came more than ten minutes ago, the longest overdue first; at most 500.

    The reason is said in ``language`` (``en`` or ``ar``).
    """
    rows = sql.fetch_all(STUCK, {"before": now - STUCK_AFTER, "limit": STUCK_MAX})
    return [
        Stuck(
            row["execution_id"], row["journey_id"], row["journey_name"], row["version"], row["node_id"],
            row["node_name"], row["state"], row["customer_id"], row["due_at"],
            int((now - row["due_at"]).total_seconds()), say(_why(row), language),
        )
        for row in rows
    ]  # fmt: skip


def _why(row: dict[str, object]) -> str:
    if row["customer_id"] is None:
        return Reason("customer_gone")
    if row["attempts"]:
        return Reason("attempts", attempts=row["attempts"], last=row["last_error"])
    return Reason("no_worker")
