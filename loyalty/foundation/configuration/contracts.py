"""What crosses the border of configuration: fields, sections, reports of tests, versions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from loyalty.foundation.kernel.errors import FieldProblem


class FieldType(StrEnum):
    """What a field holds; ``TABLE`` is a mapping of texts to texts, ``QUERY`` a text of many lines."""

    TEXT = "text"
    QUERY = "query"
    WHOLE = "whole"
    FLAG = "flag"
    CHOICE = "choice"
    LIST = "list"
    TABLE = "table"
    SECRET = "secret"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a section.

    :param default: gives the value that counts until something is saved: what the environment says, or a constant.
        Called at every read, so it must be cheap.
    :param setting: the name of the environment's setting behind the default, for people; empty when there is none.
    :param is_endpoint: part of where a connection leads and as whom (host, port, user, TLS): when it changes, the
        section's secrets are forgotten, because they were meant for somewhere else.
    :param has_lines: a text of several lines, such as a key in PEM or a file of JSON.
    :param low: the least, :param high: the most: of a whole number, or how many characters or items there may be.
    """

    name: str
    type: FieldType
    title: str
    default: Callable[[], Any]
    setting: str = ""
    description: str = ""
    is_endpoint: bool = False
    choices: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    unit: str = ""
    has_lines: bool = False

    @property
    def is_secret(self) -> bool:
        """Whether it is sealed, and never shown."""
        return self.type is FieldType.SECRET


class Source(StrEnum):
    """Where a value comes from."""

    SAVED = "saved"
    ENVIRONMENT = "environment"
    DEFAULT = "default"


class Section(Mapping[str, Any]):
    """The values of a section that count now, secrets among them; the same object as long as nothing changes.

    Whoever keeps a connection made from it compares by ``is`` and makes a new one when it is another object.
    """

    __slots__ = ("_values", "changed_at", "code", "saved", "version")

    def __init__(
        self,
        code: str,
        version: int,
        values: Mapping[str, Any],
        saved: frozenset[str],
        changed_at: datetime | None = None,
    ) -> None:
        self.code, self.version, self._values, self.saved = code, version, dict(values), saved
        self.changed_at = changed_at

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        # Values would find their way into logs and tracebacks.
        return f"Section({self.code!r}, version={self.version})"


@dataclass(frozen=True, slots=True)
class TestReport:
    """What a test of a connection found.

    :param outcome: a stable code; ``ok`` when it worked. All that says "nobody useful answered" is ``no_answer``.
    :param tried: what was done, in one sentence without secrets; :param advice: what to look at.
    """

    __test__ = False  # pytest takes the name for a class of tests

    is_successful: bool
    outcome: str
    tried: str
    advice: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TimedReport:
    """A report and how long it took, in milliseconds."""

    report: TestReport
    took_ms: int


class Validate(Protocol):
    """Tells what is wrong with the values of a whole section, secrets included, before they are used."""

    def __call__(self, values: Mapping[str, Any]) -> Sequence[FieldProblem]:
        """Give the problems; none when the values can be used."""
        ...


Test = Callable[[Mapping[str, Any]], TestReport]


@dataclass(frozen=True, slots=True)
class SectionSpec:
    """A section as its domain registers it.

    :param test: tries the values that are given, saved or not; called in a thread without a database.
    :param state: what the domain tells beside the values, such as the state of a connection; holds no secret.
    :param needs_approval: a change may be put under approval (kind ``configuration.change``).
    :param title_in: what the title is in languages other than English.
    :param beside: codes of other sections whose values the test is given, too, under their codes.
    :param on_changed: called in the transaction of the change, after it.
    """

    code: str
    title: str
    description: str
    fields: tuple[Field, ...]
    validate: Validate | None = None
    test: Test | None = None
    state: Callable[[], Mapping[str, Any]] | None = None
    needs_approval: bool = False
    on_changed: Callable[[], None] | None = None
    beside: tuple[str, ...] = ()
    title_in: Mapping[str, str] = field(default_factory=dict)

    @property
    def titles(self) -> Mapping[str, str]:
        """The title by language."""
        return {"en": self.title, **self.title_in}

    def field(self, name: str) -> Field | None:
        """Find a field, or None."""
        return next((one for one in self.fields if one.name == name), None)

    @property
    def secrets(self) -> tuple[Field, ...]:
        """The fields that are sealed."""
        return tuple(one for one in self.fields if one.is_secret)

    @property
    def endpoint(self) -> tuple[Field, ...]:
        """The fields that say where a connection leads."""
        return tuple(one for one in self.fields if one.is_endpoint)


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field and its value for people; the value of a secret is None, and ``is_set`` tells whether there is one."""

    field: Field
    value: Any
    source: Source
    is_set: bool


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section for people."""

    spec: SectionSpec
    version: int
    fields: tuple[FieldView, ...]
    changed_at: datetime | None
    changed_by: str
    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Saved:
    """What a change came to."""

    code: str
    version: int
    changed: tuple[str, ...]
    secrets_cleared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of another domain's table that holds texts sealed by ``seal``, so that a new master key finds them.

    Each is sealed with the associated data ``<associated>:<id of the row>``.
    """

    table: str
    column: str
    id_column: str
    associated: str
