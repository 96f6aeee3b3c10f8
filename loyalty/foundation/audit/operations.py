"""The one write of audit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel.actor import Actor


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
    AuditEntry.objects.create(
        at=at,
        actor_kind=actor.kind,
        actor_ref=actor.ref,
        actor_name=actor.name,
        act=act,
        subject_kind=subject_kind,
        subject_ref=subject_ref,
        before=before,
        after=after,
        reason=reason,
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", "")),
    )
