"""What crosses the border of the warehouse: one contract for every kind of connector."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import FromClause, Row, Select
from sqlalchemy.engine import Dialect

from loyalty.foundation.rules.contracts import FieldType

# The column that names the customer in every table; its values are the customers' public ids.
KEY_COLUMN = "customer_id"
# The name under which the custom query stands beside the tables; no warehouse is asked for a table of this name.
QUERY_NAME = "customer_features_query"


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
    """A table, view or query and its columns, in their order."""

    name: str
    columns: tuple[Column, ...]

    def find(self, name: str) -> Column | None:
        """Find a column, or None."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class TableSummary:
    """A table or view that the role may read; ``rows_estimate`` is None where the warehouse does not say."""

    name: str
    kind: str
    rows_estimate: int | None = None


class Severity(StrEnum):
    """How grave a finding is: ``refused`` means that the role is no cage and no custom query runs under it."""

    REFUSED = "refused"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the role may do beyond reading, or that nobody set; ``repair`` is what to do about it."""

    code: str
    severity: Severity
    detail: str
    repair: str = ""


@dataclass(frozen=True, slots=True)
class Rights:
    """What the warehouse's role is and may do."""

    user: str
    server_version: str
    is_read_only: bool
    is_superuser: bool
    findings: tuple[Finding, ...] = ()

    @property
    def is_caged(self) -> bool:
        """Whether the role can do nothing but read."""
        return not any(finding.severity is Severity.REFUSED for finding in self.findings)


@dataclass(frozen=True, slots=True)
class CustomQuery:
    """A query that stands for the features table.

    :param statement: the SELECT with its parameters as ``:customer_id`` and ``:start_date``, all other colons escaped
        for SQLAlchemy's ``text()``; without comments and without a semicolon.
    :param functions: the names that are called in it, in lower case.
    """

    statement: str
    parameters: frozenset[str]
    functions: frozenset[str]


@dataclass(frozen=True, slots=True)
class ConnectorOptions:
    """How a connector reaches its warehouse and what it may take from it.

    :param address: the URL or path that the kind's setting holds.
    :param rows_max: the most rows that one stream or copy may give.
    :param bytes_max: the most bytes that one answer may have: of a copy exactly, of rows the lengths of their texts,
        bytes and lists and eight for everything else.
    :param memory_mb: the memory that an engine inside this process may take.
    :param queries: custom queries by the name under which they stand beside the tables.
    :param query_days: how many days before the warehouse's today ``:start_date`` lies.
    """

    address: str
    statement_timeout_ms: int = 60_000
    rows_max: int = 50_000_000
    bytes_max: int = 16 * 2**30
    memory_mb: int = 1024
    queries: Mapping[str, CustomQuery] = field(default_factory=dict)
    query_days: int = 365


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
    is_caged: bool = False
    findings: tuple[Finding, ...] = ()
    tables: tuple[TableSummary, ...] = ()
    table: str = ""
    columns: tuple[Column, ...] = ()
    rows_estimate: int = 0
    problem_code: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class WarehouseView:
    """The configured warehouse as people see it: no password, no parameters of the address.

    ``setting`` is the setting that holds the address, ``breaker_state`` how the breaker stands where it stands worst.
    """

    kind: str
    kinds: tuple[str, ...]
    setting: str
    place: str
    table: str
    query: str
    query_parameters: tuple[str, ...]
    statement_timeout_ms: int
    rows_max: int
    breaker_state: str
    problem_code: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class KeyBlock:
    """Some customers' ids as bytes: 16 for each id and, with masks, 4 more that say which predicates hold for it.

    All numbers are big-endian. ``rows`` counts the rows behind the block: more than there are ids when ids were NULL.
    """

    packed: bytes
    has_masks: bool
    rows: int


class Connector(Protocol):
    """Reads a warehouse. Every call raises ``WarehouseUnavailable`` when it does not answer."""

    kind: str
    # Whether ``copy_binary`` is spoken; ``copy_text`` always is.
    has_copy_binary: bool

    @property
    def place(self) -> str:
        """Where the warehouse is, for people; holds no secret."""
        ...

    @property
    def dialect(self) -> Dialect:
        """What compiles statements for this warehouse."""
        ...

    @property
    def breaker_state(self) -> str:
        """``closed``, ``open`` or ``half-open``."""
        ...

    def describe_table(self, name: str) -> TableDescription:
        """Describe a table, view or custom query, as it was at most half a minute ago."""
        ...

    def forget_tables(self) -> None:
        """Ask the warehouse anew for the shape of its tables at the next call."""
        ...

    def table(self, name: str) -> FromClause:
        """Give a table, view or custom query over all customers, for statements.

        :raises WarehouseQueryForOne: the custom query cannot give more than one customer.
        :raises WarehouseRoleUnsafe: it is a custom query, and the role may do more than read.
        """
        ...

    def table_for(self, name: str, customer_ids: Sequence[object]) -> FromClause:
        """Give the same, where at least these customers' rows are in; a query's ``:customer_id`` is bound to them."""
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
        """Give the rows of a statement as blocks of PostgreSQL's COPY binary, where ``has_copy_binary``."""
        ...

    def rights(self) -> Rights:
        """Tell what the role is and may do."""
        ...

    def test_connection(self, table: str) -> ConnectionReport:
        """Try the connection and tell what is there; never raises."""
        ...

    def close(self) -> None:
        """Give all connections back."""
        ...
