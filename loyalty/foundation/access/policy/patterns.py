"""Decisions of access as pure functions: patterns and what they cover, and the registry of permissions."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from loyalty.foundation.access.contracts import HeldPattern, PermissionView
from loyalty.foundation.kernel.grants import Grant, GrantPart, Scope


class _Registry:
    permissions: dict[str, PermissionView] = {}  # noqa: RUF012 - one registry for the process, filled at start


def register(domain: str, acts: Mapping[str, str]) -> None:
    """Take a domain's permissions into the catalogue; an act with a dot is a whole code, of another subject."""
    for act, description in acts.items():
        code = act if "." in act else f"{domain}.{act}"
        subject, verb = code.split(".", 1)
        _Registry.permissions[code] = PermissionView(code=code, domain=subject, verb=verb, description=description)


def catalogue() -> list[PermissionView]:
    """Give all permissions, in order of their code."""
    return [_Registry.permissions[code] for code in sorted(_Registry.permissions)]


def matches(code: str, pattern: str) -> bool:
    """Tell whether a pattern covers a permission; ``*`` stands for any part of a code."""
    return pattern in ("*", code) or ("*" in pattern and fnmatchcase(code, pattern))


def expand(patterns: Iterable[str]) -> tuple[str, ...]:
    """Give the permissions that the patterns cover."""
    wanted = tuple(patterns)
    return tuple(view.code for view in catalogue() if any(matches(view.code, pattern) for pattern in wanted))


def is_known(pattern: str) -> bool:
    """Tell whether a pattern covers at least one registered permission."""
    return any(matches(view.code, pattern) for view in catalogue())


def narrowed(held: Iterable[HeldPattern], scopes: Sequence[str]) -> tuple[HeldPattern, ...]:
    """Give what the held patterns grant within the scopes of a token: of two that overlap the narrower one.

    Where neither holds the other (``*.view`` and ``points.*``), the permissions that both cover are named one by one.
    """
    found: dict[HeldPattern, None] = {}
    for one in held:
        for scope in scopes:
            if matches(one.pattern, scope):
                codes: tuple[str, ...] = (one.pattern,)
            elif matches(scope, one.pattern):
                codes = (scope,)
            else:
                codes = tuple(code for code in expand([one.pattern]) if matches(code, scope))
            found.update(dict.fromkeys(HeldPattern(code, one.part) for code in codes))
    return tuple(found)


def grant_of(code: str, held: Sequence[HeldPattern], *, owner_ref: str) -> Grant | None:
    """Give a permission as the held patterns grant it, or None when none does.

    A pattern for programs or partners of whom none is named grants nothing.
    """
    parts = tuple(dict.fromkeys(one.part for one in held if matches(code, one.pattern) and _counts(one.part)))
    return Grant(code, parts, owner_ref) if parts else None


def _counts(part: GrantPart) -> bool:
    return part.scope in (Scope.ALL, Scope.OWN) or bool(part.refs)


def covers(held: Sequence[HeldPattern], given: HeldPattern) -> bool:
    """Tell whether the held patterns cover all that one pattern would grant: each permission, everywhere it would
    count, up to its limit. What lies beyond today's catalogue is covered only by a pattern that is as wide.
    """
    codes = expand([given.pattern])
    if "*" in given.pattern:
        as_wide = [one for one in held if one.pattern in (given.pattern, "*")]
        if not any(is_within(given.part, one.part) for one in as_wide) and not _together(given.part, as_wide):
            return False
    return all(_is_held(code, given.part, held) for code in codes)


def _is_held(code: str, part: GrantPart, held: Sequence[HeldPattern]) -> bool:
    fitting = [one for one in held if matches(code, one.pattern)]
    return any(is_within(part, one.part) for one in fitting) or _together(part, fitting)


def is_within(part: GrantPart, held: GrantPart) -> bool:
    """Tell whether one part of a grant reaches no further than another, in scope and in limit."""
    if held.points_max is not None and (part.points_max is None or part.points_max > held.points_max):
        return False
    if held.scope is Scope.ALL:
        return True
    return part.scope is held.scope and (part.scope is Scope.OWN or part.refs <= held.refs)


def _together(part: GrantPart, held: Sequence[HeldPattern]) -> bool:
    """Tell whether several held patterns cover the refs of a part, each ref within one of them."""
    return bool(part.refs) and all(
        any(is_within(GrantPart(part.scope, frozenset({ref}), part.points_max), one.part) for one in held)
        for ref in part.refs
    )
