"""The guard against a load that lost rows: a warehouse that shrank too far changes no segment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import func, select

from loyalty.features import api as features
from loyalty.foundation.configuration import api as configuration
from loyalty.segments.errors import WarehouseShrunk
from loyalty.segments.models import Segment
from loyalty.segments.policy import bitmaps
from loyalty.segments.policy.bitmaps import Bytes
from loyalty.segments.queries import membership

# From this share of leaving members on, the rows are counted anew: a count reads the whole table.
LEAVING_COUNTED = 0.01


@dataclass
class Rows:
    """How many rows the warehouse has: as features saw it at the last load, and, when somebody has to know, counted."""

    source: features.FeatureSource

    @property
    def told(self) -> int | None:
        """What features saw; None when the warehouse does not say how young its rows are."""
        return self.source.row_count

    @cached_property
    def counted(self) -> int:
        """What is there now."""
        rows = self.source.connector.fetch_all(select(func.count()).select_from(self.source.table))
        return int(rows[0][0])


@dataclass(frozen=True, slots=True)
class Candidate:
    """A segment that is to get new members out of the warehouse."""

    segment: Segment
    members: Bytes


def rows_for(candidate: Candidate, rows: Rows) -> int:
    """Give how many rows stand behind new members: counted where that may matter, else as features saw it.

    Losing a row can only take a customer out of a segment, so nothing has to be counted as long as hardly anybody
    leaves and features saw no smaller load.
    """
    told, before = rows.told, candidate.segment.rows_read
    if told is None or (before is not None and told < before) or _leaving_share(candidate) >= LEAVING_COUNTED:
        return rows.counted
    return told


def check_shrinkage(
    candidates: Sequence[Candidate], rows: Callable[[], Rows], *, accept_shrinkage: bool
) -> dict[int, int]:
    """Give the rows behind each segment's new members, by its key.

    :raises WarehouseShrunk: the warehouse has fewer rows than at a segment's last calculation, by more than
        ``SEGMENTS_SHRINKAGE_MAX_PERCENT``, and nobody accepted that.
    """
    if not candidates:
        return {}
    seen = rows()
    found = {one.segment.pk: rows_for(one, seen) for one in candidates}
    limit: int = configuration.read("system")["segments_shrinkage_max_percent"]
    shrunk = [
        one.segment
        for one in candidates
        if one.segment.rows_read is not None
        and (one.segment.rows_read - found[one.segment.pk]) * 100 > limit * one.segment.rows_read
    ]
    if shrunk and not accept_shrinkage:
        first = shrunk[0]
        raise WarehouseShrunk(
            f"The warehouse has {found[first.pk]:,} rows; at the last calculation of {first.name!r} it had "
            f"{first.rows_read:,}. A loss of more than {limit} % is taken for a broken load, and the members stay. "
            "Mend the load, or recalculate with accept_shrinkage.",
            segments=[str(one.public_id) for one in shrunk[:100]],
            rows_before=first.rows_read,
            rows_now=found[first.pk],
        )
    return found


def _leaving_share(candidate: Candidate) -> float:
    old, new = bitmaps.alike(membership.bits_of(candidate.segment), candidate.members)
    before = bitmaps.count(old)
    return bitmaps.count(old & ~new) / before if before else 0.0
