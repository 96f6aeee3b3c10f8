"""Deciding: a checker's word, and with the last one the change itself, in one transaction."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.foundation.access import api as access
from loyalty.foundation.approvals import policy, queries
from loyalty.foundation.approvals.contracts import Outcome, RequestState, Step, Verdict
from loyalty.foundation.approvals.errors import (
    AlreadyDecided,
    CheckerTouched,
    CommentMissing,
    GainsByIt,
    NotChecker,
    NotDelegate,
    NotExecutable,
    PayloadChanged,
    RequestClosed,
    RequestNotFound,
    SelfApproval,
)
from loyalty.foundation.approvals.events import ApprovalGranted
from loyalty.foundation.approvals.models import ApprovalDecision, ApprovalRequest
from loyalty.foundation.approvals.operations import closing
from loyalty.foundation.approvals.operations.submitting import as_stored, hash_of, open_step
from loyalty.foundation.approvals.operations.telling import note, tell
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.approving import Subject, WaitsForApproval, find_subject
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.resilience.failpoints import maybe_fail


@dataclass(frozen=True, slots=True)
class Seat:
    """Who decides, and in whose place: the same person, or the one that is stood in for."""

    person: access.PersonView
    owner: access.PersonView

    @property
    def keys(self) -> frozenset[str]:
        """The marks of both."""
        return queries.keys_of(self.person) | queries.keys_of(self.owner)


def decide(
    *, request_id: uuid.UUID, verdict: Verdict, payload_hash: str, comment: str, actor: Actor, now: datetime,
    on_behalf_of: str = "",
) -> Outcome:  # fmt: skip
    """Approve or reject the open step of a request; the last approval makes the change, or nothing is decided.

    :param payload_hash: of the change that the checker has read. :param on_behalf_of: the user stood in for.
    :raises RequestNotFound, RequestClosed: there is none that waits; it may have expired or been voided just now.
    :raises PayloadChanged: it is another change than was read.
    :raises SelfApproval, GainsByIt, AlreadyDecided, NotChecker, NotDelegate, CheckerTouched: this person decides not
        here.
    :raises CommentMissing: a rejection says why.
    :raises NotExecutable: the domain refuses the change now.
    """
    if verdict is Verdict.REJECT and not comment.strip():
        raise CommentMissing("A rejection says why.")
    with transaction.atomic():
        outcome = _decide(request_id, verdict, payload_hash, comment, actor, now, on_behalf_of)
    if outcome.decision_id is None:
        raise RequestClosed(outcome.closed_reason, state=outcome.state.value)
    maybe_fail("approvals.decision_committed")
    return outcome


def _decide(
    request_id: uuid.UUID, verdict: Verdict, payload_hash: str, comment: str, actor: Actor, now: datetime, behalf: str
) -> Outcome:  # fmt: skip
    request, subject, ended = hold_valid(request_id, now)
    if ended is not None:
        return ended
    if payload_hash != request.payload_hash:
        raise PayloadChanged("This is not the change that you have read; read it again.")
    step = queries.steps_of(request.steps)[request.step]
    seat = _seat_of(request, actor, behalf, now)
    _check_person(request, seat, now)
    _check_place(request, step, seat, verdict)
    maybe_fail("approvals.checked")
    decision = ApprovalDecision.objects.create(
        request=request, step=request.step, verdict=verdict.value, checker_ref=str(seat.person.id),
        checker_name=seat.person.username, checker_keys=sorted(seat.keys), payload_hash=request.payload_hash,
        comment=comment, at=now,
        on_behalf_of_ref="" if seat.owner is seat.person else str(seat.owner.id),
        on_behalf_of_name="" if seat.owner is seat.person else seat.owner.username,
    )  # fmt: skip
    note(
        request, act="approvals.decide", actor=actor, now=now, before={"step": request.step},
        after={"verdict": verdict.value, "step": request.step, "on_behalf_of": decision.on_behalf_of_name},
        reason=comment,
    )  # fmt: skip
    maybe_fail("approvals.decided")
    if verdict is Verdict.REJECT:
        closing.close(request, RequestState.REJECTED, reason=comment, by=seat.person.username, now=now, actor=actor)
    else:
        _go_on(request, subject, step, seat, actor, now)
    return Outcome(
        request.public_id, RequestState(request.state), decision.public_id, decided_at=now, result=request.result
    )


def hold_valid(request_id: uuid.UUID, now: datetime) -> tuple[ApprovalRequest, Subject, Outcome | None]:
    """Hold the subject and then the request; give the end of one that cannot go on.

    :raises RequestNotFound, RequestClosed: there is none that waits.
    """
    seen = ApprovalRequest.objects.filter(public_id=request_id).first()
    if seen is None:
        raise RequestNotFound("There is no such request.")
    closing.check_open(seen)
    subject = find_subject(seen.kind)
    if subject is None:
        raise RequestClosed(f"This version of the platform knows no changes of kind {seen.kind}.", state=seen.state)
    # The subject first, as whoever changes it does; so neither waits for the other.
    is_valid = closing.is_valid(subject, seen, now)
    maybe_fail("approvals.subject_held")
    request = closing.lock(request_id)
    closing.check_open(request)
    if hash_of(request.payload) != request.payload_hash:
        raise PayloadChanged("The stored change does not fit its hash: somebody edited it in the database.")
    state, reason = RequestState.PENDING, ""
    if request.expires_at is not None and request.expires_at <= now:
        state, reason = RequestState.EXPIRED, policy.NOT_DECIDED
    elif not is_valid:
        state, reason = RequestState.VOIDED, policy.SUBJECT_CHANGED
    elif not _may_maker(request, subject):
        state, reason = RequestState.VOIDED, policy.MAKER_LOST
    if state is RequestState.PENDING:
        return request, subject, None
    closing.close(request, state, reason=reason, by=closing.SWEEPER.name, now=now)
    return request, subject, Outcome(request.public_id, state, closed_reason=reason)


def _may_maker(request: ApprovalRequest, subject: Subject) -> bool:
    """Tell whether the maker could still make the change: a person's account stands and holds the permission."""
    maker = queries.actor_of(request.maker)
    if maker.kind == "system":
        return True
    person = access.find_person_behind(maker)
    return person is not None and person.is_active and access.may(person, subject.permission_for(request.payload))


def _seat_of(request: ApprovalRequest, actor: Actor, behalf: str, now: datetime) -> Seat:
    person = access.find_person_behind(actor)
    if person is None or not person.is_person or not access.may(person, queries.DECIDE):
        raise NotChecker("Only people who may decide on requests do.")
    if not behalf or behalf == str(person.id):
        return Seat(person, person)
    if behalf not in queries.stands_in_for(str(person.id), now):
        raise NotDelegate("Nobody of this name has handed their decisions over to you at the moment.")
    owners = access.list_people([behalf])
    if not owners:
        raise NotDelegate("The one you stand in for is not active.")
    return Seat(person, owners[0])


def _check_person(request: ApprovalRequest, seat: Seat, now: datetime) -> None:
    """Refuse whoever asked, under any account and in anybody's place, and whoever has decided already."""
    if seat.keys & set(request.maker_keys):
        raise SelfApproval("You asked for this yourself, or the one you stand in for did.")
    if request.beneficiary_ref and request.beneficiary_ref in {str(seat.person.id), str(seat.owner.id)}:
        raise GainsByIt("The change is in your own favour, or in that of the one you stand in for.")
    if any(seat.keys & set(decision.checker_keys) for decision in request.decisions.all()):
        raise AlreadyDecided("You, or the one you stand in for, have decided on this already.")
    refs = access.actor_refs_of(request.maker_ref)
    for one in {str(seat.person.id), str(seat.owner.id)}:
        if audit.has_acted(actor_refs=refs, subject_kind="user", subject_ref=one, since=request.requested_at):
            raise CheckerTouched("Whoever asked for this has made or changed your account since.")


def _check_place(request: ApprovalRequest, step: Step, seat: Seat, verdict: Verdict) -> None:
    checker = queries.checker_of(seat.owner, [step])
    approvers = queries.approvers_of(request, step)
    is_wanted = (
        policy.is_among(step, checker) if verdict is Verdict.REJECT else policy.is_wanted(step, approvers, checker)
    )
    if not is_wanted:
        raise NotChecker(f"The step {step.name!r} is decided by others.", step=request.step)


def seats_of(
    request: ApprovalRequest, person: access.PersonView | None, now: datetime
) -> tuple[list[access.PersonView], str]:
    """Give those in whose place a person could approve now, themselves first; if nobody, the code of the refusal."""
    if request.state != RequestState.PENDING.value:
        return [], RequestClosed.code
    if person is None or not access.may(person, queries.DECIDE):
        return [], NotChecker.code
    step = queries.steps_of(request.steps)[request.step]
    owners: list[access.PersonView] = []
    codes: list[str] = []
    for owner in (person, *access.list_people(queries.stands_in_for(str(person.id), now))):
        try:
            seat = Seat(person, owner)
            _check_person(request, seat, now)
            _check_place(request, step, seat, Verdict.APPROVE)
        except Refusal as refusal:
            codes.append(refusal.code)
        else:
            owners.append(owner)
    return owners, "" if owners else codes[0]


def _go_on(request: ApprovalRequest, subject: Subject, step: Step, seat: Seat, actor: Actor, now: datetime) -> None:
    """Open the next step once this one has all its approvals; after the last one make the change."""
    steps = queries.steps_of(request.steps)
    if not policy.is_met(step, queries.approvers_of(request, step)):
        return
    if request.step + 1 < len(steps):
        request.step += 1
        open_step(request, steps[request.step])
        request.version += 1
        request.save(update_fields=["step", "open_roles", "open_users", "open_permission", "version"])
        return
    execute(request, subject, RequestState.EXECUTED, by=seat.person.username, now=now)
    note(
        request, act="approvals.execute", actor=actor, now=now, before={"state": RequestState.PENDING.value},
        after={"state": request.state, "result": request.result},
    )  # fmt: skip
    tell(ApprovalGranted, request, by_ref=str(seat.person.id), reason="", now=now)


def execute(request: ApprovalRequest, subject: Subject, state: RequestState, *, by: str, now: datetime) -> None:
    """Have the domain make the change, as whoever asked, and end the request with what came of it.

    :raises NotExecutable: the domain refuses; the caller's transaction must end with that.
    """
    try:
        with transaction.atomic():
            result: Mapping[str, Any] = subject.apply(request.payload, actor=queries.actor_of(request.maker), now=now)
    except Refusal as refusal:
        raise NotExecutable(
            f"The change is refused: {refusal.detail}", problems=refusal.problems, refusal=refusal.code
        ) from refusal
    except WaitsForApproval as again:
        raise ValueError(f"The handler of {request.kind} asked for approval instead of making the change.") from again
    maybe_fail("approvals.executed")
    request.state, request.closed_at, request.closed_by, request.result = state.value, now, by[:200], as_stored(result)
    request.version += 1
    request.save(update_fields=["state", "closed_at", "closed_by", "result", "closed_reason", "version"])
