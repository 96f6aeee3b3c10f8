"""From the public ids that a warehouse knows to the internal ids that bitmaps are made of, by the million.

Workers keep the public ids of all customers sorted in files beside them and look theirs up there; what is not found
there is asked of the database, so the files speed things up and decide nothing. A file is named by a row of the
database and never changes, so that a restored or another database never meets the file of a different one.
"""

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.db import transaction

from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm import sql
from loyalty.segments.models import KeyPart
from loyalty.segments.policy.bitmaps import Ids
from loyalty.segments.queries.membership import fetch_binary

Words = npt.NDArray[np.uint64]

# Below this the database answers as fast as files do.
CUSTOMERS_MIN = 200_000
# When more customers than this are younger than the files, the files are made anew.
YOUNGER_MAX = 100_000
# Ids read by one statement while files are made: some 5 MB.
BUILD_STEP = 200_000
# Up to so many neighbours, 20 bytes each, are read for a block of ids; for more the files are mapped, page by page.
NEIGHBOURS_READ = 1_000_000
KEY_BYTES = 16
# How often files may be taken away under a reader before it asks the database instead.
OPENED_MAX = 20
PREFIXES = 256
FOLDER = "customer-keys"

STRETCH = """
    SELECT string_agg(uuid_send(public_id) || int8send(customer_id), ''::bytea) AS packed
    FROM customers_directory WHERE customer_id > %s AND customer_id <= %s
"""
RECORD = np.dtype([("high", ">u8"), ("low", ">u8"), ("id", ">i8")])
KEY = np.dtype([("high", ">u8"), ("low", ">u8")])


@dataclass(frozen=True, slots=True)
class Found:
    """The internal ids of the public ids that the platform knows, and how many it does not know."""

    ids: Ids
    places: npt.NDArray[np.int64]
    unknown_count: int


@dataclass(frozen=True, slots=True)
class _Part:
    """The files of one stretch: the public ids in order, in halves, their internal ids, and where first bytes begin."""

    place: Path
    offsets: Ids
    id_kind: type[np.uint32] | type[np.int64]

    def neighbours(self, first: int, last: int) -> tuple[Words, Words, npt.NDArray[np.uint32] | Ids]:
        """Give what lies between two places: both halves of the ids, and the internal ids.

        A warehouse that packs ids packs neighbours, so that a few hundred kilobytes are read for each block and given
        back; mapped files would stay in the memory of the process until all of them are in.
        """
        names_kinds: tuple[tuple[str, type[Any]], ...] = (
            ("high", np.uint64), ("low", np.uint64), ("ids", self.id_kind),
        )  # fmt: skip
        read = _mapped if last - first > NEIGHBOURS_READ else _read
        high, low, ids = (read(self.place / name, kind, first, last) for name, kind in names_kinds)
        return high, low, ids

    def look_up(self, high: Words, low: Words) -> tuple[npt.NDArray[np.bool_], Ids]:
        """Tell of each key whether it is here, and give the ids of those that are."""
        if not high.size:
            return np.zeros(high.size, dtype=np.bool_), np.zeros(0, dtype=np.int64)
        # Neighbours are looked up one after another, so that the memory they share is read once.
        order = np.argsort(high)
        sought = high[order]
        first = int(self.offsets[int(sought[0]) >> 56])
        last = int(self.offsets[(int(sought[-1]) >> 56) + 1])
        is_found = np.zeros(high.size, dtype=np.bool_)
        if first == last:
            return is_found, np.zeros(0, dtype=np.int64)
        stretch, others, ids = self.neighbours(first, last)
        place = np.searchsorted(stretch, sought)
        np.minimum(place, stretch.size - 1, out=place)
        # All 128 bits decide; two keys that share the first half are left to the database.
        is_same = (stretch[place] == sought) & (others[place] == low[order])
        is_found[order] = is_same
        by_order = np.zeros(high.size, dtype=np.int64)
        by_order[order] = ids[place]
        return is_found, by_order[is_found]


def _mapped(path: Path, kind: type[Any], first: int, last: int) -> npt.NDArray[Any]:
    numbers: npt.NDArray[Any] = np.memmap(path, dtype=kind, mode="r")
    return numbers[first:last]


def _read(path: Path, kind: type[Any], first: int, last: int) -> npt.NDArray[Any]:
    return np.fromfile(path, dtype=kind, count=last - first, offset=first * np.dtype(kind).itemsize)


class KeyIndex:
    """Looks public ids up, packed as 16 bytes each."""

    def __init__(self) -> None:
        self._part = _open()

    def find(self, packed: npt.NDArray[np.void]) -> Found:
        """Give the internal ids of the customers with these public ids, records with the halves ``high`` and ``low``.

        ``places`` gives for each id which of the keys it belongs to.
        """
        high, low = packed["high"].astype(np.uint64), packed["low"].astype(np.uint64)
        places = np.zeros(0, dtype=np.int64)
        ids = np.zeros(0, dtype=np.int64)
        missing = np.arange(high.size, dtype=np.int64)
        if self._part is not None:
            is_found, ids = self._look_up(high, low)
            places, missing = np.flatnonzero(is_found), np.flatnonzero(~is_found)
        if missing.size:
            late_places, late_ids = _ask(packed[["high", "low"]][missing].astype(KEY).tobytes())
            ids = np.concatenate([ids, late_ids])
            places = np.concatenate([places, missing[late_places]])
        return Found(ids=ids, places=places, unknown_count=int(high.size - ids.size))

    def _look_up(self, high: Words, low: Words) -> tuple[npt.NDArray[np.bool_], Ids]:
        for _ in range(OPENED_MAX):
            if self._part is None:
                break
            try:
                return self._part.look_up(high, low)
            except FileNotFoundError:
                # Another worker made newer files meanwhile, and took these away.
                self._part = _open()
        return np.zeros(high.size, dtype=np.bool_), np.zeros(0, dtype=np.int64)


def _ask(keys: bytes) -> tuple[Ids, Ids]:
    """Ask the database for keys that the files do not have; gives their places and ids."""
    row = sql.fetch_one(
        """
        SELECT array_agg(k.n ORDER BY k.n) AS places, array_agg(c.customer_id ORDER BY k.n) AS ids
        FROM (
            SELECT n, encode(substring(%s FROM n::int * 16 + 1 FOR 16), 'hex')::uuid AS public_id
            FROM generate_series(0, %s) n
        ) k JOIN customers_directory c ON c.public_id = k.public_id
        """,
        [keys, len(keys) // KEY_BYTES - 1],
    )
    assert row is not None
    return np.array(row["places"] or [], dtype=np.int64), np.array(row["ids"] or [], dtype=np.int64)


def greatest_id() -> int:
    """Give the greatest internal id of a customer; 0 when there is none."""
    row = sql.fetch_one("SELECT max(customer_id) AS greatest FROM customers_directory")
    return int(row["greatest"] or 0) if row else 0


def _open() -> _Part | None:
    """Open the newest files, made here where there are none yet; None leaves every key to the database."""
    for _ in range(OPENED_MAX):
        try:
            return _open_newest()
        except FileNotFoundError:
            # Taken away by a worker who made newer ones, between two looks of ours.
            continue
    return None


def _open_newest() -> _Part | None:
    greatest = greatest_id()
    if greatest < CUSTOMERS_MIN:
        return None
    known = KeyPart.objects.order_by("-until_id").first()
    if known is None or greatest - known.until_id > YOUNGER_MAX:
        known = KeyPart(name=new_public_id(), after_id=0, until_id=greatest)
        _build(known)
        with transaction.atomic():
            KeyPart.objects.all().delete()
            known.save(force_insert=True)
        _forget_others(known.name)
    place = _place(known.name)
    if not (place / "offsets").exists():
        _build(known)
    offsets = np.fromfile(place / "offsets", dtype=np.int64)
    # Internal ids are kept in four bytes as long as four are enough.
    is_short = (place / "ids").stat().st_size == 4 * int(offsets[-1])
    return _Part(place=place, offsets=offsets, id_kind=np.uint32 if is_short else np.int64)


def _home() -> Path:
    """Give the folder of the files, in the installation's own."""
    home = Path(settings.DATA_DIR) / FOLDER
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return home


def _place(name: uuid.UUID) -> Path:
    return _home() / name.hex


def _stretches(part: KeyPart) -> Iterator[npt.NDArray[np.void]]:
    for after in range(part.after_id, part.until_id, BUILD_STEP):
        [(packed,)] = fetch_binary(STRETCH, [after, min(after + BUILD_STEP, part.until_id)])
        if packed is not None:
            yield np.frombuffer(packed, dtype=RECORD)


def _build(part: KeyPart) -> None:
    """Make the files of a stretch; a reader sees all of them or none.

    The customers are first dealt out by the first byte of their public id, then each heap is put in order by itself, so
    that memory holds a 256th of them at a time.
    """
    final = _place(part.name)
    kind: type[np.uint32] | type[np.int64] = np.uint32 if part.until_id < 2**32 else np.int64
    with tempfile.TemporaryDirectory(dir=_home()) as work_name:
        work = Path(work_name)
        heaps = [(work / f"{number:02x}").open("ab") for number in range(PREFIXES)]
        try:
            for records in _stretches(part):
                prefixes = (records["high"] >> np.uint64(56)).astype(np.uint8)
                ordered = records[np.argsort(prefixes, kind="stable")]
                bounds = np.concatenate([[0], np.cumsum(np.bincount(prefixes, minlength=PREFIXES))])
                for number, heap in enumerate(heaps):
                    heap.write(ordered[bounds[number] : bounds[number + 1]].tobytes())
        finally:
            for heap in heaps:
                heap.close()
        done = work / "done"
        done.mkdir()
        offsets = [0]
        with (done / "high").open("wb") as high, (done / "low").open("wb") as low, (done / "ids").open("wb") as ids:
            for number in range(PREFIXES):
                records = np.fromfile(work / f"{number:02x}", dtype=RECORD)
                records = records[np.lexsort((records["low"], records["high"]))]
                high.write(records["high"].astype(np.uint64).tobytes())
                low.write(records["low"].astype(np.uint64).tobytes())
                ids.write(records["id"].astype(kind).tobytes())
                offsets.append(offsets[-1] + records.size)
        np.array(offsets, dtype=np.int64).tofile(done / "offsets")
        try:
            done.rename(final)
        except OSError:
            # Another worker was faster; its files say the same.
            if not (final / "offsets").exists():
                raise


def _forget_others(name: uuid.UUID) -> None:
    """Take away the files of earlier names; who was about to read them opens the newer ones."""
    for other in _home().iterdir():
        if len(other.name) == len(name.hex) and other.name != name.hex:
            shutil.rmtree(other, ignore_errors=True)
