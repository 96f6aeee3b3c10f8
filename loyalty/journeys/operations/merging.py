"""What journeys keep of a customer, taken over by another one who turned out to be the same person."""

from collections.abc import Mapping
from datetime import datetime

from loyalty.customers.api import MergeSide
from loyalty.foundation.kernel.actor import Actor
from loyalty.journeys.operations import assigning
from loyalty.journeys.operations.people import merge_customers


def merge(*, gone: MergeSide, into: MergeSide, actor: Actor, now: datetime) -> Mapping[str, int]:
    """Take executions and arms over (``customers.register_merging``); who is inside twice stays inside once."""
    executions = merge_customers(gone=gone.internal_id, into=into.internal_id, now=now)
    # Behind the executions: who moved the one that is gone has committed the arms by which it was led.
    return {"executions": executions, "arms": assigning.merge(gone=gone.internal_id, into=into.internal_id)}
