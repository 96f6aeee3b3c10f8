"""Reads of approvals: who people are, which workflows demand, what waits for whom."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from loyalty.foundation.access import api as access
from loyalty.foundation.approvals import policy
from loyalty.foundation.approvals.contracts import Checker, RequestState, Step, StepMode, WorkflowRule
from loyalty.foundation.approvals.models import ApprovalDecision, ApprovalDelegation, ApprovalRequest, ApprovalWorkflow
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.approving import Waiting, find_subject
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.kernel.phrases import ENGLISH, Phrase, say

DECIDE = "approvals.decide"


def steps_of(stored: Iterable[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Read steps as they are stored."""
    return tuple(
        Step(
            name=one["name"], mode=StepMode(one["mode"]), approvals_min=one["approvals_min"], roles=tuple(one["roles"]),
            users=tuple(one["users"]), permission=one["permission"],
        )
        for one in stored
    )  # fmt: skip


def stored_steps(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Give steps in the form in which they are stored."""
    return [{**asdict(step), "mode": step.mode.value} for step in steps]


def actor_of(stored: Mapping[str, Any]) -> Actor:
    """Give the maker as an actor again."""
    return Actor(**stored)


def keys_of(person: access.PersonView) -> frozenset[str]:
    """Give the marks of a person."""
    return policy.person_keys(str(person.id), person.email, person.person_ref)


def maker_of(actor: Actor) -> tuple[str, frozenset[str]]:
    """Give under which name and marks somebody asks: the person behind an account or a token, else what acts itself."""
    person = access.find_person_behind(actor)
    if person is None:
        ref = f"{actor.kind}:{actor.ref}"
        return ref, frozenset({ref})
    return str(person.id), keys_of(person)


def checker_of(person: access.PersonView, steps: Iterable[Step]) -> Checker:
    """Give a person as far as these steps care."""
    wanted = {step.permission for step in steps if step.permission}
    return Checker(
        ref=str(person.id), roles=frozenset(person.roles),
        permissions=frozenset(code for code in wanted if access.may(person, code)),
    )  # fmt: skip


def checkers_beside(keys: Collection[str], steps: Iterable[Step]) -> list[Checker]:
    """Give everybody active who may decide at all and is not one of those marked, each person once."""
    wanted, known = tuple(steps), set(keys)
    found = []
    for person in access.list_people():
        marks = keys_of(person)
        if access.may(person, DECIDE) and not marks & known:
            known |= marks
            found.append(checker_of(person, wanted))
    return found


def approvers_of(request: ApprovalRequest, step: Step) -> list[Checker]:
    """Give those who have approved the open step; a deputy sits in the seat of the one they stand in for."""
    refs = [
        decision.on_behalf_of_ref or decision.checker_ref
        for decision in request.decisions.all()
        if decision.step == request.step and decision.verdict == "APPROVE"
    ]
    people = access.list_people(refs)
    return [checker_of(person, [step]) for person in people]


def rules_of(kind: str) -> dict[uuid.UUID, tuple[WorkflowRule, ApprovalWorkflow]]:
    """Give the active workflows of a kind."""
    return {
        row.public_id: (WorkflowRule(row.public_id, row.amount_from, row.window_hours), row)
        for row in ApprovalWorkflow.objects.filter(kind=kind, is_active=True)
    }


def waiting_of(request: ApprovalRequest) -> Waiting:
    """Give a request as it is answered to whoever asked."""
    subject = find_subject(request.kind)
    return Waiting(
        id=request.public_id, kind=request.kind, state=request.state, title=subject.title if subject else request.kind,
        subject_kind=request.subject_kind, subject_ref=request.subject_ref, amount=request.amount,
        created_at=request.requested_at, expires_at=request.expires_at,
    )  # fmt: skip


def summary_of(request: ApprovalRequest, language: str) -> str:
    """Say in a language what is asked for; as it was said when it was asked for where that can no longer be told."""
    if language == ENGLISH:
        return request.summary
    if request.review_of is not None:
        reviewed = Phrase(policy.REVIEW, {"of": summary_of(request.review_of, language)})
        return say(reviewed, policy.REVIEW_WORDS, language)
    subject = find_subject(request.kind)
    try:
        return subject.say(request.payload, language) if subject else request.summary
    except (LookupError, TypeError, ValueError, Refusal):
        # An earlier version kept another payload, or it names what is gone since.
        return request.summary


def stands_in_for(user_ref: str, now: datetime) -> list[str]:
    """Give those whose decisions a user makes at the moment."""
    rows = ApprovalDelegation.objects.filter(delegate_ref=user_ref, starts_at__lte=now, ends_at__gt=now)
    return sorted(set(rows.values_list("user_ref", flat=True)))


def list_deciders() -> list[access.PersonView]:
    """Give the active people who may decide on requests at all, by name."""
    return [person for person in access.list_people() if access.may(person, DECIDE)]


def to_decide(rows: QuerySet[ApprovalRequest], person: access.PersonView, now: datetime) -> QuerySet[ApprovalRequest]:
    """Leave the requests that wait for a person, in their own place or as somebody's deputy."""
    keys = keys_of(person)
    waiting = rows.filter(state=RequestState.PENDING.value).exclude(maker_keys__overlap=list(keys))
    waiting = waiting.exclude(
        pk__in=ApprovalDecision.objects.filter(checker_keys__overlap=list(keys)).values("request_id")
    )
    mine = Q(pk__in=[])
    for one in (person, *access.list_people(stands_in_for(str(person.id), now))):
        seats = Q(open_users__contains=[str(one.id)]) | Q(open_roles__overlap=list(one.roles))
        seats |= Q(open_permission__in=[code for code in _open_permissions() if access.may(one, code)])
        mine |= seats if one is person else seats & ~Q(maker_keys__overlap=list(keys_of(one)))
    return waiting.filter(mine)


def _open_permissions() -> list[str]:
    pending = ApprovalRequest.objects.filter(state=RequestState.PENDING.value).exclude(open_permission="")
    return list(pending.values_list("open_permission", flat=True).distinct())
