"""What crosses the border of the warehouse: one contract for every kind of connector."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Row, Select, Table
from sqlalchemy.engine import Dialect

from loyalty.foundation.rules.contracts import FieldType

# The column that names the customer in every table; its values are the customers' public ids.
KEY_COLUMN = "customer_id"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; ``type`` is None where rules have no such type, ``comment`` the warehouse's own words."""

    name: str
    type: FieldType | None
    native_type: str
    is_nullable: bool
    comment: str = ""


@dataclass(frozen=True, slots=True)
class TableDescription:
    """A table and its columns, in their order."""

    name: str
    columns: tuple[Column, ...]

    def find(self, name: str) -> Column | None:
        """Find a column, or None."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """What a test of the connection found; a failed one says why."""

    is_reachable: bool
    kind: str
    breaker_state: str
    latency_ms: float = 0.0
    server_version: str = ""
    user: str = ""
    is_read_only: bool = False
    is_superuser: bool = False
    table: str = ""
    columns: tuple[Column, ...] = ()
    rows_estimate: int = 0
    problem_code: str = ""
    problem: str = ""


class Connector(Protocol):
    """Reads a warehouse. Every call raises ``WarehouseUnavailable`` when it does not answer."""

    kind: str

    @property
    def dialect(self) -> Dialect:
        """What compiles statements for this warehouse."""
        ...

    @property
    def breaker_state(self) -> str:
        """``closed``, ``open`` or ``half-open``."""
        ...

    def describe_table(self, name: str) -> TableDescription:
        """Describe a table or view, as it was at most half a minute ago."""
        ...

    def forget_tables(self) -> None:
        """Ask the warehouse anew for the shape of its tables at the next call."""
        ...

    def table(self, name: str) -> Table:
        """Give a table or view for statements."""
        ...

    def fetch_all(self, statement: Select[Any], *, limit: int = 100_000) -> Sequence[Row[Any]]:
        """Give all rows of a statement that has at most ``limit`` of them."""
        ...

    def stream(self, statement: Select[Any], *, batch_size: int = 10_000) -> Iterator[Sequence[Row[Any]]]:
        """Give the rows of a statement in batches, without holding them all."""
        ...

    def copy_text(self, statement: Select[Any]) -> Iterator[bytes]:
        """Give the rows of a statement as blocks of PostgreSQL's COPY text."""
        ...

    def copy_binary(self, statement: Select[Any]) -> Iterator[bytes]:
        """Give the rows of a statement as blocks of PostgreSQL's COPY binary."""
        ...

    def test_connection(self, table: str) -> ConnectionReport:
        """Try the connection and tell what is there; never raises."""
        ...
