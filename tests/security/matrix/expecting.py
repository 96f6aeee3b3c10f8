"""What a route must answer to a caller, worked out from its declaration alone."""

from dataclasses import dataclass

from loyalty.foundation.web.permissions import PUBLIC, SIGNED_IN
from loyalty.foundation.web.scoping import NAMED
from tests.security.matrix.callers import PARTNER, Caller
from tests.security.matrix.routes import Route

# What the stand-in for every handler answers: the call was let through.
REACHED = 299
Verdict = tuple[int, str]
THROUGH: Verdict = (REACHED, "")


@dataclass(frozen=True)
class Naming:
    """What a request names: nothing, what lies in the caller's bounds, what lies outside, what does not exist.

    ``program`` and ``partner`` are where it lies, empty where the request names nothing of that dimension.
    """

    name: str
    program: str = ""
    partner: str = ""
    is_unknown: bool = False


def expected(route: Route, method: str, caller: Caller | None, naming: Naming, points: int = 0) -> Verdict:
    """Give status and code; None is nobody signed in."""
    if method not in route.handlers:
        return 405, "method.not_allowed"
    code = route.permission(method)
    if code == PUBLIC:
        return THROUGH
    if caller is None:
        return 401, "unauthenticated"
    if code == SIGNED_IN:
        return THROUGH
    parts = caller.parts(code) if code else ()
    if not parts:
        return 403, "permission.missing"
    if all(part.scope != "all" for part in parts):
        verdict = bounded(route, method, {part.scope: part.refs for part in parts}, naming)
        if verdict != THROUGH:
            return verdict
    limits = [part.points_max for part in parts]
    if route.view.limited_by and None not in limits and points > max(limit or 0 for limit in limits):
        return 403, "grant.limit_exceeded"
    return THROUGH


def bounded(route: Route, method: str, held: dict[str, tuple[str, ...]], naming: Naming) -> Verdict:
    """Give the verdict over a caller with bounds."""
    if not set(held) & set(route.scoped_by):
        return 403, "scope.unsupported"
    if naming.is_unknown:
        return 404, "not_found"
    told = {"program": naming.program, "partner": naming.partner}
    within = {d for d in route.scoped_by if told.get(d) and told[d] in held.get(d, ())}
    outside = {d for d in route.scoped_by if told.get(d)} - within
    if outside and not within:
        return 404, "not_found"
    if within or route.finds_rows(method):
        return THROUGH
    return 400, "scope.not_named"


def namings(route: Route, programs: tuple[str, str]) -> list[Naming]:
    """Give what requests to a route may name."""
    mine, other = programs
    kinds = set(route.scoped_names.values())
    found = [Naming("nothing")]
    if kinds - {"partner"}:
        found += [
            Naming("in the program", program=mine),
            Naming("in another program", program=other),
            Naming("what does not exist", is_unknown=True),
        ]
    if "partner" in kinds:
        found += [Naming("the partner", partner=PARTNER), Naming("another partner", partner="P-TWO")]
    return found


def is_named(route: Route) -> bool:
    """Whether a dimension of the route is found by what the request names."""
    return NAMED in route.scoped_by.values()
