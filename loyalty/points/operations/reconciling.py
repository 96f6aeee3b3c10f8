"""Holding the whole book against itself, account by account: nightly all of it, in between what was touched."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.work import api as work
from loyalty.ledger import api as ledger
from loyalty.points.contracts import ReconciliationReport
from loyalty.points.models import AccountDiscrepancy, Reconciliation

RUN_KIND = "points.reconcile"
WHOLE, INCREMENTAL = "whole", "incremental"
CHUNK_ACCOUNTS = 50_000


def start_reconciliation(*, kind: str, actor: Actor, now: datetime) -> work.RunView:
    """Put a reconciliation in line: ``whole``, or ``incremental`` since the last one that finished.

    :raises RunAlreadyActive: one is under way.
    """
    return work.start(
        kind=RUN_KIND, subject_kind="ledger", subject_ref="book", params={"kind": kind}, actor=actor, now=now
    )


def start_due_reconciliation(*, actor: Actor, now: datetime) -> str:
    """Put the reconciliation of this hour in line, the first of a day over the whole book; give its kind, or ""."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    is_done = Reconciliation.objects.filter(kind=WHOLE, started_at__gte=midnight).exists()
    kind = INCREMENTAL if is_done else WHOLE
    try:
        start_reconciliation(kind=kind, actor=actor, now=now)
    except work.RunAlreadyActive:
        return ""
    return kind


def execute(context: work.RunContext) -> dict[str, Any]:
    """Reconcile, as a run; one whose worker was lost goes on behind the last account that was looked at."""
    report = reconcile_book(
        kind=str(context.params.get("kind", WHOLE)),
        run_id=context.public_id,
        actor=context.actor,
        now=context.now,
        report=lambda done: context.report("reconciling", done),
    )
    return {
        "reconciliation_id": str(report.reconciliation_id),
        "accounts_checked": report.accounts_checked,
        "discrepancies_found": report.discrepancies_found,
        "invariants_violated": list(report.invariants_violated),
    }


def reconcile_book(
    *, kind: str, run_id: uuid.UUID, actor: Actor, now: datetime, report: Any = lambda done: None
) -> ReconciliationReport:
    """Compare every account's balance with its entries and lots and keep what differs; the whole book is proved too."""
    made = _begin(kind, run_id, now)
    while True:
        with transaction.atomic():
            chunk = ledger.list_discrepancies(
                after_account=made.last_account_id or None, limit=CHUNK_ACCOUNTS, touched_since=made.touched_since
            )
            AccountDiscrepancy.objects.bulk_create(
                AccountDiscrepancy(
                    reconciliation=made,
                    account_public_id=one.account_id,
                    code=one.code,
                    expected=one.expected,
                    found=one.found,
                    found_at=now,
                )
                for one in chunk.discrepancies
            )
            made.last_account_id = chunk.next_after or made.last_account_id
            made.accounts_checked += chunk.accounts_checked
            made.discrepancies_found += len(chunk.discrepancies)
            made.save()
        report(made.accounts_checked)
        if chunk.next_after is None:
            break
    return _finish(made, actor, now)


def _begin(kind: str, run_id: uuid.UUID, now: datetime) -> Reconciliation:
    found = Reconciliation.objects.filter(public_id=run_id).first()
    if found is not None:
        return found
    since = None
    if kind == INCREMENTAL:
        earlier = Reconciliation.objects.filter(finished_at__isnull=False).order_by("-started_at").first()
        since = earlier.started_at if earlier else None
    return Reconciliation.objects.create(public_id=run_id, kind=kind, touched_since=since, started_at=now)


@transaction.atomic
def _finish(made: Reconciliation, actor: Actor, now: datetime) -> ReconciliationReport:
    violated: tuple[str, ...] = ()
    if made.kind == WHOLE:
        # Totals and liability then read the closed days and the open tail behind them.
        ledger.close_days(until=(now - timedelta(days=1)).astimezone(UTC).date(), now=now)
        proof = ledger.prove(now=now)
        violated = tuple(one.code for one in proof.invariants if one.violations)
        made.invariants = [{"code": one.code, "violations": one.violations} for one in proof.invariants]
    made.finished_at, made.updated_at = now, now
    made.save()
    audit.record(
        actor=actor,
        act="points.reconcile",
        subject_kind="ledger",
        subject_ref="book",
        at=now,
        after={
            "kind": made.kind,
            "accounts_checked": made.accounts_checked,
            "discrepancies_found": made.discrepancies_found,
            "invariants_violated": list(violated),
        },
    )
    return ReconciliationReport(
        reconciliation_id=made.public_id,
        kind=made.kind,
        accounts_checked=made.accounts_checked,
        discrepancies_found=made.discrepancies_found,
        invariants_violated=violated,
    )
