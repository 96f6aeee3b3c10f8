"""How many a campaign means now: exactly, and, of many, a sample that is looked at in their place."""

from dataclasses import dataclass

from loyalty.campaigns.contracts import Plan
from loyalty.campaigns.queries.audience import BASES, EXCEPT, Base, live, named
from loyalty.foundation.orm import sql

# Larger audiences are counted by a sample, so that a builder has its answer at once; what is placed is counted whole.
EXACT_MAX = 250_000
# In a share of one half so many tell within half a percent (a random sample's 95 % interval).
SAMPLE_CUSTOMERS = 50_000

# The members of the segments without those of the excluded ones, as the bits of whole chunks (sql/audience.sql).
SEGMENT_CHUNKS = """
    SELECT m.chunk, bit_count(bit_or(('x' || encode(m.bits, 'hex'))::bit(2048))
        & ~coalesce((SELECT bit_or(('x' || encode(x.bits, 'hex'))::bit(2048)) FROM segments_member_chunks x
            WHERE x.segment_public_id = ANY(%(audience_excluded)s) AND x.chunk = m.chunk), repeat('0', 2048)::bit(2048))
    ) AS customers
    FROM segments_member_chunks m WHERE m.segment_public_id = ANY(%(audience_segments)s)
    GROUP BY m.chunk ORDER BY m.chunk
"""
# One of these neighbourhoods after the other is looked up by the key of customers.
IN_CHUNKS = """
    SELECT q.* FROM unnest(%(audience_chunks)s::bigint[]) k (chunk) CROSS JOIN LATERAL (
        {base} AND m.customer_id >= k.chunk << 11 AND m.customer_id < (k.chunk + 1) << 11 OFFSET 0) q
"""
SEGMENTS_IN_CHUNKS = """
    SELECT DISTINCT (m.chunk << 11) + o.n AS customer_id
    FROM segments_member_chunks m CROSS JOIN LATERAL generate_series(0, 2047) o (n)
    WHERE m.segment_public_id = ANY(%(audience_segments)s) AND m.chunk = ANY(%(audience_chunks)s)
        AND get_bit(m.bits, o.n) = 1 AND NOT EXISTS (SELECT FROM segments_directory g
            WHERE g.public_id = ANY(%(audience_excluded)s) AND segments_contains(g.segment_id, (m.chunk << 11) + o.n))
"""


@dataclass(frozen=True, slots=True)
class Sized:
    """How many are meant now, and whom to look at for all of them: each stands for ``share``, which is 1 for all."""

    total: int
    base: Base
    share: float = 1.0

    @property
    def is_estimated(self) -> bool:
        """Whether some are looked at in place of all."""
        return self.share != 1.0


def size_of(plan: Plan) -> Sized:
    """Give how many a plan means now, before channels and consents leave anybody out, and whom to look at."""
    return _of_segments(plan) if plan.segments else _of_many(plan)


def count_meant(plan: Plan) -> int:
    """Count whom a plan means now, before channels and consents leave anybody out."""
    if plan.segments:
        return sum(customers for _, customers in _segment_chunks(plan))
    return _count(live(plan))


def _segment_chunks(plan: Plan) -> list[tuple[int, int]]:
    return [(int(row["chunk"]), int(row["customers"])) for row in sql.fetch_all(SEGMENT_CHUNKS, named(plan))]


def _of_segments(plan: Plan) -> Sized:
    """A segment is kept as bits, so its size is exact however large it is."""
    chunks = _segment_chunks(plan)
    total = sum(customers for _, customers in chunks)
    if total <= EXACT_MAX:
        return Sized(total, live(plan))
    chosen = chunks[:: max(total // SAMPLE_CUSTOMERS, 1)]
    seen = sum(customers for _, customers in chosen)
    params = {**named(plan), "audience_chunks": [chunk for chunk, _ in chosen]}
    return Sized(total, Base(SEGMENTS_IN_CHUNKS, params), total / max(seen, 1))


def _of_many(plan: Plan) -> Sized:
    """The members of a program, or everyone: their rows are counted; of many some neighbourhoods are looked at."""
    name = "program" if plan.program is not None else "everyone"
    whole = Base(BASES[name], named(plan))
    counted = _count(whole)
    if counted <= EXACT_MAX:
        return Sized(_count(live(plan)) if plan.excluded else counted, live(plan))
    last = sql.fetch_one("SELECT coalesce(max(m.customer_id), 0) AS id FROM customers_directory m")
    chunks = list(range(0, (int(last["id"]) >> 11) + 1 if last else 1, max(counted // SAMPLE_CUSTOMERS, 1)))
    params = {**named(plan), "audience_chunks": chunks}
    share = counted / max(_count(Base(IN_CHUNKS.format(base=BASES[name]), params)), 1)
    base = Base(IN_CHUNKS.format(base=BASES[name] + (EXCEPT if plan.excluded else "")), params)
    return Sized(round(_count(base) * share) if plan.excluded else counted, base, share)


def _count(base: Base) -> int:
    row = sql.fetch_one(f"SELECT count(*) AS customers FROM ({base.sql}) b", base.params)
    return int(row["customers"]) if row else 0
