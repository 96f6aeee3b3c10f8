"""One column of a CSV file as a spreadsheet saves it: commas, semicolons or tabs, with a byte order mark or without."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# As many of a file's own names as an answer lists.
NAMES_TOLD = 20


class CsvUnreadable(ValueError):
    """The file is no CSV in UTF-8, or has no such column; the text says which."""


@dataclass(frozen=True, slots=True)
class CsvColumn:
    """A column of a file; ``is_named`` tells whether it has the name asked for, or one of the usual names."""

    name: str
    is_named: bool
    place: int
    rows: Iterator[list[str]]

    def values(self) -> Iterator[tuple[int, str]]:
        """Give (line, value) of each line that is not empty, the value without blanks around it; it may be empty.

        :raises CsvUnreadable: a line cannot be read.
        """
        try:
            for line, row in enumerate(self.rows, start=2):
                if row:
                    yield line, row[self.place].strip() if self.place < len(row) else ""
        except csv.Error as fault:
            raise CsvUnreadable(f"The file cannot be read as CSV: {fault}.") from fault


def open_column(content: bytes, *, column: str, usual: Sequence[str]) -> CsvColumn:
    """Find a column in a file whose first line names its columns.

    :param column: its name, in any case; without it the first of the usual names that the file has, or its first.
    :raises CsvUnreadable: it is no text, no CSV, or has no such column.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise CsvUnreadable("The file is not written in UTF-8.") from fault
    if "\x00" in text or not text.strip():
        raise CsvUnreadable("The file is empty or no text.")
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        head = [one.strip() for one in next(rows)]
    except (csv.Error, StopIteration) as fault:
        raise CsvUnreadable("The file has no first line with the names of its columns.") from fault
    lowered = [one.lower() for one in head] or [""]
    known = column.strip().lower() or next((name for name in usual if name in lowered), "")
    if column.strip() and known not in lowered:
        told = ", ".join(head[:NAMES_TOLD])
        raise CsvUnreadable(f"The file has no column {column[:60]!r}; it has {told}.")
    place = lowered.index(known) if known in lowered else 0
    return CsvColumn((head or [""])[place], bool(known), place, rows)
