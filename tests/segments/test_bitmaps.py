"""Sets of customers as bits, against Python's own sets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.segments.policy import bitmaps

ids = st.sets(st.integers(min_value=1, max_value=9_000), max_size=60)


def bits(members: set[int]) -> bitmaps.Bytes:
    """Give a set as bits."""
    return bitmaps.of_ids(np.array(sorted(members), dtype=np.int64))


def listed(one: bitmaps.Ids) -> list[int]:
    """Give ids as plain numbers."""
    return [int(number) for number in one]


@settings(deadline=None)
@given(ids, ids)
def test_difference__of_two_sets__is_that_of_sets(old: set[int], new: set[int]) -> None:
    change = bitmaps.difference(bits(old), bits(new))
    assert listed(change.added) == sorted(new - old)
    assert listed(change.removed) == sorted(old - new)
    assert set(listed(change.chunks)) == {one >> bitmaps.CHUNK_SHIFT for one in old ^ new}
    assert len(change.bits) == change.chunks.size * bitmaps.CHUNK_BYTES


@settings(deadline=None)
@given(ids)
def test_set__packed_chunked_and_kept__comes_back(members: set[int]) -> None:
    packed = bits(members)
    assert listed(bitmaps.ids_of(packed)) == sorted(members)
    assert bitmaps.count(packed) == len(members)
    assert listed(bitmaps.read(bitmaps.stored(bitmaps.ids_of(packed)))) == sorted(members)
    rows = [
        (place, packed[place * bitmaps.CHUNK_BYTES : (place + 1) * bitmaps.CHUNK_BYTES].tobytes())
        for place in range(packed.size // bitmaps.CHUNK_BYTES)
    ]
    present = [(place, content) for place, content in rows if any(content)]
    assert listed(bitmaps.ids_of(bitmaps.of_chunks(present))) == sorted(members)
    assert all(bitmaps.has(packed, one) == (one in members) for one in (1, 7, 8, 2047, 2048, 8_999, 10**9))


@settings(deadline=None)
@given(ids, ids, ids)
def test_regions__of_three_sets__count_each_customer_once(a: set[int], b: set[int], c: set[int]) -> None:
    counted = bitmaps.regions({"a": bits(a), "b": bits(b), "c": bits(c)})
    assert len(counted) == 7
    assert sum(counted.values()) == len(a | b | c)
    assert counted[("a",)] == len(a - b - c)
    assert counted[("a", "b", "c")] == len(a & b & c)


@settings(deadline=None)
@given(ids, ids, ids)
def test_kept_as_before__held_customers__stay_as_they_were(old: set[int], new: set[int], held: set[int]) -> None:
    ids_held = np.array(sorted(held), dtype=np.int64)
    kept = bitmaps.kept_as_before(bits(old), bits(new), ids_held)
    assert set(listed(bitmaps.ids_of(kept))) == (new - held) | (old & held)


def test_stored__ids_beyond_32_bits__keep_every_bit() -> None:
    great = np.array([5, 2**32 + 5, 2**40], dtype=np.int64)
    assert listed(bitmaps.read(bitmaps.stored(great))) == listed(great)


@pytest.mark.parametrize("nothing", [None, bitmaps.stored(np.zeros(0, dtype=np.int64))])
def test_read__nothing__is_the_empty_set(nothing: bytes | None) -> None:
    assert bitmaps.read(nothing).size == 0
