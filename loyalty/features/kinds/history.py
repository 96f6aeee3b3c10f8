"""What customers did: answers from the event store for one customer, and the same as SQL for sets.

Both say the same, because both are the same statement: of one customer it is asked for a key, of a set it stands beside
the row at hand, or, where most customers are asked, it is worked out for all at once and joined.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    FromClause,
    Numeric,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    null,
    select,
)
from sqlalchemy import column as sql_column
from sqlalchemy import literal as bound
from sqlalchemy import table as sql_table
from sqlalchemy.dialects.postgresql import JSONB

from loyalty.features.kinds.platform import TYPES
from loyalty.features.registry import find_event_type
from loyalty.foundation.events import api as events
from loyalty.foundation.orm import sql, statements
from loyalty.foundation.rules import api as rules
from loyalty.foundation.rules.contracts import FieldType

# A whole number that is larger is no fact of ours, and a cast would break the statement.
WHOLE_MAX = 2**63 - 1
# What reads each type out of a fact's JSON; what is not of the type reads as NULL.
READERS: Mapping[FieldType, str] = {
    FieldType.INTEGER: "events_number",
    FieldType.DECIMAL: "events_number",
    FieldType.TEXT: "events_text",
    FieldType.BOOLEAN: "events_boolean",
    FieldType.DATE: "events_date",
    FieldType.DATETIME: "events_instant",
    FieldType.TEXT_LIST: "events_texts",
    FieldType.NUMBER_LIST: "events_numbers",
}
_KEY, _SINCE, _UNTIL = "history_key", "history_since", "history_until"

Found = dict[str, ColumnElement[Any]]


def _store(name: str) -> FromClause:
    return sql_table(
        events.STORE_VIEW,
        sql_column("lookup", BigInteger()),
        sql_column("key", Text()),
        sql_column("type", Text()),
        sql_column("occurred_at", DateTime(timezone=True)),
        sql_column("data", JSONB()),
    ).alias(name)


def _read(data: ColumnElement[Any], name: str, kind: FieldType) -> ColumnElement[Any]:
    """Read a field of a fact's data; a dot in its name leads into an object inside."""
    raw = func.jsonb_extract_path(data, *(bound(part, Text()) for part in name.split(".")), type_=JSONB())
    value: ColumnElement[Any] = getattr(func, READERS[kind])(raw, type_=TYPES[kind])
    if kind is not FieldType.INTEGER:
        return value
    number = cast(value, Numeric())
    is_whole = and_(number == func.trunc(number), func.abs(number) <= bound(WHOLE_MAX, Numeric()))
    return case((is_whole, cast(number, BigInteger())), else_=null())


def _kept(store: FromClause, question: rules.EventQuestion, now: datetime) -> tuple[Found, ColumnElement[bool] | None]:
    """Give the fields of the asked kind of event as columns, and the condition of the question's filter.

    :raises LookupError: there is no such kind of event any more.
    """
    kind = find_event_type(question.event_type)
    if kind is None:
        raise LookupError(f"There is no kind of event {question.event_type}.")
    columns = {one.name: _read(store.c.data, one.name, one.type) for one in kind.fields}
    if question.filter is None:
        return columns, None
    return columns, rules.compile_predicate(question.filter, columns, now=now)


def _totals(store: FromClause, columns: Found, question: rules.EventQuestion) -> Found:
    found: Found = {"count": func.count(), "last": func.max(store.c.occurred_at, type_=DateTime(timezone=True))}
    if question.field is not None:
        number = cast(columns[question.field], Numeric())
        found |= {
            "values": func.count(number),
            "sum": func.sum(number),
            "min": func.min(number),
            "max": func.max(number),
        }
    return found


def _within(store: FromClause, window: rules.Window | None) -> list[ColumnElement[bool]]:
    at = store.c.occurred_at
    if window is None:
        kind = DateTime(timezone=True)
        return [at <= bindparam(_UNTIL, None, kind), at > bindparam(_SINCE, None, kind)]
    bounds = [at <= bound(window.until, DateTime(timezone=True))]
    if window.since is not None:
        bounds.append(at > bound(window.since, DateTime(timezone=True)))
    return bounds


def _of_key(store: FromClause, key: ColumnElement[Any], event_type: str) -> list[ColumnElement[bool]]:
    """Where the facts of one key and type lie along the index."""
    lookup = func.hashtextextended(key.concat(bound(f" {event_type}", Text())), 0)
    return [store.c.lookup == lookup, store.c.key == key, store.c.type == bound(event_type, Text())]


# -- one customer --------------------------------------------------------------------------------------------------

# Before every fact: PostgreSQL's own -infinity has no form in Python.
_BEGINNING = datetime.fromisoformat("0001-01-02T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class CustomerHistory:
    """What one customer did (the part of ``rules.History`` that asks for events); ``customer_key`` is the public id."""

    customer_key: str

    def count(self, question: rules.EventQuestion, window: rules.Window) -> int:
        """Count the events."""
        return int(self._ask(question, window)["count"])

    def last(self, question: rules.EventQuestion, window: rules.Window) -> datetime | None:
        """Give when the last event happened, or None."""
        found: datetime | None = self._ask(question, window)["last"]
        return found

    def aggregate(
        self, how: rules.Aggregate, question: rules.EventQuestion, window: rules.Window
    ) -> Decimal | int | None:
        """Give the sum, least or greatest of a number of the events, or how many state it."""
        found: Decimal | int | None = self._ask(question, window)[how]
        return found

    def _ask(self, question: rules.EventQuestion, window: rules.Window) -> dict[str, Any]:
        text, values = _statement(question, window.until)
        values = {**values, _KEY: self.customer_key, _SINCE: window.since or _BEGINNING, _UNTIL: window.until}
        return sql.fetch_prepared(text, values)[0]


def _statement(question: rules.EventQuestion, now: datetime) -> tuple[str, dict[str, Any]]:
    """Give the statement for one customer; it is kept where the clock is not in the question's filter."""
    kind = find_event_type(question.event_type)
    kept = _lasting(question, kind)
    return kept if kept is not None else _compiled(question, now)


@lru_cache(maxsize=1024)
def _lasting(question: rules.EventQuestion, kind: rules.EventType | None) -> tuple[str, dict[str, Any]] | None:
    """The same for every moment, or None when a filter reads the clock: then two moments make two statements.

    :param kind: the kind of event as it is registered now, so that another one is compiled anew.
    """
    one = _compiled(question, _BEGINNING + timedelta(days=400_000))
    return one if question.filter is None or one == _compiled(question, _BEGINNING + timedelta(days=410_001)) else None


def _compiled(question: rules.EventQuestion, now: datetime) -> tuple[str, dict[str, Any]]:
    store = _store("told")
    columns, kept = _kept(store, question, now)
    totals = [total.label(name) for name, total in _totals(store, columns, question).items()]
    places = [*_of_key(store, bindparam(_KEY, None, Text()), question.event_type), *_within(store, None)]
    statement: Select[Any] = select(*totals).select_from(store).where(*places)
    return statements.compiled(statement if kept is None else statement.where(kept))


# -- sets ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class SetHistory:
    """What the customers of a set did (the part of ``rules.SetContext`` that asks for events).

    ``key`` is the public id of the customer in the row at hand. Each question is a look along the index for every row;
    with ``is_joined`` it is answered for all customers at once and joined, which is cheaper when most of them are
    asked: give the statement's FROM to ``joined`` after the rule was compiled.
    """

    key: ColumnElement[Any]
    is_joined: bool = False
    _relations: dict[tuple[rules.EventQuestion, rules.Window], FromClause] = field(default_factory=dict)

    def count(self, question: rules.EventQuestion, window: rules.Window) -> ColumnElement[Any]:
        """Count the events; 0 when there are none."""
        return func.coalesce(self._total("count", question, window), bound(0, BigInteger()), type_=BigInteger())

    def last(self, question: rules.EventQuestion, window: rules.Window) -> ColumnElement[Any]:
        """Give when the last event happened, or NULL."""
        return self._total("last", question, window)

    def aggregate(
        self, how: rules.Aggregate, question: rules.EventQuestion, window: rules.Window
    ) -> ColumnElement[Any]:
        """Give the sum, least or greatest of a number of the events, or how many state it."""
        found = self._total(how, question, window)
        return func.coalesce(found, bound(0, BigInteger()), type_=BigInteger()) if how == "values" else found

    def joined(self, rows: FromClause) -> FromClause:
        """Give the rows with the answers beside them."""
        for relation in self._relations.values():
            rows = rows.outerjoin(relation, relation.c.key == cast(self.key, Text()))
        return rows

    def _total(self, name: str, question: rules.EventQuestion, window: rules.Window) -> ColumnElement[Any]:
        if self.is_joined:
            at = (question, window)
            if at not in self._relations:
                self._relations[at] = self._relation(question, window, f"history_{len(self._relations) + 1}")
            found: ColumnElement[Any] = self._relations[at].c[name]
            return found
        store = _store("told")
        columns, kept = _kept(store, question, window.until)
        places = [*_of_key(store, cast(self.key, Text()), question.event_type), *_within(store, window)]
        one = select(_totals(store, columns, question)[name]).select_from(store).where(*places)
        return (one if kept is None else one.where(kept)).correlate_except(store).scalar_subquery()

    @staticmethod
    def _relation(question: rules.EventQuestion, window: rules.Window, name: str) -> FromClause:
        """Work a question out for all customers; the window is found by the small index over time."""
        store = _store("told")
        columns, kept = _kept(store, question, window.until)
        totals = _totals(store, columns, question)
        chosen = [store.c.key, *(total.label(label) for label, total in totals.items())]
        places = [store.c.type == bound(question.event_type, Text()), *_within(store, window)]
        rows = select(*chosen).select_from(store).where(*places).group_by(store.c.key)
        return (rows if kept is None else rows.where(kept)).subquery(name)
