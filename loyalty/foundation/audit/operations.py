"""The one write of audit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm import sql

# Written by hand, because every posting of points writes a row here and building it as a model costs more than the row.
RECORD = """
    INSERT INTO audit_auditentry (public_id, at, actor_kind, actor_ref, actor_name, act, subject_kind, subject_ref,
        before, after, reason, request_id)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb, %s, %s)
"""


def record(
    *,
    actor: Actor,
    act: str,
    subject_kind: str,
    subject_ref: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Write one row in the caller's transaction; ``act`` is the permission that the change needed."""
    request_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
    sql.execute(
        RECORD,
        [
            *(new_public_id(), at, actor.kind, actor.ref, actor.name, act, subject_kind, subject_ref),
            *(_json(before), _json(after), reason, request_id),
        ],
    )


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else dumps_exact(value).decode()
