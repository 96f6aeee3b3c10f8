"""The four oracles: SQL invariants, counts per key, the clients' acknowledgements, delivered events.

Each sees what the others cannot (docs/operating/kill-harness.md); they look when the storm is over and the queues are
empty, so what they find is not on its way.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.kill.clients import Call
from benchmarks.kill.contracts import Finding, Nursery, Tally

Connection = psycopg.Connection[tuple[Any, ...]]

SQL, COUNT, CLIENT, EVENTS = "SQL invariants", "count per key", "acknowledgement log", "delivered events"

# The marker of the client travels in the request's own content, so it counts effects even where keys are forgotten.
TRANSACTIONS = """
    SELECT t.public_id::text, t.kind::text, coalesce(t.context->>'description', nullif(t.reason, ''), ''),
        abs(coalesce(e.points_change, 0)), e.account_id, e.account_sequence, t.reason_code
    FROM ledger_transaction t
    LEFT JOIN ledger_entry e ON e.transaction_id = t.id AND e.account_id = t.account_id AND e.line = 1
"""
HOLDS = "SELECT public_id::text, state::text, reason, points_amount FROM ledger_hold"
DEAD = "SELECT handler, event_id::text, last_error FROM events_inboxentry WHERE state = 'DEAD'"
# Every verb whose answer names the transaction it made.
EFFECTLESS = {"hold", "release"}


@dataclass(frozen=True)
class Posted:
    """A transaction in the book."""

    id: str
    kind: str
    marker: str
    points: int
    account: int | None
    sequence: int | None
    reason_code: str | None

    @property
    def is_of_platform(self) -> bool:
        """Whether the platform posted it by itself: what expired, and corrections after a late purchase."""
        return self.kind == "expire" or self.reason_code == "backdated_correction"


def look(own: Connection, calls: list[Call], plan: Nursery, tally: Tally) -> list[Finding]:
    """Ask all four."""
    posted = [Posted(*row) for row in own.execute(TRANSACTIONS).fetchall()]
    findings = [*_sql(plan, tally), *_counts(posted, calls), *_acknowledgements(posted, calls)]
    findings += _events(posted, plan, tally)
    findings += _holds([(str(i), str(s), str(r), int(n)) for i, s, r, n in own.execute(HOLDS).fetchall()], calls, plan)
    dead = own.execute(DEAD).fetchall()
    if dead:
        findings.append(Finding(EVENTS, "dead letters", len(dead), [str(row) for row in dead]))
    _count_keys(calls, tally)
    return [finding for finding in findings if finding.number]


def _sql(plan: Nursery, tally: Tally) -> Iterator[Finding]:
    results = json.loads(plan.proof.read_text()) if plan.proof.exists() else []
    tally.invariants = len(results)
    if not results:
        yield Finding(SQL, "the invariants could not be checked", 1)
    for one in results:
        yield Finding(SQL, f"{one['code']} ({one['title']})", one["violations"], one["examples"])


def _counts(posted: list[Posted], calls: list[Call]) -> Iterator[Finding]:
    known = {call.marker: call for call in calls}
    number = Counter(one.marker for one in posted if one.marker in known)
    doubled = [marker for marker, times in number.items() if times > 1]
    yield Finding(COUNT, "keys with more than one effect", len(doubled), doubled)
    refused = [m for m in number if known[m].is_refused]
    yield Finding(COUNT, "keys that were refused and yet took effect", len(refused), refused)
    strange = [one for one in posted if one.marker not in known and not one.is_of_platform]
    yield Finding(COUNT, "effects that nobody asked for", len(strange), [f"{one.kind} {one.id}" for one in strange])


def _acknowledgements(posted: list[Posted], calls: list[Call]) -> Iterator[Finding]:
    by_id = {one.id: one for one in posted}
    markers = {one.marker for one in posted}
    lost, moved = [], []
    for call in calls:
        if not call.is_acknowledged or call.verb in EFFECTLESS:
            continue
        told = call.told
        transaction = str(told.get("transaction_id") or "")
        if call.verb == "purchase":
            if call.marker not in markers:
                lost.append(call.marker)
        elif transaction and transaction not in by_id:
            lost.append(f"{call.verb} {call.marker} {transaction}")
        elif transaction and by_id[transaction].points != told.get("points_amount", by_id[transaction].points):
            moved.append(
                f"{call.verb} {call.marker}: told {told.get('points_amount')}, stands {by_id[transaction].points}"
            )
    yield Finding(CLIENT, "acknowledged and lost", len(lost), lost)
    yield Finding(CLIENT, "acknowledged with other points than stand", len(moved), moved)
    changed = [text for call in calls for text in call.changed]
    yield Finding(CLIENT, "changed answers", len(changed), changed)
    unknown = [call.marker for call in calls if not call.status]
    yield Finding(CLIENT, "calls without an answer after the storm", len(unknown), unknown)


def _delivered(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    with path.open() as lines:
        for line in lines:
            # A process killed while it wrote leaves at most one broken line of its own.
            if line.endswith("\n") and line.startswith("{"):
                yield json.loads(line)


def _events(posted: list[Posted], plan: Nursery, tally: Tally) -> Iterator[Finding]:
    first: dict[str, dict[str, Any]] = {}
    repeated = 0
    for told in _delivered(plan.delivered):
        if told["transaction"]:
            repeated += told["event"] in first
            first.setdefault(told["event"], told)
    tally.events_delivered, tally.deliveries_repeated = len(first), repeated
    heard = {told["transaction"]: told for told in first.values()}
    by_id = {one.id: one for one in posted}
    missing = [one for one in by_id if one not in heard]
    invented = [one for one in heard if one not in by_id]
    wrong = [
        one
        for one, told in heard.items()
        if one in by_id and told["points"] is not None and told["points"] != by_id[one].points
    ]
    yield Finding(EVENTS, "transactions whose event never came", len(missing), missing)
    yield Finding(EVENTS, "events of transactions that are not there", len(invented), invented)
    yield Finding(EVENTS, "events that tell other points", len(wrong), wrong)
    tally.out_of_order = _disorder(list(heard), by_id)


def _holds(held: list[tuple[str, str, str, int]], calls: list[Call], plan: Nursery) -> Iterator[Finding]:
    """The same for holds, which move no points and so are no transactions."""
    asked = {call.marker: call for call in calls if call.verb == "hold"}
    number = Counter(marker for _, _, marker, _ in held)
    doubled = [marker for marker, times in number.items() if times > 1 and marker in asked]
    yield Finding(COUNT, "holds with more than one effect", len(doubled), doubled)
    standing = {one: points for one, _, _, points in held}
    lost = [
        f"hold {call.marker}" for call in asked.values()
        if call.is_acknowledged and standing.get(str(call.told.get("hold_id"))) != call.told.get("points_amount")
    ]  # fmt: skip
    yield Finding(CLIENT, "holds acknowledged and lost", len(lost), lost)
    states = {one: state for one, state, _, _ in held}
    again = [
        f"release {call.marker}" for call in calls
        if call.verb == "release" and call.is_acknowledged and states.get(str(call.told.get("hold_id"))) != "RELEASED"
    ]  # fmt: skip
    yield Finding(CLIENT, "releases acknowledged and lost", len(again), again)
    heard = {told["hold"] for told in _delivered(plan.delivered) if told["type"] == "points.held"}
    missing = [one for one in standing if one not in heard]
    yield Finding(EVENTS, "holds whose event never came", len(missing), missing)
    invented = [one for one in heard if one and one not in standing]
    yield Finding(EVENTS, "events of holds that are not there", len(invented), invented)


def _disorder(order: list[str], by_id: dict[str, Posted]) -> int:
    """Count first deliveries that came after a later one of the same account; told, and no finding (see the docs)."""
    last: dict[int, int] = {}
    number = 0
    for one in order:
        posted = by_id.get(one)
        if posted is None or posted.account is None or posted.sequence is None:
            continue
        number += posted.sequence < last.get(posted.account, 0)
        last[posted.account] = max(posted.sequence, last.get(posted.account, 0))
    return number


def _count_keys(calls: list[Call], tally: Tally) -> None:
    tally.keys = {
        "asked": len(calls),
        "acknowledged": sum(call.is_acknowledged for call in calls),
        "refused": sum(call.is_refused for call in calls),
        "retried": sum(call.tries > 1 for call in calls),
        "faults answered": sum(len(call.faults) for call in calls),
    }
