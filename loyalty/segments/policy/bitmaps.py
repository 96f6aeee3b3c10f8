"""Sets of customers as bits, one for each internal id: packed arrays for arithmetic, roaring bitmaps for keeping.

Bit ``id & 7`` counted from the low end of byte ``id >> 3`` stands for the customer ``id``; chunks of 256 bytes are what
the database keeps. Everything here works on whole arrays; nothing walks over customers.
"""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap64

Bytes: TypeAlias = npt.NDArray[np.uint8]
Ids: TypeAlias = npt.NDArray[np.int64]

CHUNK_SHIFT = 11
CHUNK_CUSTOMERS = 1 << CHUNK_SHIFT
CHUNK_BYTES = CHUNK_CUSTOMERS // 8


def length_for(id_max: int) -> int:
    """Give how many bytes hold the ids up to a greatest one, in whole chunks."""
    return ((id_max >> CHUNK_SHIFT) + 1) * CHUNK_BYTES


def empty(id_max: int) -> Bytes:
    """Give the empty set, with room for the ids up to ``id_max``."""
    return np.zeros(length_for(id_max), dtype=np.uint8)


def pack(flags: npt.NDArray[np.bool_] | Bytes) -> Bytes:
    """Give the set of the positions that are not zero."""
    packed = np.packbits(flags, bitorder="little")
    return widened(packed, -(-max(packed.size, 1) // CHUNK_BYTES) * CHUNK_BYTES)


def of_ids(ids: Ids, id_max: int = 0) -> Bytes:
    """Give the set of these ids."""
    greatest = max(int(ids.max()) if ids.size else 0, id_max)
    flags = np.zeros(length_for(greatest) * 8, dtype=np.uint8)
    flags[ids] = 1
    return np.packbits(flags, bitorder="little")


def ids_of(bits: Bytes) -> Ids:
    """Give the ids of a set in ascending order; only chunks that have any are unpacked."""
    chunks = bits.reshape(-1, CHUNK_BYTES)
    present = np.flatnonzero(chunks.any(axis=1))
    if not present.size:
        return np.zeros(0, dtype=np.int64)
    within = np.flatnonzero(np.unpackbits(chunks[present].reshape(-1), bitorder="little"))
    ids: Ids = (present[within >> CHUNK_SHIFT] << CHUNK_SHIFT) + (within & (CHUNK_CUSTOMERS - 1))
    return ids


def count(bits: Bytes) -> int:
    """Count a set."""
    return int(np.bitwise_count(bits).sum(dtype=np.int64))


def widened(bits: Bytes, length: int) -> Bytes:
    """Give the same set with room for more."""
    if bits.size >= length:
        return bits
    wide = np.zeros(length, dtype=np.uint8)
    wide[: bits.size] = bits
    return wide


def alike(*sets: Bytes) -> tuple[Bytes, ...]:
    """Give the same sets, all as long as the longest."""
    length = max(one.size for one in sets)
    return tuple(widened(one, length) for one in sets)


def has(bits: Bytes, customer_id: int) -> bool:
    """Tell whether a customer is in a set."""
    place = customer_id >> 3
    return place < bits.size and bool(bits[place] >> (customer_id & 7) & 1)


@dataclass(frozen=True, slots=True)
class Difference:
    """What turns one set into another: who comes, who goes, and the chunks in which that happens."""

    new: Bytes
    added: Ids
    removed: Ids
    chunks: Ids

    @property
    def bits(self) -> bytes:
        """The new content of the changed chunks, one after another."""
        return self.new.reshape(-1, CHUNK_BYTES)[self.chunks].tobytes()


def difference(old: Bytes, new: Bytes) -> Difference:
    """Compare two sets."""
    before, after = alike(old, new)
    changed = before ^ after
    return Difference(
        new=after,
        added=ids_of(changed & after),
        removed=ids_of(changed & before),
        chunks=np.flatnonzero(changed.reshape(-1, CHUNK_BYTES).any(axis=1)),
    )


def kept_as_before(old: Bytes, new: Bytes, customer_ids: Ids) -> Bytes:
    """Give the new set, but with these customers as they were in the old one."""
    if not customer_ids.size:
        return new
    before, after = alike(old, new)
    held = widened(of_ids(customer_ids), before.size)
    before, after, held = alike(before, after, held)
    return (after & ~held) | (before & held)


def of_chunks(rows: Iterable[tuple[int, bytes]]) -> Bytes:
    """Put the chunks of the database together."""
    known = [(int(chunk), bytes(bits)) for chunk, bits in rows]
    if not known:
        return np.zeros(0, dtype=np.uint8)
    numbers = np.fromiter((chunk for chunk, _ in known), dtype=np.int64, count=len(known))
    wide = np.zeros((int(numbers.max()) + 1, CHUNK_BYTES), dtype=np.uint8)
    wide[numbers] = np.frombuffer(b"".join(bits for _, bits in known), dtype=np.uint8).reshape(-1, CHUNK_BYTES)
    return wide.reshape(-1)


def stored(ids: Ids) -> bytes:
    """Write ids as a serialized roaring bitmap, which keeps all 64 bits of each."""
    return bytes(BitMap64(array("Q", ids.astype(np.uint64).tobytes())).serialize())


def read(serialized: bytes | memoryview | None) -> Ids:
    """Read the ids of a serialized roaring bitmap."""
    if serialized is None:
        return np.zeros(0, dtype=np.int64)
    values = BitMap64.deserialize(bytes(serialized)).to_array()
    return np.frombuffer(values, dtype=np.uint64).astype(np.int64)


def regions(sets: Mapping[str, Bytes]) -> dict[tuple[str, ...], int]:
    """Count the customers who are in exactly these sets, for every combination of names that is not empty."""
    names = list(sets)
    wide = dict(zip(names, alike(*sets.values()), strict=True))
    found: dict[tuple[str, ...], int] = {}
    for number in range(1, 1 << len(names)):
        chosen = [name for place, name in enumerate(names) if number >> place & 1]
        bits = np.bitwise_and.reduce([wide[name] for name in chosen])
        others = [wide[name] for name in names if name not in chosen]
        if others:
            bits = bits & ~np.bitwise_or.reduce(others)
        found[tuple(chosen)] = count(bits)
    return found
