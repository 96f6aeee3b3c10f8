"""Who acts: a person, a token, a partner or the platform itself."""

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["user", "token", "partner", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """The one that asked for a change; ``ref`` is its public id or, for the system, its name."""

    kind: ActorKind
    ref: str
    name: str


def system_actor(name: str) -> Actor:
    """Give the actor for work that the platform starts itself, for example ``segments.recalculate``."""
    return Actor(kind="system", ref=name, name=name)
