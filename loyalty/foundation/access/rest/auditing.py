"""The audit rows of access: each write of users, roles and tokens, in its transaction."""

import uuid
from collections.abc import Mapping
from typing import Any

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import Actor


def record(
    actor: Actor,
    act: str,
    subject: tuple[str, uuid.UUID],
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write the row of one change; ``subject`` is its kind and public id."""
    kind, ref = subject
    audit.record(
        actor=actor, act=act, subject_kind=kind, subject_ref=str(ref), at=clock.now(), before=before, after=after
    )
