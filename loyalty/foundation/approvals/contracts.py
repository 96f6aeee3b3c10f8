"""What approvals tells others."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class RequestState(StrEnum):
    """Where a request stands; all but the first are for good."""

    PENDING = "PENDING"
    EXECUTED = "EXECUTED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    VOIDED = "VOIDED"
    BYPASSED = "BYPASSED"


class Verdict(StrEnum):
    """What a checker says."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"


class StepMode(StrEnum):
    """Whether some of those named are enough, or each of them is needed."""

    ANY = "ANY"
    ALL = "ALL"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: who decides. ``approvals_min`` counts in mode ANY; in mode ALL each user, each role (by one who holds
    it) and the permission must approve, each by a person of their own."""

    name: str
    mode: StepMode
    approvals_min: int = 1
    roles: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    permission: str = ""


@dataclass(frozen=True, slots=True)
class WorkflowRule:
    """From which amount a workflow demands how much; the amount is summed over ``window_hours`` when that is given."""

    id: uuid.UUID
    amount_from: int | None
    window_hours: int | None


@dataclass(frozen=True, slots=True)
class WorkflowDraft:
    """A workflow to store."""

    kind: str
    name: str
    is_active: bool
    amount_from: int | None
    window_hours: int | None
    expires_after_hours: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between before and after; ``path`` is dotted, lists by place."""

    path: str
    change: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class Checker:
    """A person as far as steps care."""

    ref: str
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision came to: the request's state after it, and the decision unless the request had ended before."""

    request_id: uuid.UUID
    state: RequestState
    decision_id: uuid.UUID | None = None
    closed_reason: str = ""
    decided_at: datetime | None = None
    result: dict[str, Any] | None = field(default=None)
