"""Workflows: which changes wait for whom; changing one is a change that may wait itself."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.foundation.access import api as access
from loyalty.foundation.approvals import policy, queries
from loyalty.foundation.approvals.contracts import WorkflowDraft
from loyalty.foundation.approvals.errors import WorkflowInvalid, WorkflowNotFound
from loyalty.foundation.approvals.models import ApprovalWorkflow
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.approving import Proposal, Waiting, find_subject, settled, submit
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.kernel.phrases import Phrase, Words
from loyalty.foundation.orm.api import bump_version
from loyalty.foundation.web.etag import EditConflict

KIND, ACT, SUBJECT = "approvals.change_workflow", "approvals.manage", "approval_workflow"
WORDS: Words = {
    "en": {
        "create": "Create the workflow {name} for {kind}{state}",
        "change": "Change the workflow {name} for {kind}{state}",
        "delete": "Delete a workflow of approvals",
        "off": ", switched off",
    },
    "ar": {
        "create": "إنشاء مسار الموافقة {name} لـ{kind}{state}",
        "change": "تغيير مسار الموافقة {name} لـ{kind}{state}",
        "delete": "حذف مسار موافقة",
        "off": "، متوقفًا",
    },
}
FIELDS = ("name", "is_active", "amount_from", "window_hours", "expires_after_hours")


def save(
    *, workflow_id: uuid.UUID | None, draft: WorkflowDraft, expected_version: int | None, actor: Actor, now: datetime
) -> uuid.UUID:
    """Create a workflow or write one anew; give its id.

    :raises WorkflowInvalid: it could not work. :raises WorkflowNotFound, EditConflict: there is none as it was read.
    :raises WaitsForApproval: a workflow demands others' consent for changes of workflows.
    """
    with transaction.atomic():
        row = _hold(workflow_id, expected_version)
        _check(draft, row)
        payload = {
            "workflow_id": str(row.public_id) if row else None, "version": row.version if row else 0,
            "draft": _as_json(draft), "is_deleted": False,
        }  # fmt: skip
        outcome = _propose(row, payload, _as_json(draft), actor, now) or _apply_save(payload, actor, now)
    return settled(outcome)


def delete(*, workflow_id: uuid.UUID, expected_version: int | None, actor: Actor, now: datetime) -> None:
    """Delete a workflow; requests that wait by it go on.

    :raises WorkflowNotFound, EditConflict: there is none as it was read.
    :raises WaitsForApproval: a workflow demands others' consent for changes of workflows.
    """
    with transaction.atomic():
        row = _hold(workflow_id, expected_version)
        payload = {
            "workflow_id": str(workflow_id), "version": row.version if row else 0, "draft": None, "is_deleted": True,
        }  # fmt: skip
        outcome = _propose(row, payload, {}, actor, now) or _apply_delete(payload, actor, now)
    settled(outcome)


def apply(payload: Mapping[str, Any], *, actor: Actor, now: datetime) -> Mapping[str, Any]:
    """Make the change that was approved."""
    make = _apply_delete if payload["is_deleted"] else _apply_save
    return {"workflow_id": str(make(payload, actor, now))}


def is_still_valid(payload: Mapping[str, Any], *, now: datetime) -> bool:
    """Hold the workflow and tell whether it is as it was read."""
    if payload["workflow_id"] is None:
        return True
    row = ApprovalWorkflow.objects.select_for_update().filter(public_id=payload["workflow_id"]).first()
    return row is not None and row.version == payload["version"]


def describe(payload: Mapping[str, Any]) -> Phrase:
    """Say what is asked for."""
    draft = payload["draft"]
    if draft is None:
        return Phrase("delete")
    state = "" if draft["is_active"] else Phrase("off")
    values = {"name": draft["name"], "kind": draft["kind"], "state": state}
    return Phrase("change" if payload["workflow_id"] else "create", values)


def told(row: ApprovalWorkflow) -> dict[str, Any]:
    """Give a workflow as the log and the diff tell it."""
    return {"kind": row.kind, **{name: getattr(row, name) for name in FIELDS}, "steps": row.steps}


def _as_json(draft: WorkflowDraft) -> dict[str, Any]:
    return {**asdict(draft), "steps": queries.stored_steps(draft.steps)}


def _hold(workflow_id: uuid.UUID | None, expected_version: int | None) -> ApprovalWorkflow | None:
    if workflow_id is None:
        return None
    row = ApprovalWorkflow.objects.select_for_update().filter(public_id=workflow_id).first()
    if row is None:
        raise WorkflowNotFound("There is no such workflow.")
    if expected_version is not None and row.version != expected_version:
        raise EditConflict("Someone else changed this workflow; read it again.", current_version=row.version)
    return row


def _check(draft: WorkflowDraft, row: ApprovalWorkflow | None) -> None:
    subject = find_subject(draft.kind)
    problems = []
    if subject is None or (row is not None and row.kind != draft.kind):
        words = "There is no such kind of change." if subject is None else "The kind of a workflow stays."
        problems.append(FieldProblem("kind", "approvals.workflow_invalid", words))
    problems += policy.problems_of(
        draft, has_amount=bool(subject and subject.amount_unit), roles=set(access.find_role_codes()),
        users={str(person.id) for person in access.list_people()},
    )  # fmt: skip
    known = {view.code for view in access.list_permissions()}
    problems += [
        FieldProblem(f"steps.{place}.permission", "approvals.workflow_invalid", "There is no such permission.")
        for place, step in enumerate(draft.steps)
        if step.permission and step.permission not in known
    ]
    if problems:
        raise WorkflowInvalid(problems[0].message, problems=problems)


def _propose(
    row: ApprovalWorkflow | None, payload: dict[str, Any], after: dict[str, Any], actor: Actor, now: datetime
) -> Waiting | None:
    name = str(row.public_id) if row else f"new {after['kind']}"
    return submit(
        Proposal(
            kind=KIND, subject_kind=SUBJECT, subject_ref=name, payload=payload, before=told(row) if row else {},
            after=after, actor=actor, now=now,
        )
    )  # fmt: skip


def _apply_save(payload: Mapping[str, Any], actor: Actor, now: datetime) -> uuid.UUID:
    draft = payload["draft"]
    row = _hold(uuid.UUID(payload["workflow_id"]), None) if payload["workflow_id"] else None
    before = told(row) if row else None
    saved = row or ApprovalWorkflow(kind=draft["kind"])
    for name in FIELDS:
        setattr(saved, name, draft[name])
    saved.steps = draft["steps"]
    saved.save()
    if row:
        bump_version(saved)
    _record(saved, before, told(saved), actor, now)
    return saved.public_id


def _apply_delete(payload: Mapping[str, Any], actor: Actor, now: datetime) -> uuid.UUID:
    row = _hold(uuid.UUID(payload["workflow_id"]), None)
    if row is None:
        raise WorkflowNotFound("There is no such workflow.")
    _record(row, told(row), None, actor, now)
    public_id = row.public_id
    row.delete()
    return public_id


def _record(row: ApprovalWorkflow, before: Any, after: Any, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor, act=ACT, subject_kind=SUBJECT, subject_ref=str(row.public_id), at=now, before=before, after=after
    )
