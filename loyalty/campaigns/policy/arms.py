"""Which arm of a campaign a customer is in: the control group, or one of the variants.

The same is said in ``sql/audience.sql`` for a set; a test compares the two. The control group has a bucket of its
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
