"""The audit rows of signing in: who came in, who did not, and what changed about how."""

import hashlib
from datetime import datetime
from typing import Any

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor, system_actor
from loyalty.foundation.signing_in.contracts import Visitor

# The one that acts when somebody whom nobody knows yet tries to come in.
DOOR = system_actor("signing_in")


def note(
    act: str, *, user: Any, actor: Actor | None = None, at: datetime, visitor: Visitor | None = None, **facts: Any
) -> None:
    """Write one row about a user; the actor is the user unless another one is named."""
    where = {"address": visitor.address, "agent": visitor.agent} if visitor else {}
    audit.record(
        actor=actor or user.as_actor(),
        act=f"sign_in.{act}",
        subject_kind="user",
        subject_ref=str(user.public_id),
        at=at,
        after={**where, **facts},
    )


def hash_of_name(username: str) -> str:
    """Give what a typed name is counted and recorded by."""
    return hashlib.sha256(username.encode()).hexdigest()[:32]


def note_stranger(act: str, *, name_hash: str, at: datetime, visitor: Visitor, **facts: Any) -> None:
    """Write one row about a name that no user has.

    The name is kept as a hash: people type passwords into the wrong field.
    """
    audit.record(
        actor=DOOR,
        act=f"sign_in.{act}",
        subject_kind="user",
        subject_ref="",
        at=at,
        after={"name_hash": name_hash, "address": visitor.address, "agent": visitor.agent, **facts},
    )
