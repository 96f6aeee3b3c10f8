"""Submitting: a domain is about to make a change, and a workflow may have it wait."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Sum

from loyalty.foundation.approvals import policy, queries
from loyalty.foundation.approvals.contracts import RequestState, Step, WorkflowRule
from loyalty.foundation.approvals.errors import PayloadChanged, RequestClosed, Undecidable
from loyalty.foundation.approvals.events import ApprovalRequested
from loyalty.foundation.approvals.models import ApprovalRequest, ApprovalTally, ApprovalWorkflow
from loyalty.foundation.approvals.operations import closing
from loyalty.foundation.approvals.operations.telling import note, tell
from loyalty.foundation.kernel.approving import Proposal, Subject, Waiting, find_subject
from loyalty.foundation.kernel.exact_json import ExactDecoder, dumps_exact
from loyalty.foundation.orm import sql
from loyalty.foundation.web.idempotency import fingerprint

# The platform's own work asks nobody; what people and programs have it do was asked for by them.
UNASKED = "system"


def submit(proposal: Proposal) -> Waiting | None:
    """Keep a change that a workflow demands others' consent for; None lets it be made at once.

    An amount that passes is remembered for the sums over time, in the caller's transaction; who proposes at the same
    moment for the same maker or beneficiary waits for it.

    :raises Undecidable: beside the maker there are not enough people to decide.
    :raises RequestClosed: the key asked for this before, and it was not granted.
    :raises PayloadChanged: the key asked for something else before.
    """
    subject = find_subject(proposal.kind)
    if subject is None:
        raise ValueError(f"No domain registered {proposal.kind}.")
    rules = queries.rules_of(proposal.kind)
    if not rules or proposal.actor.kind == UNASKED:
        return None
    with transaction.atomic():
        return _submit(proposal, subject, rules)


def _submit(proposal: Proposal, subject: Subject, rules: Any) -> Waiting | None:
    payload = as_stored(proposal.payload)
    digest = hash_of(payload)
    maker_ref, maker_keys = queries.maker_of(proposal.actor)
    if proposal.key:
        earlier = _earlier_of_key(proposal, digest)
        if earlier is not None:
            return queries.waiting_of(earlier) if earlier.state == RequestState.PENDING.value else None
    candidates = [rule for rule, _ in rules.values()]
    sums = _sums(proposal, maker_ref, candidates)
    chosen = policy.choose(candidates, proposal.amount, sums, is_forced=proposal.is_forced)
    if chosen is None:
        if any(rule.window_hours for rule in candidates) and proposal.amount:
            _remember(proposal, proposal.amount, maker_ref)
        return None
    rule, total = chosen
    workflow: ApprovalWorkflow = rules[rule.id][1]
    steps = queries.steps_of(workflow.steps)
    if not policy.can_be_decided(steps, queries.checkers_beside(maker_keys, steps)):
        raise Undecidable(
            "Beside you there are not enough people who could decide on this by its workflow.", workflow=workflow.name
        )
    # Two who ask for the same at once: the second one finds the request of the first.
    place = f"approvals {proposal.kind} {proposal.subject_ref} {proposal.key}"
    sql.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [place])
    just_kept = _earlier_of_key(proposal, digest) if proposal.key else None
    if just_kept is not None:
        return queries.waiting_of(just_kept) if just_kept.state == RequestState.PENDING.value else None
    request = ApprovalRequest(
        kind=proposal.kind, subject_kind=proposal.subject_kind, subject_ref=proposal.subject_ref, key=proposal.key,
        maker=asdict(proposal.actor), maker_ref=maker_ref, maker_keys=sorted(maker_keys),
        beneficiary_ref=proposal.beneficiary_ref, reason=proposal.reason, summary=subject.say(payload),
        amount=proposal.amount, amount_summed=total, payload=payload, payload_hash=digest,
        before=as_stored(proposal.before), after=as_stored(proposal.after), workflow_ref=workflow.public_id,
        requested_at=proposal.now, expires_at=proposal.now + timedelta(hours=workflow.expires_after_hours),
    )  # fmt: skip
    return queries.waiting_of(keep(request, steps, proposal.now))


def keep(request: ApprovalRequest, steps: tuple[Step, ...], now: datetime) -> ApprovalRequest:
    """Store a request, in the place of the one that waits for the same, and tell of it."""
    same = ApprovalRequest.objects.select_for_update().filter(
        kind=request.kind, subject_ref=request.subject_ref, key=request.key, state=RequestState.PENDING.value
    )
    standing = same.first()
    if standing is not None:
        if (standing.payload_hash, standing.maker_ref) == (request.payload_hash, request.maker_ref):
            return standing
        closing.close(standing, RequestState.VOIDED, reason=policy.SUPERSEDED, by=request.maker_ref, now=now)
    request.steps = queries.stored_steps(steps)
    open_step(request, steps[0])
    request.save(force_insert=True)
    note(request, act="approvals.ask", actor=queries.actor_of(request.maker), now=now, after={"state": request.state})
    tell(ApprovalRequested, request, by_ref=request.maker_ref, reason=request.reason, now=now)
    return request


def open_step(request: ApprovalRequest, step: Step) -> None:
    """Spread out who decides the step that is open."""
    request.open_roles, request.open_users = list(step.roles), list(step.users)
    request.open_permission = step.permission


def as_stored(value: Any) -> Any:
    """Give a value as it comes back from a JSON column, so that its hash is that of what is read later."""
    return ExactDecoder().decode(dumps_exact(value).decode())


def hash_of(payload: Any) -> str:
    """Give the SHA-256 of a payload's canonical JSON: names in order, numbers without idle zeros."""
    return fingerprint(payload).hex()


def _earlier_of_key(proposal: Proposal, digest: str) -> ApprovalRequest | None:
    rows = ApprovalRequest.objects.filter(kind=proposal.kind, key=proposal.key).order_by("-id")
    earlier = rows.first()
    if earlier is None:
        return None
    if earlier.payload_hash != digest:
        raise PayloadChanged("This key asked for another change before.", request_id=str(earlier.public_id))
    if earlier.state not in (RequestState.PENDING, RequestState.EXECUTED, RequestState.BYPASSED):
        raise RequestClosed(
            f"The request of this key has ended as {earlier.state}; ask anew under another key.",
            request_id=str(earlier.public_id), state=earlier.state,
        )  # fmt: skip
    return earlier


def _sums(proposal: Proposal, maker_ref: str, rules: list[WorkflowRule]) -> dict[int, int]:
    """Give by window what the maker or the beneficiary had passed before, whichever is more; others wait meanwhile."""
    windows = {rule.window_hours for rule in rules if rule.window_hours}
    if not windows or proposal.amount is None:
        return {}
    names = sorted({f"maker {maker_ref}", f"beneficiary {proposal.beneficiary_ref}"})
    for name in names:
        sql.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"approvals {proposal.kind} {name}"])
    sums: dict[int, int] = {}
    for window in windows:
        recent = ApprovalTally.objects.filter(kind=proposal.kind, at__gt=proposal.now - timedelta(hours=window))
        if proposal.key:
            recent = recent.exclude(key=proposal.key)
        of_maker = recent.filter(maker_ref=maker_ref).aggregate(total=Sum("amount"))["total"] or 0
        of_beneficiary = 0
        if proposal.beneficiary_ref:
            gained = recent.filter(beneficiary_ref=proposal.beneficiary_ref)
            of_beneficiary = gained.aggregate(total=Sum("amount"))["total"] or 0
        sums[window] = int(max(of_maker, of_beneficiary))
    return sums


def _remember(proposal: Proposal, amount: int, maker_ref: str) -> None:
    row = ApprovalTally(
        kind=proposal.kind, maker_ref=maker_ref, beneficiary_ref=proposal.beneficiary_ref, amount=amount,
        key=proposal.key, at=proposal.now,
    )  # fmt: skip
    ApprovalTally.objects.bulk_create([row], ignore_conflicts=True)


class ApprovalGate:
    """What approvals is to the seam in the kernel."""

    def submit(self, proposal: Proposal) -> Waiting | None:
        """Keep the proposal when a workflow demands it."""
        return submit(proposal)

    def is_demanded(self, kind: str) -> bool:
        """Tell whether any active workflow looks at changes of a kind."""
        return ApprovalWorkflow.objects.filter(kind=kind, is_active=True).exists()

    def can_wait(self) -> bool:
        """Tell whether no transaction of the platform's own stands around; a test's does not count."""
        return all(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)
