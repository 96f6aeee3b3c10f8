"""Telling: the audit row and the fact of each step that a request takes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loyalty.foundation.approvals.events import _OfRequest
from loyalty.foundation.approvals.models import ApprovalRequest
from loyalty.foundation.audit import api as audit
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor

SUBJECT = "approval_request"


def note(
    request: ApprovalRequest,
    *,
    act: str,
    actor: Actor,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Write the audit row; what is asked for is named by its hash."""
    about = {
        "kind": request.kind, "subject_kind": request.subject_kind, "subject_ref": request.subject_ref,
        "payload_hash": request.payload_hash,
    }  # fmt: skip
    audit.record(
        actor=actor, act=act, subject_kind=SUBJECT, subject_ref=str(request.public_id), at=now, before=before,
        after={**about, **(after or {})}, reason=reason or request.reason,
    )  # fmt: skip


def tell(fact: type[_OfRequest], request: ApprovalRequest, *, by_ref: str, reason: str, now: datetime) -> None:
    """Publish the fact."""
    ref = str(request.public_id)
    events.publish(
        fact(
            request_id=ref, kind=request.kind, subject_kind=request.subject_kind, subject_ref=request.subject_ref,
            maker_ref=request.maker_ref, amount=request.amount, by_ref=by_ref, reason=reason,
        ),
        key=ref, subject_kind=SUBJECT, subject_ref=ref, occurred_at=now,
    )  # fmt: skip
