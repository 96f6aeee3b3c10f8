"""Arms of experiments, drawn for a set of customers at once and kept for good.

The only place that knows where arms are kept: a journey asks for the arms of a set and is led by the answer.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from loyalty.foundation.orm import sql
from loyalty.journeys.policy.drawing import Draw

SPLIT_KEPT = """
    SELECT journeys_split_kept(
        %(node)s, %(ids)s::uuid[], %(experiment)s, %(salt)s, %(codes)s::text[], %(ceilings)s::integer[],
        %(holdout)s, %(now)s)
"""
SPLIT = (
    "SELECT journeys_split(%(node)s, %(ids)s::uuid[], %(salt)s, %(codes)s::text[], %(ceilings)s::integer[], %(now)s)"
)
# Who was two keeps the arm of the one who stays; where the other one had another arm, this person has seen both.
MERGE = """
    WITH theirs AS (
        DELETE FROM journeys_assignment WHERE customer_id = %(gone)s
        RETURNING experiment_id, arm, is_holdout, is_mixed, assigned_at)
    INSERT INTO journeys_assignment AS a (experiment_id, customer_id, arm, is_holdout, is_mixed, assigned_at)
    SELECT t.experiment_id, %(into)s, t.arm, t.is_holdout, t.is_mixed, t.assigned_at FROM theirs t
    ORDER BY t.experiment_id
    ON CONFLICT (experiment_id, customer_id) DO UPDATE
    SET is_mixed = a.is_mixed OR excluded.is_mixed OR a.arm <> excluded.arm
"""
ERASE = "DELETE FROM journeys_assignment WHERE customer_id = %s"


def split(*, node_pk: int, ids: Sequence[uuid.UUID], draw: Draw, now: datetime) -> None:
    """Have people leave a split by their arms: by lot alone, or as it is kept for each customer from the first draw on.

    :param node_pk: the row of the split.
    :param ids: executions at it, held by the caller.
    """
    given = {
        "node": node_pk, "ids": list(ids), "experiment": draw.kept_as, "salt": draw.salt, "codes": list(draw.weights),
        "ceilings": draw.ceilings, "holdout": draw.holdout, "now": now,
    }  # fmt: skip
    sql.fetch_one(SPLIT_KEPT if draw.kept_as else SPLIT, given)


def merge(*, gone: int, into: int) -> int:
    """Take the arms of a customer over by another one, both by internal id; give how many the one who is gone had."""
    return sql.execute(MERGE, {"gone": gone, "into": into})


def erase(internal_id: int) -> int:
    """Forget the arms of a customer; give how many there were."""
    return sql.execute(ERASE, [internal_id])
