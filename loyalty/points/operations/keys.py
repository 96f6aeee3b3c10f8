"""One key, one effect: the answer that a key got before, whatever verb it was for."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from loyalty.foundation.kernel.actor import Actor
from loyalty.ledger import api as ledger
from loyalty.points.contracts import Key
from loyalty.points.policy import moving


def find_earlier(key: Key) -> ledger.Receipt | None:
    """Give the receipt of the transaction that this key made, or None.

    :raises IdempotencyKeyReused: the key was used for another request.
    """
    return ledger.find_receipt(idempotency_scope=key.scope, idempotency_key=key.key, request_hash=key.request_hash)


def signed(key: Key, actor: Actor, occurred_at: datetime) -> dict[str, Any]:
    """Give what every posting says of its key, its instant and who asked."""
    return {
        "idempotency_scope": key.scope,
        "idempotency_key": key.key,
        "request_hash": key.request_hash,
        "occurred_at": occurred_at,
        "actor_ref": actor.ref,
    }


def wallet_key(key: Key, wallet: str) -> Key:
    """Give the key of what a request does to another wallet than the first."""
    return replace(key, key=f"{key.key}:{wallet}")


def other_postings(first: ledger.TransactionView) -> dict[str, ledger.Receipt]:
    """Give what a purchase posted to wallets beside the first, by wallet."""
    told = (first.trace or {}).get("other_wallets") if first.kind is ledger.TransactionKind.EARN else None
    found = {
        str(wallet): ledger.find_receipt(
            idempotency_scope=first.idempotency_scope, idempotency_key=f"{first.idempotency_key}:{wallet}"
        )
        for wallet in told or ()
    }
    return {wallet: receipt for wallet, receipt in found.items() if receipt is not None}


def cap_lines(limits: tuple[moving.Limit, ...]) -> tuple[ledger.CapLine, ...]:
    """Put limits that refuse what does not fit into the ledger's words."""
    return tuple(
        ledger.CapLine(
            cap_ref=one.cap_ref,
            window_start=one.window_start,
            units_max=one.points_max,
            on_reach=ledger.OnReach.REFUSE,
        )
        for one in limits
    )
