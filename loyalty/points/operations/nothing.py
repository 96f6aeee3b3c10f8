"""Purchases that earned nothing: no transaction, but the key is taken, the reason is kept, and it is told."""

import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.orm import sql
from loyalty.ledger import api as ledger
from loyalty.points.contracts import EarnReceipt, Key, MemberFacts
from loyalty.points.events import NothingWasEarned
from loyalty.points.models import NothingEarned

log = logging.getLogger("loyalty.points")

KEEP = """
    INSERT INTO points_nothing_earned (idempotency_scope, idempotency_key, request_hash, account_public_id,
        customer_public_id, program_public_id, reason, answer, occurred_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


def remember_nothing(
    key: Key,
    member: MemberFacts,
    trace: Mapping[str, Any],
    occurred_at: datetime,
    *,
    tier: Mapping[str, Any] | None,
    context: Mapping[str, Any] | None = None,
    causation_id: uuid.UUID | None = None,
    correlation_id: uuid.UUID | None = None,
) -> EarnReceipt:
    """Keep a purchase that earned nothing, with its reason, and publish it where it was one (``context``).

    :param causation_id: the fact of the purchase, where it came as one, with the chain that it belongs to.
    """
    reason = str(trace.get("reason", ""))
    log.info("nothing earned for account %s: %s", member.account_id, reason, extra={"trace": dict(trace)})
    nothing = NothingEarned(
        idempotency_scope=key.scope,
        idempotency_key=key.key,
        request_hash=key.request_hash,
        account_public_id=member.account_id,
        customer_public_id=member.customer_id,
        program_public_id=member.program_id,
        reason=reason,
        answer=dumps_exact({"points_balance": member.points_posted, "tier": tier, "trace": trace}).decode(),
        occurred_at=occurred_at,
    )
    # Two of the same at once: one is kept, and both got the same answer.
    is_new = sql.execute(
        KEEP,
        [
            *(key.scope, key.key, key.request_hash, member.account_id, member.customer_id, member.program_id),
            *(reason, nothing.answer, occurred_at),
        ],
    )
    if is_new and context is not None:
        events.publish(
            _fact(member, reason, context),
            key=str(member.customer_id),
            subject_kind="account",
            subject_ref=str(member.account_id),
            occurred_at=occurred_at,
            causation_id=causation_id,
            correlation_id=correlation_id,
        )
    return nothing_receipt(nothing, is_replay=False)


def _fact(member: MemberFacts, reason: str, context: Mapping[str, Any]) -> NothingWasEarned:
    return NothingWasEarned(
        customer_id=str(member.customer_id),
        program_id=str(member.program_id),
        account_id=str(member.account_id),
        reason=reason,
        context=dict(context),
    )


def nothings_by_key(keys: Sequence[Key]) -> dict[tuple[str, str], NothingEarned]:
    """Give what was remembered of these keys as earning nothing, in one statement."""
    rows = NothingEarned.objects.filter(
        idempotency_scope__in={key.scope for key in keys}, idempotency_key__in=[key.key for key in keys]
    )
    return {(row.idempotency_scope, row.idempotency_key): row for row in rows}


def earlier_nothing(key: Key, kept: Mapping[tuple[str, str], NothingEarned]) -> EarnReceipt | None:
    """Give the answer of a key under which nothing was earned before, or None.

    :raises IdempotencyKeyReused: the key was used for another request.
    """
    row = kept.get((key.scope, key.key))
    if row is None:
        return None
    if bytes(row.request_hash) != key.request_hash:
        raise ledger.IdempotencyKeyReused("This idempotency key was used for another request.", idempotency_key=key.key)
    return nothing_receipt(row, is_replay=True)


def nothing_receipt(nothing: NothingEarned, *, is_replay: bool) -> EarnReceipt:
    """Give the answer that tells of nothing earned."""
    answer = json.loads(nothing.answer, parse_float=Decimal)
    return EarnReceipt(
        transaction_id=None,
        account_id=nothing.account_public_id,
        customer_id=nothing.customer_public_id,
        program_id=nothing.program_public_id,
        points_amount=0,
        points_balance=answer["points_balance"],
        points_lost_to_caps=0,
        expires_at=None,
        tier=answer["tier"],
        trace=answer["trace"],
        is_replay=is_replay,
    )
