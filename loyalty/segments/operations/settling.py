"""Event-driven segments: customers of whom something happened are looked at alone, a few hundred in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from loyalty.foundation.events import api as events
from loyalty.foundation.orm import sql
from loyalty.foundation.rules import api as rules
from loyalty.segments.models import DirtyCustomer, Segment, SegmentKind
from loyalty.segments.operations.facts import Known, list_known, satisfies
from loyalty.segments.operations.members import turn
from loyalty.segments.operations.recalculation import rule_of
from loyalty.segments.policy.planning import layers, plan_of
from loyalty.segments.queries import world

# Facts read and customers looked at in one go: small enough to be done in a fraction of a second.
READ_MAX, SETTLE_MAX = 5_000, 500
# A customer whose source does not answer is tried again so much later.
RETRY = timedelta(seconds=30)
# Longer than any recalculation may take.
TOUCHED_KEPT = timedelta(hours=6)
CAUSE = "event"
# What happens to a customer whose features may change by it. Facts that rules ask for by name come on top.
FACT_TYPES = (
    "customer.purchase", "customer.updated", "customer.attribute_changed", "member.enrolled", "member.left",
    "tier.upgraded", "tier.downgraded",
    "points.earned", "points.burned", "points.adjusted", "points.expired", "points.reversed", "points.transferred",
    "message.sent", "message.opened", "message.clicked",
)  # fmt: skip
MEMBER_FACTS = ("segment.member_added", "segment.member_removed", "segment.recalculated")

CLAIM = """
    SELECT d.customer_id, d.since, c.public_id FROM segments_dirtycustomer d
    JOIN customers_directory c ON c.customer_id = d.customer_id
    WHERE d.due_at <= %s ORDER BY d.due_at LIMIT %s FOR UPDATE OF d SKIP LOCKED
"""
NOW_IN = """
    SELECT s.id AS segment_id, u.customer_id FROM unnest(%s::bigint[]) s (id), unnest(%s::bigint[]) u (customer_id)
    WHERE segments_contains(s.id, u.customer_id)
"""
TOUCH = """
    INSERT INTO segments_touchedcustomer (customer_id, evaluated_at) SELECT u, %s FROM unnest(%s::bigint[]) u
    ON CONFLICT (customer_id) DO UPDATE SET evaluated_at = excluded.evaluated_at
"""


@dataclass(frozen=True, slots=True)
class Settled:
    """What one round did: facts read, customers looked at, memberships turned."""

    read: int = 0
    looked_at: int = 0
    turned: int = 0


@dataclass(frozen=True, slots=True)
class _Live:
    """An event-driven segment with its rule at hand."""

    segment: Segment
    rule: rules.Rule
    reads_warehouse: bool


def event_driven() -> list[Segment]:
    """Give the segments that single events change; one with newer rules waits for their calculation."""
    rows = Segment.objects.filter(kind=SegmentKind.DYNAMIC, is_event_driven=True, is_stale=False, limit__isnull=True)
    return list(rows.order_by("pk"))


def is_anything_driven() -> bool:
    """Tell whether any segment is changed by single events."""
    return Segment.objects.filter(is_event_driven=True).exists()


def get_position_read() -> int:
    """Give the position in the event store up to which facts have been read; 0 before the first reading."""
    row = sql.fetch_one("SELECT position FROM segments_eventcursor WHERE name = 'events'")
    return int(row["position"]) if row else 0


def settle(*, now: datetime) -> Settled:
    """Read the newer facts and look at their customers until nothing is due."""
    if not is_anything_driven():
        return Settled()
    read = looked_at = turned = 0
    while True:
        read_now = collect(now=now)
        settled = settle_some(now=now)
        read, looked_at, turned = read + read_now, looked_at + settled.looked_at, turned + settled.turned
        if read_now < READ_MAX and settled.looked_at < SETTLE_MAX:
            return Settled(read, looked_at, turned)


def types_wanted() -> list[str]:
    """Give the facts after which somebody has to be looked at."""
    asked: set[str] = set()
    for one in _live():
        asked |= {question.event_type for question in rules.questions(one.rule)}
    return sorted({*FACT_TYPES, *asked})


def collect(*, now: datetime) -> int:
    """Put the customers of newer facts in line; give how many facts were read."""
    # In a transaction of its own: while it lasts the relay waits.
    until = events.store_facts()
    row = sql.fetch_one(
        "SELECT read_count FROM segments_collect(%s, %s, %s, %s)", [types_wanted(), READ_MAX, until, now]
    )
    return int(row["read_count"]) if row else 0


@transaction.atomic
def settle_some(*, now: datetime) -> Settled:
    """Look at some of the customers in line: evaluate every event-driven segment for each, and turn what differs.

    One who is put in line again meanwhile waits for the row and is looked at anew.
    """
    rows = sql.fetch_all(CLAIM, [now, SETTLE_MAX])
    if not rows:
        return Settled()
    live = _live()
    by_public = {row["public_id"]: int(row["customer_id"]) for row in rows}
    fields = frozenset(name for one in live for name in rules.uses_fields(one.rule))
    turned = 0
    known: dict[int, Known] = {}
    for layer in _layers(live):
        # Memberships that the layer before turned are read again, because this one may ask for them.
        told = list_known(list(by_public), fields, now=now)
        known = {by_public[public_id]: one for public_id, one in told.items()}
        turned += _turn_layer(layer, known, now=now)
    whole = [one for one in known if known[one].is_complete]
    away = [one for one in known if not known[one].is_complete]
    sql.execute(TOUCH, [now, sorted(whole)])
    DirtyCustomer.objects.filter(customer_id__in=set(by_public.values()) - set(away)).delete()
    DirtyCustomer.objects.filter(customer_id__in=away).update(due_at=now + RETRY)
    return Settled(looked_at=len(rows), turned=turned)


def _live() -> list[_Live]:
    here = world.warehouse_fields()
    found: list[_Live] = []
    for segment in event_driven():
        try:
            rule = rule_of(segment)
        except rules.RuleInvalid:
            # The catalogue lost a field; the next recalculation says so where people see it.
            continue
        found.append(_Live(segment, rule, plan_of(rule, here).reads_warehouse))
    return found


def _layers(live: Sequence[_Live]) -> list[list[_Live]]:
    by_name = {str(one.segment.public_id): one for one in live}
    uses = {name: tuple(one.segment.depends_on) for name, one in by_name.items()}
    return [[by_name[name] for name in layer] for layer in layers(list(by_name), uses)]


def _turn_layer(layer: Sequence[_Live], known: dict[int, Known], *, now: datetime) -> int:
    """Evaluate some segments for some customers and turn the memberships that differ; give how many did."""
    pks = [one.segment.pk for one in layer]
    # In one order for everybody who writes members, and held until the end.
    held = {one.pk: one for one in Segment.objects.select_for_update().filter(pk__in=pks).order_by("pk")}
    ids = sorted(one for one in known if known[one].is_complete)
    inside = {(row["segment_id"], row["customer_id"]) for row in sql.fetch_all(NOW_IN, [pks, ids])}
    turned = 0
    for one in layer:
        segment = held.get(one.segment.pk)
        if segment is None or segment.is_stale:
            continue
        wanted = {c for c in ids if satisfies(one.rule, known[c], reads_warehouse=one.reads_warehouse, now=now)}
        come = [c for c in ids if c in wanted and (segment.pk, c) not in inside]
        go = [c for c in ids if c not in wanted and (segment.pk, c) in inside]
        turned += turn(segment, come, is_member=True, cause=CAUSE, now=now)
        turned += turn(segment, go, is_member=False, cause=CAUSE, now=now)
    return turned


def forget_touched(*, now: datetime) -> int:
    """Forget who was looked at longer ago than any recalculation takes."""
    return sql.execute("DELETE FROM segments_touchedcustomer WHERE evaluated_at < %s", [now - TOUCHED_KEPT])
