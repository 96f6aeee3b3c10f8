"""What audit publishes."""

from dataclasses import dataclass
from typing import ClassVar

from loyalty.foundation.events.api import Fact


@dataclass(frozen=True, slots=True)
class AuditAnchored(Fact):
    """The chain up to ``block`` had this ``hash``; said outside of the database at the same moment."""

    type: ClassVar[str] = "audit.anchored"
    block: int
    hash: str


@dataclass(frozen=True, slots=True)
class AuditTamperingFound(Fact):
    """A look at the chain found that somebody changed the log; an alarm."""

    type: ClassVar[str] = "audit.tampering_found"
    fault_count: int
    first_fault: str
    first_block: int | None
