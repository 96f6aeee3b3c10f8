"""What audit tells others."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    """What a look at the chain can find."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    BLOCK_EDITED = "block_edited"
    BLOCK_DELETED = "block_deleted"
    CHAIN_BROKEN = "chain_broken"
    REWRITTEN = "rewritten"
    CUT_TAIL = "cut_tail"
    ANCHOR_MISSING = "anchor_missing"
    ANCHOR_UNREADABLE = "anchor_unreadable"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: in which block, at which row (its internal id, the number that the log is ordered by)."""

    kind: FaultKind
    block: int | None
    entry_id: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """What was said of a block outside of the chain."""

    at: datetime
    block: int
    hash: str


@dataclass(frozen=True, slots=True)
class VerificationView:
    """What a look at the chain found; ``faults`` holds the first of them, ``fault_count`` says how many there are."""

    verified_at: datetime
    is_full: bool
    is_intact: bool
    block_from: int
    block_to: int
    block_count: int
    row_count: int
    unsealed_count: int
    anchor_count: int
    fault_count: int
    faults: tuple[Fault, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {
            "verified_at": self.verified_at,
            "is_full": self.is_full,
            "is_intact": self.is_intact,
            "block_from": self.block_from,
            "block_to": self.block_to,
            "blocks": self.block_count,
            "rows": self.row_count,
            "unsealed": self.unsealed_count,
            "anchors": self.anchor_count,
            "fault_count": self.fault_count,
            "faults": [
                {"kind": str(one.kind), "block": one.block, "entry_id": one.entry_id, "detail": one.detail}
                for one in self.faults
            ],
        }
