"""Recalculation as a run: evaluate where the data is, compare as bitmaps, apply in one transaction, check."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from loyalty.features import api as features
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import Unavailable
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.foundation.rules import api as rules
from loyalty.foundation.work import api as work
from loyalty.segments.contracts import Limit, SnapshotCause
from loyalty.segments.errors import SegmentKindWrong, SegmentNotFound, SegmentsTooMany
from loyalty.segments.models import Segment, SegmentKind
from loyalty.segments.operations.applying import CALCULATED, Applied, apply
from loyalty.segments.operations.checking import check
from loyalty.segments.operations.evaluating import Selected, Target, evaluate
from loyalty.segments.operations.guarding import Candidate, Rows, check_shrinkage
from loyalty.segments.policy.planning import layers, moves_with_time
from loyalty.segments.queries import membership, world

RUN_KIND = "segments.recalculate"
TOGETHER_KIND = "segments.recalculate_together"
# One scan answers for 31; more than a few scans in one run would be hard to stop.
TOGETHER_MAX = 100


def start_recalculation(
    *,
    segment: Segment,
    actor: Actor,
    now: datetime,
    announces_first_fill: bool = False,
    accept_shrinkage: bool = False,
) -> work.RunView:
    """Put a recalculation in line; with ``accept_shrinkage`` a warehouse that lost rows is taken at its word.

    :raises SegmentKindWrong: a static segment has no rules.
    :raises RunAlreadyActive: it is being recalculated.
    """
    if segment.kind != SegmentKind.DYNAMIC:
        raise SegmentKindWrong("A static segment has no rules to recalculate.")
    return work.start(
        kind=RUN_KIND,
        subject_kind="segment",
        subject_ref=str(segment.public_id),
        params={"announces_first_fill": announces_first_fill, "accept_shrinkage": accept_shrinkage},
        actor=actor,
        now=now,
    )


def start_together(
    *,
    segments: Sequence[Segment],
    actor: Actor,
    now: datetime,
    subject: str = "many",
    announces_first_fill: bool = False,
    accept_shrinkage: bool = False,
    is_incremental: bool = False,
) -> work.RunView:
    """Put the recalculation of several segments in line, which share one scan of the warehouse.

    :raises SegmentKindWrong: one of them is static.
    :raises SegmentsTooMany: more than ``TOGETHER_MAX``.
    :raises RunAlreadyActive: several are being recalculated together already.
    """
    if len(segments) > TOGETHER_MAX:
        raise SegmentsTooMany(f"At most {TOGETHER_MAX} segments together.")
    if any(one.kind != SegmentKind.DYNAMIC for one in segments):
        raise SegmentKindWrong("A static segment has no rules to recalculate.")
    return work.start(
        kind=TOGETHER_KIND,
        subject_kind="segments",
        subject_ref=subject,
        params={
            "segments": [str(one.public_id) for one in segments],
            "announces_first_fill": announces_first_fill,
            "accept_shrinkage": accept_shrinkage,
            "is_incremental": is_incremental,
        },
        actor=actor,
        now=now,
    )


def recalculate(context: work.RunContext) -> dict[str, Any]:
    """Bring one segment up to date; give ``{added, removed, members, …}``.

    Until the one transaction at the end the old members stand, and for ever when the run fails or is cancelled.

    :raises SegmentNotFound: it was deleted meanwhile.
    :raises WarehouseUnavailable: the warehouse does not answer; the old members stay.
    :raises WarehouseShrunk: it lost too many rows; the old members stay.
    """
    segment = Segment.objects.filter(public_id=uuid.UUID(context.subject_ref)).first()
    if segment is None:
        raise SegmentNotFound()
    return recalculate_now([segment], context)[str(segment.public_id)]


def recalculate_together(context: work.RunContext) -> dict[str, Any]:
    """Bring several segments up to date with one scan for each layer of them; give what each came to.

    A segment whose rules name others comes after those. A run that is taken up again leaves out what is done.
    """
    wanted = [uuid.UUID(one) for one in context.params["segments"]]
    segments = {
        str(one.public_id): one for one in Segment.objects.filter(public_id__in=wanted, kind=SegmentKind.DYNAMIC)
    }
    uses = {name: tuple(one.depends_on) for name, one in segments.items()}
    results: dict[str, Any] = {}
    for layer in layers(list(segments), uses):
        results.update(recalculate_now([segments[name] for name in layer], context))
    return {"segments": results}


def recalculate_now(segments: Sequence[Segment], context: work.RunContext) -> dict[str, dict[str, Any]]:
    """Evaluate segments together, apply each, and check each row by row.

    What a lost worker of the same run applied stands; it is checked and not calculated again.
    """
    done = [one for one in segments if _is_done(one, context)]
    results = {str(one.public_id): _done_before(one, context) for one in done}
    left = [one for one in segments if one not in done]
    if left:
        results.update(_recalculate(left, context))
    context.report("done", len(segments), len(segments))
    return results


def _recalculate(segments: Sequence[Segment], context: work.RunContext) -> dict[str, dict[str, Any]]:
    now = context.now
    context.report("evaluating", 0, len(segments))
    is_incremental = bool(context.params.get("is_incremental"))
    targets = [target_of(segment, is_incremental=is_incremental) for segment in segments]
    found = evaluate(targets, now=now, report=context.report)
    rows = _guarded(segments, targets, found, accept_shrinkage=bool(context.params.get("accept_shrinkage")))
    results: dict[str, dict[str, Any]] = {}
    for place, (segment, target) in enumerate(zip(segments, targets, strict=True)):
        context.report("applying", place, len(segments))
        selected = found[target.key]
        applied = apply(
            segment=segment,
            members=selected.bits,
            evaluated_at=now,
            cause=SnapshotCause.INCREMENT if selected.is_increment else SnapshotCause.RECALCULATION,
            actor=context.actor,
            now=now,
            announces_first_fill=bool(context.params.get("announces_first_fill")),
            features_as_of=selected.as_of,
            rows_read=rows.get(segment.pk),
        )
        maybe_fail("segments.applied")
        results[target.key] = result_of(applied, selected)
        if not applied.is_superseded:
            context.report("checking", place, len(segments))
            results[target.key]["check"] = checked(segment, target.rule, now)
    return results


def _is_done(segment: Segment, context: work.RunContext) -> bool:
    """Tell whether a worker that was lost had applied the segment already."""
    at = segment.last_calculated_at
    return context.began_at < context.now and at is not None and at >= context.began_at and not segment.is_stale


def _done_before(segment: Segment, context: work.RunContext) -> dict[str, Any]:
    """Give what a lost worker's calculation came to, and the check that it may not have come to."""
    last = segment.snapshots.filter(cause__in=CALCULATED).order_by("-id").first()
    told = (last.added_count, last.removed_count) if last is not None else (0, 0)
    assert segment.last_calculated_at is not None
    return {
        "added": told[0],
        "removed": told[1],
        "members": segment.member_count,
        "check": checked(segment, rule_of(segment), segment.last_calculated_at),
    }


def _guarded(
    segments: Sequence[Segment], targets: Sequence[Target], found: Mapping[str, Selected], *, accept_shrinkage: bool
) -> dict[int, int]:
    """Refuse what a broken load made of segments; give the rows behind each. Newer rows alone take nobody's row away.

    :raises WarehouseShrunk: the warehouse lost too many rows.
    """
    results = [(segment, found[target.key]) for segment, target in zip(segments, targets, strict=True)]
    whole = [Candidate(one, got.bits) for one, got in results if got.as_of is not None and not got.is_increment]
    return check_shrinkage(whole, lambda: Rows(features.source()), accept_shrinkage=accept_shrinkage)


def checked(segment: Segment, rule: rules.Rule, evaluated_at: datetime) -> dict[str, Any]:
    """Check a segment row by row; a source that does not answer leaves the members as they stand, unchecked."""
    try:
        return check(Segment.objects.get(pk=segment.pk), rule, evaluated_at=evaluated_at, now=evaluated_at)
    except (Unavailable, Segment.DoesNotExist) as refusal:
        return {"not_done": str(refusal)}


def find_last_run(segment: Segment) -> work.RunView | None:
    """Give the newest recalculation of a segment alone, or None."""
    return work.find_latest_run(RUN_KIND, str(segment.public_id))


def result_of(applied: Applied, selected: Selected) -> dict[str, Any]:
    """Give what a recalculation came to."""
    result: dict[str, Any] = {"added": applied.added, "removed": applied.removed, "members": applied.members}
    if selected.unknown_count:
        result["unknown_customers"] = selected.unknown_count
    if applied.is_superseded:
        result["is_superseded"] = True
    return result


def rule_of(segment: Segment, language: str = "en") -> rules.Rule:
    """Give a segment's rules, checked as they were when they were saved; their labels are those of the language.

    :raises RuleInvalid: the catalogue no longer has what they name.
    """
    return rules.check(segment.rules, world.schema(language), "boolean", segment.rules_profile)


def target_of(segment: Segment, *, is_incremental: bool = False) -> Target:
    """Give what is to be evaluated for a segment: all customers, or those alone whose features are newer.

    Newer features alone are not enough when the rules are newer too, when they move with the clock, or with a limit;
    nor when rows may have vanished: the warehouse has fewer than before, or it was long ago that all were read.
    """
    rule = rule_of(segment)
    is_enough = is_incremental and not segment.is_stale and segment.limit is None and not moves_with_time(rule)
    is_enough = (
        is_enough
        and segment.increments < configuration.read("system")["segments_increments_max"]
        and not _is_smaller(segment)
    )
    since = segment.features_as_of if is_enough else None
    members = membership.bits_of(segment) if since is not None else None
    return Target(str(segment.public_id), rule, limit_of(segment), newer_than=since, members=members)


def _is_smaller(segment: Segment) -> bool:
    """Tell whether features saw a load of fewer rows than the segment was calculated from."""
    told = features.find_row_count()
    return told is not None and segment.rows_read is not None and told < segment.rows_read


def limit_of(segment: Segment) -> Limit | None:
    """Give a segment's limit, or None."""
    return limit_from(segment.limit)


def limit_from(raw: dict[str, Any] | None) -> Limit | None:
    """Give a limit out of its stored form."""
    return None if raw is None else Limit(raw["count"], raw["by"], raw["order"] == "descending")
