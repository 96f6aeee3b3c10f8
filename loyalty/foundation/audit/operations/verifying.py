"""Verifying: the chain against its rows, against itself and against its anchors."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from loyalty.foundation.audit import policy, queries
from loyalty.foundation.audit.contracts import Fault, FaultKind, VerificationView
from loyalty.foundation.audit.events import AuditTamperingFound
from loyalty.foundation.audit.models import AuditVerification
from loyalty.foundation.events import api as events

log = logging.getLogger("loyalty.audit")

# One statement examines this many blocks: long enough that its start costs nothing, short enough to show progress.
BLOCKS_PER_STATEMENT = 100
# Stretches do not depend on each other, and hashing keeps a processor busy; two leave a server of four half to others.
STRETCHES_AT_ONCE = 2
# A log that was rewritten from end to end has a fault in each row; the first ones say what there is to say.
FAULTS_KEPT = 100
# Once a day the whole chain is read again, however often its end is.
FULL_EVERY = timedelta(days=1)

RUN_KIND = "audit.verify"


def verify(*, now: datetime, is_full: bool, report: Callable[[int, int], None] | None = None) -> VerificationView:
    """Hold the log against its chain and the chain against its anchors, and keep what was found.

    :param is_full: all blocks; else those after the last look that found nothing, whose block is checked again as the
        link to what follows.
    :param report: called with blocks done and blocks in all.
    """
    seen_to = queries.last_intact_block()
    first = 1 if is_full else max(seen_to, 1)
    last = queries.last_block()
    end = last.block if last else 0
    faults: list[Fault] = []
    rows = blocks = 0
    numbers: list[int] = []
    starts = range(first, end + 1, BLOCKS_PER_STATEMENT)
    for start, stretch in zip(starts, _examined(starts, end), strict=True):
        for block in stretch:
            blocks, rows = blocks + 1, rows + block["row_count"]
            numbers.append(block["number"])
            faults += _faults_of(block)
        if report:
            report(min(start + BLOCKS_PER_STATEMENT - 1, end), end)
    faults += policy.diagnose_gaps([*numbers, end + 1], first)
    outside, unreadable = queries.anchors_outside(since=first)
    inside = queries.anchors_inside(since=first)
    hashes = queries.hashes_of({anchor.block for anchor in (*outside, *inside)})
    faults += [Fault(FaultKind.ANCHOR_UNREADABLE, None, None, words) for words in unreadable]
    faults += policy.diagnose_anchors(outside, inside, hashes, last_block=end, seen_to=seen_to)
    view = VerificationView(
        verified_at=now, is_full=is_full, is_intact=not faults, block_from=first, block_to=end, block_count=blocks,
        row_count=rows, unsealed_count=queries.count_unsealed(), anchor_count=len(outside), fault_count=len(faults),
        faults=tuple(faults[:FAULTS_KEPT]),
    )  # fmt: skip
    _keep(view)
    return view


def _examined(starts: range, end: int) -> Iterator[list[dict[str, Any]]]:
    """Hold stretches of blocks against their rows, in order; several at once unless the caller is in a transaction.

    Other connections do not see what a transaction has not committed.
    """

    def examine(start: int) -> list[dict[str, Any]]:
        return queries.examine(start, min(start + BLOCKS_PER_STATEMENT - 1, end))

    def examine_apart(start: int) -> list[dict[str, Any]]:
        try:
            return examine(start)
        finally:
            connection.close()

    if connection.in_atomic_block or len(starts) < STRETCHES_AT_ONCE:
        yield from map(examine, starts)
        return
    with ThreadPoolExecutor(STRETCHES_AT_ONCE, thread_name_prefix="audit-verify") as pool:
        yield from pool.map(examine_apart, starts)


def _faults_of(block: dict[str, Any]) -> list[Fault]:
    number = block["number"]
    faults = list(policy.diagnose_block(number, is_hash_right=block["is_hash_right"], is_linked=block["is_linked"]))
    if not block["are_rows_right"]:
        in_rows = list(policy.diagnose_rows(number, queries.compare(number)))
        words = f"Block {number} says other things of its rows than they say."
        faults += in_rows or [Fault(FaultKind.BLOCK_EDITED, number, None, words)]
    return faults


@transaction.atomic
def _keep(view: VerificationView) -> None:
    told = view.as_dict()
    AuditVerification.objects.create(
        verified_at=view.verified_at, is_full=view.is_full, is_intact=view.is_intact, block_from=view.block_from,
        block_to=view.block_to, block_count=view.block_count, row_count=view.row_count,
        unsealed_count=view.unsealed_count, anchor_count=view.anchor_count, faults=told["faults"],
        fault_count=view.fault_count,
    )  # fmt: skip
    if view.faults:
        first = view.faults[0]
        log.error("the audit log was tampered with: %s faults, the first: %s", view.fault_count, first.detail)
        fact = AuditTamperingFound(fault_count=view.fault_count, first_fault=str(first.kind), first_block=first.block)
        events.publish(fact, key="audit", subject_kind="audit", subject_ref="audit", occurred_at=view.verified_at)


def verify_due(*, now: datetime) -> VerificationView:
    """Look at what came since the last look, and once a day at everything."""
    last_full = AuditVerification.objects.filter(is_full=True).order_by("-id").first()
    return verify(now=now, is_full=last_full is None or now - last_full.verified_at >= FULL_EVERY)


def execute(context: Any) -> dict[str, Any]:
    """Verify the whole chain as a run, with progress."""
    view = verify(now=context.now, is_full=True, report=lambda done, total: context.report("blocks", done, total))
    return {**view.as_dict(), "verified_at": view.verified_at.isoformat()}
