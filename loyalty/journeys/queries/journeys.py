"""Reads of journeys: what the list, one journey, its versions and its people show."""

import itertools
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from loyalty.foundation.kernel.exact_json import ExactDecoder
from loyalty.foundation.kernel.grants import Place, Scope
from loyalty.foundation.orm import sql
from loyalty.foundation.web.scoping import is_public_id
from loyalty.journeys.contracts import Problem
from loyalty.journeys.errors import JourneyNotFound, VersionNotFound
from loyalty.journeys.models import Execution, Journey, Node, Step, Version
from loyalty.journeys.policy import reasons
from loyalty.journeys.policy.graph import parse, serialise
from loyalty.journeys.policy.validation import validate
from loyalty.journeys.queries.world import world
from loyalty.segments.contracts import Usage

STATE_NAMES = {
    "NOT_STARTED": "in_progress",
    "IN_PROGRESS": "in_progress",
    "WAITING": "waiting",
    "COMPLETED": "completed",
    "EXITED": "exited",
    "CANCELLED": "exited",
    "EXPIRED": "exited",
    "FAILED": "failed",
}
# Beside the sentences of a step: what they are made of, to say them in another language.
PARTS = "told"
COUNT = """
    SELECT journey_id, state, count(*) AS people FROM journeys_execution
    WHERE journey_id = ANY (%s) AND NOT is_held_out GROUP BY journey_id, state
"""
COUNT_BY_VERSION = """
    SELECT version_id, count(*) FILTER (WHERE state IN ('NOT_STARTED', 'IN_PROGRESS', 'WAITING')) AS inside
    FROM journeys_execution WHERE journey_id = %s AND NOT is_held_out GROUP BY version_id
"""


def get_journey(journey_id: uuid.UUID) -> Journey:
    """Give a journey.

    :raises JourneyNotFound: there is none.
    """
    found = Journey.objects.select_related("live").filter(public_id=journey_id).first()
    if found is None:
        raise JourneyNotFound()
    return found


def count_people(journey_pks: Sequence[int]) -> dict[int, dict[str, int]]:
    """Count where people of journeys stand, by the words of the list."""
    counts = {pk: dict.fromkeys(dict.fromkeys(STATE_NAMES.values()), 0) for pk in journey_pks}
    for row in sql.fetch_all(COUNT, [list(journey_pks)]):
        counts[row["journey_id"]][STATE_NAMES[row["state"]]] += int(row["people"])
    return counts


def body_of(journey: Journey, people: Mapping[str, int], *, with_draft: bool) -> dict[str, Any]:
    """Give a journey as it is told; the draft and what is wrong with it on its own page only."""
    told = {
        "id": journey.public_id,
        "name": journey.name,
        "description": journey.description,
        "program": journey.program_ref,
        "status": journey.status,
        "live_version": journey.live.number if journey.live is not None else None,
        "has_unpublished_changes": has_unpublished_changes(journey),
        "people": dict(people),
        "activated_at": journey.activated_at,
        "created_at": journey.created_at,
        "updated_at": max(journey.updated_at, journey.saved_at),
    }
    if with_draft:
        told["draft"] = {
            "revision": journey.revision,
            "graph": journey.draft,
            "problems": problem_bodies(validate(parse(journey.draft), world())),
            "saved_at": journey.saved_at,
            "saved_by": journey.saved_by,
        }
    return told


def has_unpublished_changes(journey: Journey) -> bool:
    """Tell whether the draft is another graph than the one that counts."""
    return journey.live is None or serialise(parse(journey.draft)) != serialise(parse(journey.live.graph))


def problem_bodies(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Give problems as they are told."""
    return [{**asdict(one), "severity": one.severity.value} for one in problems]


def list_versions(journey: Journey) -> list[dict[str, Any]]:
    """Give the versions of a journey, the newest first, with how many are inside of each."""
    inside = {row["version_id"]: int(row["inside"]) for row in sql.fetch_all(COUNT_BY_VERSION, [journey.pk])}
    return [
        {
            "number": one.number,
            "published_at": one.published_at,
            "published_by": one.published_by,
            "comment": one.comment,
            "is_live": one.pk == journey.live_id,
            "people": inside.get(one.pk, 0),
        }
        for one in Version.objects.filter(journey=journey).order_by("-number")
    ]


def get_version(journey: Journey, number: int) -> Version:
    """Give a version by its number.

    :raises VersionNotFound: there is none.
    """
    found = Version.objects.filter(journey=journey, number=number).first()
    if found is None:
        raise VersionNotFound(f"There is no version {number}.")
    return found


def list_steps(execution: Execution, language: str = "en") -> list[dict[str, Any]]:
    """Give the steps of an execution in their order, the one that is under way at the end.

    Reasons are said in ``language`` (``en`` or ``ar``), as far as they were kept in parts.
    """
    rows = Step.objects.filter(execution_id=execution.pk).select_related("node").order_by("visit")
    steps = [
        {
            **_step(one.node, one.branch, one.entered_at, one.left_at),
            "result": None if one.result is None else {name: one.result[name] for name in one.result if name != PARTS},
            "reasons": _reasons(one.result or {}, language),
        }
        for one in rows
    ]
    if execution.ended_at is None and not execution.is_held_out:
        steps.append({**_step(execution.node, None, execution.entered_at, None), "result": None, "reasons": []})
    return steps


def _step(node: Node, branch: str | None, entered_at: datetime, left_at: datetime | None) -> dict[str, Any]:
    return {
        "node_id": node.code, "node_name": node.name, "kind": node.kind, "branch": branch, "entered_at": entered_at,
        "left_at": left_at,
    }  # fmt: skip


def _reasons(result: Mapping[str, Any], language: str) -> list[str]:
    parts = result.get(PARTS) or []
    sentences = result.get("reasons") or ([result["reason"]] if result.get("reason") else [])
    return [
        reasons.say(reasons.read(part, str(sentence)), language)
        for part, sentence in itertools.zip_longest(parts, sentences)
        if sentence is not None
    ]


def list_usages_of_segment(segment_id: uuid.UUID) -> list[Usage]:
    """Name the journeys whose counting version needs a segment."""
    rows = Journey.objects.exclude(status="ARCHIVED").filter(live__isnull=False).select_related("live").order_by("name")
    return [
        Usage(kind="journey", id=str(one.public_id), name=one.name)
        for one in rows
        if one.live is not None and str(segment_id) in str(one.live.graph)
    ]


def list_places(refs: Sequence[str]) -> dict[str, Place]:
    """Give in which program each journey stands and whose it is; an empty text is nobody's, and no grant reaches it."""
    ids = [ref for ref in refs if is_public_id(ref)]
    rows = Journey.objects.filter(public_id__in=ids).values_list("public_id", "program_ref", "owner_ref")
    return {str(ref): {Scope.PROGRAM: str(program or ""), Scope.OWN: owner or ""} for ref, program, owner in rows}


def list_places_of_executions(refs: Sequence[str]) -> dict[str, Place]:
    """Give in which program the journey of each execution stands and whose it is."""
    ids = [ref for ref in refs if is_public_id(ref)]
    rows = Execution.objects.filter(pk__in=ids).values_list("pk", "journey__program_ref", "journey__owner_ref")
    return {str(ref): {Scope.PROGRAM: str(program or ""), Scope.OWN: owner or ""} for ref, program, owner in rows}


def internal_ids(customer_ids: Sequence[uuid.UUID]) -> list[int]:
    """Give the internal ids of customers."""
    rows = sql.fetch_all(
        "SELECT customer_id FROM customers_directory WHERE public_id = ANY (%s::uuid[])", [list(customer_ids)]
    )
    return [int(row["customer_id"]) for row in rows]


def name_customers(executions: Sequence[Execution], language: str = "en") -> None:
    """Write on each execution the public id and the reference of its customer, None where that is gone.

    And the reason for which it stands or ended, said in ``language`` (``en`` or ``ar``).
    """
    rows = sql.fetch_all(
        "SELECT customer_id, public_id, customer_ref FROM customers_directory WHERE customer_id = ANY (%s)",
        [[one.customer_id for one in executions]],
    )
    named = {row["customer_id"]: row for row in rows}
    for one in executions:
        found = named.get(one.customer_id, {})
        said = reasons.say(reasons.read(None, one.reason), language)
        vars(one).update(
            customer_public_id=found.get("public_id"), customer_ref=found.get("customer_ref"), reason_said=said
        )


def context_of(execution: Execution) -> dict[str, Any]:
    """Give the context of an execution: its names, what led in, and what its nodes came to."""
    row = sql.fetch_one(
        "SELECT d.public_id, (SELECT c.data FROM journeys_context c WHERE c.execution_id = %s) AS data "
        "FROM customers_directory d WHERE d.customer_id = %s",
        [execution.pk, execution.customer_id],
    )
    kept = row["data"] if row else None
    data = kept if isinstance(kept, dict) else ExactDecoder().decode(kept) if kept else {}
    names = {"customer_id": str(row["public_id"]) if row else None, "journey_id": str(execution.journey.public_id)}
    return {**names, **data}


def answer_of(execution: Execution) -> dict[str, Any]:
    """Give where an execution stands, as ``start`` and ``continue`` tell it."""
    return {
        "execution_id": str(execution.pk),
        "state": execution.state,
        "current_node_id": execution.node.code,
        "context": context_of(execution),
    }
