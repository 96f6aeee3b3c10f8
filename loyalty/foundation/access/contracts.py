"""What access tells others."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from loyalty.foundation.kernel.grants import GrantPart, Scope


class UserKind(StrEnum):
    """What signs in: a person, a service of the house, or a partner's systems."""

    PERSON = "person"
    SERVICE = "service"
    PARTNER = "partner"


@dataclass(frozen=True, slots=True)
class HeldPattern:
    """A pattern of a role as one user holds it."""

    pattern: str
    part: GrantPart

    @classmethod
    def of(cls, pattern: str, scope: str, points_max: int | None, refs: Sequence[str]) -> "HeldPattern":
        """Put together what the tables of roles and of who holds them say; ``refs`` count for two of the scopes."""
        where = frozenset(refs) if scope in (Scope.PROGRAM, Scope.PARTNER) else frozenset()
        return cls(pattern, GrantPart(Scope(scope), where, points_max))


@dataclass(frozen=True, slots=True)
class UserView:
    """A user of the console or the API."""

    id: uuid.UUID
    username: str
    email: str
    is_active: bool
    roles: tuple[str, ...]
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token at the only moment its secret is known."""

    id: uuid.UUID
    secret: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class PermissionView:
    """A permission that some domain registered."""

    code: str
    domain: str
    verb: str
    description: str


@dataclass(frozen=True, slots=True)
class PatternGiven:
    """A pattern that a role is to give."""

    pattern: str
    scope: Scope = Scope.ALL
    points_max: int | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a permission is held: by which role, by which of its patterns, where, and up to how many points."""

    role: str
    pattern: str
    scope: Scope
    scope_refs: tuple[str, ...]
    points_max: int | None
    is_in_force: bool


@dataclass(frozen=True, slots=True)
class EffectivePermission:
    """A permission as a user holds it, or not, and why."""

    code: str
    domain: str
    verb: str
    description: str
    is_granted: bool
    is_everywhere: bool
    program_refs: tuple[str, ...]
    partner_refs: tuple[str, ...]
    is_own: bool
    points_max: int | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class PersonView:
    """An account: which person stands behind it, and what it may; ``is_person`` is False for services."""

    id: uuid.UUID
    username: str
    email: str
    person_ref: str
    is_active: bool
    is_person: bool
    roles: tuple[str, ...]
    patterns: frozenset[str]
