"""Who acts: a person, a token, a partner or the platform itself."""

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["user", "token", "partner", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """The one that asked for a change; ``ref`` is its public id or, for the system, its name.

    ``person_ref`` is the public id of the user behind a token, so that two logins of one person are known as one.
    """

    kind: ActorKind
    ref: str
    name: str
    person_ref: str = ""

    @property
    def person(self) -> str:
        """The one who answers for the act: the user behind a token, else the actor itself."""
        return self.person_ref or self.ref

    @property
    def owner_ref(self) -> str | None:
        """Whose own a thing is that this actor makes: the person's, and nobody's when the platform made it itself."""
        return None if self.kind == "system" else self.person


def system_actor(name: str) -> Actor:
    """Give the actor for work that the platform starts itself, for example ``segments.recalculate``."""
    return Actor(kind="system", ref=name, name=name)
