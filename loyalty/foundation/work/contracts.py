"""What others see of a run."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class RunView:
    """A piece of long work and how far it is."""

    id: uuid.UUID
    kind: str
    subject_kind: str
    subject_ref: str
    status: str
    phase: str
    done: int
    total: int
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    started_at: datetime | None
    finished_at: datetime | None
