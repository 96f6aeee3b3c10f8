"""Facts that lead in, wake, or lead out: read from the event store in sets, by one reader at a time, in their order.

The reader moves its cursor in the transaction in which it acts, so that a fact counts once. A fact finds the people of
its customer along an index; nobody is looked through.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.foundation.events import api as events
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.journeys.contracts import (
    NEXT,
    EventMatch,
    ExecutionState,
    Node,
    NodeKind,
    SegmentEdge,
    TriggerKind,
    WaitMode,
)
from loyalty.journeys.operations import deciding, groups, hearing, holding
from loyalty.journeys.operations.entering import settings_of
from loyalty.journeys.operations.groups import Group, Leaving
from loyalty.journeys.operations.hearing import CORRELATED, correlation_of, facts_of
from loyalty.journeys.operations.versions import Loaded, load
from loyalty.journeys.policy.conditions import matches_event

# Facts read in one transaction: half a second of entries when each of them leads somebody in.
READ_MAX = 20_000
ENTERED, LEFT = "segment.member_added", "segment.member_removed"
EDGES: Mapping[str, str] = {SegmentEdge.ENTERED: ENTERED, SegmentEdge.LEFT: LEFT}
# A customer who is closed at the operator is led no further.
CLOSED_BY = "customer.updated"
CLOSED_REASON = "the customer is closed"

CURSOR = "INSERT INTO journeys_factcursor (name, position) VALUES ('events', %s) ON CONFLICT DO NOTHING"
BEGIN = """
    INSERT INTO journeys_factcursor AS c (name, position) VALUES ('events', %s)
    ON CONFLICT (name) DO UPDATE SET position = greatest(c.position, excluded.position), moved_at = now()
"""
READ_CURSOR = "SELECT position FROM journeys_factcursor WHERE name = 'events' FOR UPDATE"
MOVE_CURSOR = "UPDATE journeys_factcursor SET position = %s, moved_at = now() WHERE name = 'events'"
TYPES_HERE = """
    SELECT DISTINCT type FROM events_log WHERE position > %(from)s AND position <= %(until)s AND type = ANY (%(types)s)
"""
OPEN_VERSIONS = """
    SELECT v.id AS version_pk, j.id AS journey_pk, j.public_id AS journey_id, j.status, j.live_id = v.id AS is_live
    FROM journeys_journey j JOIN journeys_version v ON v.journey_id = j.id AND v.is_open
    WHERE j.status IN ('ACTIVE', 'PAUSED') ORDER BY j.id, v.id
"""
FACTS = """
    SELECT position, type, occurred_at, data FROM events_log
    WHERE position > %(from)s AND position <= %(until)s AND type = %(type)s ORDER BY position
"""
A_CUSTOMER = "l.key ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"
# What a journey tells of itself moves nobody in it: it would be its own cause for ever.
OF_OTHERS = """
    NOT (l.type IN ('journey.started', 'journey.completed') AND l.data ->> 'journey_id' = %(journey_id)s)
"""
# The people of a version whom facts are about; the first fact of each counts. With a node, those who wait there.
# From a fact to its customer to the customer's open executions: OFFSET 0 keeps each look-up one of its own, so that no
# statistics, stale or missing, lead from the other side, over all who wait at the node. By the customer alone, because
# a planner that takes a journey for empty would look through all of it.
CONCERNED = f"""
    WITH facts AS MATERIALIZED (
        SELECT l.position, l.event_id, l.data, CASE WHEN {A_CUSTOMER} THEN l.key::uuid END AS customer
        FROM events_log l
        WHERE l.position > %(from)s AND l.position <= %(until)s AND l.type = %(type)s
            AND (%(positions)s::bigint[] IS NULL OR l.position = ANY (%(positions)s))
            AND (%(segment)s::text IS NULL OR l.data ->> 'segment_id' = %(segment)s)
            AND {OF_OTHERS}
    )
    SELECT DISTINCT ON (x.id) x.id, f.event_id, f.position
    FROM facts f
    CROSS JOIN LATERAL (
        SELECT d.customer_id FROM customers_directory d WHERE d.public_id = f.customer OFFSET 0) d
    CROSS JOIN LATERAL (
        SELECT x.id, x.journey_id, x.version_id, x.node_id, x.occurrence, x.heard_until FROM journeys_execution x
        WHERE x.customer_id = d.customer_id AND x.state IN ('NOT_STARTED', 'IN_PROGRESS', 'WAITING')
            AND NOT x.is_held_out OFFSET 0) x
    LEFT JOIN LATERAL (SELECT c.data FROM journeys_context c WHERE c.execution_id = x.id OFFSET 0) c ON true
    WHERE x.journey_id = %(journey)s AND x.version_id = %(version)s
        AND (%(node)s::bigint IS NULL OR (x.node_id = %(node)s AND f.position > coalesce(x.heard_until, 0)))
        AND x.occurrence <> f.event_id
        AND {CORRELATED.format(data="f.data", context="coalesce(c.data, '{}'::jsonb)")}
    ORDER BY x.id, f.position
"""
# A fact ends one wait: who comes from it to the next one waits for what is read behind it.
HEARD = """
    UPDATE journeys_execution x SET heard_until = g.position
    FROM unnest(%s::uuid[], %s::bigint[]) g (id, position) WHERE x.id = g.id AND x.heard_until IS NOT NULL
"""
LOCK = "SELECT id FROM journeys_execution WHERE id = ANY (%s::uuid[]) ORDER BY id FOR UPDATE"
# One statement lets in all whom facts of a range are about; what an event says goes along as ``event``.
ENTER = f"""
    SELECT e.entered, e.held_out FROM (
        SELECT array_agg(d.customer_id ORDER BY l.position) AS customers,
            array_agg(left(coalesce(jsonb_build_object('event', l.data, 'context', l.data)
                #>> string_to_array(%(key_path)s, '.'), ''), 200) ORDER BY l.position) AS keys,
            array_agg(l.event_id ORDER BY l.position) AS occurrences,
            array_agg(CASE WHEN %(has_context)s THEN jsonb_build_object('event', l.data || jsonb_build_object(
                'event_type', l.type, 'event_id', l.event_id, 'occurred_at', l.occurred_at)) END ORDER BY l.position)
                AS contexts,
            array_agg(l.position ORDER BY l.position) AS positions
        FROM events_log l JOIN customers_directory d ON d.public_id = CASE WHEN {A_CUSTOMER} THEN l.key::uuid END
        WHERE l.position > %(from)s AND l.position <= %(until)s AND l.type = %(type)s
            AND (%(positions)s::bigint[] IS NULL OR l.position = ANY (%(positions)s))
            AND (%(segment)s::text IS NULL OR l.data ->> 'segment_id' = %(segment)s)
            AND {OF_OTHERS}
    ) f
    CROSS JOIN LATERAL journeys_enter(
        %(settings)s::jsonb, f.customers, f.keys, f.occurrences, f.contexts, %(now)s, f.positions) e
    WHERE f.customers IS NOT NULL
"""
CLOSED = f"""
    SELECT x.id FROM (
        SELECT DISTINCT CASE WHEN {A_CUSTOMER} THEN l.key::uuid END AS customer FROM events_log l
        WHERE l.position > %(from)s AND l.position <= %(until)s AND l.type = %(type)s) f
    CROSS JOIN LATERAL (
        SELECT d.customer_id FROM customers_directory d WHERE d.public_id = f.customer AND d.status = 'CLOSED'
        OFFSET 0) d
    CROSS JOIN LATERAL (
        SELECT x.id FROM journeys_execution x
        WHERE x.customer_id = d.customer_id AND x.state IN ('NOT_STARTED', 'IN_PROGRESS', 'WAITING')
            AND NOT x.is_held_out OFFSET 0) x
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one reading came to; ``places`` are the rows of the nodes where people are now whom a fact led there."""

    read: int = 0
    woken: int = 0
    entered: int = 0
    ended: int = 0
    places: frozenset[int] = frozenset()

    def plus(self, other: "Heard") -> "Heard":
        """Give what two readings came to."""
        return Heard(
            self.read + other.read, self.woken + other.woken, self.entered + other.entered, self.ended + other.ended,
            self.places | other.places,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stretch:
    """The facts of one reading: after one position, up to another; ``types`` are those of interest among them."""

    after: int
    until: int
    types: frozenset[str]
    now: datetime

    def params(self, event_type: str) -> dict[str, Any]:
        """Give the bounds as parameters."""
        return {"from": self.after, "until": self.until, "type": event_type, "now": self.now}


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact by its id and its place in the event store."""

    event_id: uuid.UUID
    position: int


@dataclass(frozen=True, slots=True)
class Listener:
    """A version that listens, and whether new people enter it."""

    loaded: Loaded
    is_live: bool


def begin() -> None:
    """Have facts count from now on: those from before the first journey ran lead nobody in, and none after is lost.

    The caller makes a journey run in this transaction. While others run the cursor moves by itself.
    """
    if not is_anything_awaited():
        sql.execute(BEGIN, [events.store_facts()])


def is_anything_awaited() -> bool:
    """Tell whether any journey has been published that is not over."""
    return (
        sql.fetch_one("SELECT 1 AS found FROM journeys_journey WHERE status IN ('ACTIVE', 'PAUSED') LIMIT 1")
        is not None
    )


def get_position_read() -> int:
    """Give the position in the event store up to which facts have been read for journeys."""
    row = sql.fetch_one("SELECT journeys_heard() AS position")
    return int(row["position"]) if row else 0


def listen(*, now: datetime, reads_max: int | None = None) -> Heard:
    """Read the newer facts until there are none; give what they came to."""
    total = Heard()
    for _ in range(reads_max or 1_000_000):
        # In a transaction of its own: while it lasts the relay waits.
        until = events.store_facts()
        heard = read_some(until=until, now=now)
        total = total.plus(heard)
        if heard.read < READ_MAX:
            break
    return total


@transaction.atomic
def read_some(*, until: int, now: datetime) -> Heard:
    """Act upon the next facts and move the cursor with it. The cursor begins at the present."""
    sql.execute(CURSOR, [until])
    row = sql.fetch_one(READ_CURSOR)
    after = int(row["position"]) if row else until
    last = min(until, after + READ_MAX)
    if last <= after:
        return Heard()
    listeners = list_listeners()
    stretch = _stretch(after, last, listeners, now)
    heard = Heard(read=last - after)
    if stretch.types:
        heard = heard.plus(Heard(ended=_close(stretch) + sum(_lead_out(one, stretch) for one in listeners)))
        maybe_fail("journeys.led_out")
        for one in listeners:
            heard = heard.plus(_wake(one, stretch))
        maybe_fail("journeys.woken_by_fact")
        for one in listeners:
            heard = heard.plus(_let_in(one, stretch) if one.is_live else Heard())
        maybe_fail("journeys.let_in")
    sql.execute(MOVE_CURSOR, [last])
    maybe_fail("journeys.heard")
    return heard


def list_listeners() -> list[Listener]:
    """Give the versions that may have people inside or let some in, and hold their journeys as they are."""
    # Nobody is published over or paused while facts are acted upon; the reader waits for who does that now.
    held = holding.share(sorted({row["journey_pk"] for row in sql.fetch_all(OPEN_VERSIONS)}))
    # Read anew under the lock: a publication that ended just now made another version the live one.
    return [
        Listener(load(row["version_pk"], row["journey_id"]), row["is_live"] and row["status"] == "ACTIVE")
        for row in sql.fetch_all(OPEN_VERSIONS)
        if row["journey_pk"] in held
    ]


def _stretch(after: int, until: int, listeners: Sequence[Listener], now: datetime) -> Stretch:
    wanted = {CLOSED_BY} | {name for one in listeners for name in types_of(one.loaded)}
    rows = sql.fetch_all(TYPES_HERE, {"from": after, "until": until, "types": sorted(wanted)})
    return Stretch(after, until, frozenset(row["type"] for row in rows), now)


def types_of(loaded: Loaded) -> Iterator[str]:
    """Give the kinds of facts that matter to a version."""
    trigger = trigger_of(loaded)
    if trigger.get("kind") == TriggerKind.SEGMENT:
        yield from (ENTERED, LEFT)
    if trigger.get("kind") == TriggerKind.EVENT:
        yield str(trigger.get("event_type"))
    for match in _leading_out(loaded):
        yield match.event_type
    for node in loaded.graph.nodes:
        if node.kind == NodeKind.WAIT and node.config.get("mode") == WaitMode.EVENT:
            yield str(node.config.get("event_type"))


def trigger_of(loaded: Loaded) -> Mapping[str, Any]:
    """Give what leads into a version."""
    start = loaded.wiring.start
    trigger = start.config.get("trigger") if start is not None else None
    return trigger if isinstance(trigger, Mapping) else {}


def _leading_out(loaded: Loaded) -> list[EventMatch]:
    settings = loaded.graph.settings
    goal = settings.goal.event if settings.goal is not None else None
    return [*settings.exit_events, *([goal] if goal is not None else [])]


def _close(stretch: Stretch) -> int:
    """Let go the people of customers who were closed."""
    if CLOSED_BY not in stretch.types:
        return 0
    ids = _locked([row["id"] for row in sql.fetch_all(CLOSED, stretch.params(CLOSED_BY))])
    return groups.end(ids, state=ExecutionState.CANCELLED, branch="cancelled", reason=CLOSED_REASON, now=stretch.now)


def _lead_out(listener: Listener, stretch: Stretch) -> int:
    """Let go whom exit events and the edge of the segment lead out, then write down who has reached the goal."""
    loaded, settings = listener.loaded, listener.loaded.graph.settings
    ended = 0
    for match in settings.exit_events:
        if match.event_type in stretch.types:
            ids = _locked(list(_concerned(loaded, match, stretch)))
            ended += _exit(ids, f"event {match.event_type}", stretch)
    trigger = trigger_of(loaded)
    opposite = ENTERED if trigger.get("edge") == SegmentEdge.LEFT else LEFT
    if settings.leave_on_segment_exit and trigger.get("kind") == TriggerKind.SEGMENT and opposite in stretch.types:
        found = _concerned(loaded, EventMatch(opposite), stretch, segment=str(trigger.get("segment_id")))
        ended += _exit(_locked(list(found)), "left the segment", stretch)
    if (
        settings.goal is not None
        and settings.goal.event is not None
        and settings.goal.event.event_type in stretch.types
    ):
        ids = _locked(list(_concerned(loaded, settings.goal.event, stretch)))
        deciding.reach(ids, is_exit=settings.goal_exits, now=stretch.now)
        ended += len(ids) if settings.goal_exits else 0
    return ended


def _exit(ids: Sequence[uuid.UUID], reason: str, stretch: Stretch) -> int:
    return groups.end(ids, state=ExecutionState.EXITED, branch=deciding.EXIT, reason=reason, now=stretch.now)


def _wake(listener: Listener, stretch: Stretch) -> Heard:
    """Have those go on who wait for what happened."""
    heard = Heard()
    for node in listener.loaded.graph.nodes:
        match = EventMatch(str(node.config.get("event_type")), node.config.get("filter") or None)
        if node.kind != NodeKind.WAIT or node.config.get("mode") != WaitMode.EVENT:
            continue
        if match.event_type not in stretch.types:
            continue
        group = Group(listener.loaded, listener.loaded.nodes[node.id], node.id, stretch.now, READ_MAX)
        found = _concerned(listener.loaded, match, stretch, group=group)
        ids = _locked(list(found))
        hearing.remember(group, ids, [found[one].event_id for one in ids])
        woken = groups.leave(group, [Leaving(one, NEXT, {"event_id": str(found[one].event_id)}) for one in ids])
        if woken:
            sql.execute(HEARD, [ids, [found[one].position for one in ids]])
        heard = heard.plus(Heard(woken=woken, places=_behind(listener.loaded, node) if woken else frozenset()))
    return heard


def _behind(loaded: Loaded, node: Node) -> frozenset[int]:
    """Give the row of the node to which a node's ``next`` leads."""
    target = loaded.wiring.follow(node, NEXT)
    return frozenset() if target is None else frozenset({loaded.nodes[target]})


def _let_in(listener: Listener, stretch: Stretch) -> Heard:
    """Let in whom facts lead in, in one statement."""
    trigger = trigger_of(listener.loaded)
    if trigger.get("kind") == TriggerKind.SEGMENT:
        match, segment = EventMatch(EDGES[str(trigger.get("edge") or "entered")]), str(trigger.get("segment_id"))
    elif trigger.get("kind") == TriggerKind.EVENT:
        match, segment = EventMatch(str(trigger.get("event_type")), trigger.get("filter") or None), None
    else:
        return Heard()
    if match.event_type not in stretch.types:
        return Heard()
    path = listener.loaded.graph.settings.key_path or ""
    row = sql.fetch_one(
        ENTER,
        {
            **stretch.params(match.event_type),
            "journey_id": str(listener.loaded.journey_id),
            "positions": _positions(match, stretch),
            "segment": segment,
            "key_path": path if not path or path.startswith(("event.", "context.")) else f"event.{path}",
            "has_context": segment is None,
            "settings": settings_of(listener.loaded),
        },
    )
    entered, start = int(row["entered"]) if row else 0, listener.loaded.wiring.start
    places = _behind(listener.loaded, start) if entered and start is not None else frozenset[int]()
    return Heard(entered=entered, places=places)


def _concerned(
    loaded: Loaded, match: EventMatch, stretch: Stretch, *, group: Group | None = None, segment: str | None = None
) -> dict[uuid.UUID, Fact]:
    """Give whom the facts of a match are about, each with the first fact."""
    params = {
        **stretch.params(match.event_type),
        "journey": loaded.journey_pk,
        "journey_id": str(loaded.journey_id),
        "version": loaded.pk,
        "node": group.node_pk if group is not None else None,
        "positions": _positions(match, stretch),
        "segment": segment,
        "correlation": correlation_of(group.node) if group is not None else "[]",
    }
    return {row["id"]: Fact(row["event_id"], row["position"]) for row in sql.fetch_all(CONCERNED, params)}


def _positions(match: EventMatch, stretch: Stretch) -> list[int] | None:
    """Give which facts a filter lets through; None where there is no filter.

    A filter is asked once for a fact, whomever it is about; what a fact holds is declared nowhere, so no SQL can be
    made of it.
    """
    if match.filter is None:
        return None
    rows = sql.fetch_all(FACTS, stretch.params(match.event_type))
    return [
        int(row["position"])
        for row in rows
        if matches_event(match.filter, facts_of(row["type"], row["occurred_at"], row["data"]), now=stretch.now)
    ]


def _locked(ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Hold people, in one order; who is just moved by a worker is waited for."""
    return [row["id"] for row in sql.fetch_all(LOCK, [list(ids)])] if ids else []
