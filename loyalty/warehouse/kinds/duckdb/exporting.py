"""Rows out of DuckDB in bulk: DuckDB writes COPY text into a pipe, and nothing here looks at the rows."""

import os
import select
import threading
import uuid
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
from sqlalchemy import Select, cast, func, literal_column, types
from sqlalchemy import select as select_columns

# What a read takes at most; the pipe itself holds 64 KB.
BLOCK_BYTES = 1 << 20
POLL_SECONDS = 0.05
# Types whose text in DuckDB is what PostgreSQL reads.
_PLAIN = (types.Uuid, types.Integer, types.Numeric, types.Boolean, types.Date, types.DateTime)
# In this order: the backslash first, because the others write backslashes.
_ESCAPES = ((r"'\'", r"'\\'"), ("chr(9)", r"'\t'"), ("chr(10)", r"'\n'"), ("chr(13)", r"'\r'"))


def written_by_duckdb(statement: Select[Any]) -> Select[Any] | None:
    """Give the statement with its texts escaped, or None where DuckDB writes a type otherwise than PostgreSQL."""
    inner = statement.subquery("rows_to_copy")
    columns = []
    for column in inner.c:
        if isinstance(column.type, types.String) and not isinstance(column.type, types.Enum):
            escaped: Any = column
            for plain, written in _ESCAPES:
                escaped = func.replace(escaped, literal_column(plain), literal_column(written))
            columns.append(escaped)
        elif isinstance(column.type, _PLAIN):
            columns.append(cast(column, types.Text()) if isinstance(column.type, types.Uuid) else column)
        else:
            return None
    return select_columns(*columns)


class Export:
    """One COPY of DuckDB into a pipe, read block by block; leaving it early ends the COPY."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, statement: str, values: Sequence[Any], folder: Path
    ) -> None:
        self._connection = connection
        self._pipe = folder / f"{uuid.uuid4().hex}.pipe"
        self._fault: BaseException | None = None
        # PostgreSQL's COPY text: tabs, \N for NULL, and no quotes at all.
        form = r"FORMAT csv, HEADER false, DELIMITER '	', QUOTE '', ESCAPE '', NULLSTR '\N'"
        self._command = f"COPY ({statement}) TO '{self._pipe}' ({form})"
        self._values = list(values)
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._descriptor = -1

    def __enter__(self) -> "Export":
        os.mkfifo(self._pipe, 0o600)
        # Opened before anybody writes, so that neither side waits for the other.
        self._descriptor = os.open(self._pipe, os.O_RDONLY | os.O_NONBLOCK)
        self._writer.start()
        return self

    def _write(self) -> None:
        try:
            self._connection.execute(self._command, self._values)
        except Exception as fault:  # noqa: BLE001 - told to the reader, whatever it is
            self._fault = fault

    def read(self) -> bytes:
        """Give the next whole rows, or nothing at the end.

        :raises duckdb.Error: the COPY failed.
        """
        parts: list[bytes] = []
        while not parts or not parts[-1].endswith(b"\n"):
            part = self._read_some()
            if not part:
                break
            parts.append(part)
        if not parts or not parts[-1].endswith(b"\n"):
            self._writer.join()
            if self._fault is not None:
                raise self._fault
        return b"".join(parts)

    def _read_some(self) -> bytes:
        """Give bytes; nothing only when the writer has ended and the pipe is empty."""
        while True:
            is_ended = not self._writer.is_alive()
            if select.select([self._descriptor], [], [], 0 if is_ended else POLL_SECONDS)[0]:
                part = self._read_now()
                if part or is_ended:
                    return part
            elif is_ended:
                return b""

    def _read_now(self) -> bytes:
        try:
            return os.read(self._descriptor, BLOCK_BYTES)
        except BlockingIOError:
            return b""

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer.is_alive():
            self._connection.interrupt()
        os.close(self._descriptor)
        self._writer.join()
        self._pipe.unlink(missing_ok=True)
