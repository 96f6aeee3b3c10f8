"""What a caller may do and where: the scopes and limits by amount behind one permission."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """Where a permission counts: everywhere, in some programs, for some partners, or on what one made oneself."""

    ALL = "all"
    PROGRAM = "program"
    PARTNER = "partner"
    OWN = "own"


# Where a thing belongs: dimension ("program", "partner", "own") to the public id, as text, of what it belongs to.
Place = Mapping[str, str]
NOWHERE: Place = {}


@dataclass(frozen=True, slots=True)
class GrantPart:
    """What one pattern of one role adds to a permission; ``points_max`` None is without limit."""

    scope: Scope
    refs: frozenset[str] = frozenset()
    points_max: int | None = None

    def covers(self, place: Place, owner_ref: str) -> bool:
        """Tell whether a thing of that place is within this part."""
        match self.scope:
            case Scope.ALL:
                return True
            case Scope.OWN:
                return bool(owner_ref) and place.get(Scope.OWN) == owner_ref
            case _:
                return place.get(self.scope) in self.refs


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission as one caller holds it: allowed where any part covers, up to the highest limit of those that do.

    ``owner_ref`` is the public id of the person who asks.
    """

    code: str
    parts: tuple[GrantPart, ...]
    owner_ref: str = ""

    @property
    def is_everywhere(self) -> bool:
        """Whether it counts for every object."""
        return any(part.scope is Scope.ALL for part in self.parts)

    @property
    def program_refs(self) -> frozenset[str]:
        """The programs it counts in, beside what other scopes give."""
        return self._refs(Scope.PROGRAM)

    @property
    def partner_refs(self) -> frozenset[str]:
        """The partners it counts for, beside what other scopes give."""
        return self._refs(Scope.PARTNER)

    @property
    def is_own(self) -> bool:
        """Whether it counts for what the caller made."""
        return any(part.scope is Scope.OWN for part in self.parts)

    @property
    def points_max(self) -> int | None:
        """The highest limit of any part; None is without limit."""
        return _highest(self.parts)

    def allows(self, place: Place) -> bool:
        """Tell whether a thing that belongs there is within the grant."""
        return any(part.covers(place, self.owner_ref) for part in self.parts)

    def points_max_at(self, place: Place) -> int | None:
        """Give the limit for a thing that belongs there: 0 where nothing covers it, None without limit."""
        return _highest(part for part in self.parts if part.covers(place, self.owner_ref))

    def _refs(self, scope: Scope) -> frozenset[str]:
        return frozenset(ref for part in self.parts if part.scope is scope for ref in part.refs)


def everywhere(code: str) -> Grant:
    """Give a permission without bounds."""
    return Grant(code, (GrantPart(Scope.ALL),))


def _highest(parts: Iterable[GrantPart]) -> int | None:
    limits = [part.points_max for part in parts]
    return None if None in limits else max((limit for limit in limits if limit is not None), default=0)
