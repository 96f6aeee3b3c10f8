"""Publishing: a draft becomes a version that never changes, and people inside go where the plan leads them, at once."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.foundation.approvals import api as approvals
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.foundation.work import api as work
from loyalty.journeys.contracts import ExecutionState, Fate, Graph, Problem
from loyalty.journeys.errors import GraphNotPublishable, JourneyStateWrong, PlanInvalid, VersionNotFound
from loyalty.journeys.models import Journey, Version
from loyalty.journeys.operations import holding, returning, versions
from loyalty.journeys.operations.drafting import check_revision, problems_of, record
from loyalty.journeys.operations.returning import Returned
from loyalty.journeys.operations.starting_clock import next_start
from loyalty.journeys.policy import fates
from loyalty.journeys.policy.fates import Place, PlacedFate, Plan
from loyalty.journeys.policy.graph import parse
from loyalty.journeys.policy.validation import errors_among

KIND = "journeys.publish"
WORDS: approvals.Words = {"en": {"publish": "Publish the journey {name}"}, "ar": {"publish": "نشر الرحلة {name}"}}
MOVED, EXIT = "moved", "exit"

PLACES = """
    SELECT v.id AS version_pk, v.number, n.id AS node_pk, n.code, count(*) AS people
    FROM journeys_execution x JOIN journeys_version v ON v.id = x.version_id JOIN journeys_node n ON n.id = x.node_id
    WHERE x.journey_id = %s AND x.state IN ('NOT_STARTED', 'IN_PROGRESS', 'WAITING') AND NOT x.is_held_out
        AND v.id IS DISTINCT FROM %s
    GROUP BY v.id, v.number, n.id, n.code ORDER BY v.number, n.id
"""


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication came to, or would come to."""

    is_dry_run: bool
    version: int | None
    people: tuple[PlacedFate, ...]
    problems: tuple[Problem, ...]
    returned: tuple[Returned, ...] = ()


def publish(
    *,
    journey_id: uuid.UUID,
    revision: int,
    comment: str,
    plan: Plan,
    is_dry_run: bool = False,
    actor: Actor,
    now: datetime,
) -> Published:
    """Make the draft the version that new people enter, and lead those inside as the plan says; all or nothing.

    :raises DraftChanged: another revision stands.
    :raises GraphNotPublishable: the draft has errors; ``problems`` name node and repair.
    :raises PlanInvalid: the plan leaves people without a place.
    :raises JourneyStateWrong: the journey is archived.
    :raises WaitsForApproval: a workflow has it wait for others; the request is kept.
    """
    with transaction.atomic():
        journey = holding.alone(journey_id)
        check_revision(journey, revision)
        graph = parse(journey.draft)
        outcome = _prepare(journey, graph, plan, problems_of(journey.draft), is_dry_run=is_dry_run)
        if is_dry_run:
            return outcome
        waiting = _propose(journey, outcome, comment, plan, actor, now)
        if waiting is None:
            outcome = _publish(journey, graph, comment, plan, outcome, actor, now)
    return approvals.settled(waiting or outcome)


@transaction.atomic
def roll_back(
    *,
    journey_id: uuid.UUID,
    to_version: int,
    plan: Plan,
    takes_back: bool = False,
    is_dry_run: bool = False,
    actor: Actor,
    now: datetime,
) -> Published:
    """Have another version count again, and lead those inside the others as the plan says.

    With ``takes_back``, what the publications after that version did to people is taken back first: whom they moved,
    and who took no step since, stands again where it stood, with the time that was left; whom they led out comes in
    again. The plan is for all others.

    :raises VersionNotFound: the journey has none of this number.
    :raises GraphNotPublishable: it names what is no longer there.
    :raises PlanInvalid, JourneyStateWrong: as ``publish``.
    """
    journey = holding.alone(journey_id)
    version = Version.objects.filter(journey=journey, number=to_version).first()
    if version is None:
        raise VersionNotFound(f"There is no version {to_version}.")
    problems = problems_of(version.graph)
    returned = returning.take_back(journey, version, now=now) if takes_back else ()
    outcome = _prepare(journey, parse(version.graph), plan, problems, is_dry_run=is_dry_run, except_version=version.pk)
    if is_dry_run:
        # Counted by doing it, because who comes back is nobody's to be led; nothing of it stays.
        transaction.set_rollback(True)
        return replace(outcome, returned=returned)
    before = journey.live.number if journey.live is not None else None
    _let_count(journey, version, plan, outcome.people, now)
    # Where they came back to an older version than the one that counts, somebody is inside of that again.
    Version.objects.filter(journey=journey, number__in={one.version for one in returned if one.is_back}).update(
        is_open=True
    )
    record(
        journey, KIND, actor, now,
        before={"version": before},
        after={"version": to_version, **_told(plan, outcome.people), **returning.told(returned)},
    )  # fmt: skip
    return Published(False, version.number, outcome.people, outcome.problems, returned)


def list_places(journey_pk: int, *, except_version: int | None = None) -> list[Place]:
    """Give where people are, by version and node."""
    rows = sql.fetch_all(PLACES, [journey_pk, except_version])
    journey_id = Journey.objects.values_list("public_id", flat=True).get(pk=journey_pk)
    return [
        Place(
            row["number"], row["node_pk"],
            versions.load(row["version_pk"], journey_id).wiring.nodes[row["code"]], int(row["people"]),
        )
        for row in rows
    ]  # fmt: skip


def _prepare(
    journey: Journey,
    graph: Graph,
    plan: Plan,
    problems: Sequence[Problem],
    *,
    is_dry_run: bool,
    except_version: int | None = None,
) -> Published:
    if journey.status == "ARCHIVED":
        raise JourneyStateWrong("An archived journey stays as it is.")
    people = fates.fates_of(list_places(journey.pk, except_version=except_version), graph, plan)
    lost = fates.problems_of(people)
    if not is_dry_run and errors_among(problems):
        raise GraphNotPublishable("The journey has errors.", problems=_as_fields(errors_among(problems)))
    if not is_dry_run and lost:
        raise PlanInvalid(lost[0].message, problems=_as_fields(lost))
    return Published(is_dry_run, None, tuple(people), (*problems, *lost))


def _as_fields(problems: Sequence[Problem]) -> list[FieldProblem]:
    return [
        FieldProblem(".".join(part for part in (one.node_id or one.edge_id, one.field) if part), one.code,
            f"{one.message} {one.repair}")
        for one in problems[:100]
    ]  # fmt: skip


def _propose(
    journey: Journey, outcome: Published, comment: str, plan: Plan, actor: Actor, now: datetime
) -> approvals.Waiting | None:
    """Ask for the publication when a workflow demands it; what counts is how many people are inside."""
    if not approvals.is_demanded(KIND):
        return None
    return approvals.submit(
        approvals.Proposal(
            kind=KIND, subject_kind="journey", subject_ref=str(journey.public_id), actor=actor, now=now,
            payload={
                "journey_id": journey.public_id, "revision": journey.revision, "comment": comment,
                "name": journey.name, "plan": asdict(plan),
            },
            before={"version": journey.live.number if journey.live is not None else None},
            after={"name": journey.name, "comment": comment, **_told(plan, outcome.people)},
            amount=sum(one.place.count for one in outcome.people),
        )
    )  # fmt: skip


def apply(payload: Mapping[str, Any], *, actor: Actor, now: datetime) -> Mapping[str, Any]:
    """Publish what was approved, as whoever asked for it."""
    journey = holding.alone(uuid.UUID(str(payload["journey_id"])))
    check_revision(journey, payload["revision"])
    plan = Plan(Fate(payload["plan"]["policy"]), payload["plan"]["node_map"])
    graph = parse(journey.draft)
    outcome = _prepare(journey, graph, plan, problems_of(journey.draft), is_dry_run=False)
    done = _publish(journey, graph, payload["comment"], plan, outcome, actor, now)
    return {"journey_id": payload["journey_id"], "version": done.version}


def is_still_valid(payload: Mapping[str, Any], *, now: datetime) -> bool:
    """Hold the journey and tell whether its draft is the one that was read."""
    found = Journey.objects.select_for_update().filter(public_id=payload["journey_id"]).first()
    return found is not None and found.revision == payload["revision"]


def describe(payload: Mapping[str, Any]) -> approvals.Phrase:
    """Say what is asked for."""
    return approvals.Phrase("publish", {"name": payload["name"]})


def _publish(
    journey: Journey, graph: Graph, comment: str, plan: Plan, outcome: Published, actor: Actor, now: datetime
) -> Published:
    before = journey.live.number if journey.live is not None else None
    version = versions.write(journey=journey, graph=graph, comment=comment, author=actor.name, now=now)
    _let_count(journey, version, plan, outcome.people, now)
    after = {"version": version.number, "comment": comment, **_told(plan, outcome.people)}
    record(journey, KIND, actor, now, before={"version": before}, after=after)
    return Published(False, version.number, outcome.people, outcome.problems)


def _let_count(journey: Journey, version: Version, plan: Plan, people: Sequence[PlacedFate], now: datetime) -> None:
    """Make a version the one that counts and lead everybody as was told; nobody moves but by this."""
    version.is_open = True
    version.save(update_fields=["is_open"])
    journey.live = version
    if journey.status == "ACTIVE":
        journey.due_at = next_start(parse(version.graph), now)
    journey.save(update_fields=["live", "due_at"])
    maybe_fail("journeys.version_written")
    nodes = versions.load(version.pk, journey.public_id).nodes
    told = {"publication": version.number, "frozen": journey.frozen_for.total_seconds()}
    for one in people:
        _lead(one, nodes, f"version {version.number}", told, now)
    maybe_fail("journeys.led")
    if plan.policy != Fate.STAY:
        Version.objects.filter(journey=journey).exclude(pk=version.pk).update(is_open=False)
    work.ring("journeys.advance")


def _lead(one: PlacedFate, nodes: Mapping[str, int], reason: str, told: Mapping[str, Any], now: datetime) -> None:
    """Lead everybody at a node; how they stood is kept, so that it can be taken back."""
    kept = dumps_exact(told).decode()
    if one.fate == Fate.EXIT:
        sql.fetch_one(
            "SELECT journeys_end_at(%s, %s, %s, %s, %s, %s::jsonb)",
            [[one.place.node_pk], ExecutionState.EXITED.value, EXIT, reason, now, kept],
        )
    elif one.fate == Fate.MOVE and one.target is not None:
        sql.fetch_one(
            "SELECT journeys_move(%s, %s, NULL, %s, %s, %s, %s, %s::jsonb)",
            [one.place.node_pk, nodes[one.target], one.keeps, MOVED, reason, now, kept],
        )


def _told(plan: Plan, people: Sequence[PlacedFate]) -> dict[str, Any]:
    counts = {fate.value: sum(one.place.count for one in people if one.fate == fate) for fate in Fate}
    return {"policy": plan.policy.value, "people": counts}
