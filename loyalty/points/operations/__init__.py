"""Writes of points: members, the verbs, purchases from outside, households, imports, the daily work."""

from loyalty.points.operations.accounts import freeze_leaver, merge_accounts, open_returners
from loyalty.points.operations.adjusting import adjust
from loyalty.points.operations.batches import earn_batch
from loyalty.points.operations.bulk import earn_batch_or_ask
from loyalty.points.operations.corrections import correct_earns
from loyalty.points.operations.earning import earn
from loyalty.points.operations.expiring import expire_due, start_daily_work, start_expiry
from loyalty.points.operations.holding import capture, hold, release, release_due_holds
from loyalty.points.operations.importing import apply_import, stage_import, start_import
from loyalty.points.operations.members import enroll_members
from loyalty.points.operations.move_batches import (
    adjust_batch,
    burn_batch,
    capture_batch,
    hold_batch,
    release_batch,
    reverse_batch,
    transfer_batch,
)
from loyalty.points.operations.pending import activate_due, cancel, confirm
from loyalty.points.operations.purchases import (
    earn_for_event,
    earn_for_events,
    earn_for_purchase,
    earn_for_referral,
)
from loyalty.points.operations.reconciling import reconcile_book, start_due_reconciliation, start_reconciliation
from loyalty.points.operations.reversing import reinstate, reverse
from loyalty.points.operations.spending import burn
from loyalty.points.operations.transferring import transfer

__all__ = [
    "activate_due",
    "adjust",
    "adjust_batch",
    "apply_import",
    "burn",
    "burn_batch",
    "cancel",
    "capture",
    "capture_batch",
    "confirm",
    "correct_earns",
    "earn",
    "earn_batch",
    "earn_batch_or_ask",
    "earn_for_event",
    "earn_for_events",
    "earn_for_purchase",
    "earn_for_referral",
    "enroll_members",
    "expire_due",
    "freeze_leaver",
    "hold",
    "hold_batch",
    "merge_accounts",
    "open_returners",
    "reconcile_book",
    "reinstate",
    "release",
    "release_batch",
    "release_due_holds",
    "reverse",
    "reverse_batch",
    "stage_import",
    "start_daily_work",
    "start_due_reconciliation",
    "start_expiry",
    "start_import",
    "start_reconciliation",
    "transfer",
    "transfer_batch",
]
