"""Customers' ids by the million, packed by the warehouse: handing them over row by row costs more than the scan.

Each dialect that can pack has its statement here; any other gives its rows one by one. All say the same.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    LargeBinary,
    Select,
    String,
    Uuid,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
)

from loyalty.warehouse.contracts import Connector, KeyBlock
from loyalty.warehouse.policy import customer_id_of

KEY_BYTES, MASK_BYTES = 16, 4
# A mask has 32 bits; the sign stays free, so that every warehouse has a type for it.
PREDICATES_MAX = 31
# Blocks that are fetched together, a few hundred kilobytes each, and rows where a warehouse cannot pack.
BLOCKS, ROWS = 16, 20_000

Pack = Callable[[ColumnElement[Any], ColumnElement[int] | None], tuple[ColumnElement[Any], ColumnElement[Any]]]


# The function by which a warehouse writes bytes as hexadecimal digits: a key of 16 bytes becomes an id by them.
HEX = {"postgresql": "encode", "duckdb": "hex", "oracle": "rawtohex", "snowflake": "hex_encode"}


def as_uuid(key: ColumnElement[Any], *, dialect_name: str) -> ColumnElement[Any]:
    """Give a key as an id, or as a text that PostgreSQL reads as one, whether it is kept as an id, a text or 16 bytes.

    A key that is neither fails the statement where the warehouse has a type for ids, and else where it is read.
    """
    if isinstance(key.type, LargeBinary):
        form = ("hex",) if dialect_name == "postgresql" else ()
        key = getattr(func, HEX[dialect_name])(key, *form)
    return cast(key, Uuid) if dialect_name in PACKERS else key


def _packed_by_postgresql(
    key: ColumnElement[Any], mask: ColumnElement[int] | None
) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    sent = func.uuid_send(as_uuid(key, dialect_name="postgresql"), type_=LargeBinary)
    record = sent if mask is None else sent.op("||")(func.int4send(mask))
    return func.string_agg(record, literal_column("''::bytea"), type_=LargeBinary), func.get_byte(sent, 0)


def _packed_by_duckdb(
    key: ColumnElement[Any], mask: ColumnElement[int] | None
) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    # It has no aggregate over bytes; two hexadecimal digits stand for one.
    digits = func.replace(cast(as_uuid(key, dialect_name="duckdb"), String), "-", "")
    record = digits if mask is None else digits.op("||")(func.format("{:08x}", mask))
    return func.string_agg(record, literal_column("''")), func.substr(digits, 1, 2)


PACKERS: dict[str, Pack] = {"postgresql": _packed_by_postgresql, "duckdb": _packed_by_duckdb}


def mask_of(predicates: Sequence[ColumnElement[bool]]) -> ColumnElement[int] | None:
    """Give the number whose bit i says whether predicate i holds; None when there is one predicate alone."""
    if len(predicates) == 1:
        return None
    bits = [case((predicate, 1 << place), else_=0) for place, predicate in enumerate(predicates)]
    total: ColumnElement[int] = bits[0]
    for bit in bits[1:]:
        total = total + bit
    return total


def packed_statement(
    dialect_name: str, table: FromClause, key: ColumnElement[Any], predicates: Sequence[ColumnElement[bool]]
) -> Select[Any] | None:
    """Give the statement whose rows are ``(block, rows counted)``, or None where the dialect cannot pack."""
    pack = PACKERS.get(dialect_name)
    if pack is None:
        return None
    mask = mask_of(predicates)
    if mask is None:
        block, heap = pack(key, None)
        return select(block, func.count()).select_from(table).where(or_(*predicates)).group_by(heap)
    # The offset keeps the planner from putting the mask in twice, so that each predicate is tried once for each row.
    inner = select(key.label("key"), mask.label("mask")).select_from(table).offset(0).subquery("masked")
    block, heap = pack(inner.c.key, inner.c.mask)
    return select(block, func.count()).select_from(inner).where(inner.c.mask != 0).group_by(heap)


def stream_keys(
    connector: Connector,
    table: FromClause,
    key: ColumnElement[Any],
    predicates: Sequence[ColumnElement[bool]],
) -> Iterator[KeyBlock]:
    """Give the ids of the customers for whom at least one predicate holds, and which of them, in one scan.

    :raises ValueError: there are none or too many predicates.
    :raises WarehouseUnavailable: the warehouse does not answer.
    """
    if not 1 <= len(predicates) <= PREDICATES_MAX:
        raise ValueError(f"One scan takes 1 to {PREDICATES_MAX} predicates.")
    has_masks = len(predicates) > 1
    statement = packed_statement(connector.dialect.name, table, key, predicates)
    if statement is None:
        yield from _one_by_one(connector, table, key, predicates)
        return
    for rows in connector.stream(statement, batch_size=BLOCKS):
        for block, count in rows:
            packed = bytes.fromhex(block) if isinstance(block, str) else bytes(block or b"")
            yield KeyBlock(packed, has_masks=has_masks, rows=int(count))


def _one_by_one(
    connector: Connector,
    table: FromClause,
    key: ColumnElement[Any],
    predicates: Sequence[ColumnElement[bool]],
) -> Iterator[KeyBlock]:
    mask = mask_of(predicates)
    chosen = [key] if mask is None else [key, cast(mask, BigInteger)]
    statement = select(*chosen).select_from(table).where(or_(*predicates))
    for rows in connector.stream(statement, batch_size=ROWS):
        known = [row for row in rows if row[0] is not None]
        packed = b"".join(
            customer_id_of(row[0]).bytes + (b"" if mask is None else int(row[1]).to_bytes(MASK_BYTES, "big"))
            for row in known
        )
        yield KeyBlock(packed, has_masks=mask is not None, rows=len(rows))
