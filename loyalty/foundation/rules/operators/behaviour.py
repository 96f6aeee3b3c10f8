"""Operators that ask beyond the facts: what a customer did, which segments hold them, which bucket they fall in."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ColumnElement

from loyalty.foundation.rules.contracts import Aggregate, EventQuestion, EventType, Window
from loyalty.foundation.rules.frame import Closure, Frame
from loyalty.foundation.rules.literals import in_utc
from loyalty.foundation.rules.numbers import quotient, tidy
from loyalty.foundation.rules.operators.dates import DAYS_MAX
from loyalty.foundation.rules.operators.spec import Operator
from loyalty.foundation.rules.tree import Node
from loyalty.foundation.rules.types import BOOLEAN, DECIMAL, INTEGER, NUMBERS, OF_FIELD, Type

if TYPE_CHECKING:
    from loyalty.foundation.rules.checking import Call, Checker
    from loyalty.foundation.rules.compiling import Compiler
    from loyalty.foundation.rules.wording import Speaker

# A bucket is drawn from 32 bits; with a million buckets none is more than one in four thousand too likely.
BUCKETS_MAX = 1_000_000
SALT_MAX = 100


def question_of(node: Node) -> EventQuestion:
    """What a behavioural node asks."""
    return cast(EventQuestion, node.value)


def window_of(question: EventQuestion, frame: Frame) -> Window:
    """The instants that count at the moment of the evaluation."""
    since = None if question.days is None else frame.now - timedelta(days=question.days)
    return Window(since, frame.now)


def bucket_of(salt: str, customer_key: str, count: int) -> int:
    """The bucket of a customer: the first 8 hexadecimal digits of MD5 over salt, colon and key, modulo the count."""
    mark = hashlib.md5(f"{salt}:{customer_key}".encode(), usedforsecurity=False).hexdigest()
    return int(mark[:8], 16) % count


def _check_events(*, has_field: bool, has_days: bool, result: Type) -> Callable[["Checker", "Call"], Node]:
    """The kind of event, then its field and the days where the operator has them, then which events count."""

    def check(checker: "Checker", call: "Call") -> Node:
        rest = list(range(1, len(call.raw)))
        event = _event_type(checker, call)
        if event is None:
            return checker.make(call, (), result)
        field = _event_field(checker, call, event, rest.pop(0)) if has_field else None
        days = _window_days(checker, call, rest.pop(0)) if has_days else None
        kept = checker.filter_rule(call.raw[rest[0]], call.paths[rest[0]], event.fields) if rest else None
        return checker.make(call, (), result, EventQuestion(event.name, field, days, kept))

    return check


def _event_type(checker: "Checker", call: "Call") -> EventType | None:
    name, known = call.raw[0], checker.schema.event_types if checker.schema is not None else {}
    event = known.get(name) if isinstance(name, str) else None
    if event is None:
        said = f'"{name[:60]}"' if isinstance(name, str) else "this"
        checker.problem("rule.unknown_event", f"There is no kind of event {said}.", call.paths[0])
    return event


def _event_field(checker: "Checker", call: "Call", event: EventType, index: int) -> str:
    name = call.raw[index]
    field = next((one for one in event.fields if one.name == name), None)
    if field is None:
        said = f'"{str(name)[:60]}"'
        checker.problem("rule.unknown_field", f'The event "{event.name}" has no field {said}.', call.paths[index])
    elif OF_FIELD[field.type].is_list or OF_FIELD[field.type].base not in NUMBERS:
        message = f'{call.name} needs a number, and "{field.name}" is {field.type}.'
        checker.problem("rule.type_mismatch", message, call.paths[index])
    return str(name)


def _window_days(checker: "Checker", call: "Call", index: int) -> int | None:
    if call.raw[index] is None:
        return None
    days = checker.whole(call.raw[index])
    if days is None or not 1 <= days <= DAYS_MAX:
        message = f"The days are a whole number from 1 to {DAYS_MAX}, or null for all time."
        checker.problem("rule.bad_literal", message, call.paths[index])
    return days


def _check_segment(checker: "Checker", call: "Call") -> Node:
    segment, known = call.raw[0], checker.schema.segment_names if checker.schema is not None else {}
    if not isinstance(segment, str) or segment not in known:
        return checker.problem("rule.unknown_segment", f'There is no segment "{str(segment)[:60]}".', call.paths[0])
    return checker.make(call, (), BOOLEAN, segment)


def _check_bucket(checker: "Checker", call: "Call") -> Node:
    salt, count = call.raw[0], checker.whole(call.raw[1])
    if not isinstance(salt, str) or len(salt) > SALT_MAX or not (salt.isascii() and salt.isprintable()):
        message = f"The salt is a text of at most {SALT_MAX} plain letters, digits and signs."
        return checker.problem("rule.bad_literal", message, call.paths[0])
    if count is None or not 1 <= count <= BUCKETS_MAX:
        message = f"The number of buckets is a whole number from 1 to {BUCKETS_MAX}."
        return checker.problem("rule.bad_literal", message, call.paths[1])
    return checker.make(call, (), INTEGER, (salt, count))


def _build_count(node: Node, args: Sequence[Closure]) -> Closure:
    question = question_of(node)
    return lambda frame: frame.history.count(question, window_of(question, frame))


def _build_last_days(node: Node, args: Sequence[Closure]) -> Closure:
    question = question_of(node)

    def value(frame: Frame) -> object:
        last = frame.history.last(question, window_of(question, frame))
        return None if last is None else (frame.today - day_in(frame, last)).days

    return value


def day_in(frame: Frame, moment: datetime) -> date:
    """The day of an instant in the zone of the rule."""
    return in_utc(moment).astimezone(frame.zone).date()


def _aggregate(frame: Frame, how: Aggregate, question: EventQuestion) -> int | Decimal | None:
    found = frame.history.aggregate(how, question, window_of(question, frame))
    return tidy(found) if isinstance(found, Decimal) else found


def _build_sum(node: Node, args: Sequence[Closure]) -> Closure:
    question = question_of(node)
    return lambda frame: _aggregate(frame, "sum", question) or 0


def _build_average(node: Node, args: Sequence[Closure]) -> Closure:
    """The sum by the number of events that state the field, cut as any quotient is."""
    question = question_of(node)

    def value(frame: Frame) -> object:
        count = _aggregate(frame, "values", question)
        total = _aggregate(frame, "sum", question) if count else None
        return None if total is None else quotient(total, count or 0)

    return value


def _build_extreme(how: Aggregate) -> Callable[[Node, Sequence[Closure]], Closure]:
    def build(node: Node, args: Sequence[Closure]) -> Closure:
        question = question_of(node)
        return lambda frame: _aggregate(frame, how, question)

    return build


def _build_segment(node: Node, args: Sequence[Closure]) -> Closure:
    segment = str(node.value)
    return lambda frame: bool(frame.history.is_member(segment))


def bucket_parts(node: Node) -> tuple[str, int]:
    """The salt and the number of buckets."""
    return cast(tuple[str, int], node.value)


def _build_bucket(node: Node, args: Sequence[Closure]) -> Closure:
    salt, count = bucket_parts(node)
    return lambda frame: bucket_of(salt, frame.history.customer_key, count)


def _sql_count(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    question = question_of(node)
    return compiler.context(node).count(question, window_of(question, compiler.frame))


def _sql_last_days(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    question = question_of(node)
    last = compiler.context(node).last(question, window_of(question, compiler.frame))
    return compiler.days_since_instant(last)


def _sql_aggregate(compiler: "Compiler", node: Node, how: Aggregate) -> ColumnElement[Any]:
    question = question_of(node)
    found = compiler.context(node).aggregate(how, question, window_of(question, compiler.frame))
    return compiler.as_number(found)


def _sql_sum(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    return compiler.or_zero(_sql_aggregate(compiler, node, "sum"))


def _sql_average(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    total, count = (_sql_aggregate(compiler, node, how) for how in cast(list[Aggregate], ["sum", "values"]))
    return compiler.quotient(total, count)


def _sql_extreme(how: Aggregate) -> Callable[["Compiler", Node], ColumnElement[Any]]:
    return lambda compiler, node: _sql_aggregate(compiler, node, how)


def _truth_segment(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
    return compiler.context(node).is_member(str(node.value))


def _sql_bucket(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    salt, count = bucket_parts(node)
    return compiler.bucket(compiler.context(node).customer_key(), salt, count)


def _say_events(phrase: str) -> Callable[["Speaker", Node], str]:
    def say(speaker: "Speaker", node: Node) -> str:
        return speaker.events(phrase, question_of(node))

    return say


def _say_segment(speaker: "Speaker", node: Node) -> str:
    return speaker.phrase("in_segment", speaker.segment(str(node.value)))


def _say_bucket(speaker: "Speaker", node: Node) -> str:
    salt, count = bucket_parts(node)
    return speaker.phrase("bucket", speaker.quoted(salt), str(count))


_MEASURED = _check_events(has_field=True, has_days=True, result=DECIMAL)

OPERATORS = (
    Operator(
        "events_count",
        (2, 3),
        "How many events of a kind in so many days (null: ever), of those that a rule keeps; 0 when none.",
        _check_events(has_field=False, has_days=True, result=INTEGER),
        _build_count,
        _say_events("events_count"),
        value=_sql_count,
        asks="events",
    ),
    Operator(
        "events_last_days",
        (1, 2),
        "Whole days since the last event of a kind; null when there was none.",
        _check_events(has_field=False, has_days=False, result=INTEGER),
        _build_last_days,
        _say_events("events_last_days"),
        value=_sql_last_days,
        asks="events",
    ),
    Operator(
        "events_sum",
        (3, 4),
        "The sum of a number of the events; 0 when none states it.",
        _MEASURED,
        _build_sum,
        _say_events("events_sum"),
        value=_sql_sum,
        asks="events",
    ),
    Operator(
        "events_avg",
        (3, 4),
        "The average of a number of the events that state it, cut after 38 decimals; null when none does.",
        _MEASURED,
        _build_average,
        _say_events("events_avg"),
        value=_sql_average,
        asks="events",
    ),
    Operator(
        "events_min",
        (3, 4),
        "The least of a number of the events; null when none states it.",
        _MEASURED,
        _build_extreme("min"),
        _say_events("events_min"),
        value=_sql_extreme("min"),
        asks="events",
    ),
    Operator(
        "events_max",
        (3, 4),
        "The greatest of a number of the events; null when none states it.",
        _MEASURED,
        _build_extreme("max"),
        _say_events("events_max"),
        value=_sql_extreme("max"),
        asks="events",
    ),
    Operator(
        "in_segment",
        (1, 1),
        "Whether the customer is in a segment, by its public id.",
        _check_segment,
        _build_segment,
        _say_segment,
        truth=_truth_segment,
        asks="segments",
    ),
    Operator(
        "bucket",
        (2, 2),
        "The random but lasting bucket of the customer, from 0: by a salt, of so many.",
        _check_bucket,
        _build_bucket,
        _say_bucket,
        value=_sql_bucket,
        asks="buckets",
    ),
)
