"""Customers pause: for a time, until a day, until a time of day, or until something happens."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from loyalty.foundation.rules.contracts import FieldType
from loyalty.journeys.contracts import FieldKind, FieldSpec, Node, NodeKind, Problem, Severity, WaitMode
from loyalty.journeys.policy import fields, waiting
from loyalty.journeys.policy.conditions import CONTEXT_PREFIX, EVENT_PREFIX
from loyalty.journeys.policy.validation import World

AMOUNT_MAX = 100_000
CORRELATIONS_MAX = 5
UNITS = tuple(waiting.UNITS)
TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d\Z", re.ASCII)

SPAN_FIELDS = (
    FieldSpec("amount", FieldKind.INTEGER, "Amount", is_required=True, minimum=1, maximum=AMOUNT_MAX),
    FieldSpec("unit", FieldKind.CHOICE, "Unit", is_required=True, choices=UNITS),
)
_TIMEOUT = FieldSpec("timeout", FieldKind.OBJECT, "Gives up after")
MODE_FIELDS: Mapping[str, tuple[FieldSpec, ...]] = {
    WaitMode.DURATION: SPAN_FIELDS,
    WaitMode.UNTIL: (
        FieldSpec("date", FieldKind.TEXT, "Day or instant", maximum=40),
        FieldSpec("attribute", FieldKind.FIELD, "Date of the customer", maximum=200),
        FieldSpec("offset_days", FieldKind.INTEGER, "Days later", minimum=-3_650, maximum=3_650, default=0),
        FieldSpec("time_zone", FieldKind.TEXT, "Time zone", maximum=60, default="UTC"),
        _TIMEOUT,
    ),
    WaitMode.LOCAL_TIME: (
        FieldSpec("time", FieldKind.TEXT, "Time of day", is_required=True, maximum=5),
        FieldSpec("weekdays", FieldKind.LIST, "Weekdays, 1 is Monday", maximum=7),
        FieldSpec("time_zone", FieldKind.TEXT, "Time zone", maximum=60, default="customer"),
    ),
    WaitMode.EVENT: (
        FieldSpec("event_type", FieldKind.EVENT_TYPE, "Event", is_required=True),
        FieldSpec("filter", FieldKind.FILTER, "Only when"),
        FieldSpec("correlation", FieldKind.LIST, "Belongs together when", maximum=CORRELATIONS_MAX),
        _TIMEOUT,
        FieldSpec("look_back", FieldKind.OBJECT, "Counts when it happened before, within"),
    ),
}


class WaitNode:
    """``{"mode": …}`` and what the mode asks for; see ``MODE_FIELDS``."""

    kind = NodeKind.WAIT
    title = "Wait"
    description = "Pause for a time, until a day, until a time of the day, or until something happens."
    icon = "i-lucide-clock"
    fields = (
        FieldSpec("mode", FieldKind.CHOICE, "Kind", is_required=True, choices=tuple(one.value for one in WaitMode)),
        *dict.fromkeys(
            FieldSpec(
                spec.name, spec.type, spec.title, choices=spec.choices, minimum=spec.minimum, maximum=spec.maximum,
                description=spec.description, default=spec.default,
            )
            for specs in MODE_FIELDS.values()
            for spec in specs
            if spec.name != "time_zone"
        ),
        FieldSpec("time_zone", FieldKind.TEXT, "Time zone", maximum=60),
    )  # fmt: skip

    def problems_of(self, node: Node, world: World) -> Iterator[Problem]:
        """Hold the wait against its mode."""
        mode = str(node.config.get("mode") or "")
        if mode not in MODE_FIELDS:
            return
        given = {name: value for name, value in node.config.items() if name != "mode"}
        known = {spec.name for spec in self.fields}
        own = {spec.name for spec in MODE_FIELDS[mode]}
        for problem in fields.problems_of(given, MODE_FIELDS[mode]):
            # What no mode knows, and values of another type, were told with the node's own fields already.
            is_told = problem.code == "journeys.unknown_field" and problem.field not in known
            if problem.code in ("journeys.unknown_field", "journeys.field_missing") and not is_told:
                yield problem
        yield from _zone(given)
        if mode == WaitMode.UNTIL:
            yield from _until(given, world)
        if mode == WaitMode.LOCAL_TIME:
            yield from _local_time(given)
        if mode == WaitMode.EVENT:
            yield from _correlation(given)
        for name in ("timeout", "look_back"):
            span = given.get(name)
            if name in own and isinstance(span, Mapping) and span:
                yield from fields.problems_of(span, SPAN_FIELDS, f"{name}.")
        if mode == WaitMode.EVENT and not given.get("timeout"):
            yield from _endless()


def _endless() -> Iterator[Problem]:
    yield Problem(
        "journeys.wait_endless", "Who never does it waits for ever.",
        "Let the wait give up after some time.", severity=Severity.WARNING, field="timeout",
    )  # fmt: skip


def _zone(given: Mapping[str, Any]) -> Iterator[Problem]:
    name = given.get("time_zone")
    if isinstance(name, str) and name not in ("", "customer") and waiting.find_zone(name) is None:
        yield Problem(
            "journeys.time_zone_unknown", f"There is no time zone {name[:60]!r}.",
            "Choose a zone of the IANA database, such as Europe/Oslo.", field="time_zone",
        )  # fmt: skip


def _until(given: Mapping[str, Any], world: World) -> Iterator[Problem]:
    date, attribute = given.get("date"), given.get("attribute")
    if bool(date) == bool(attribute):
        yield _wrong(
            "date", "A wait until a day needs the day, or the attribute that tells it.", "Give one of the two."
        )
    elif date and waiting.read_moment(date) is None:
        yield _wrong("date", "This is no day and no instant.", "Write 2026-11-20 or 2026-11-20T08:00:00Z.")
    elif isinstance(attribute, str) and not attribute.startswith((EVENT_PREFIX, CONTEXT_PREFIX)):
        field = world.scope.schema.by_name.get(attribute)
        if field is None:
            yield Problem(
                "journeys.field_unknown", f"There is no field {attribute[:60]!r}.", "Choose a date of the catalogue.",
                field="attribute",
            )  # fmt: skip
        elif field.type not in (FieldType.DATE, FieldType.DATETIME):
            yield _wrong("attribute", f"{field.label} is no date.", "Choose a date of the catalogue.")


def _local_time(given: Mapping[str, Any]) -> Iterator[Problem]:
    if not isinstance(given.get("time"), str) or not TIME.match(given["time"]):
        yield _wrong("time", "This is no time of day.", "Write it as 09:30.")
    weekdays = given.get("weekdays")
    for one in weekdays if isinstance(weekdays, list | tuple) else ():
        if isinstance(one, bool) or one not in range(1, 8):
            yield _wrong("weekdays", "A weekday is a number from 1 (Monday) to 7.", "Correct the weekdays.")
            return


def _correlation(given: Mapping[str, Any]) -> Iterator[Problem]:
    pairs = given.get("correlation")
    for place, one in enumerate(pairs if isinstance(pairs, list | tuple) else ()):
        is_pair = isinstance(one, Mapping) and set(one) == {"event_path", "context_path"}
        if not is_pair or not all(isinstance(path, str) and 0 < len(path) <= 200 for path in one.values()):
            yield _wrong(
                f"correlation.{place}", "A correlation has event_path and context_path.",
                "Say which part of the event equals which part of the context.",
            )  # fmt: skip


def _wrong(field: str, message: str, repair: str) -> Problem:
    return Problem("journeys.wait_invalid", message, repair, field=field)
