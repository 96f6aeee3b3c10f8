"""A small world for the differential test: a schema, edge-value rows and generated rules over them."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
)

from loyalty.foundation.rules.api import Field, FieldType, Schema

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
TODAY = NOW.date()

SCHEMA = Schema(
    (
        Field("visits", FieldType.INTEGER, "Visits"),
        Field("points", FieldType.INTEGER, "Points"),
        Field("revenue", FieldType.DECIMAL, "Revenue", scale=2),
        Field("rate", FieldType.DECIMAL, "Rate"),
        Field("usage", FieldType.DECIMAL, "Usage"),
        Field("city", FieldType.TEXT, "City"),
        Field("plan", FieldType.TEXT, "Plan"),
        Field("has_app", FieldType.BOOLEAN, "Has the app"),
        Field("is_new", FieldType.BOOLEAN, "Is new"),
        Field("joined_on", FieldType.DATE, "Joined"),
        Field("seen_at", FieldType.DATETIME, "Last seen"),
        Field("tags", FieldType.TEXT_LIST, "Tags"),
        Field("scores", FieldType.NUMBER_LIST, "Scores"),
        Field("huge", FieldType.DECIMAL, "Huge", scale=0),
        Field("called_at", FieldType.DATETIME, "Called"),
    ),
    # A zone that changed its clocks within the window of most rules.
    zone="Europe/Berlin",
)


def make_table(rate: Numeric[Any]) -> Table:
    """The rows' table; a database without open decimals keeps the rate with so many digits."""
    return Table(
        "rules_world",
        MetaData(),
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("visits", Integer),
        Column("points", BigInteger),
        Column("revenue", Numeric(14, 2)),
        Column("rate", rate),
        Column("usage", Double),
        Column("city", Text),
        Column("plan", Text),
        Column("has_app", Boolean),
        Column("is_new", Boolean),
        Column("joined_on", Date),
        Column("seen_at", DateTime(timezone=True)),
        Column("tags", ARRAY(Text)),
        Column("scores", ARRAY(Numeric)),
        Column("huge", Numeric(38, 0)),
        # Without a zone: instants in UTC, as many warehouses keep them.
        Column("called_at", DateTime()),
        prefixes=["TEMPORARY"],
    )


TABLE = make_table(Numeric())
DUCK_TABLE = make_table(Numeric(20, 6))


def decimals(*texts: str) -> list[Decimal]:
    """Exact numbers from their texts."""
    return [Decimal(text) for text in texts]


EDGES: dict[str, list[Any]] = {
    "visits": [None, 0, 1, -1, 2, 3, 7, 29, 30, 31, 100, 2**31 - 1, -(2**31)],
    "points": [None, 0, 1, -5, 99, 100, 101, 2**31, 2**63 - 1],
    "revenue": [
        None,
        *decimals("0", "0.01", "0.10", "-0.01", "1", "2.50", "3.50", "19.99", "99.99", "100", "1000.00", "1000.01"),
    ],
    "rate": [None, *decimals("0", "0.1", "0.3", "1", "3", "-3", "7", "0.005", "0.125", "1.5", "99999999999999.999999")],
    "usage": [None, 0.0, 0.1, 0.2, 0.3, 1.0, -2.5, 1e15, 0.30000000000000004, 123456.789],
    "city": [
        None,
        "",
        "a",
        "B",
        "b",
        "A",
        "Paris",
        "paris",
        "São Paulo",
        "東京",
        "\U0001f600",
        "\U0001f600\U0001f468\u200d\U0001f469",
        'O\'Brien "x" \\',
        " padded  ",
        "مرحبا",
        "ÀÉßŁσς",
        "\uff5e",
        " ",
        "100%",
        "a_b",
    ],
    "plan": [None, "", "Paris", "a", "gold", "5", "null", "'; --", "\\", "B"],
    "has_app": [None, True, False],
    "is_new": [None, True, False],
    "joined_on": [None, *(TODAY - timedelta(days=one) for one in (0, 1, -1, 29, 30, 31, 365, 9_000))],
    "seen_at": [
        None,
        NOW,
        NOW + timedelta(microseconds=1),
        NOW - timedelta(days=30),
        NOW - timedelta(days=30, microseconds=1),
        datetime(2026, 11, 20, tzinfo=UTC),
        datetime(2026, 11, 19, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2024, 2, 29, 12, tzinfo=UTC),
        # The days in Berlin begin at 22:00 and 23:00; on 25 October 2026 the hour from 2 to 3 came twice.
        datetime(2026, 10, 24, 22, tzinfo=UTC),
        datetime(2026, 10, 24, 21, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 23, tzinfo=UTC),
        datetime(2026, 11, 19, 22, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 11, 19, 23, tzinfo=UTC),
    ],
    "huge": [
        None,
        *decimals("0", "-1", "9" * 38, "-" + "9" * 38, "1" + "0" * 37, "12345678901234567890123456789012345678"),
    ],
    "called_at": [
        None,
        *map(
            datetime.fromisoformat,
            (
                "2026-11-20T14:30:00",
                "2026-11-20T14:30:00.000001",
                "2026-10-25T00:30:00",
                "2026-11-19T23:00:00",
                "2026-11-19T22:59:59.999999",
            ),
        ),
    ],
    "tags": [None, [], ["a"], ["a", "gold"], [""], ["Paris", "B", "a"], ["a", None], [None]],
    "scores": [None, [], [Decimal(0)], [Decimal("0.1"), Decimal(3)], [Decimal(-1), Decimal(100)], [Decimal(5), None]],
}


def make_rows(count: int, seed: int) -> list[dict[str, Any]]:
    """Rows of edge values: first each value once beside ordinary ones, then mixtures."""
    chance = random.Random(seed)
    longest = max(len(values) for values in EDGES.values())
    rows: list[dict[str, Any]] = [
        {name: values[index % len(values)] for name, values in EDGES.items()} for index in range(longest)
    ]
    rows[0] = dict.fromkeys(EDGES)
    while len(rows) < count:
        rows.append({name: chance.choice(values) for name, values in EDGES.items()})
    return [{"id": index + 1, **row} for index, row in enumerate(rows)]


FLAG = {"var": "has_app"}


class RuleMaker:
    """Makes random rules that are well typed over SCHEMA."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def boolean(self, depth: int) -> Any:
        """A rule that answers yes or no."""
        if depth <= 0:
            return self._chance.choice([self._comparison, self._membership, self._absence, self._flag, self._moment])(0)
        return self._chance.choice(
            [
                self._junction,
                self._junction,
                self._negation,
                self._comparison,
                self._comparison,
                self._membership,
                self._absence,
                self._choice,
                self._text_test,
                self._moment,
                self._quantifier,
                self._same_truth,
                self._mixed_truth,
                self._between_steps,
                self._ratio,
            ]
        )(depth - 1)

    def number(self, depth: int) -> Any:
        """A rule that gives a number."""
        pick = self._chance
        if depth <= 0 or pick.random() < 0.35:
            return self._number_leaf()
        makers: list[Callable[[], Any]] = [
            lambda: {pick.choice("+*"): [self.number(depth - 1) for _ in range(pick.choice([1, 2, 2, 3]))]},
            lambda: {"-": [self.number(depth - 1) for _ in range(pick.choice([1, 2, 2]))]},
            lambda: {pick.choice("//%"): [self.number(depth - 1), self.number(depth - 1)]},
            lambda: {pick.choice(["min", "max"]): [self.number(depth - 1) for _ in range(pick.choice([1, 2, 3]))]},
            lambda: {
                "round": [
                    self.number(depth - 1),
                    pick.choice([0, 1, 2, -1]),
                    pick.choice(["half_up", "half_even", "down", "up"]),
                ]
            },
            lambda: {pick.choice(["floor", "ceil"]): [self.number(depth - 1), pick.choice([0, 0, 1, -2])]},
            lambda: {"if": [self.boolean(depth - 1), self.number(depth - 1), self.number(depth - 1)]},
            lambda: {"??": [self.number(depth - 1), self.number(depth - 1)]},
            lambda: {"var": [pick.choice(["visits", "revenue", "usage"]), pick.choice([0, 5, Decimal("0.5")])]},
            lambda: {"days_since": [{"var": pick.choice(["joined_on", "seen_at", "called_at"])}]},
            lambda: {"length": [pick.choice([self.text(depth - 1), {"var": "tags"}, {"var": "scores"}])]},
            lambda: {pick.choice(["and", "or"]): [self.number(depth - 1), self.number(depth - 1)]},
        ]
        return pick.choice(makers)()

    def text(self, depth: int) -> Any:
        """A rule that gives a text."""
        pick = self._chance
        if depth <= 0 or pick.random() < 0.5:
            return self._text_leaf()
        makers: list[Callable[[], Any]] = [
            lambda: {
                "cat": [
                    self.text(depth - 1),
                    pick.choice([self._text_leaf(), self._number_leaf(), FLAG, {"!": [FLAG]}]),
                ]
            },
            lambda: {"substr": [self.text(depth - 1), pick.choice([0, 1, 2, -1, -3, 9])]},
            lambda: {"substr": [self.text(depth - 1), pick.choice([0, 1, -2]), pick.choice([0, 1, 2, -1, -4])]},
            lambda: {"substr": [self.text(depth - 1), self._place(), self._place()]},
            lambda: {pick.choice(["lower", "upper", "trim"]): [self.text(depth - 1)]},
            lambda: {"if": [self.boolean(depth - 1), self.text(depth - 1), self.text(depth - 1)]},
            lambda: {"??": [self.text(depth - 1), self.text(depth - 1)]},
            lambda: {pick.choice(["and", "or"]): [self.text(depth - 1), self.text(depth - 1)]},
        ]
        return pick.choice(makers)()

    def _place(self) -> Any:
        pick = self._chance
        return pick.choice(
            [0, 1, -1, 2, -3, 10**12, {"var": "visits"}, {"var": "points"}, {"length": [{"var": "city"}]}]
        )

    def _number_leaf(self) -> Any:
        name = self._chance.choice(["visits", "points", "revenue", "revenue", "rate", "usage", "huge"])
        if self._chance.random() < 0.6:
            return {"var": name}
        return self._number_constant(name)

    def _number_constant(self, name: str) -> Any:
        value = self._chance.choice([one for one in EDGES[name] if one is not None])
        exact = Decimal(repr(value)) if isinstance(value, float) else value
        above = exact + 1 if abs(exact) < 10**20 else exact
        return self._chance.choice([exact, exact, above, Decimal("0.1"), Decimal("1.999"), 0])

    def _text_leaf(self) -> Any:
        name = self._chance.choice(["city", "plan"])
        if self._chance.random() < 0.6:
            return {"var": name}
        return self._text_constant(name)

    def _text_constant(self, name: str) -> str:
        # Ordered against a text that reads as a number, a text is refused.
        return str(self._chance.choice([one for one in EDGES[name] if one not in (None, "5")]))

    def _junction(self, depth: int) -> Any:
        count = self._chance.choice([1, 2, 2, 3])
        return {self._chance.choice(["and", "or"]): [self.boolean(depth) for _ in range(count)]}

    def _negation(self, depth: int) -> Any:
        inner = self._chance.choice([self.boolean, self.boolean, self.number, self.text])(depth)
        return {self._chance.choice(["!", "!", "!!"]): [inner]}

    def _mixed_truth(self, depth: int) -> Any:
        """Operands of different types, of which only the truth matters."""
        pick = self._chance
        leaves = [self.number(depth), self.text(depth), self.boolean(depth), self._day(depth), {"var": "tags"}, [], [1]]
        operands = pick.sample(leaves, 3)
        return {pick.choice(["!", "!!"]): [{pick.choice(["and", "or", "if"]): operands}]}

    def _same_truth(self, depth: int) -> Any:
        """A boolean used as a value: NULL must not leak out of it."""
        return {
            self._chance.choice(["==", "!="]): [
                self.boolean(depth),
                self._chance.choice([True, False, FLAG, {"!": [FLAG]}]),
            ]
        }

    def _flag(self, depth: int) -> Any:
        name = self._chance.choice(["has_app", "is_new"])
        other = self._chance.choice([True, False, None, {"var": "has_app"}])
        return {self._chance.choice(["==", "!=", "===", "!=="]): [{"var": name}, other]}

    def _comparison(self, depth: int) -> Any:
        pick = self._chance
        sides: list[Callable[[int], Any]] = [self.number, self.number, self.text, self._day, self._instant]
        side = pick.choice(sides)
        operator = pick.choice(["<", "<=", ">", ">=", "==", "!=", "<", "<="])
        count = 3 if operator in ("<", "<=") and pick.random() < 0.3 else 2
        operands = [side(depth) for _ in range(count)]
        if pick.random() < 0.1:
            # Money is written as text so that no JSON writer on the way loses a digit.
            name = pick.choice(["revenue", "rate", "visits"])
            return {operator: [{"var": name}, str(pick.choice(EDGES["rate"][1:]))]}
        if pick.random() < 0.08:
            operands[pick.randrange(count)] = None
        return {operator: operands}

    def _day(self, depth: int) -> Any:
        days = self._chance.choice([0, 1, 30, 365])
        return self._chance.choice(
            [
                {"var": "joined_on"},
                {"var": "joined_on"},
                {"days_ago": [days]},
                {"today": []},
                {"date": [(TODAY - timedelta(days=days)).isoformat()]},
            ]
        )

    def _instant(self, depth: int) -> Any:
        days = self._chance.choice([0, 1, 30, 365])
        pick_instant = self._chance.choice(["seen_at", "called_at"])
        return self._chance.choice(
            [
                {"var": "seen_at"},
                {"var": pick_instant},
                {"now": []},
                {"days_ago": [days]},
                {"datetime": [(NOW - timedelta(days=days)).isoformat()]},
            ]
        )

    def _between_steps(self, depth: int) -> Any:
        """A column against a constant that it cannot hold, next to one that it can."""
        pick = self._chance
        name = pick.choice(["visits", "points", "revenue"])
        edge = Decimal(pick.choice([one for one in EDGES[name] if one is not None and abs(one) < 10**9]))
        step = Decimal("0.5") if name != "revenue" else Decimal("0.005")
        operands = [{"var": name}, edge + pick.choice([step, -step])]
        return {pick.choice(["<", "<=", ">", ">=", "==", "!="]): operands if pick.random() < 0.7 else operands[::-1]}

    def _ratio(self, depth: int) -> Any:
        """A quotient against a number, with divisors of both signs and zero."""
        pick = self._chance
        above, below = pick.sample(["visits", "revenue", "points"], 2)
        operands = [
            {"/": [{"var": above}, {"var": below}]},
            pick.choice([0, 1, -1, 2, Decimal("0.5"), Decimal("-2.5"), 100]),
        ]
        return {pick.choice(["<", "<=", ">", ">=", "==", "!="]): operands if pick.random() < 0.7 else operands[::-1]}

    def _moment(self, depth: int) -> Any:
        pick = self._chance
        return pick.choice(
            [
                {
                    "within_days": [
                        {"var": pick.choice(["joined_on", "seen_at", "called_at"])},
                        pick.choice([1, 30, 365, -1, -30]),
                    ]
                },
                {pick.choice(["<", ">=", "=="]): [{"var": "joined_on"}, (TODAY - timedelta(days=30)).isoformat()]},
                {pick.choice([">", "<="]): [{"var": "seen_at"}, {"days_ago": [30]}]},
                {
                    pick.choice(["<", "<=", ">", ">=", "=="]): pick.sample(
                        [
                            {"days_since": [{"var": pick.choice(["joined_on", "seen_at", "called_at"])}]},
                            pick.choice([0, 1, 26, 27, 30, -1]),
                        ],
                        2,
                    )
                },
            ]
        )

    def _membership(self, depth: int) -> Any:
        pick = self._chance
        kind = pick.choice(["number", "text", "inside", "list", "numbers", "day"])
        if kind == "inside":
            return {pick.choice(["in", "contains"]): [self._text_leaf(), self._text_leaf()]}
        if kind == "list":
            return {"in": [self.text(0), {"var": "tags"}]}
        if kind == "numbers":
            return {"contains": [{"var": "scores"}, self.number(0)]}
        if kind == "day":
            return {"in": [{"var": "joined_on"}, [TODAY.isoformat(), None, (TODAY - timedelta(days=1)).isoformat()]]}
        name = pick.choice(["visits", "revenue", "usage"] if kind == "number" else ["city", "plan"])
        make = self._number_constant if kind == "number" else self._text_constant
        items: list[Any] = [make(name) for _ in range(pick.choice([0, 1, 3]))]
        if pick.random() < 0.35:
            items.append(None)
        if kind == "text" and pick.random() < 0.2:
            items.append({"var": "plan"})
        return {"in": [{"var": name}, items]}

    def _absence(self, depth: int) -> Any:
        pick = self._chance
        names = pick.sample(["city", "plan", "visits", "has_app", "seen_at", "tags"], pick.choice([1, 2, 3]))
        test = {"missing": names} if pick.random() < 0.6 else {"missing_some": [pick.randint(1, len(names)), names]}
        return {pick.choice(["!", "!!"]): [test]}

    def _choice(self, depth: int) -> Any:
        branches = [self.boolean(depth) for _ in range(self._chance.choice([2, 3, 4, 5]))]
        return {self._chance.choice(["if", "?:"]): branches}

    def _text_test(self, depth: int) -> Any:
        operands = [self.text(depth), self.text(0)]
        if self._chance.random() < 0.1:
            operands[self._chance.randrange(2)] = None
        return {self._chance.choice(["starts_with", "ends_with", "in", "contains"]): operands}

    def _quantifier(self, depth: int) -> Any:
        pick = self._chance
        element = {"var": ""}
        if pick.random() < 0.5:
            body: Any = {pick.choice(["==", "!=", "<"]): [element, pick.choice(["a", "gold", ""])]}
            name = "tags"
        else:
            body = {pick.choice(["<", ">=", "=="]): [{"*": [element, 2]}, pick.choice([0, Decimal("0.2"), 6])]}
            name = "scores"
        listed = {"in": [element, ["a", "", None] if name == "tags" else [0, 3, Decimal("0.1")]]}
        return {
            pick.choice(["all", "some", "none"]): [{"var": name}, pick.choice([body, {"!": [body]}, element, listed])]
        }
