"""Recalculation: the rule runs where the data is, and the difference is applied in one transaction."""

import uuid
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from sqlalchemy import select

from loyalty.features import api as features
from loyalty.foundation.audit import api as audit
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.rules import api as rules
from loyalty.foundation.work import api as work
from loyalty.segments.errors import SegmentKindWrong, SegmentNotFound
from loyalty.segments.events import SegmentRecalculated
from loyalty.segments.models import Segment, SegmentKind, SegmentSnapshot

RUN_KIND = "segments.recalculate"


def start_recalculation(*, segment: Segment, actor: Actor, now: datetime) -> work.RunView:
    """Put a recalculation in line.

    :raises SegmentKindWrong: a static segment has no rules.
    :raises RunAlreadyActive: it is being recalculated.
    """
    if segment.kind != SegmentKind.DYNAMIC:
        raise SegmentKindWrong("A static segment has no rules to recalculate.")
    return work.start(
        kind=RUN_KIND,
        subject_kind="segment",
        subject_ref=str(segment.public_id),
        params={},
        actor=actor,
        now=now,
    )


def recalculate(context: work.RunContext) -> dict[str, Any]:
    """Bring one segment up to date; give ``{added, removed, members}``.

    The members found are staged first, in transactions of their own; the difference is applied in one short
    transaction, so the old members stay visible until the new ones are complete, and for ever when it fails.

    :raises SegmentNotFound: it was deleted meanwhile.
    :raises WarehouseUnavailable: the warehouse does not answer; the old members stay.
    """
    segment = Segment.objects.filter(public_id=uuid.UUID(context.subject_ref)).first()
    if segment is None:
        raise SegmentNotFound()
    context.report("evaluating")
    now = context.now
    found = stage(segment.rules, now)
    context.report("comparing", found, found)
    result = apply_staged(segment=segment, actor=context.actor, now=now)
    context.report("done", found, found)
    return result


def stage(rules_json: Any, now: datetime) -> int:
    """Copy the ids that the rules select from the warehouse into a temporary table; give how many.

    The blocks go from one server to the other as they are; nothing looks into them on the way.
    """
    rule = rules.check(rules_json, features.schema(), expects="boolean")
    source = features.source()
    predicate = rules.compile_predicate(rule, source.columns, now=now)
    chosen = select(source.key).select_from(source.table).where(predicate)
    sql.execute("CREATE TEMP TABLE IF NOT EXISTS segments_found (customer_ref uuid)")
    sql.execute("TRUNCATE segments_found")
    with connection.cursor() as cursor:
        with cursor.copy("COPY segments_found FROM STDIN (FORMAT BINARY)") as target:
            for part in source.connector.copy_binary(chosen):
                target.write(part)
        return int(cursor.rowcount)


@transaction.atomic
def apply_staged(*, segment: Segment, actor: Actor, now: datetime) -> dict[str, Any]:
    """Apply the difference, with its snapshot, its audit row and its fact."""
    locked = Segment.objects.select_for_update().get(pk=segment.pk)
    row = sql.fetch_one("SELECT added, removed FROM segments_apply_diff(%s, %s)", [locked.pk, now])
    assert row is not None
    result = {"added": int(row["added"]), "removed": int(row["removed"])}
    # Exact, because the row is locked and every change of the members goes through here.
    result["members"] = locked.member_count + result["added"] - result["removed"]
    locked.member_count, locked.last_calculated_at = result["members"], now
    locked.save(update_fields=["member_count", "last_calculated_at"])
    SegmentSnapshot.objects.create(
        segment=locked,
        taken_at=now,
        member_count=result["members"],
        added_count=result["added"],
        removed_count=result["removed"],
        rules=locked.rules,
    )
    ref = str(locked.public_id)
    fact = SegmentRecalculated(segment_id=ref, name=locked.name, **result)
    events.publish(fact, key=ref, subject_kind="segment", subject_ref=ref, occurred_at=now)
    audit.record(actor=actor, act="segments.recalculate", subject_kind="segment", subject_ref=ref, at=now, after=result)
    return result
