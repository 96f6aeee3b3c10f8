"""Wraps all data keys anew when the master key changes, while the platform runs."""

from dataclasses import dataclass, field

from django.db import transaction

from loyalty.foundation.configuration import registry
from loyalty.foundation.configuration.contracts import SealedColumn
from loyalty.foundation.configuration.errors import KeyWrong
from loyalty.foundation.configuration.kinds.registry import find_key, sealing_key
from loyalty.foundation.configuration.kinds.sealing import SECRETS
from loyalty.foundation.configuration.policy import envelope
from loyalty.foundation.orm import sql

# Rows that one transaction of a rotation holds: a few milliseconds.
ROWS_AT_ONCE = 200


@dataclass(slots=True)
class Rotation:
    """What a rotation did: secrets wrapped anew, those that were already, and the places of those that no key opens."""

    rewrapped: int = 0
    already: int = 0
    unreadable: list[str] = field(default_factory=list)


def rotate() -> Rotation:
    """Wrap every data key by the master key that seals now; while it runs, both keys open.

    A row is changed only where it still is what was read, so a secret that somebody enters meanwhile stays. Safe to
    run again at any time, and after a crash.
    """
    outcome = Rotation()
    for column in (SECRETS, *registry.list_sealed()):
        _rotate_column(column, outcome)
    return outcome


def _rotate_column(column: SealedColumn, outcome: Rotation) -> None:
    table, name, key = (_checked(one) for one in (column.table, column.column, column.id_column))
    last: object = None
    while True:
        after = f"AND {key} > %(last)s" if last is not None else ""
        rows = sql.fetch_all(
            f"SELECT {key} AS id, {name} AS sealed FROM {table} WHERE {name} IS NOT NULL {after} "
            f"ORDER BY {key} LIMIT %(n)s",
            {"last": last, "n": ROWS_AT_ONCE},
        )
        if not rows:
            return
        with transaction.atomic():
            for row in rows:
                _rotate_row(column, row["id"], bytes(row["sealed"]), outcome)
        last = rows[-1]["id"]


def _rotate_row(column: SealedColumn, row_id: object, sealed: bytes, outcome: Rotation) -> None:
    place = f"{column.associated}:{row_id}"
    try:
        wrapped = envelope.rewrap(sealed, find_key, sealing_key(), place.encode())
    except KeyWrong:
        outcome.unreadable.append(place)
        return
    if wrapped is None:
        outcome.already += 1
        return
    outcome.rewrapped += sql.execute(
        f"UPDATE {column.table} SET {column.column} = %s WHERE {column.id_column} = %s AND {column.column} = %s",
        [wrapped, row_id, sealed],
    )


def _checked(name: str) -> str:
    # Names of tables and columns come from the code, but stand in a statement.
    if not name.replace("_", "a").isalnum() or not name.isascii():
        raise ValueError(f"{name!r} is no name of a table or column.")
    return name
