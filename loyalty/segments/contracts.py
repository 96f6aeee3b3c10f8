"""What segments tells others."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class SnapshotCause(StrEnum):
    """What made a snapshot be taken."""

    RECALCULATION = "recalculation"
    INCREMENT = "increment"
    UPLOAD = "upload"
    MEMBERS = "members"
    DAY = "day"


class CheckState(StrEnum):
    """What the check after the last recalculation found."""

    AGREES = "agrees"
    DISAGREES = "disagrees"


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
    """How many a rule would select now, of how many, and a few of them; ``degraded`` says what could not be asked."""

    count: int
    total: int
    sample: tuple[dict[str, str], ...]
    rules_in_words: str
    as_of: datetime
    degraded: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a customer is in a segment or not: the stored membership, the rule's verdict now, and what would turn it.

    ``leaves`` are the single conditions with the values they met; ``smallest_change`` the fewest of them whose turning
    would turn the verdict. ``is_member`` is None for rules that are not saved.
    """

    is_member: bool | None
    matches: bool | None
    as_of: datetime
    trace: tuple[dict[str, Any], ...]
    leaves: tuple[dict[str, Any], ...] = ()
    smallest_change: tuple[dict[str, Any], ...] = ()
    degraded: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Something that needs a segment and so keeps it from being deleted."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Limit:
    """Of those whom the rules select, the first ``count`` by the value ``by``; ties go by the public id."""

    count: int
    by: Any
    is_descending: bool = True


@dataclass(frozen=True, slots=True)
class MatchReport:
    """What an uploaded file came to: every line is either matched, unmatched, a duplicate or empty."""

    column: str
    lines: int
    matched: int
    added: int
    already_members: int
    duplicates: int
    unmatched: int
    invalid: int
    unmatched_sample: tuple[Mapping[str, Any], ...]
