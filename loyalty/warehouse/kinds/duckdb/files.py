"""The files of a DuckDB warehouse: what lies at a path, which tables that gives, and whether it changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loyalty.warehouse.errors import WarehouseNotConfigured, WarehouseUnavailable

# More files than any warehouse of Parquet has; so many would be looked at on every change.
FILES_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Files:
    """What lies at a path.

    :param database: the path of a DuckDB database, or None where there are Parquet files.
    :param tables: the pattern of the files of each table, by the table's name.
    :param mark: changes when a file comes, goes or is written.
    """

    root: Path
    database: Path | None
    tables: dict[str, str]
    mark: tuple[tuple[str, int, int, int], ...]


def look(path: str) -> Files:
    """Look what lies at a path.

    :raises WarehouseNotConfigured: neither a database nor Parquet files lie there.
    :raises WarehouseUnavailable: nothing lies there now, or it cannot be read.
    """
    root = Path(path).absolute()
    if _has_pattern(str(root)):
        raise WarehouseNotConfigured(f"DWH_DUCKDB_PATH is {path}; a path may not hold any of * ? [ there.")
    try:
        if root.is_dir():
            tables = dict(_tables(root))
            if not tables:
                raise WarehouseNotConfigured(f"DWH_DUCKDB_PATH is {path}, a folder without Parquet files.")
            return Files(root, None, tables, tuple(_marks(root, sorted(root.rglob("*.parquet")))))
        if not root.exists():
            raise WarehouseUnavailable(f"The warehouse does not answer: there is nothing at {path}.")
        marks = tuple(_marks(root.parent, [root]))
        if root.suffix == ".parquet":
            return Files(root, None, {root.stem: str(root)}, marks)
        return Files(root, root, {}, marks)
    except OSError as fault:
        raise WarehouseUnavailable(f"The warehouse does not answer: {fault.strerror or fault}.") from fault


def _tables(root: Path) -> Iterator[tuple[str, str]]:
    """Give the tables of a folder: each Parquet file, and each sub-folder that holds some at any depth."""
    for entry in sorted(root.iterdir()):
        if _has_pattern(entry.name):
            continue
        if entry.is_file() and entry.suffix == ".parquet":
            yield entry.stem, str(entry)
        elif entry.is_dir() and not entry.name.startswith((".", "_")) and next(entry.rglob("*.parquet"), None):
            yield entry.name, f"{entry}/**/*.parquet"


def _has_pattern(path: str) -> bool:
    """Whether DuckDB would take a path for a pattern of several."""
    return any(sign in path for sign in "*?[")


def _marks(root: Path, files: list[Path]) -> Iterator[tuple[str, int, int, int]]:
    if len(files) > FILES_MAX:
        raise WarehouseNotConfigured(f"DWH_DUCKDB_PATH holds more than {FILES_MAX} Parquet files.")
    for file in files:
        stat = file.stat()
        yield str(file.relative_to(root)), stat.st_ino, stat.st_mtime_ns, stat.st_size
