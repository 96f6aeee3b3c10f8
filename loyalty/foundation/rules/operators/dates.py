"""Operators on days and instants; days count in the zone of the rule, and the moment is handed in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ColumnElement, and_, false

from loyalty.foundation.rules.errors import RuleFault
from loyalty.foundation.rules.frame import Closure, Frame
from loyalty.foundation.rules.literals import in_utc, read_date, read_instant
from loyalty.foundation.rules.operators.spec import Operator
from loyalty.foundation.rules.text import PROFILE_FIRST
from loyalty.foundation.rules.tree import Node
from loyalty.foundation.rules.types import BOOLEAN, DATE, DATETIME, INTEGER, Base

if TYPE_CHECKING:
    from loyalty.foundation.rules.checking import Call, Checker
    from loyalty.foundation.rules.compiling import Compiler
    from loyalty.foundation.rules.wording import Speaker

# A century each way: no customer is older, and every calendar can count it.
DAYS_MAX = 36_500

_MOMENTS = frozenset({Base.DATE, Base.DATETIME})


def _check_date(checker: "Checker", call: "Call") -> Node:
    value = read_date(call.raw[0]) if isinstance(call.raw[0], str) else None
    if value is None:
        return checker.problem("rule.bad_literal", 'A day is written as "2026-11-20".', call.path)
    return checker.literal(value, call.path, Base.DATE)


def _check_instant(checker: "Checker", call: "Call") -> Node:
    written = call.raw[0]
    value = checker.read_constant(written, Base.DATETIME) if isinstance(written, str) else None
    if value is None:
        if isinstance(written, str) and read_instant(written) is not None:
            message = f"{checker.zone} had this time never or twice."
            return checker.problem("rule.bad_literal", message, call.path, "Write its offset, such as +02:00.")
        return checker.problem("rule.bad_literal", 'An instant is written as "2026-11-20T08:00:00Z".', call.path)
    return checker.literal(value, call.path, Base.DATETIME)


def _check_days_ago(checker: "Checker", call: "Call") -> Node:
    days = checker.whole(call.raw[0])
    if days is None or abs(days) > DAYS_MAX:
        return checker.problem("rule.bad_literal", f"The days are a whole number up to {DAYS_MAX}.", call.path)
    return checker.make(call, (), DATE, days)


def _check_within(checker: "Checker", call: "Call") -> Node:
    """Profile 1 knew no days ahead and counted the first day of the window too, so there 0 meant today."""
    days = checker.whole(call.raw[1])
    has_first = checker.profile == PROFILE_FIRST
    if days is None or abs(days) > DAYS_MAX or (has_first and days < 0):
        return checker.problem("rule.bad_literal", f"The days are a whole number up to {DAYS_MAX}.", call.path)
    if not days and not has_first:
        repair = 'Write {"==": [field, {"today": []}]} for today.'
        return checker.problem("rule.bad_literal", "Within 0 days there is nothing.", call.path, repair)
    moment = checker.require((checker.value(call, 0),), _MOMENTS, call.name)
    return checker.make(call, moment, BOOLEAN, Span(days, has_first))


def _check_days_since(checker: "Checker", call: "Call") -> Node:
    moment = checker.require((checker.value(call, 0),), _MOMENTS, call.name)
    return checker.make(call, moment, INTEGER)


def _check_today(checker: "Checker", call: "Call") -> Node:
    return checker.make(call, (), DATE, 0)


def _check_now(checker: "Checker", call: "Call") -> Node:
    return checker.make(call, (), DATETIME)


@dataclass(frozen=True, slots=True)
class Span:
    """So many days up to the reference, or (negative) after it; ``has_first``: with the instant it begins with."""

    days: int
    has_first: bool

    def ends(self, frame: Frame, *, is_instant: bool) -> tuple[date, date]:
        """Where it begins and where it ends, the end included."""
        here: date = frame.now if is_instant else frame.today
        there = here - timedelta(days=self.days)
        return (there, here) if self.days >= 0 else (here, there)


def span_of(node: Node) -> Span:
    """The span of a ``within_days``."""
    return cast(Span, node.value)


def _days(node: Node) -> timedelta:
    return timedelta(days=node.value if isinstance(node.value, int) else 0)


def _build_days_ago(node: Node, args: Sequence[Closure]) -> Closure:
    back = _days(node)
    return lambda frame: frame.today - back


def _build_now(node: Node, args: Sequence[Closure]) -> Closure:
    return lambda frame: frame.now


def midnight(day: date, zone: tzinfo) -> datetime:
    """The first instant of a day in a zone, in UTC; where the clocks skip midnight, the instant they skip it at."""
    start = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    if start.astimezone(zone).date() == day:
        return start
    return datetime.combine(day, time(), tzinfo=zone).replace(fold=1).astimezone(UTC)


def _build_midnight(node: Node, args: Sequence[Closure]) -> Closure:
    def value(frame: Frame) -> object:
        day = args[0](frame)
        return midnight(day, frame.zone) if isinstance(day, date) else None

    return value


def _moment(value: object) -> date | datetime | None:
    """A day or an instant; the untyped mode reads texts too."""
    if isinstance(value, datetime):
        return in_utc(value)
    if value is None or isinstance(value, date):
        return value
    read = (read_date(value) or read_instant(value)) if isinstance(value, str) else None
    if read is None:
        raise RuleFault(f"A day or an instant is needed, not {type(value).__name__}.")
    return read


def is_within(moment: date | datetime, span: Span, frame: Frame) -> bool:
    """Whether it lies in the span up to now, or from now on."""
    first, last = span.ends(frame, is_instant=isinstance(moment, datetime))
    return first < moment <= last or (span.has_first and moment == first)


def _build_within(node: Node, args: Sequence[Closure]) -> Closure:
    span = span_of(node)

    def value(frame: Frame) -> object:
        moment = _moment(args[0](frame))
        return moment is not None and is_within(moment, span, frame)

    return value


def _build_days_since(node: Node, args: Sequence[Closure]) -> Closure:
    def value(frame: Frame) -> object:
        moment = _moment(args[0](frame))
        if moment is None:
            return None
        day = moment.astimezone(frame.zone).date() if isinstance(moment, datetime) else moment
        return (frame.today - day).days

    return value


def _sql_days_ago(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    return compiler.constant(compiler.frame.today - _days(node))


def _sql_now(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    return compiler.constant(compiler.frame.now)


def _sql_midnight(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    day = node.args[0]
    if day.operator in ("days_ago", "today"):
        return compiler.constant(midnight(compiler.frame.today - _days(day), compiler.frame.zone))
    if isinstance(day.value, date):
        return compiler.constant(midnight(day.value, compiler.frame.zone))
    return compiler.constant(None)


def _truth_within(compiler: "Compiler", node: Node, is_total: bool) -> ColumnElement[bool]:
    moment, span = node.args[0], span_of(node)
    if moment.type.base is Base.NULL:
        return false()
    ends = span.ends(compiler.frame, is_instant=moment.type.base is Base.DATETIME)
    first, last = (compiler.constant(end) for end in ends)
    after = compiler.value(moment) >= first if span.has_first else compiler.value(moment) > first
    return compiler.settled(and_(after, compiler.value(moment) <= last), is_total)


def _sql_days_since(compiler: "Compiler", node: Node) -> ColumnElement[Any]:
    moment = compiler.value(node.args[0])
    if node.args[0].type.base is Base.DATETIME:
        return compiler.days_since_instant(moment)
    return compiler.days_since_day(moment)


def _say_days_ago(speaker: "Speaker", node: Node) -> str:
    days = node.value if isinstance(node.value, int) else 0
    return speaker.phrase("days_ago" if days >= 0 else "days_ahead", speaker.counted("day", abs(days)))


def _say_fixed(phrase: str) -> Callable[["Speaker", Node], str]:
    return lambda speaker, node: speaker.phrase(phrase)


def _say_within(speaker: "Speaker", node: Node) -> str:
    days = span_of(node).days
    return speaker.phrase(
        "within_days" if days >= 0 else "within_ahead", speaker.say(node.args[0]), speaker.counted("day", abs(days))
    )


def _say_days_since(speaker: "Speaker", node: Node) -> str:
    return speaker.phrase("days_since", speaker.part(node.args[0]))


def _say_midnight(speaker: "Speaker", node: Node) -> str:
    return speaker.say(node.args[0])


def _build_read(node: Node, args: Sequence[Closure]) -> Closure:
    """The check turns the call into its constant, so only that is ever built."""
    return lambda frame: node.value


OPERATORS = (
    Operator("date", (1, 1), 'A day: {"date": "2026-11-20"}.', _check_date, _build_read, _say_midnight),
    Operator(
        "datetime",
        (1, 1),
        'An instant: {"datetime": "2026-11-20T08:00:00Z"}.',
        _check_instant,
        _build_read,
        _say_midnight,
    ),
    Operator(
        "today",
        (0, 0),
        "The day of now in the zone of the rule.",
        _check_today,
        _build_days_ago,
        _say_fixed("today"),
        value=_sql_days_ago,
    ),
    Operator("now", (0, 0), "The moment of the evaluation.", _check_now, _build_now, _say_fixed("now"), value=_sql_now),
    Operator(
        "days_ago",
        (1, 1),
        "The day so many days before today.",
        _check_days_ago,
        _build_days_ago,
        _say_days_ago,
        value=_sql_days_ago,
    ),
    Operator(
        "within_days",
        (2, 2),
        "Whether a day or an instant lies in the last so many days (negative: the next). False against null.",
        _check_within,
        _build_within,
        _say_within,
        truth=_truth_within,
    ),
    Operator(
        "days_since",
        (1, 1),
        "The whole days from a day to today.",
        _check_days_since,
        _build_days_since,
        _say_days_since,
        value=_sql_days_since,
    ),
    Operator(
        "midnight",
        (1, 1),
        "The first instant of a day.",
        _check_date,
        _build_midnight,
        _say_midnight,
        value=_sql_midnight,
        is_internal=True,
    ),
)
