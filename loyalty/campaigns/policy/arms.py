"""Which arm of a campaign a customer is in: the control group, or one of the variants.

The same is said by ``ARM_SQL`` for a set; a test compares the two. The control group has a bucket of its
own, so
that changing the weights of the variants moves nobody into it or out of it.
"""

import hashlib
import uuid
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

CONTROL = 0


def arm_of(customer: uuid.UUID, salt: str, control_percent: int, weights: Sequence[int]) -> int:
    """Give 0 for the control group, else the place of the variant, from 1; without weights everyone else is in 1."""
    digest = hashlib.md5(f"{salt}:{customer}".encode(), usedforsecurity=False).hexdigest()
    if int(digest[:8], 16) % 100 < control_percent:
        return CONTROL
    return bisect_right(bounds_of(weights), int(digest[8:16], 16) % max(sum(weights), 1)) + 1


def bounds_of(weights: Sequence[int]) -> list[int]:
    """Give where each variant but the first begins, on a line as long as the sum of the weights."""
    return list(accumulate(weights))[:-1]


# Over the customer ``d`` of an audience. Written out and not a function: a call for each row costs as much as all
# the rest of
# placing it.
ARM_SQL = """CASE WHEN ('x' || left(h.hex, 8))::bit(32)::bigint %% 100 < %(audience_control)s THEN 0
    WHEN %(audience_total)s = 0 THEN 1
    ELSE width_bucket(('x' || substr(h.hex, 9, 8))::bit(32)::bigint %% greatest(%(audience_total)s, 1),
        %(audience_bounds)s::bigint[]) + 1 END"""
HASH_SQL = "CROSS JOIN LATERAL (SELECT md5(%(audience_salt)s || ':' || d.public_id::text) AS hex OFFSET 0) h"
