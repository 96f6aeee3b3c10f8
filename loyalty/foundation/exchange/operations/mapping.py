"""Mappings of foreign events: made, changed, removed, and tried on a sample."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.exchange.contracts import RefusedEvent
from loyalty.foundation.exchange.errors import MappingTaken
from loyalty.foundation.exchange.models import EventMapping
from loyalty.foundation.exchange.operations.intake import read_one, readings_of
from loyalty.foundation.exchange.policy import TYPE, Reading, is_path
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import FieldProblem


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
def change_mapping(*, mapping: EventMapping, values: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    """Change a mapping.

    :raises MappingTaken: the source has another one of that name.
    """
    held = EventMapping.objects.select_for_update().get(pk=mapping.pk)
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
def remove_mapping(*, mapping: EventMapping, actor: Actor, now: datetime) -> None:
    """Remove a mapping."""
    _note(mapping, actor, now, name=mapping.name, is_removed=True)
    mapping.delete()


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
    if not TYPE.fullmatch(values["type"]):
        problems.append(FieldProblem("type", "event.type_invalid", "A type reads like customer.purchase."))
    return problems


def try_reading(*, source: str, sample: Any, values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Read a sample by a mapping that is not saved, or by the saved ones; nothing is written."""
    names = ("type", "id_path", "subject_path", "time_path", "matches", "data_paths")
    readings = readings_of(source) if values is None else [Reading(**{name: values[name] for name in names})]
    read = read_one(sample, source=source, index=0, readings=readings)
    if isinstance(read, RefusedEvent):
        return {"is_taken": False, "event": None, "code": read.code, "message": read.message}
    told = {name: value for name, value in dataclasses.asdict(read).items() if name != "index"}
    return {"is_taken": True, "event": told, "code": "", "message": ""}
