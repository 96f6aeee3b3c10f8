"""Filling a PostgreSQL warehouse with a population and its history, in sets."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from importlib import resources

import psycopg
from psycopg import sql

from loyalty.foundation.rules.contracts import FieldType
from loyalty.population import api as population
from loyalty.warehouse.errors import WarehouseUnavailable

TABLES = (
    "customer_features_view",
    "customer_offer_history",
    "customer_churn_history",
    "customer_transaction_history",
)
NATIVE_TYPES = {
    FieldType.INTEGER: "bigint",
    FieldType.DECIMAL: "numeric",
    FieldType.TEXT: "text",
    FieldType.BOOLEAN: "boolean",
    FieldType.DATE: "date",
    FieldType.DATETIME: "timestamptz",
}
# Our own words for the standard columns; the catalogue of features reads them.
COMMENTS: Mapping[str, str] = {
    "customer_id": "The customer's public id",
    "customer_ref": "The customer's id in the BSS",
    "customer_status": "active or churned",
    "total_revenue": "Sum of all bills, top-ups and purchases of two years",
    "transaction_count": "Number of bills, top-ups and purchases of two years",
    "last_purchase_days_ago": "Days since the last top-up or purchase; empty when there was none",
    "avg_transaction_value": "Mean amount of a transaction",
    "lifetime_value": "Margin so far and expected",
    "churn_score": "How likely the customer leaves, from 0 to 1",
    "customer_tier": "Value class by revenue",
    "tenure_months": "Months since the customer joined",
    "monthly_charges": "What the plan costs a month",
    "data_usage_gb": "Mobile data a month, mean of the last quarter",
    "updated_at": "When the warehouse computed the row",
}
PEOPLE_COLUMNS = (
    "customer_id, customer_ref, first_name, last_name, gender, birth_date, city, language, time_zone, customer_since, "
    "churned_on, tenure_months, plan, contract, payment_method, internet_service, monthly_charges, activity, churn_risk"
)


@dataclass(frozen=True, slots=True)
class FillReport:
    """What was written, and how long each part took."""

    customers: int
    rows: dict[str, int] = field(default_factory=dict)
    columns: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    problems: tuple[population.RowProblem, ...] = ()
    is_granted: bool = False


class _Parts:
    """The parts of the work and how long each took."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.seconds: dict[str, float] = {}
        self._say = say

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Measure a part."""
        began = time.monotonic()
        yield
        self.seconds[part] = round(time.monotonic() - began, 2)
        self._say(f"{part}: {self.seconds[part]:.2f} s")


def fill(
    people: population.Population,
    *,
    seed: int,
    as_of: date,
    admin_url: str,
    reader: str,
    say: Callable[[str], None] = lambda sentence: None,
) -> FillReport:
    """Build the four tables beside the old ones and put them in their place in one transaction.

    :param reader: the role that may read them; empty or unknown means that nobody is granted anything.
    :raises WarehouseUnavailable: the warehouse's owner cannot connect, or the warehouse refuses a statement.
    """
    try:
        with psycopg.connect(admin_url, connect_timeout=10) as connection:
            return _fill(connection, people, seed, as_of, reader, _Parts(say))
    except psycopg.Error as fault:
        reason = (str(fault).strip().splitlines() or [type(fault).__name__])[0]
        raise WarehouseUnavailable(f"The warehouse cannot be filled: {reason}.") from fault


def _fill(
    connection: "psycopg.Connection[tuple[object, ...]]",
    people: population.Population,
    seed: int,
    as_of: date,
    reader: str,
    parts: "_Parts",
) -> FillReport:
    """Run the parts in one transaction; readers see the old tables until it commits."""
    _run(connection, "world")
    connection.execute("SET LOCAL work_mem = '128MB'")
    # Statements of a second each are not worth compiling.
    connection.execute("SET LOCAL jit = off")
    # Days are cut in UTC, whatever zone the server stands in, so that the same seed gives the same warehouse anywhere.
    connection.execute("SET LOCAL timezone = 'UTC'")
    with parts.timed("people"):
        _copy_people(connection, people)
        connection.execute("INSERT INTO world VALUES (%s, %s)", [seed, as_of])
        connection.execute("UPDATE people SET n = hashtextextended(customer_ref, (SELECT seed FROM world))")
        connection.execute("CREATE UNIQUE INDEX ON people (customer_id)")
        connection.execute("ANALYZE people")
    for part in ("transactions", "features", "offers", "churn"):
        with parts.timed(part):
            _run(connection, part)
    with parts.timed("in place"):
        columns = _build_features(connection, people)
        is_granted = _swap(connection, reader)
        rows = {name: _count(connection, name) for name in TABLES}
    return FillReport(
        customers=people.count,
        rows=rows,
        columns=columns,
        seconds=parts.seconds,
        problems=people.problems,
        is_granted=is_granted,
    )


def _run(connection: "psycopg.Connection[tuple[object, ...]]", name: str) -> None:
    text = (resources.files("loyalty.warehouse") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    connection.execute(text.encode())


def _count(connection: "psycopg.Connection[tuple[object, ...]]", table: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    return int(str(row[0])) if row else 0


def _copy_people(connection: "psycopg.Connection[tuple[object, ...]]", people: population.Population) -> None:
    extra = [sql.Identifier(column.name) for column in people.columns]
    declared = [
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(NATIVE_TYPES[column.type]))
        for column in people.columns
    ]
    connection.execute(
        sql.SQL("CREATE TEMP TABLE file_values ({}) ON COMMIT DROP").format(
            sql.SQL(", ").join([sql.SQL("customer_id uuid"), *declared])
        )
    )
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY people ({PEOPLE_COLUMNS}) FROM STDIN".encode()) as copy:
            for one in people.people():
                copy.write_row(
                    (
                        *(one.id, one.ref, one.first_name, one.last_name, one.gender, one.birth_date, one.city),
                        *(one.language, one.time_zone, one.customer_since, one.churned_on, one.tenure_months),
                        *(one.plan, one.contract, one.payment_method, one.internet_service, one.monthly_charges),
                        *(one.activity, one.churn_risk),
                    )
                )
        if extra:
            names = sql.SQL(", ").join([sql.Identifier("customer_id"), *extra])
            with cursor.copy(sql.SQL("COPY file_values ({}) FROM STDIN").format(names)) as copy:
                for one in people.people():
                    copy.write_row((one.id, *one.values))


def _build_features(connection: "psycopg.Connection[tuple[object, ...]]", people: population.Population) -> int:
    """Write one row per customer: the file's columns, and the standard ones that the file does not have."""
    described = connection.execute("SELECT * FROM standard_features LIMIT 0").description or []
    in_file = {column.name: column for column in people.columns}
    chosen = [sql.SQL("s.{}").format(sql.Identifier(one.name)) for one in described if one.name not in in_file]
    chosen += [sql.SQL("f.{}").format(sql.Identifier(name)) for name in in_file]
    join = sql.SQL("LEFT JOIN file_values f USING (customer_id)" if in_file else "")
    connection.execute(
        sql.SQL("CREATE TABLE customer_features_view_new AS SELECT {} FROM standard_features s {} ORDER BY 1").format(
            sql.SQL(", ").join(chosen), join
        )
    )
    connection.execute("ALTER TABLE customer_features_view_new ADD PRIMARY KEY (customer_id)")
    present = {one.name for one in described}
    comments = {name: text for name, text in COMMENTS.items() if name in present and name not in in_file}
    comments |= {column.name: f"{column.name_in_file} of the customers file" for column in people.columns}
    for name, text in comments.items():
        connection.execute(
            sql.SQL("COMMENT ON COLUMN customer_features_view_new.{} IS {}").format(
                sql.Identifier(name), sql.Literal(text)
            )
        )
    return len(chosen)


def _swap(connection: "psycopg.Connection[tuple[object, ...]]", reader: str) -> bool:
    """Put the new tables in the place of the old ones and let the reader read them."""
    is_known = bool(
        reader and connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [reader]).fetchone() is not None
    )
    for name in TABLES:
        old, new = sql.Identifier(name), sql.Identifier(f"{name}_new")
        kind = connection.execute("SELECT relkind FROM pg_class WHERE oid = to_regclass(%s)", [name]).fetchone()
        words = {"v": "VIEW", "m": "MATERIALIZED VIEW"}.get(str(kind[0]), "TABLE") if kind else "TABLE"
        connection.execute(sql.SQL("DROP {} IF EXISTS {}").format(sql.SQL(words), old))
        connection.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(new, old))
        if is_known:
            connection.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(old, sql.Identifier(reader)))
        connection.execute(sql.SQL("ANALYZE {}").format(old))
    if is_known:
        schema = sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(reader))
        connection.execute(schema)
    return is_known
