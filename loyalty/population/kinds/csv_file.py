"""People of a CSV file: every column is kept, types are inferred, bad rows are told and left out."""

import csv
import dataclasses
import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from loyalty.foundation.rules.contracts import FieldType
from loyalty.population.contracts import ExtraColumn, Person, PopulationDescription, RowProblem
from loyalty.population.errors import CustomersFileInvalid
from loyalty.population.policy import person_of

DELIMITERS = ",;\t|"
# PostgreSQL takes 1,600 columns; a table beyond 500 is not a list of customers.
COLUMNS_MAX = 500
NAME_LENGTH_MAX = 60
REF_LENGTH_MAX = 100
# A quoted field may hold line breaks; a quote that is not closed within this many lines was never meant as one.
LINES_PER_ROW_MAX = 50
# The warehouse's own columns; a file's column of that name gets another one.
RESERVED = frozenset({"customer_id", "customer_ref", "updated_at"})

# What PostgreSQL reads in just one way; Python's own readers know more forms (week dates, digits of other scripts).
INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]{0,17})")
NUMBER = re.compile(r"[+-]?([0-9]{1,20}\.[0-9]{0,15}|\.[0-9]{1,15}|0|[1-9][0-9]{0,20})")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"
)
TRUTHS = {"yes": "t", "no": "f", "true": "t", "false": "f"}
DIGIT_TRUTHS = {"1": "t", "0": "f"}
# Names under which files tell what we need of a person.
KNOWN_AS = {
    "e_mail": "email", "email_address": "email", "mail": "email", "phone_number": "phone", "msisdn": "phone",
    "mobile": "phone", "sex": "gender", "firstname": "first_name", "lastname": "last_name", "surname": "last_name",
    "date_of_birth": "birth_date", "birthdate": "birth_date", "tenure": "tenure_months",
    "monthlycharges": "monthly_charges", "churned": "churn",
}  # fmt: skip


def snake_case(name: str) -> str:
    """Write a column's name as PostgreSQL and rules like it; empty when nothing of it can be written."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", plain))
    joined = re.sub(r"[^a-z0-9]+", "_", split.lower()).strip("_")[:NAME_LENGTH_MAX]
    return f"c_{joined}" if joined[:1].isdigit() else joined


def column_names(header: Sequence[str]) -> list[str]:
    """Give each column of a header a name of its own."""
    names: list[str] = []
    for position, title in enumerate(header, start=1):
        base = snake_case(title) or f"column_{position}"
        base = f"{base}_in_file" if base in RESERVED else base
        name, turn = base, 2
        while name in names:
            name, turn = f"{base}_{turn}", turn + 1
        names.append(name)
    return names


def read_records(path: Path) -> Iterator[tuple[int, list[str] | str, bool]]:
    """Give each row as (line, cells, False), or as (line, reason, True) when it cannot be read."""
    delimiter: str | None = None
    with path.open("rb") as handle:
        waiting: list[tuple[int, str]] = []
        lines = enumerate(handle, start=1)
        replay: list[tuple[int, str]] = []
        while True:
            if replay:
                number, text = replay.pop(0)
            else:
                following = next(lines, None)
                if following is None:
                    if not waiting:
                        return
                    yield waiting[0][0], "a quote is opened and never closed", True
                    replay, waiting = waiting[1:], []
                    continue
                number, text = following[0], following[1].decode("utf-8", "surrogateescape")
                text = text.removeprefix("\ufeff") if number == 1 else text
            if delimiter is None:
                delimiter = max(DELIMITERS, key=text.count)
            waiting.append((number, text))
            record = "".join(line for _, line in waiting)
            if record.count('"') % 2:
                if len(waiting) >= LINES_PER_ROW_MAX:
                    yield waiting[0][0], "a quote is opened and never closed", True
                    replay, waiting = waiting[1:] + replay, []
                continue
            first, waiting = waiting[0][0], []
            if record.strip():
                yield _parse(first, record, delimiter)


def _parse(line: int, record: str, delimiter: str) -> tuple[int, list[str] | str, bool]:
    if "\x00" in record:
        return line, "it has a NUL byte", True
    if any("\udc80" <= letter <= "\udcff" for letter in record):
        return line, "it is not UTF-8", True
    try:
        rows = list(csv.reader(record.splitlines(keepends=True), delimiter=delimiter, strict=True))
    except csv.Error as fault:
        return line, str(fault), True
    if len(rows) != 1:
        return line, "a line break stands outside of quotes", True
    return line, [cell.strip() for cell in rows[0]], False


def is_of(kind: FieldType, text: str) -> bool:
    """Tell whether a text is a value of a type."""
    if kind is FieldType.INTEGER:
        return bool(INTEGER.fullmatch(text))
    if kind is FieldType.DECIMAL:
        return bool(NUMBER.fullmatch(text))
    if kind is FieldType.BOOLEAN:
        return text.lower() in TRUTHS
    try:
        if kind is FieldType.DATE:
            return bool(DAY.fullmatch(text)) and bool(date.fromisoformat(text))
        if kind is FieldType.DATETIME:
            return bool(INSTANT.fullmatch(text)) and bool(datetime.fromisoformat(text))
    except ValueError:
        return False
    return kind is FieldType.TEXT


LADDER = (
    FieldType.BOOLEAN,
    FieldType.INTEGER,
    FieldType.DECIMAL,
    FieldType.DATE,
    FieldType.DATETIME,
    FieldType.TEXT,
)


def infer_type(values: Sequence[str]) -> FieldType:
    """Give the narrowest type of all values that are not blank; 0 and 1 alone are a flag."""
    distinct = {value for value in values if value}
    if not distinct:
        return FieldType.TEXT
    if distinct == set(DIGIT_TRUTHS):
        return FieldType.BOOLEAN
    return next(kind for kind in LADDER if all(is_of(kind, value) for value in distinct))


class CsvPopulation:
    """The people of a file, read once.

    :raises CustomersFileInvalid: not a CSV, or without the column of ids, or without one usable row.
    """

    def __init__(self, description: PopulationDescription) -> None:
        self._description = description
        self._rows: dict[str, list[str]] = {}
        problems: list[RowProblem] = []
        header = self._read(Path(description.customers_file), problems)
        names = column_names(header)
        kept = [position for position in range(len(header)) if position != self._id_at]
        columns = list(zip(*self._rows.values(), strict=True))
        self.columns = tuple(
            ExtraColumn(names[position], header[position], infer_type(columns[position])) for position in kept
        )
        self._kept = kept
        self.problems = tuple(problems)
        self.count = len(self._rows)

    def _read(self, path: Path, problems: list[RowProblem]) -> list[str]:
        records = read_records(path)
        try:
            _, header, is_bad = next(records, (1, "", True))
        except OSError as fault:
            raise CustomersFileInvalid(f"{path} cannot be read: {fault.strerror}.") from fault
        if is_bad or isinstance(header, str) or not 2 <= len(header) <= COLUMNS_MAX:
            raise CustomersFileInvalid(
                f"{path} is not a CSV file: its first line is no header of 2 to {COLUMNS_MAX} columns."
            )
        wanted = self._description.id_column
        if wanted not in header:
            raise CustomersFileInvalid(f"{path} has no column {wanted!r}; it has {', '.join(header)[:300]}.")
        self._id_at = header.index(wanted)
        for line, cells, is_unreadable in records:
            reason = cells if is_unreadable and isinstance(cells, str) else self._take(cells, len(header))
            if reason:
                problems.append(RowProblem(line, reason))
        if not self._rows:
            raise CustomersFileInvalid(f"{path} has no usable row.")
        return header

    def _take(self, cells: list[str] | str, width: int) -> str:
        """Keep a row, or say why not."""
        if isinstance(cells, str) or len(cells) != width:
            return f"it has {len(cells)} fields instead of {width}"
        ref = cells[self._id_at]
        if not ref or len(ref) > REF_LENGTH_MAX:
            return "its id is missing" if not ref else f"its id has more than {REF_LENGTH_MAX} characters"
        if ref in self._rows:
            return f"its id {ref} comes a second time"
        self._rows[ref] = cells
        return ""

    @cached_property
    def _refs(self) -> list[str]:
        return list(self._rows)

    def people(self, offset: int = 0, limit: int | None = None) -> Iterator[Person]:
        """Give people from a place on, in the order of the file."""
        end = self.count if limit is None else min(self.count, offset + limit)
        for ref in self._refs[offset:end]:
            yield self._person(ref)

    def find(self, ref: str) -> Person | None:
        """Find one by reference, or None."""
        return self._person(ref) if ref in self._rows else None

    def _person(self, ref: str) -> Person:
        cells = self._rows[ref]
        texts = [cells[position] or None for position in self._kept]
        known = {KNOWN_AS.get(column.name, column.name): text for column, text in zip(self.columns, texts, strict=True)}
        person = person_of(ref, self._description.seed, self._description.as_of, known)
        values = tuple(_written(column.type, text) for column, text in zip(self.columns, texts, strict=True))
        return dataclasses.replace(person, values=values)


def _written(kind: FieldType, text: str | None) -> str | None:
    """Write a value as PostgreSQL reads it."""
    if text is None or kind is not FieldType.BOOLEAN:
        return text
    return TRUTHS.get(text.lower()) or DIGIT_TRUTHS[text]
