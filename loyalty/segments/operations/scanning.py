"""One scan of the warehouse for many rules at once: who is selected by which of them, as bitmaps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement

from loyalty.features import api as features
from loyalty.segments.operations.keys import KEY, KeyIndex, greatest_id
from loyalty.segments.policy import bitmaps
from loyalty.segments.policy.bitmaps import Bytes
from loyalty.warehouse import api as warehouse
from loyalty.warehouse.contracts import KeyBlock

# Records of a block: an id in halves and, where there are several predicates, its mask.
MASKED_KEY = np.dtype([*((name, KEY[name]) for name in ("high", "low")), ("mask", ">u4")])
HALF_BITS = 16
HALF = 1 << HALF_BITS
# The smallest number that holds a mask of so many bytes.
KINDS = {1: np.uint8, 2: np.uint16, 3: np.uint32, 4: np.uint32}


@dataclass(frozen=True, slots=True)
class Scanned:
    """Whom one predicate selects among the customers that the platform knows, and how many it does not know."""

    bits: Bytes
    unknown_count: int


class _Collector:
    """Takes blocks of public ids in and keeps one mask for each internal id."""

    def __init__(self, predicates_count: int) -> None:
        self._count = predicates_count
        self._index = KeyIndex()
        size = bitmaps.length_for(greatest_id()) * 8
        # As few bytes for each customer as the mask needs.
        self._masks: npt.NDArray[Any] = np.zeros(size, dtype=KINDS[-(-predicates_count // 8)])
        # How many rows, and how many of them of customers whom the platform does not know, had which half of a mask.
        self._rows, self._unknown = _Tally(predicates_count), _Tally(predicates_count)

    def take(self, block: KeyBlock) -> None:
        """Take one block in.

        :raises WarehouseKeyNull: rows had no id.
        """
        records = np.frombuffer(block.packed, dtype=MASKED_KEY if block.has_masks else KEY)
        if records.size != block.rows:
            raise warehouse.WarehouseKeyNull(f"{block.rows - records.size} rows of the warehouse name no customer.")
        found = self._index.find(records)
        if found.ids.size and int(found.ids.max()) >= self._masks.size:
            # Customers who came while we read.
            self._masks = np.pad(self._masks, (0, bitmaps.length_for(int(found.ids.max())) * 8 - self._masks.size))
        if not block.has_masks:
            self._masks[found.ids] = 1
            self._rows.add_all(found.ids.size)
            self._unknown.add_all(found.unknown_count)
            return
        masks = records["mask"].astype(np.uint32)
        known = masks[found.places]
        self._masks[found.ids] |= known.astype(self._masks.dtype)
        self._rows.add(known)
        if found.unknown_count:
            self._unknown.add(np.delete(masks, found.places))

    def finish(self) -> list[Scanned]:
        """Give the sets.

        :raises WarehouseKeyDuplicate: a customer was selected twice, so that rows and customers differ in number.
        """
        found = []
        for place, (rows, unknown) in enumerate(zip(self._rows.counts(), self._unknown.counts(), strict=True)):
            one = self._masks if self._count == 1 else self._masks & self._masks.dtype.type(1 << place) != 0
            bits = bitmaps.pack(one)
            if bitmaps.count(bits) != rows:
                raise warehouse.WarehouseKeyDuplicate("The warehouse names a customer more than once.")
            found.append(Scanned(bits, unknown))
        return found


class _Tally:
    """Counts for how many rows each predicate held, by what both halves of their masks were: two passes for all."""

    def __init__(self, predicates_count: int) -> None:
        self._count = predicates_count
        self._low = np.zeros(HALF, dtype=np.int64)
        self._high = np.zeros(HALF, dtype=np.int64)

    def add(self, masks: npt.NDArray[np.uint32]) -> None:
        """Count rows with these masks."""
        self._low += np.bincount(masks & (HALF - 1), minlength=HALF)
        if self._count > HALF_BITS:
            self._high += np.bincount(masks >> HALF_BITS, minlength=HALF)

    def add_all(self, rows: int) -> None:
        """Count rows for which the one predicate held."""
        self._low[1] += rows

    def counts(self) -> list[int]:
        """Give the rows for each predicate."""
        numbers = np.arange(HALF)
        return [
            int((self._low if place < HALF_BITS else self._high)[(numbers >> place % HALF_BITS & 1) == 1].sum())
            for place in range(self._count)
        ]


def scan(source: features.FeatureSource, predicates: Sequence[ColumnElement[bool]]) -> list[Scanned]:
    """Give whom each predicate selects, all of them in as few scans as masks allow.

    :raises WarehouseKeyNull: rows had no id.
    :raises WarehouseKeyDuplicate: a customer was selected twice.
    :raises WarehouseUnavailable: the warehouse does not answer.
    """
    found: list[Scanned] = []
    for start in range(0, len(predicates), warehouse.PREDICATES_MAX):
        together = predicates[start : start + warehouse.PREDICATES_MAX]
        collector = _Collector(len(together))
        for block in warehouse.stream_keys(source.connector, source.table, source.key, together):
            collector.take(block)
        found.extend(collector.finish())
    return found


def collect(blocks: Iterable[KeyBlock]) -> Scanned:
    """Give the customers of blocks without masks."""
    collector = _Collector(1)
    for block in blocks:
        collector.take(block)
    return collector.finish()[0]
