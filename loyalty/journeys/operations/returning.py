"""Taking back what publications did to people, when a version before them counts again."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty.foundation.orm import sql
from loyalty.journeys.contracts import NEXT, ExecutionState, TriggerKind
from loyalty.journeys.models import Journey, Node, Version
from loyalty.journeys.operations import groups, hearing, versions
from loyalty.journeys.operations.groups import Group, Leaving
from loyalty.journeys.operations.versions import Loaded
from loyalty.journeys.policy.reasons import Reason

BACK, AGAIN, MOVED_ON, HAPPENED = "back", "again", "moved_on", "happened"
# Of so many at once it is looked up whether what they wait for has happened.
LOOKED_UP = 10_000

RETURN = "SELECT fate, node_id, people, waiting FROM journeys_return(%s, %s, %s, %s, %s::text[], %s, %s, %s)"
GO_ON_WAITING = "UPDATE journeys_execution SET state = %s WHERE id = ANY (%s::uuid[]) AND state = %s"
SEGMENT = "SELECT segment_id FROM segments_directory WHERE public_id = %s"


@dataclass(frozen=True, slots=True)
class Returned:
    """How many of those whom a publication led away from a node come back, or why not; ``version`` is the node's."""

    publication: int
    version: int
    node_id: str
    node_name: str
    fate: str
    count: int

    @property
    def is_back(self) -> bool:
        """Whether they are inside there again."""
        return self.fate in (BACK, AGAIN)


def told(returned: Sequence[Returned]) -> dict[str, Any]:
    """Give the counts by what became of people, for the audit log."""
    fates = (BACK, AGAIN, MOVED_ON, HAPPENED)
    counts = {fate: sum(one.count for one in returned if one.fate == fate) for fate in fates}
    return {"returned": counts} if returned else {}


def take_back(journey: Journey, version: Version, *, now: datetime) -> tuple[Returned, ...]:
    """Take back what the publications after a version did, the latest first; the caller holds the journey alone."""
    later = Version.objects.filter(journey=journey, number__gt=version.number).order_by("-number")
    found: list[Returned] = []
    types, segment = _leading_out(journey)
    for one in later:
        params = [
            journey.pk, one.pk, one.number, journey.frozen_for.total_seconds(), types, segment,
            str(Reason("taken_back", number=version.number)), now,
        ]  # fmt: skip
        rows = sql.fetch_all(RETURN, params)
        nodes = Node.objects.select_related("version").in_bulk([row["node_id"] for row in rows])
        for row in rows:
            node = nodes[row["node_id"]]
            _look_up(journey, node, row["waiting"] or [], now)
            found.append(
                Returned(one.number, node.version.number, node.code, node.name, row["fate"], int(row["people"]))
            )
    return tuple(found)


def _leading_out(journey: Journey) -> tuple[list[str], int | None]:
    """Give the facts by which people leave any of the versions or reach its goal, and the segment they must be in."""
    types: set[str] = set()
    segment: int | None = None
    for pk in Version.objects.filter(journey=journey).order_by("number").values_list("pk", flat=True):
        loaded = versions.load(pk, journey.public_id)
        settings = loaded.graph.settings
        types |= {one.event_type for one in settings.exit_events}
        if settings.goal is not None and settings.goal.event is not None and settings.goal_exits:
            types.add(settings.goal.event.event_type)
        if settings.leave_on_segment_exit:
            segment = _segment_of(loaded) or segment
    return sorted(types), segment


def _segment_of(loaded: Loaded) -> int | None:
    start = loaded.wiring.start
    trigger: Any = start.config.get("trigger") if start is not None else None
    if not isinstance(trigger, dict) or trigger.get("kind") != TriggerKind.SEGMENT:
        return None
    row = sql.fetch_one(SEGMENT, [trigger.get("segment_id")])
    return int(row["segment_id"]) if row else None


def _look_up(journey: Journey, node: Node, ids: Sequence[uuid.UUID], now: datetime) -> None:
    """Have those go on who wait again for an event that happened meanwhile; the rest waits with the time it had."""
    if not ids:
        return
    loaded = versions.load(node.version_id, journey.public_id)
    group = Group(loaded, node.pk, node.code, now, LOOKED_UP)
    for start in range(0, len(ids), LOOKED_UP):
        some = ids[start : start + LOOKED_UP]
        heard = hearing.look(group, some)
        hearing.remember(group, list(heard), list(heard.values()))
        groups.leave(group, [Leaving(one, NEXT, {"event_id": str(event)}) for one, event in heard.items()])
        waiting = [one for one in some if one not in heard]
        sql.execute(GO_ON_WAITING, [ExecutionState.WAITING.value, waiting, ExecutionState.IN_PROGRESS.value])
