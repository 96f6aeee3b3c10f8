"""Reading events of other systems: CloudEvents as they are, others by a mapping of paths to our names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from loyalty.foundation.exchange.contracts import ForeignEvent, RefusedEvent
from loyalty.foundation.kernel.strict_json import read_strictly

# A name of letters of any script stands after a dot; any other stands in quotes, as RFC 9535 (JSONPath) writes both.
NAME = r"(?:[^\W\d]|@)[\w-]*"
PATH = re.compile(rf"\$(?:\.{NAME}|\[[0-9]{{1,4}}\]|\['[^'\x00-\x1f]{{1,100}}'\])*")
STEP = re.compile(rf"\.({NAME})|\[([0-9]{{1,4}})\]|\['([^']+)'\]")
TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,4}")
# What orders facts and finds them again stands in indexes, which take no text of any length: one that is longer would
# hold up all the others.
ID_LENGTH_MAX, SOURCE_LENGTH_MAX, SUBJECT_LENGTH_MAX, TYPE_LENGTH_MAX = 200, 200, 200, 100
# A day within what a calendar has, so that an instant can be told in every zone.
EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
SPEC_VERSION = "1.0"
# Of a message that is no JSON, and of one that could be read but broke who took it in.
UNREADABLE, BROKE = "event.unreadable", "event.broke"
ABSENT = object()


@dataclass(frozen=True, slots=True)
class Reading:
    """A mapping as the pure functions take it."""

    type: str
    id_path: str
    subject_path: str
    time_path: str = ""
    matches: Mapping[str, Any] = field(default_factory=dict)
    data_paths: Mapping[str, str] = field(default_factory=dict)


def is_path(text: object) -> bool:
    """Tell whether a text is a path: ``$``, then ``.name``, ``['any name']`` and ``[number]`` in any order."""
    return isinstance(text, str) and PATH.fullmatch(text) is not None


def look_up(raw: Any, path: str) -> Any:
    """Give what stands at a path, or ``ABSENT``."""
    found = raw
    for plain, number, quoted in STEP.findall(path[1:]):
        name = plain or quoted
        if name and isinstance(found, Mapping) and name in found:
            found = found[name]
        elif number and isinstance(found, list) and int(number) < len(found):
            found = found[int(number)]
        else:
            return ABSENT
    return found


def is_fitting(reading: Reading, raw: Any) -> bool:
    """Tell whether a mapping is meant for an event."""
    return all(_is_same(look_up(raw, path), value) for path, value in reading.matches.items())


def _is_same(found: Any, wanted: Any) -> bool:
    # To Python true is 1; in JSON it is not.
    return bool(found == wanted) and isinstance(found, bool) == isinstance(wanted, bool)


def _as_text(value: Any) -> str:
    """Give a text, or a whole number as its text; truth is neither."""
    if isinstance(value, bool):
        return ""
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def path_of(reading: Reading, field: str) -> str:
    """Give where in the foreign event a field of ours was read; empty for what no path leads to.

    ``data.consents[0].channel`` is ``$.doc.list[0].channel`` where ``consents`` is read at ``$.doc.list``.
    """
    paths = {"id": reading.id_path, "subject": reading.subject_path, "time": reading.time_path}
    paths |= {f"data.{name}": path for name, path in reading.data_paths.items()}
    found = max((name for name in paths if is_within(field, name)), key=len, default="")
    return f"{paths[found]}{field[len(found) :]}" if found and paths[found] else ""


def is_within(field: str, name: str) -> bool:
    """Tell whether a field is another one or lies within it."""
    return field == name or field.startswith((f"{name}.", f"{name}["))


def is_type(text: str) -> bool:
    """Tell whether a text is the name of a type."""
    return len(text) <= TYPE_LENGTH_MAX and TYPE.fullmatch(text) is not None


def _too_long(index: int, identity: str, *, source: str, subject: str) -> RefusedEvent | None:
    for name, text, length_max in (("source", source, SOURCE_LENGTH_MAX), ("subject", subject, SUBJECT_LENGTH_MAX)):
        if len(text) > length_max:
            message = f"{name} has at most {length_max} characters."
            return RefusedEvent(index, identity, f"event.{name}_invalid", message, name)
    return None


def read_instant(text: str) -> datetime | None:
    """Read an RFC 3339 instant with its offset; None for anything else, and for what some zone's calendar has not."""
    try:
        found = datetime.fromisoformat(text)
        return found if found.tzinfo is not None and EARLIEST <= found <= LATEST else None
    except (ValueError, OverflowError):
        return None


def read_mapped(reading: Reading, raw: Any, *, source: str, index: int) -> ForeignEvent | RefusedEvent:
    """Read an event by a mapping; a field whose path leads nowhere is left out."""
    identity, subject = _as_text(look_up(raw, reading.id_path)), _as_text(look_up(raw, reading.subject_path))
    if not 1 <= len(identity) <= ID_LENGTH_MAX:
        return RefusedEvent(index, "", "event.id_invalid", f"{reading.id_path} leads to no id.", "id")
    if not subject:
        message = f"{reading.subject_path} leads to no customer."
        return RefusedEvent(index, identity, "event.subject_missing", message, "subject")
    occurred_at = _as_text(look_up(raw, reading.time_path)) if reading.time_path else ""
    if reading.time_path and not occurred_at:
        message = f"{reading.time_path} leads to no instant."
        return RefusedEvent(index, identity, "event.time_invalid", message, "time")
    if problem := _too_long(index, identity, source=source, subject=subject):
        return problem
    found = {name: look_up(raw, path) for name, path in reading.data_paths.items()}
    data = {name: value for name, value in found.items() if value is not ABSENT}
    return ForeignEvent(index, identity, source, reading.type, subject, occurred_at, data)


def read_cloud_event(raw: Mapping[str, Any], *, source: str, index: int) -> ForeignEvent | RefusedEvent:
    """Read a CloudEvent 1.0 in its JSON form."""
    identity = raw.get("id")
    if not isinstance(identity, str) or not 1 <= len(identity) <= ID_LENGTH_MAX:
        message = f"id is a text of 1 to {ID_LENGTH_MAX} characters."
        return RefusedEvent(index, "", "event.id_invalid", message, "id")
    if raw.get("specversion") != SPEC_VERSION:
        return RefusedEvent(index, identity, "event.version_unknown", "specversion is 1.0.", "specversion")
    if not isinstance(raw.get("type"), str) or not is_type(raw["type"]):
        return RefusedEvent(index, identity, "event.type_invalid", "type reads like customer.purchase.", "type")
    data = raw.get("data")
    data = {} if data is None else data
    if not isinstance(data, Mapping):
        return RefusedEvent(index, identity, "event.data_invalid", "data is an object.", "data")
    named = raw.get("source")
    source = named if isinstance(named, str) and named else source
    if problem := _too_long(index, identity, source=source, subject=_as_text(raw.get("subject"))):
        return problem
    version = _as_text(raw.get("dataversion"))
    return ForeignEvent(
        index=index,
        id=identity,
        source=source,
        type=raw["type"],
        subject=_as_text(raw.get("subject")),
        occurred_at=_as_text(raw.get("time")),
        data=data,
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 5 else 1,
        correlation_id=_as_text(raw.get("correlationid")),
        causation_id=_as_text(raw.get("causationid")),
    )


def as_text(value: bytes | None) -> str:
    """Give bytes as a text that PostgreSQL can store."""
    return (value or b"").decode("utf-8", "replace").replace("\x00", "\ufffd")


def parse_message(body: bytes, headers: Mapping[str, bytes]) -> Any:
    """Read a message: a CloudEvent in the binary or the structured mode, or any other JSON for a mapping to read.

    A message without a body (a tombstone of a compacted topic) that says nothing in its headers either is None.

    :raises ValueError: the body is no JSON that can be kept.
    """
    content = read_strictly(body) if body else None
    named = {name.removeprefix("ce_"): as_text(value) for name, value in headers.items() if name.startswith("ce_")}
    return {**named, "data": content} if "specversion" in named else content
