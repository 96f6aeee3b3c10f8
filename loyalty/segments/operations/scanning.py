"""One scan of the warehouse for many rules at once: who is selected by which of them, as bitmaps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement

from loyalty.features import api as features
from loyalty.segments.operations.keys import KEY_BYTES, KeyIndex, greatest_id
from loyalty.segments.policy import bitmaps
from loyalty.segments.policy.bitmaps import Bytes
from loyalty.warehouse import api as warehouse
from loyalty.warehouse.contracts import KeyBlock

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
        self._rows = np.zeros(predicates_count, dtype=np.int64)
        self._unknown = np.zeros(predicates_count, dtype=np.int64)

    def take(self, block: KeyBlock) -> None:
        """Take one block in.

        :raises WarehouseKeyNull: rows had no id.
        """
        keys, masks = self._parts(block)
        keys_count = len(keys) // KEY_BYTES
        if keys_count != block.rows:
            raise warehouse.WarehouseKeyNull(f"{block.rows - keys_count} rows of the warehouse name no customer.")
        found = self._index.find(keys)
        if found.ids.size and int(found.ids.max()) >= self._masks.size:
            # Customers who came while we read.
            self._masks = np.pad(self._masks, (0, bitmaps.length_for(int(found.ids.max())) * 8 - self._masks.size))
        if masks is None:
            self._masks[found.ids] = 1
            self._rows += found.ids.size
            self._unknown += found.unknown_count
            return
        known = masks[found.places]
        self._masks[found.ids] = self._masks[found.ids] | known.astype(self._masks.dtype)
        for place in range(self._count):
            here = int(np.count_nonzero(known >> place & 1))
            self._rows[place] += here
            self._unknown[place] += int(np.count_nonzero(masks >> place & 1)) - here

    @staticmethod
    def _parts(block: KeyBlock) -> tuple[bytes, npt.NDArray[np.uint32] | None]:
        if not block.has_masks:
            return block.packed, None
        records = np.frombuffer(block.packed, dtype=np.uint8).reshape(-1, KEY_BYTES + 4)
        masks = np.ascontiguousarray(records[:, KEY_BYTES:]).view(">u4").reshape(-1).astype(np.uint32)
        return np.ascontiguousarray(records[:, :KEY_BYTES]).tobytes(), masks

    def finish(self) -> list[Scanned]:
        """Give the sets.

        :raises WarehouseKeyDuplicate: a customer was selected twice, so that rows and customers differ in number.
        """
        found = []
        for place in range(self._count):
            one = self._masks if self._count == 1 else self._masks & np.array(1 << place, dtype=self._masks.dtype) != 0
            bits = bitmaps.pack(one)
            if bitmaps.count(bits) != int(self._rows[place]):
                raise warehouse.WarehouseKeyDuplicate("The warehouse names a customer more than once.")
            found.append(Scanned(bits, int(self._unknown[place])))
        return found


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
