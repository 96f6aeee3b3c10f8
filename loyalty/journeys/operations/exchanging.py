"""Journeys out as a document, and in again: what a graph names by id is found by name where the id is nobody's."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.campaigns import api as campaigns
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.orm import sql
from loyalty.journeys.errors import DocumentInvalid, GraphInvalid
from loyalty.journeys.models import Journey
from loyalty.journeys.operations import drafting
from loyalty.journeys.policy.graph import parse, serialise
from loyalty.journeys.policy.validation import validate
from loyalty.journeys.queries.journeys import get_journey
from loyalty.journeys.queries.world import world
from loyalty.segments import api as segments

FORMAT = "khaywe.journey/1"
KEYS = frozenset({"format", "exported_at", "name", "description", "graph", "names"})
PROGRAMS = "SELECT public_id::text AS id, name FROM programs_directory"
NAME_MAX = 200


def export_journey(*, journey_id: uuid.UUID, now: datetime) -> dict[str, Any]:
    """Give the draft of a journey as a document, with the names of what it refers to.

    :raises JourneyNotFound: there is none.
    """
    journey = get_journey(journey_id)
    known = _names_here()
    return {
        "format": FORMAT,
        "exported_at": now,
        "name": journey.name,
        "description": journey.description,
        "graph": journey.draft,
        "names": {one: name for one in sorted(set(_ids(journey.draft))) if (name := known.get(one) or _campaign(one))},
    }


@transaction.atomic
def import_journey(
    *, document: Any, name: str = "", program: uuid.UUID | None = None, actor: Actor, now: datetime
) -> dict[str, Any]:
    """Make a draft of a document; give the journey, what is wrong with it here, and what was found by its name.

    :raises DocumentInvalid: it is no exported journey.
    """
    told = _read(document)
    graph, mended = _mend(told["graph"], told.get("names") or {})
    given = name or str(told.get("name") or "")
    made = drafting.create(
        name=given[:NAME_MAX], description=str(told.get("description") or ""), program=program, graph=graph,
        actor=actor, now=now,
    )  # fmt: skip
    problems = [{**asdict(one), "severity": one.severity.value} for one in validate(parse(graph), world())]
    return {"id": made, "name": given[:NAME_MAX], "problems": problems, "mended": mended}


def _read(document: Any) -> Mapping[str, Any]:
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise _invalid("format", f"An exported journey has the format {FORMAT}.")
    for key in document:
        if key not in KEYS:
            raise _invalid(str(key)[:60], "This field is not known here.")
    names = document.get("names") or {}
    if not isinstance(names, Mapping) or not all(isinstance(one, str) for one in names.values()):
        raise _invalid("names", "The names are texts by id.")
    if not str(document.get("name") or "").strip():
        raise _invalid("name", "The journey has no name.")
    try:
        parse(document.get("graph"))
    except GraphInvalid as refusal:
        raise DocumentInvalid(refusal.detail, problems=refusal.problems) from refusal
    return document


def _invalid(place: str, message: str) -> DocumentInvalid:
    return DocumentInvalid(message, problems=[FieldProblem(f"document.{place}", DocumentInvalid.code, message)])


def _mend(graph: Any, names: Mapping[str, str]) -> tuple[Any, list[str]]:
    """Put the ids of this installation where those of another stand that have one name here."""
    here = _names_here()
    by_name: dict[str, list[str]] = {}
    for one, name in here.items():
        by_name.setdefault(name, []).append(one)
    found: dict[str, str] = {}
    for one in sorted(set(_ids(graph))):
        known = by_name.get(names.get(one, ""), [])
        # Two things of one name are no answer; then somebody has to choose.
        if one not in here and len(known) == 1:
            found[one] = known[0]
    return serialise(parse(_replaced(graph, found))), [f"{names[one]}" for one in found]


def _names_here() -> dict[str, str]:
    """Give the names of segments, programs and journeys by their ids."""
    told = {str(one.id): one.name for one in segments.list_segments()}
    told |= {row["id"]: row["name"] for row in sql.fetch_all(PROGRAMS)}
    return told | {str(one): name for one, name in Journey.objects.values_list("public_id", "name")}


def _campaign(one: str) -> str:
    try:
        return campaigns.get_campaign(uuid.UUID(one)).name
    except campaigns.CampaignNotFound:
        return ""


def _ids(value: Any) -> Iterator[str]:
    """Give the ids that stand anywhere in a graph, also inside rules."""
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _ids(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _ids(one)
    elif isinstance(value, str) and len(value) == 36:
        try:
            yield str(uuid.UUID(value))
        except ValueError:
            return


def _replaced(value: Any, found: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _replaced(one, found) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(one, found) for one in value]
    return found.get(value.lower(), value) if isinstance(value, str) else value
