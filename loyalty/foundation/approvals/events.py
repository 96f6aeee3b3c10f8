"""What approvals publishes."""

from dataclasses import dataclass
from typing import ClassVar

from loyalty.foundation.events.api import Fact


@dataclass(frozen=True, slots=True)
class _OfRequest(Fact):
    request_id: str
    kind: str
    subject_kind: str
    subject_ref: str
    maker_ref: str
    amount: int | None
    by_ref: str
    reason: str


@dataclass(frozen=True, slots=True)
class ApprovalRequested(_OfRequest):
    """A change waits for others; ``by_ref`` is who asked."""

    type: ClassVar[str] = "approval.requested"


@dataclass(frozen=True, slots=True)
class ApprovalGranted(_OfRequest):
    """The last step was approved by ``by_ref``, and the change was made in the same transaction."""

    type: ClassVar[str] = "approval.granted"


@dataclass(frozen=True, slots=True)
class ApprovalRejected(_OfRequest):
    """A checker refused."""

    type: ClassVar[str] = "approval.rejected"


@dataclass(frozen=True, slots=True)
class ApprovalExpired(_OfRequest):
    """Nobody decided in time."""

    type: ClassVar[str] = "approval.expired"


@dataclass(frozen=True, slots=True)
class ApprovalCancelled(_OfRequest):
    """Whoever asked, or an administrator, took it back."""

    type: ClassVar[str] = "approval.cancelled"


@dataclass(frozen=True, slots=True)
class ApprovalVoided(_OfRequest):
    """The subject changed after the request, a newer request took its place, or the maker lost the permission."""

    type: ClassVar[str] = "approval.voided"


@dataclass(frozen=True, slots=True)
class ApprovalBypassed(_OfRequest):
    """In an emergency ``by_ref`` had the change made without the checkers; a review of it was asked for."""

    type: ClassVar[str] = "approval.bypassed"
