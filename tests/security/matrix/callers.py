"""Callers of every kind, made in memory: a role of each sort, one bound to a program, a partner or their own."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from loyalty.foundation.access.contracts import HeldPattern
from loyalty.foundation.access.models import ApiToken, User
from loyalty.foundation.access.policy import SHIPPED_ROLES, catalogue
from loyalty.foundation.kernel.grants import GrantPart, Scope

PARTNER, OTHER_PARTNER = "P-ONE", "P-TWO"
# Who made what stands on the side of the bounded callers, and who what stands on the other.
ME, OTHER = uuid.UUID(int=7), uuid.UUID(int=8)
LIMIT = 100


@dataclass(frozen=True)
class Held:
    """What a caller holds, as plain data, so that what is expected of them is worked out apart from the product."""

    pattern: str
    scope: str = "all"
    refs: tuple[str, ...] = ()
    points_max: int | None = None


@dataclass(frozen=True)
class Caller:
    """Somebody who asks; ``scopes`` are those of the token they use, None without a token."""

    name: str
    held: tuple[Held, ...]
    scopes: tuple[str, ...] | None = None
    is_active: bool = True
    person: uuid.UUID = ME

    def parts(self, code: str) -> tuple[Held, ...]:
        """What of it counts for a permission, worked out anew."""
        if not self.is_active or (self.scopes and not any(fnmatchcase(code, scope) for scope in self.scopes)):
            return ()
        return tuple(
            one for one in self.held if fnmatchcase(code, one.pattern) and (one.scope in ("all", "own") or one.refs)
        )

    def user(self) -> User:
        """The user as the product knows them after signing in."""
        user = User(pk=2**40, public_id=self.person, username=self.name, is_active=self.is_active)
        user.__dict__["held_patterns"] = tuple(
            HeldPattern(one.pattern, GrantPart(Scope(one.scope), frozenset(one.refs), one.points_max))
            for one in self.held
        )
        return user

    def token(self, user: User) -> ApiToken | None:
        """The token they use."""
        return None if self.scopes is None else ApiToken(user=user, name="t", scopes=list(self.scopes))


def shipped(program: str) -> list[Caller]:
    """One of each role that ships, held for a program and a partner."""
    return [
        Caller(
            f"role {code}",
            tuple(
                Held(one.pattern, one.scope.value, refs_of(one.scope.value, program), one.points_max)
                for one in patterns
            ),
        )
        for code, (_, _, patterns) in SHIPPED_ROLES.items()
    ]


def refs_of(scope: str, program: str) -> tuple[str, ...]:
    """Whom a mapping names for a scope."""
    return {"program": (program,), "partner": (PARTNER,)}.get(scope, ())


def around(code: str, program: str) -> list[Caller]:
    """Callers whose rights differ just around one permission."""
    others = tuple(Held(view.code) for view in catalogue() if view.code != code)
    domain = code.split(".", maxsplit=1)[0]
    return [
        Caller("everywhere", (Held(code),)),
        Caller("all but this", others),
        Caller("in the program", (Held(code, "program", (program,)),)),
        Caller("in no program", (Held(code, "program"),)),
        Caller("for the partner", (Held(code, "partner", (PARTNER,)),)),
        Caller("on their own", (Held(code, "own"),)),
        Caller("up to a limit", (Held(code, points_max=LIMIT),)),
        Caller("whole domain by token", (Held(f"{domain}.*"),), scopes=(code,)),
        Caller("everything by a token without it", (Held("*"),), scopes=tuple(one.pattern for one in others)),
        Caller("in the program by a token of all", (Held(code, "program", (program,)),), scopes=()),
        Caller("switched off", (Held("*"),), is_active=False),
        Caller("nothing", ()),
    ]


def everybody(code: str | None, program: str) -> Iterable[Caller]:
    """All callers that a route is asked by."""
    yield from shipped(program)
    yield from around(code or "nothing.at_all", program)
