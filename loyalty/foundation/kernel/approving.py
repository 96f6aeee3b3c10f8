"""The seam of approvals: a domain of any floor proposes a change, and whoever is installed may have it wait for others.

``foundation.approvals`` installs itself here when the platform starts. It stands above access and configuration, which
propose changes too; so the words that they share with it lie below all three.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import Conflict
from loyalty.foundation.kernel.phrases import ENGLISH, Phrase, Words, say

Outcome = TypeVar("Outcome")


class Apply(Protocol):
    """Makes the change that was approved, in the caller's transaction; ``actor`` is the one that asked for it."""

    def __call__(self, payload: Mapping[str, Any], *, actor: Actor, now: datetime) -> Mapping[str, Any]:
        """Make the change and give what it came to, as JSON."""
        ...


class StillValid(Protocol):
    """Locks the subject and tells whether it is still what it was when the change was asked for."""

    def __call__(self, payload: Mapping[str, Any], *, now: datetime) -> bool:
        """Tell whether the change can still be made as it was described."""
        ...


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of change that may need others' consent.

    ``kind`` is its imperative, such as ``points.adjust``; ``permission`` what the maker must hold, at the moment of the
    change too, unless ``permission_of`` tells by the payload which it is; ``amount_unit`` says what ``amount`` counts
    (``points``, ``customers``), empty when there is none; ``describe`` gives one sentence for people as a phrase of
    ``words``, which has it in each language.
    """

    kind: str
    title: str
    permission: str
    apply: Apply
    describe: Callable[[Mapping[str, Any]], Phrase]
    words: Words
    is_still_valid: StillValid
    amount_unit: str = ""
    permission_of: Callable[[Mapping[str, Any]], str] | None = None

    def permission_for(self, payload: Mapping[str, Any]) -> str:
        """Give what the maker of this change must hold."""
        return self.permission_of(payload) if self.permission_of else self.permission

    def say(self, payload: Mapping[str, Any], language: str = ENGLISH) -> str:
        """Say in one sentence what is asked for."""
        return say(self.describe(payload), self.words, language)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that somebody is about to make.

    ``payload`` is all that the handler needs to make it, with the version of the subject that was read; ``before`` and
    ``after`` say it in the domain's words. ``key`` tells apart changes of one subject that may wait side by side (an
    idempotency key); without one, a newer proposal takes the place of the one that waits. ``beneficiary_ref`` names who
    gains by it, for the sums over time. ``is_forced`` has it wait whatever its amount where a workflow stands: a limit
    of the domain's own is passed.
    """

    kind: str
    subject_kind: str
    subject_ref: str
    payload: Mapping[str, Any]
    actor: Actor
    now: datetime
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    amount: int | None = None
    beneficiary_ref: str = ""
    reason: str = ""
    key: str = ""
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change that was not made but asked for."""

    id: uuid.UUID
    kind: str
    state: str
    title: str
    subject_kind: str
    subject_ref: str
    amount: int | None
    created_at: datetime
    expires_at: datetime | None


class WaitsForApproval(Exception):
    """The change was asked for and kept; it is neither made nor refused. Over HTTP this is 202 with the request."""

    def __init__(self, waiting: Waiting) -> None:
        super().__init__(f"{waiting.kind} waits for approval as {waiting.id}")
        self.waiting = waiting


class ApprovalRequired(Conflict):
    """The change needs others' consent, and this way of making it cannot wait for them."""

    code = "approvals.required"
    title = "This needs an approval"


class Gate(Protocol):
    """What approvals does for the domains."""

    def submit(self, proposal: Proposal) -> Waiting | None:
        """Keep the proposal when a workflow demands it; None lets the change be made at once."""
        ...

    def is_demanded(self, kind: str) -> bool:
        """Tell whether any active workflow looks at changes of a kind, whatever their amount."""
        ...

    def can_wait(self) -> bool:
        """Tell whether what was kept is committed by now, not part of a larger transaction."""
        ...


class _Installed:
    gate: Gate | None = None
    subjects: dict[str, Subject] = {}  # noqa: RUF012 - one registry for the process


def install(gate: Gate) -> None:
    """Take approvals in; called once when the platform starts."""
    _Installed.gate = gate


def register_subject(subject: Subject) -> None:
    """Let changes of a kind be put under approval; called in a domain's ``ready()``."""
    _Installed.subjects[subject.kind] = subject


def subjects() -> list[Subject]:
    """Give all kinds that may be put under approval, in order."""
    return [_Installed.subjects[kind] for kind in sorted(_Installed.subjects)]


def find_subject(kind: str) -> Subject | None:
    """Give a kind, or None when this version has none of that name."""
    return _Installed.subjects.get(kind)


def submit(proposal: Proposal) -> Waiting | None:
    """Propose a change in the transaction that would make it.

    :return: None when it may be made at once; else the request that waits, and the change is left alone. Give it to
        ``settled`` when the transaction is over.
    """
    return _Installed.gate.submit(proposal) if _Installed.gate else None


def is_demanded(kind: str) -> bool:
    """Tell whether it is worth while to work out a proposal of a kind."""
    return _Installed.gate is not None and _Installed.gate.is_demanded(kind)


def settled(outcome: Outcome | Waiting) -> Outcome:
    """Give what a change came to, outside of its transaction.

    :raises WaitsForApproval: it was asked for instead; the request is committed.
    :raises ApprovalRequired: it was to be asked for, but a larger transaction stands around this one; roll it back.
    """
    if not isinstance(outcome, Waiting):
        return outcome
    if _Installed.gate is not None and not _Installed.gate.can_wait():
        raise ApprovalRequired(f"{outcome.title} needs an approval and cannot be a part of this.", kind=outcome.kind)
    raise WaitsForApproval(outcome)
