"""Calls the SQL functions of the ledger and turns their refusals into domain errors."""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection

from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm import sql
from loyalty.ledger.contracts import CapLine, OnReach, Posting
from loyalty.ledger.errors import REFUSALS
from loyalty.ledger.queries.rows import write_json

# Serialization failure and deadlock: nothing was done, and the same call may well succeed.
TRANSIENT_STATES = frozenset({"40001", "40P01"})


def call(statement: str, params: Sequence[Any] | Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run one statement that calls a function of the ledger.

    Outside a transaction a transient failure is tried once more; inside one the whole transaction is the caller's to
    repeat. A refusal leaves the caller's transaction aborted, as any database error does.

    :raises Refusal: the function refused; see ``errors.REFUSALS``.
    """
    try:
        return sql.fetch_prepared(statement, params)
    except DatabaseError as fault:
        state = _state_of(fault)
        if state in REFUSALS:
            raise _refusal_of(state, fault) from None
        if state not in TRANSIENT_STATES or connection.in_atomic_block:
            raise
    try:
        return sql.fetch_prepared(statement, params)
    except DatabaseError as fault:
        state = _state_of(fault)
        if state in REFUSALS:
            raise _refusal_of(state, fault) from None
        raise


def refusal_of_line(text: str | None) -> dict[str, Any]:
    """Read the refusal of a line of a batch (see ``ledger_refusal``) as what ``BatchLine`` tells of it."""
    if not text:
        return {"refusal_code": None}
    told = json.loads(text[5:])
    return {
        "refusal_code": REFUSALS[text[:5]].code,
        "refusal_detail": told["sentence"],
        "refusal_facts": told["facts"],
    }


def _state_of(fault: DatabaseError) -> str:
    return str(getattr(fault.__cause__, "sqlstate", "") or "")


def _refusal_of(state: str, fault: DatabaseError) -> Exception:
    diagnosis = getattr(fault.__cause__, "diag", None)
    facts = json.loads(getattr(diagnosis, "message_detail", None) or "{}")
    return REFUSALS[state](str(getattr(diagnosis, "message_primary", "") or ""), **facts)


def common_params(
    posting: Posting, verb: str, identity: Mapping[str, Any], now: datetime | None = None
) -> dict[str, Any]:
    """Give the parameters that every verb takes; ``identity`` is what makes two postings the same request.

    The transaction's id is of the instant ``now``, because lists are in the order of ids.
    """
    return {
        "transaction": posting.transaction_id or new_public_id(now),
        "scope": posting.idempotency_scope,
        "key": posting.idempotency_key,
        "request_hash": posting.request_hash or _hash_of(verb, posting, identity),
        "occurred_at": posting.occurred_at,
        "actor_ref": posting.actor_ref,
        "trace": write_json(posting.trace),
        "context": write_json(posting.context),
        "correlation": posting.correlation_id,
        "causation": posting.causation_id,
        "customer": posting.customer_ref,
    }


def cap_params(caps: Sequence[CapLine]) -> dict[str, Any]:
    """Give the parameters of the caps; the rarer terms are null when every cap has the plain ones."""
    params: dict[str, Any] = {
        "cap_refs": [cap.cap_ref for cap in caps],
        "cap_windows": [cap.window_start for cap in caps],
        "cap_maxima": [cap.units_max for cap in caps],
        "cap_per_point": None,
        "cap_parts": None,
        "cap_is_shared": None,
        "cap_is_refused": None,
    }
    if any(cap.units_per_point != 1 or cap.part or cap.is_shared or cap.on_reach is OnReach.REFUSE for cap in caps):
        params |= {
            "cap_per_point": [cap.units_per_point for cap in caps],
            "cap_parts": [cap.part for cap in caps],
            "cap_is_shared": [cap.is_shared for cap in caps],
            "cap_is_refused": [cap.on_reach is OnReach.REFUSE for cap in caps],
        }
    return params


def _hash_of(verb: str, posting: Posting, identity: Mapping[str, Any]) -> bytes:
    # The trace and the instant are left out: they may differ between the first try and the second.
    content = {"verb": verb, "context": posting.context, **identity}
    return hashlib.sha256(dumps_exact(content)).digest()


def as_text(value: uuid.UUID | None) -> str | None:
    """Give the text of an id, for JSON."""
    return None if value is None else str(value)
