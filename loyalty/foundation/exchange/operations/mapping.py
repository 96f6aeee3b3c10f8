"""Mappings of foreign events: made, changed, removed, and tried on a sample."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.exchange.contracts import EventTrial, RefusedEvent
from loyalty.foundation.exchange.errors import MappingTaken
from loyalty.foundation.exchange.models import EventMapping
from loyalty.foundation.exchange.operations.intake import read_one, readings_of, rehearse
from loyalty.foundation.exchange.policy import Reading, is_fitting, is_path, is_type, path_of
from loyalty.foundation.exchange.registry import find_reception
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.editing import VersionCheck, any_version
from loyalty.foundation.kernel.errors import FieldProblem, NotFound


def _note(mapping: EventMapping, actor: Actor, now: datetime, **after: Any) -> None:
    audit.record(
        actor=actor,
        act="exchange.manage",
        subject_kind="event_mapping",
        subject_ref=str(mapping.public_id),
        at=now,
        after=after,
    )


@transaction.atomic
def create_mapping(*, values: Mapping[str, Any], actor: Actor, now: datetime) -> EventMapping:
    """Make a mapping.

    :raises MappingTaken: the source has one of that name.
    """
    try:
        with transaction.atomic():
            mapping = EventMapping.objects.create(**values)
    except IntegrityError as fault:
        raise MappingTaken(f"{values['source']} has a mapping {values['name']} already.") from fault
    _note(mapping, actor, now, **values)
    return mapping


@transaction.atomic
def change_mapping(
    *,
    mapping: EventMapping,
    values: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    check_version: VersionCheck = any_version,
) -> None:
    """Change a mapping.

    :param check_version: may refuse the version that stands.
    :raises MappingTaken: the source has another one of that name.
    """
    held = _lock(mapping)
    check_version(held.version)
    for name, value in values.items():
        setattr(held, name, value)
    held.version += 1
    held.updated_at = now
    try:
        with transaction.atomic():
            held.save()
    except IntegrityError as fault:
        raise MappingTaken(f"{held.source} has a mapping {held.name} already.") from fault
    _note(held, actor, now, **values)


@transaction.atomic
def remove_mapping(
    *, mapping: EventMapping, actor: Actor, now: datetime, check_version: VersionCheck = any_version
) -> None:
    """Remove a mapping.

    :param check_version: may refuse the version that stands.
    """
    held = _lock(mapping)
    check_version(held.version)
    _note(held, actor, now, name=held.name, is_removed=True)
    held.delete()


def _lock(mapping: EventMapping) -> EventMapping:
    """Hold a mapping.

    :raises NotFound: somebody removed it meanwhile.
    """
    held = EventMapping.objects.select_for_update().filter(pk=mapping.pk).first()
    if held is None:
        raise NotFound("There is no such mapping any more.")
    return held


def list_mapping_problems(values: Mapping[str, Any]) -> Sequence[FieldProblem]:
    """Tell what is wrong with a mapping, place by place."""
    paths = {name: values[name] for name in ("id_path", "subject_path")}
    paths |= {"time_path": values["time_path"]} if values["time_path"] else {}
    paths |= {f"matches.{path}": path for path in values["matches"]}
    paths |= {f"data_paths.{name}": path for name, path in values["data_paths"].items()}
    problems = [
        FieldProblem(place, "path.invalid", "A path reads like $.order.lines[0].amount.")
        for place, path in paths.items()
        if not is_path(path)
    ]
    if not is_type(values["type"]):
        problems.append(FieldProblem("type", "event.type_invalid", "A type reads like customer.purchase."))
    return problems


def try_reading(
    *, source: str, sample: Any, values: Mapping[str, Any] | None, actor: Actor, now: datetime
) -> EventTrial:
    """Read a sample by a mapping that is not saved, or by the saved ones, and say what would become of the event.

    The domain that takes its type is asked by taking it in, all of which is undone: nothing is written.

    :raises RehearsalBusy: somebody else (an import) holds what it would change.
    """
    names = ("type", "id_path", "subject_path", "time_path", "matches", "data_paths")
    readings = readings_of(source) if values is None else [Reading(**{name: values[name] for name in names})]
    read = read_one(sample, source=source, index=0, readings=readings)
    if isinstance(read, RefusedEvent):
        return EventTrial(None, refused=read, path=_path_of(read, sample, readings))
    report = rehearse(read, actor=actor, now=now)
    refused = report.refused[0] if report.refused else None
    reception = find_reception(read.type)
    return EventTrial(
        read,
        refused=refused,
        path=_path_of(refused, sample, readings) if refused else "",
        is_duplicate=report.duplicates > 0,
        is_passed_on=reception is None and refused is None,
        permission=reception.permission if reception else "",
    )


def _path_of(refused: RefusedEvent, sample: Any, readings: Sequence[Reading]) -> str:
    """Give where in the sample the refused field was read; of a CloudEvent the field is its own place."""
    if isinstance(sample, Mapping) and "specversion" in sample:
        return f"$.{refused.field}" if refused.field else ""
    fitting = next((one for one in readings if is_fitting(one, sample)), None)
    return path_of(fitting, refused.field) if fitting and refused.field else ""
