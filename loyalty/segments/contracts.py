"""What segments tells others."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class SegmentView:
    """A segment as other domains see it."""

    id: uuid.UUID
    internal_id: int
    name: str
    kind: str
    member_count: int
    last_calculated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Preview:
    """How many a rule would select now, of how many, and a few of them."""

    count: int
    total: int
    sample: tuple[dict[str, str], ...]
    rules_in_words: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a customer is in a segment or not: the stored membership and the rule's verdict now."""

    is_member: bool
    matches: bool | None
    as_of: datetime
    trace: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """Something that needs a segment and so keeps it from being deleted."""

    kind: str
    id: str
    name: str
