"""The check after a recalculation: some members and some others are evaluated row by row, and both have to agree."""

import logging
import uuid
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction

from loyalty.foundation.events import api as events
from loyalty.foundation.orm import sql
from loyalty.foundation.rules import api as rules
from loyalty.segments.contracts import CheckState
from loyalty.segments.events import SegmentCheckFailed
from loyalty.segments.models import DirtyCustomer, Segment
from loyalty.segments.operations.applying import held_since
from loyalty.segments.operations.facts import list_known, satisfies
from loyalty.segments.policy import bitmaps
from loyalty.segments.policy.bitmaps import Bytes, Ids
from loyalty.segments.policy.planning import plan_of
from loyalty.segments.queries import membership, world

log = logging.getLogger("loyalty.segments")

# Of each kind, members and others: a fault that hits one customer in a hundred is seen with 98 %.
CHECKED_EACH = 200
DISAGREEMENTS_KEPT = 50
# The customer at each of these numbers, or the next one where a number is nobody's.
NEXT_AFTER = """
    SELECT DISTINCT c.customer_id FROM unnest(%s::bigint[]) u
    CROSS JOIN LATERAL (SELECT d.customer_id FROM customers_directory d WHERE d.customer_id >= u
        ORDER BY d.customer_id LIMIT 1) c ORDER BY 1
"""
PUBLIC_IDS = "SELECT customer_id, public_id FROM customers_directory WHERE customer_id = ANY(%s::bigint[])"


def sample(members: Bytes, generator: np.random.Generator) -> Ids:
    """Draw members and others by lot; of a small population everybody."""
    inside = bitmaps.ids_of(members)
    chosen = generator.choice(inside, min(CHECKED_EACH, inside.size), replace=False) if inside.size else inside
    span = sql.fetch_one("SELECT min(customer_id) AS least, max(customer_id) AS greatest FROM customers_directory")
    if span is None or span["greatest"] is None:
        return chosen
    least, greatest = int(span["least"]), int(span["greatest"])
    # Three times as many as wanted, so that members among them may fall out.
    wanted = CHECKED_EACH * 3
    if greatest - least < wanted:
        drawn = sql.fetch_all("SELECT customer_id FROM customers_directory ORDER BY customer_id")
    else:
        drawn = sql.fetch_all(NEXT_AFTER, [generator.integers(least, greatest + 1, wanted).tolist()])
    others = np.array([n for n in (row["customer_id"] for row in drawn) if not bitmaps.has(members, n)], dtype=np.int64)
    generator.shuffle(others)
    return np.concatenate([chosen, others[:CHECKED_EACH]])


def check(segment: Segment, rule: rules.Rule, *, evaluated_at: datetime, now: datetime) -> dict[str, Any]:
    """Evaluate a sample row by row and raise the alarm where that differs from the members.

    Customers of whom something happened since the recalculation read them are left out: there both may be right. With a
    limit only members are held to the rule. Gives ``{checked, disagreements}``.
    """
    members = membership.bits_of(segment)
    generator = np.random.default_rng(abs(hash((segment.pk, evaluated_at))))
    ids = sample(members, generator)
    found = sql.fetch_all(PUBLIC_IDS, [ids.tolist()])
    moved = {*held_since(evaluated_at).tolist(), *_dirty([one["customer_id"] for one in found])}
    asked: dict[uuid.UUID, int] = {
        one["public_id"]: one["customer_id"] for one in found if one["customer_id"] not in moved
    }
    known = list_known(list(asked), rules.uses_fields(rule), now=evaluated_at) if asked else {}
    reads = plan_of(rule, world.warehouse_fields()).reads_warehouse
    wrong: list[dict[str, Any]] = []
    checked = 0
    for public_id, one in known.items():
        is_member = bitmaps.has(members, asked[public_id])
        if not one.is_complete or (one.as_of is not None and one.as_of > evaluated_at):
            continue
        if segment.limit is not None and not is_member:
            continue
        checked += 1
        is_match = satisfies(rule, one, reads_warehouse=reads, now=evaluated_at)
        if is_match != is_member:
            wrong.append({"customer_id": str(public_id), "is_member": is_member, "matches": is_match})
    _keep(segment, wrong, checked, now=now)
    return {"checked": checked, "disagreements": len(wrong)}


def _dirty(customer_ids: list[int]) -> list[int]:
    return list(DirtyCustomer.objects.filter(customer_id__in=customer_ids).values_list("customer_id", flat=True))


@transaction.atomic
def _keep(segment: Segment, wrong: list[dict[str, Any]], checked: int, *, now: datetime) -> None:
    """Keep what the check found where people see it, and tell it as a fact when it is bad."""
    state = CheckState.DISAGREES if wrong else CheckState.AGREES
    Segment.objects.filter(pk=segment.pk).update(
        check_state=state.value, checked_at=now, disagreements=wrong[:DISAGREEMENTS_KEPT]
    )
    if not wrong:
        return
    log.error("segment %s: %d of %d customers evaluated row by row disagree", segment.public_id, len(wrong), checked)
    ref = str(segment.public_id)
    fact = SegmentCheckFailed(segment_id=ref, name=segment.name, disagreements=len(wrong), checked=checked)
    events.publish(fact, key=ref, subject_kind="segment", subject_ref=ref, occurred_at=now)
