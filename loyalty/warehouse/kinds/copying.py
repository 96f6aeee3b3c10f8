"""Rows as PostgreSQL's COPY text, for warehouses that do not speak it themselves."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from loyalty.warehouse.errors import WarehouseAnswerTooLarge

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"})
# What a text may hold that COPY would take for a sign of its own.
_SPECIAL = frozenset("\\\t\n\r\b\f\v")


def text_of(value: object) -> str:
    """Write one value as COPY text reads it; a list becomes an array, an instant keeps its offset."""
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value if _SPECIAL.isdisjoint(value) else value.translate(_ESCAPES)
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return array_of(value).translate(_ESCAPES)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"\\\\x{bytes(value).hex()}"
    return str(value)


def array_of(values: Sequence[object]) -> str:
    """Write a list as PostgreSQL's array text."""
    return "{" + ",".join("NULL" if value is None else _element(str(value)) for value in values) + "}"


def _element(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def blocks(batches: Iterable[Sequence[Sequence[Any]]]) -> Iterator[bytes]:
    """Write batches of rows as blocks of COPY text, one block per batch."""
    for rows in batches:
        if not rows:
            continue
        if len(rows[0]) == 1:
            lines: Iterable[str] = [_single(row[0]) for row in rows]
        else:
            lines = ["\t".join([text_of(value) for value in row]) for row in rows]
        yield ("\n".join(lines) + "\n").encode()


def bytes_of(rows: Sequence[Sequence[Any]]) -> int:
    """Tell how large rows are: the lengths of texts, bytes and lists, and eight bytes for everything else."""
    return sum(len(value) if isinstance(value, str | bytes | list) else 8 for row in rows for value in row)


def check_bytes(size: int, bytes_max: int) -> None:
    """Break an answer off that has become too large.

    :raises WarehouseAnswerTooLarge: it has more bytes than are allowed.
    """
    if size > bytes_max:
        raise WarehouseAnswerTooLarge(f"The answer has more than {bytes_max / 2**20:,.0f} MB (DWH_BYTES_MAX_MB).")


def _single(value: object) -> str:
    return value if type(value) is str and _SPECIAL.isdisjoint(value) else text_of(value)


def counted(blocks_given: Iterable[bytes], on_rows: Callable[[int], None]) -> Iterator[bytes]:
    """Give blocks of COPY text on, and tell how many rows each holds; a newline inside a value is escaped there."""
    for block in blocks_given:
        on_rows(block.count(b"\n"))
        yield block
