"""The SQL of rules for databases that no test has at hand, as it was read by people and recorded.

``python -m tests.foundation.rules.recording`` writes the texts anew; read the difference before you keep it.
"""

from pathlib import Path
from typing import Any

from snowflake.sqlalchemy.snowdialect import SnowflakeDialect
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Double,
    Integer,
    Numeric,
    Select,
    String,
    column,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects import oracle

from loyalty.foundation.rules.api import RuleNotCompilable, canonical, check, compile_predicate, parse_text
from tests.foundation.rules.world import NOW, SCHEMA

FOLDER = Path(__file__).resolve().parent / "recorded"
DIALECTS: dict[str, Dialect] = {"oracle": oracle.dialect(), "snowflake": SnowflakeDialect()}  # type: ignore[no-untyped-call]
COLUMNS: dict[str, ColumnElement[Any]] = {
    "visits": column("visits", Integer),
    "points": column("points", BigInteger),
    "revenue": column("revenue", Numeric(14, 2)),
    "rate": column("rate", Numeric()),
    "usage": column("usage", Double),
    "city": column("city", String(80)),
    "plan": column("plan", String(20)),
    "has_app": column("has_app", Boolean),
    "is_new": column("is_new", Boolean),
    "joined_on": column("joined_on", Date),
    "seen_at": column("seen_at", DateTime(timezone=True)),
    "called_at": column("called_at", DateTime()),
    "huge": column("huge", Numeric(38, 0)),
}


def read(name: str) -> list[tuple[str, str]]:
    """The recorded rules of a dialect and their SQL, with the bind values."""
    blocks = (FOLDER / f"{name}.sql").read_text(encoding="utf-8").strip().split("\n\n")
    pairs = [block.split("\n", 1) for block in blocks]
    return [(rule.removeprefix("-- "), text) for rule, text in pairs]


def write_rule(text: str, name: str) -> str:
    """The SQL of a rule with its bind values, or the sentence with which it is refused."""
    rule = check(parse_text(text), SCHEMA)
    try:
        condition = compile_predicate(rule, COLUMNS, now=NOW, dialect_name=name)
    except RuleNotCompilable as refusal:
        return f"-- refused: {refusal.detail}"
    chosen: Select[Any] = select(literal_column("customer_id")).select_from(table("customers")).where(condition)
    made = chosen.compile(dialect=DIALECTS[name])
    values = "".join(f"\n-- {key} = {value!r}" for key, value in made.params.items())
    return " ".join(str(made).split()) + values


def main() -> None:
    """Write every recorded text anew, of the rules that the files name."""
    for name in DIALECTS:
        blocks = [f"-- {canonical(parse_text(rule))}\n{write_rule(rule, name)}" for rule, _ in read(name)]
        (FOLDER / f"{name}.sql").write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
