"""Transfers between two accounts, and the merge of one account into another."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.points import check_points_amount
from loyalty.ledger.contracts import BatchLine, MergePosting, Receipt, TransferPosting
from loyalty.ledger.operations.calls import as_text, call, cap_params, common_params
from loyalty.ledger.operations.lines import batch_lines, check_lines, line_of
from loyalty.ledger.queries.rows import receipt_from

TRANSFER = """
    SELECT * FROM ledger_transfer(%(transaction)s, %(account)s, %(to)s, %(points)s, %(fee)s, %(scope)s, %(key)s,
        %(request_hash)s, %(occurred_at)s, %(cap_refs)s::text[], %(cap_windows)s::date[], %(cap_maxima)s::bigint[],
        %(cap_per_point)s::bigint[], %(cap_is_shared)s::boolean[], %(actor_ref)s, %(customer)s, %(version_ref)s,
        %(reason)s, %(trace)s::jsonb, %(context)s::jsonb, %(correlation)s, %(causation)s, %(now)s)
"""
TRANSFER_BATCH = "SELECT b.line, b.refusal, (b.receipt).* FROM ledger_transfer_batch(%s::jsonb, %s) b ORDER BY b.line"
MERGE = """
    SELECT * FROM ledger_merge(%(transaction)s, %(account)s, %(to)s, %(scope)s, %(key)s, %(request_hash)s,
        %(occurred_at)s, %(actor_ref)s, %(reason)s, %(context)s::jsonb, %(correlation)s, %(causation)s, %(now)s)
"""


def transfer(posting: TransferPosting, *, now: datetime) -> Receipt:
    """Move points to another account of the same program and wallet; lots move with their dates, first to expire first.

    The fee is taken from the sender on top of the points and goes to the adjustment account. Points that come in settle
    the recipient's debt first. Caps are the sender's limits: one that is reached refuses.

    :raises PointsAmountInvalid: not a whole number in range.
    :raises TransferToSelf: sender and recipient are one account.
    :raises OtherProgram: the accounts are of different programs or wallets.
    :raises CapReached: a limit of the sender leaves too little.
    :raises InsufficientPoints: fewer points (with the fee) are available.
    :raises AccountNotFound: no such account.
    :raises AccountNotActive: one of the two is frozen or closed.
    :raises IdempotencyKeyReused: the key was used for another request.
    """
    params = _params(posting, now) | {
        "account": posting.account_id,
        "to": posting.to_account_id,
        "points": posting.points_amount,
        "fee": posting.fee_points,
        "version_ref": posting.program_version_ref,
        "reason": posting.reason,
        "now": now,
    }
    return receipt_from(call(TRANSFER, params | cap_params(posting.caps))[0], posting.caps)


def transfer_batch(postings: Sequence[TransferPosting], *, now: datetime) -> list[BatchLine]:
    """Transfer for many postings in one statement, with the meaning of single transfers in this order.

    :raises BatchInvalid: more than 5,000 postings.
    :raises PointsAmountInvalid: an amount is not a whole number in range.
    """
    check_lines(postings)
    lines = []
    for number, posting in enumerate(postings, start=1):
        caps = posting.caps
        lines.append(
            line_of(
                number,
                posting,
                _params(posting, now),
                account_id=as_text(posting.account_id),
                to_account_id=as_text(posting.to_account_id),
                points_amount=posting.points_amount,
                fee_points=posting.fee_points,
                cap_refs=[cap.cap_ref for cap in caps],
                cap_windows=[cap.window_start.isoformat() for cap in caps],
                cap_units_max=[cap.units_max for cap in caps],
                cap_units_per_point=[cap.units_per_point for cap in caps],
                cap_is_shared=[cap.is_shared for cap in caps],
                program_version_ref=posting.program_version_ref,
                reason=posting.reason,
            )
        )
    return batch_lines(TRANSFER_BATCH, lines, now=now)


@transaction.atomic
def merge_accounts(posting: MergePosting, *, actor: Actor, now: datetime) -> Receipt:
    """Merge an account into another of the same kind, program and wallet, and close it.

    Lots with their dates, holds, pending points, debt, the use of caps and the lifetime figures move. Later reversals
    of what the merged account did go to the account that stands for it.

    :raises TransferToSelf: the two are one account.
    :raises OtherProgram: they are of different programs, wallets or kinds.
    :raises AccountNotFound: no such account.
    :raises AccountNotActive: one of the two is closed.
    :raises IdempotencyKeyReused: the key was used for another request.
    """
    identity = {"account": posting.account_id, "to": posting.to_account_id}
    params = common_params(posting, "merge", identity, now) | {
        "account": posting.account_id,
        "to": posting.to_account_id,
        "reason": posting.reason,
        "now": now,
    }
    receipt = receipt_from(call(MERGE, params)[0])
    if not receipt.is_replay:
        audit.record(
            actor=actor,
            act="ledger.merge",
            subject_kind="account",
            subject_ref=str(posting.account_id),
            at=now,
            before={"points_posted": receipt.points_amount},
            after={"merged_into": str(posting.to_account_id)},
            reason=posting.reason,
        )
    return receipt


def _params(posting: TransferPosting, now: datetime) -> dict[str, Any]:
    check_points_amount(posting.points_amount)
    if posting.fee_points != 0:
        check_points_amount(posting.fee_points)
    identity: dict[str, uuid.UUID | int | str] = {
        "account": posting.account_id,
        "to": posting.to_account_id,
        "points": posting.points_amount,
        "fee": posting.fee_points,
        "reason": posting.reason,
    }
    return common_params(posting, "transfer", identity, now)
