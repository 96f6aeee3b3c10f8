"""Journeys and their drafts: made, renamed, saved, thrown away. A draft is always kept, whatever is wrong with it."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.editing import VersionCheck, any_version
from loyalty.foundation.orm.api import bump_version
from loyalty.journeys.contracts import Problem
from loyalty.journeys.errors import DraftChanged, JourneyInUse, JourneyNotFound, JourneyStateWrong, VersionNotFound
from loyalty.journeys.models import Journey, Version
from loyalty.journeys.policy.graph import parse, serialise
from loyalty.journeys.policy.templates import get_template
from loyalty.journeys.policy.validation import validate
from loyalty.journeys.queries.world import world

CHANGEABLE = ("name", "description")


def lock(journey_id: uuid.UUID) -> Journey:
    """Hold a journey's row until the end of the transaction.

    :raises JourneyNotFound: there is none.
    """
    found = Journey.objects.select_for_update().filter(public_id=journey_id).first()
    if found is None:
        raise JourneyNotFound()
    return found


@transaction.atomic
def create(
    *,
    name: str,
    description: str = "",
    program: uuid.UUID | None = None,
    graph: Any = None,
    template: str = "",
    language: str = "en",
    actor: Actor,
    now: datetime,
) -> uuid.UUID:
    """Make a journey with a draft, that of a template or an empty one where no graph is given; give its id.

    The steps of a template are named in ``language`` (``en`` or ``ar``).

    :raises GraphInvalid: the graph has another shape.
    :raises TemplateNotFound: there is no such template.
    """
    if graph is None and template:
        graph = dict(get_template(template, language).graph)
    draft = serialise(parse(graph if graph is not None else {}))
    journey = Journey.objects.create(
        name=name, description=description, program_ref=program, owner_ref=actor.owner_ref, draft=draft, saved_at=now,
        saved_by=actor.name,
    )  # fmt: skip
    record(journey, "journeys.change", actor, now, after={"name": name})
    return journey.public_id


@transaction.atomic
def change(
    *,
    journey_id: uuid.UUID,
    changes: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    check_version: VersionCheck = any_version,
) -> None:
    """Rename a journey, or say anew what it is for; ``check_version`` may refuse the version that stands."""
    journey = lock(journey_id)
    check_version(journey.version)
    before = {field: getattr(journey, field) for field in changes}
    for field, value in changes.items():
        if field in CHANGEABLE:
            setattr(journey, field, value)
    journey.save(update_fields=list(CHANGEABLE))
    bump_version(journey)
    record(journey, "journeys.change", actor, now, before=before, after=dict(changes))


@transaction.atomic
def delete(*, journey_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """Delete a journey that was never published.

    :raises JourneyInUse: it was.
    """
    journey = lock(journey_id)
    if Version.objects.filter(journey=journey).exists():
        raise JourneyInUse("It has been published; archive it instead.")
    record(journey, "journeys.change", actor, now, before={"name": journey.name})
    journey.delete()


@transaction.atomic
def save_draft(*, journey_id: uuid.UUID, graph: Any, revision: int, actor: Actor, now: datetime) -> Journey:
    """Keep a graph as the draft, when nobody saved another since ``revision`` was read.

    Saving is work under way and not audited; publishing is.

    :raises GraphInvalid: the graph has another shape.
    :raises DraftChanged: another revision stands; the facts carry it.
    :raises JourneyStateWrong: the journey is archived.
    """
    draft = serialise(parse(graph))
    journey = lock(journey_id)
    if journey.status == "ARCHIVED":
        raise JourneyStateWrong("An archived journey stays as it is.")
    check_revision(journey, revision)
    keep_draft(journey, draft, actor, now)
    return journey


@transaction.atomic
def restore(*, journey_id: uuid.UUID, number: int, actor: Actor, now: datetime) -> Journey:
    """Make a version the draft again.

    :raises VersionNotFound: the journey has none of this number.
    """
    journey = lock(journey_id)
    version = Version.objects.filter(journey=journey, number=number).first()
    if version is None:
        raise VersionNotFound(f"There is no version {number}.")
    keep_draft(journey, version.graph, actor, now)
    record(journey, "journeys.change", actor, now, after={"draft": f"version {number}"})
    return journey


def keep_draft(journey: Journey, draft: Any, actor: Actor, now: datetime) -> None:
    """Write the draft of a journey that the caller holds."""
    journey.draft, journey.revision = draft, journey.revision + 1
    journey.saved_at, journey.saved_by = now, actor.name
    journey.save(update_fields=["draft", "revision", "saved_at", "saved_by"])


def check_revision(journey: Journey, revision: int) -> None:
    """Refuse to go on from a draft that is no longer the one that counts.

    :raises DraftChanged: says so, with the one that does.
    """
    if journey.revision != revision:
        raise DraftChanged(
            f"{journey.saved_by or 'Somebody'} saved the draft meanwhile.",
            revision=journey.revision,
            graph=journey.draft,
            changed_by=journey.saved_by,
            changed_at=journey.saved_at.isoformat(),
        )


def problems_of(graph: Any) -> list[Problem]:
    """Give everything wrong with a graph.

    :raises GraphInvalid: it has another shape.
    """
    return validate(parse(graph), world())


def record(
    journey: Journey,
    act: str,
    actor: Actor,
    now: datetime,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Write the audit row of a change to a journey."""
    audit.record(
        actor=actor,
        act=act,
        subject_kind="journey",
        subject_ref=str(journey.public_id),
        at=now,
        before=before,
        after=after,
        reason=reason,
    )
