"""Bypassing: in an emergency the change is made without the checkers, and they review it afterwards."""

import uuid
from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from loyalty.foundation.access import api as access
from loyalty.foundation.approvals import policy, queries
from loyalty.foundation.approvals.contracts import RequestState
from loyalty.foundation.approvals.errors import CommentMissing, NotChecker, RequestClosed
from loyalty.foundation.approvals.events import ApprovalBypassed
from loyalty.foundation.approvals.models import ApprovalRequest
from loyalty.foundation.approvals.operations.deciding import execute, hold_valid
from loyalty.foundation.approvals.operations.submitting import hash_of, keep
from loyalty.foundation.approvals.operations.telling import SUBJECT, note, tell
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.phrases import ENGLISH, Phrase, say
from loyalty.foundation.resilience.failpoints import maybe_fail

REVIEW, BYPASS = "approvals.review_bypass", "approvals.bypass"
# A word is no reason that anybody could review.
REASON_LENGTH_MIN = 10


def bypass(*, request_id: uuid.UUID, actor: Actor, reason: str, now: datetime) -> uuid.UUID:
    """Make the change at once and ask the same checkers to review that it was; give the review's id.

    Neither who bypassed nor who asked first decides on the review.

    :raises CommentMissing: the reason is too short to be reviewed.
    :raises NotChecker: the actor may not bypass.
    :raises RequestNotFound, RequestClosed: there is none that waits.
    :raises NotExecutable: the domain refuses the change now.
    """
    if len(reason.strip()) < REASON_LENGTH_MIN:
        raise CommentMissing(f"An emergency is described in {REASON_LENGTH_MIN} letters at least.")
    person = access.find_person_behind(actor)
    if person is None or not access.may(person, BYPASS):
        raise NotChecker("Only people who may bypass approvals do.")
    with transaction.atomic():
        request, subject, ended = hold_valid(request_id, now)
        review = None
        if ended is None:
            if request.kind == REVIEW:
                raise NotChecker("A review is not bypassed.")
            request.closed_reason = reason
            execute(request, subject, RequestState.BYPASSED, by=actor.name, now=now)
            note(
                request, act=BYPASS, actor=actor, now=now, before={"state": RequestState.PENDING.value},
                after={"state": request.state, "result": request.result}, reason=reason,
            )  # fmt: skip
            tell(ApprovalBypassed, request, by_ref=str(person.id), reason=reason, now=now)
            maybe_fail("approvals.bypassed")
            review = _ask_for_review(request, actor, person, reason, now)
    if review is None:
        raise RequestClosed(ended.closed_reason if ended else "", state=ended.state.value if ended else "")
    return review


def _ask_for_review(
    request: ApprovalRequest, actor: Actor, person: access.PersonView, reason: str, now: datetime
) -> uuid.UUID:
    payload = {"request_id": str(request.public_id), "payload_hash": request.payload_hash}
    review = ApprovalRequest(
        kind=REVIEW, subject_kind=SUBJECT, subject_ref=str(request.public_id), maker=asdict(actor),
        maker_ref=str(person.id), maker_keys=sorted(queries.keys_of(person) | set(request.maker_keys)), reason=reason,
        summary=say(Phrase(policy.REVIEW, {"of": request.summary}), policy.REVIEW_WORDS, ENGLISH),
        amount=request.amount, payload=payload,
        payload_hash=hash_of(payload), before=request.before, after=request.after, workflow_ref=request.workflow_ref,
        requested_at=now, review_of=request,
    )  # fmt: skip
    return keep(review, queries.steps_of(request.steps), now).public_id
