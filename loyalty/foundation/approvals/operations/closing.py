"""Closing: a request ends without its change being made: rejected, cancelled, expired or voided."""

import logging
import uuid
from datetime import datetime, timedelta

from django.db import transaction

from loyalty.foundation.access import api as access
from loyalty.foundation.approvals import policy, queries
from loyalty.foundation.approvals.contracts import RequestState
from loyalty.foundation.approvals.errors import CommentMissing, NotChecker, RequestClosed, RequestNotFound
from loyalty.foundation.approvals.events import (
    ApprovalCancelled,
    ApprovalExpired,
    ApprovalRejected,
    ApprovalVoided,
    _OfRequest,
)
from loyalty.foundation.approvals.models import ApprovalRequest, ApprovalTally
from loyalty.foundation.approvals.operations.telling import note, tell
from loyalty.foundation.kernel.actor import Actor, system_actor
from loyalty.foundation.kernel.approving import Subject, find_subject
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.resilience.failpoints import maybe_fail

log = logging.getLogger("loyalty.approvals")

SWEEPER = system_actor("approvals.expire_due")
MANAGE = "approvals.manage"
# One look takes at most this many requests, so that it ends.
LOOK_MAX = 500

FACTS: dict[RequestState, type[_OfRequest]] = {
    RequestState.REJECTED: ApprovalRejected,
    RequestState.CANCELLED: ApprovalCancelled,
    RequestState.EXPIRED: ApprovalExpired,
    RequestState.VOIDED: ApprovalVoided,
}


def lock(request_id: uuid.UUID) -> ApprovalRequest:
    """Hold a request until the end of the transaction.

    :raises RequestNotFound: there is none.
    """
    found = ApprovalRequest.objects.select_for_update().filter(public_id=request_id).first()
    if found is None:
        raise RequestNotFound("There is no such request.")
    return found


def check_open(request: ApprovalRequest) -> None:
    """Refuse to go on with a request that has ended.

    :raises RequestClosed: it has.
    """
    if request.state != RequestState.PENDING.value:
        raise RequestClosed(f"This request has ended as {request.state}.", state=request.state)


def close(
    request: ApprovalRequest, state: RequestState, *, reason: str, by: str, now: datetime, actor: Actor | None = None
) -> None:
    """End a request that the caller holds, and tell of it."""
    request.state, request.closed_at, request.closed_reason, request.closed_by = state.value, now, reason, by[:200]
    request.version += 1
    request.updated_at = now
    request.save(update_fields=["state", "closed_at", "closed_reason", "closed_by", "version", "updated_at"])
    note(
        request, act="approvals.close", actor=actor or SWEEPER, now=now, before={"state": RequestState.PENDING.value},
        after={"state": state.value}, reason=reason,
    )  # fmt: skip
    tell(FACTS[state], request, by_ref=by, reason=reason, now=now)


@transaction.atomic
def cancel(*, request_id: uuid.UUID, actor: Actor, reason: str, now: datetime) -> None:
    """Take a request back: whoever asked, by any account, or who manages approvals.

    :raises RequestNotFound, RequestClosed: there is none that waits.
    :raises NotChecker: somebody else asked.
    :raises CommentMissing: the reason is empty.
    """
    if not reason.strip():
        raise CommentMissing("Say why the request is taken back.")
    request = lock(request_id)
    check_open(request)
    _, keys = queries.maker_of(actor)
    if not keys & set(request.maker_keys) and not access.may_as(actor, MANAGE):
        raise NotChecker("A request is taken back by whoever asked, or by who manages approvals.")
    maybe_fail("approvals.cancelling")
    close(request, RequestState.CANCELLED, reason=reason, by=actor.name, now=now, actor=actor)


def expire_due(*, now: datetime) -> int:
    """End requests whose time is over, and those whose subject has changed; give how many."""
    ended = 0
    waiting = ApprovalRequest.objects.filter(state=RequestState.PENDING.value).order_by("expires_at", "id")
    for request_id in list(waiting.values_list("public_id", flat=True)[:LOOK_MAX]):
        ended += _end_if_over(request_id, now)
    # Beyond the longest window no sum asks for them.
    ApprovalTally.objects.filter(at__lt=now - timedelta(hours=policy.WINDOW_HOURS_MAX)).delete()
    return ended


def is_valid(subject: Subject, request: ApprovalRequest, now: datetime) -> bool:
    """Hold the subject and tell whether it is still what it was; what an earlier version kept in another way is not."""
    try:
        return subject.is_still_valid(request.payload, now=now)
    except (LookupError, TypeError, ValueError, Refusal):
        # One request that nobody can read any more must not keep the others from ending.
        log.exception("the payload of request %s cannot be read any more", request.public_id)
        return False


@transaction.atomic
def _end_if_over(request_id: uuid.UUID, now: datetime) -> int:
    seen = ApprovalRequest.objects.get(public_id=request_id)
    subject = find_subject(seen.kind)
    # The subject is held before the request, as whoever changes it does.
    is_standing = subject is None or is_valid(subject, seen, now)
    request = ApprovalRequest.objects.select_for_update(skip_locked=True).filter(public_id=request_id).first()
    if request is None or request.state != RequestState.PENDING.value:
        return 0
    if request.expires_at is not None and request.expires_at <= now:
        close(request, RequestState.EXPIRED, reason=policy.NOT_DECIDED, by=SWEEPER.name, now=now)
        return 1
    if not is_standing:
        close(request, RequestState.VOIDED, reason=policy.SUBJECT_CHANGED, by=SWEEPER.name, now=now)
        return 1
    return 0
