"""A domain of the tests: things with a value and a version, whose changes may wait for others; and people."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from loyalty.foundation.access.models import Role, RolePermission, User, UserRole
from loyalty.foundation.approvals import api
from loyalty.foundation.approvals.api import Proposal, Step, StepMode, Subject, Verdict, WorkflowDraft
from loyalty.foundation.approvals.models import ApprovalRequest, ApprovalWorkflow
from loyalty.foundation.approvals.queries import stored_steps
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import Conflict

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KIND = "tests.change"
TABLE = """
    CREATE TABLE IF NOT EXISTS tests_thing (
        ref text PRIMARY KEY, value integer NOT NULL, version integer NOT NULL DEFAULT 1,
        changes integer NOT NULL DEFAULT 0)
"""


class ThingStuck(Conflict):
    """The thing does not take negative values."""

    code = "tests.stuck"


def sql(statement: str, *params: Any) -> list[tuple[Any, ...]]:
    """Run one statement and give its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, list(params))
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []


def make_thing(ref: str, value: int = 0) -> None:
    """Have a thing."""
    sql("INSERT INTO tests_thing (ref, value) VALUES (%s, %s)", ref, value)


def thing(ref: str) -> tuple[int, int, int]:
    """Give value, version and how often it was changed."""
    ((value, version, changes),) = sql("SELECT value, version, changes FROM tests_thing WHERE ref = %s", ref)
    return int(value), int(version), int(changes)


def apply(payload: Mapping[str, Any], *, actor: Actor, now: datetime) -> Mapping[str, Any]:
    """Change the thing."""
    if payload["value"] < 0:
        raise ThingStuck("No negative values.")
    sql(
        "UPDATE tests_thing SET value = %s, version = version + 1, changes = changes + 1 WHERE ref = %s",
        payload["value"], payload["ref"],
    )  # fmt: skip
    return {"value": payload["value"], "by": actor.name}


def is_still_valid(payload: Mapping[str, Any], *, now: datetime) -> bool:
    """Hold the thing and compare its version."""
    rows = sql("SELECT version FROM tests_thing WHERE ref = %s FOR UPDATE", payload["ref"])
    return rows == [(payload["version"],)]


WORDS: api.Words = {"en": {"set": "Set {ref} to {value}"}, "ar": {"set": "جعل {ref} يساوي {value}"}}


def describe(payload: Mapping[str, Any]) -> api.Phrase:
    """Say what is asked for."""
    return api.Phrase("set", {"ref": payload["ref"], "value": payload["value"]})


SUBJECT = Subject(
    kind=KIND, title="Change of a thing", permission="work.view", apply=apply, describe=describe,
    words=WORDS, is_still_valid=is_still_valid, amount_unit="points",
)  # fmt: skip


def change(
    ref: str, value: int, actor: Actor, *, amount: int | None = None, now: datetime = NOW, key: str = "",
    beneficiary: str = "", reason: str = "because",
) -> str:  # fmt: skip
    """Change a thing as an operation of a domain does: at once, or when others have agreed."""
    with transaction.atomic():
        ((before, version),) = sql("SELECT value, version FROM tests_thing WHERE ref = %s FOR UPDATE", ref)
        payload = {"ref": ref, "value": value, "version": version}
        waiting = api.submit(
            Proposal(
                kind=KIND, subject_kind="thing", subject_ref=ref, payload=payload, before={"value": before},
                after={"value": value}, amount=amount, actor=actor, reason=reason, now=now, key=key,
                beneficiary_ref=beneficiary,
            )
        )  # fmt: skip
        if waiting is None:
            apply(payload, actor=actor, now=now)
        outcome: Any = waiting or "changed"
    return str(api.settled(outcome))


def ask(ref: str, value: int, actor: Actor, **options: Any) -> ApprovalRequest:
    """Change a thing and give the request that waits."""
    try:
        change(ref, value, actor, **options)
    except api.WaitsForApproval as waits:
        return ApprovalRequest.objects.get(public_id=waits.waiting.id)
    raise AssertionError("the change was made at once")


def make_user(
    name: str = "",
    *,
    roles: Iterable[str] = (),
    permissions: Iterable[str] = ("work.view", "approvals.*"),
    **fields: Any,
) -> User:
    """Have a user with roles of these codes and these permissions."""
    user = User.objects.create(username=name or f"user-{secrets.token_hex(4)}", **fields)
    own, _ = Role.objects.get_or_create(code=f"own-{secrets.token_hex(4)}", defaults={"name": "Own"})
    RolePermission.objects.bulk_create([RolePermission(role=own, pattern=code) for code in permissions])
    UserRole.objects.create(user=user, role=own)
    for code in roles:
        role, _ = Role.objects.get_or_create(code=code, defaults={"name": code})
        UserRole.objects.create(user=user, role=role)
    return user


def any_of(*roles: str, count: int = 1, **named: Any) -> Step:
    """Give a step that some of these decide."""
    return Step(name="any", mode=StepMode.ANY, approvals_min=count, roles=roles, **named)


def all_of(*roles: str, **named: Any) -> Step:
    """Give a step that each of these decides."""
    return Step(name="all", mode=StepMode.ALL, roles=roles, **named)


def put_under_approval(*steps: Step, kind: str = KIND, **fields: Any) -> ApprovalWorkflow:
    """Have a workflow."""
    return ApprovalWorkflow.objects.create(
        kind=kind, name="by the tests", steps=stored_steps(steps or (any_of("boss"),)), **fields
    )


def draft(*steps: Step, kind: str = KIND, **fields: Any) -> WorkflowDraft:
    """Give a workflow to store."""
    told = {"name": "drafted", "is_active": True, "amount_from": None, "window_hours": None, "expires_after_hours": 72}
    return WorkflowDraft(kind=kind, steps=steps, **{**told, **fields})


def decide(
    request: ApprovalRequest, user: User, verdict: Verdict = Verdict.APPROVE, *, now: datetime = NOW, **options: Any
) -> api.Outcome:
    """Say a checker's word."""
    told = {"payload_hash": request.payload_hash, "comment": "seen", **options}
    actor = told.pop("actor", None) or user.as_actor()
    return api.decide(request_id=request.public_id, verdict=verdict, actor=actor, now=now, **told)


def state_of(request: ApprovalRequest) -> str:
    """Give where a request stands now."""
    return str(ApprovalRequest.objects.values_list("state", flat=True).get(pk=request.pk))
