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
# Whose a thing is that a bounded caller made; and the kinds of which each has somebody who made it.
MINE = "mine"
OWNED = frozenset({"owned_program", "campaign", "journey", "journey_execution", "segment"})


@dataclass(frozen=True)
class Naming:
    """What a request names: nothing, what lies in the caller's bounds, what lies outside, what does not exist.

    ``program`` and ``partner`` are where it lies, empty where the request names nothing of that dimension; ``owner`` is
    whose it is, where it is of a kind that somebody owns.
    """

    name: str
    program: str = ""
    partner: str = ""
    is_unknown: bool = False
    owner: str = ""


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
        # A person's own sign-in is changed by who has signed in, not by a token of theirs.
        is_out_of_reach = getattr(route.view, "is_for_people_alone", False) and caller.scopes is not None
        return (403, "sign_in.needed") if is_out_of_reach and method != "get" else THROUGH
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
    is_making = "own" in held and "own" in route.scoped_by and route.handlers[method] in route.view.own_acts
    is_only_own = set(held) == {"own"} and route.finds_rows(method)
    # A program is looked up by whoever uses it; only what has an owner is looked up for these.
    is_looked_up = names_owned(route) or not (is_making or is_only_own)
    if naming.is_unknown and is_looked_up:
        return 404, "not_found"
    told = {"program": naming.program, "partner": naming.partner, "own": naming.owner if names_owned(route) else ""}
    mine = {**held, **({"own": (MINE,)} if "own" in held else {})}
    if is_making:
        return THROUGH
    within = {d for d in route.scoped_by if told.get(d) and told[d] in mine.get(d, ())}
    outside = {d for d in route.scoped_by if told.get(d)} - within
    if is_only_own:
        # The program that their own thing stands in is anybody's.
        outside &= {"own"}
    if outside and not within:
        return 404, "not_found"
    if within or route.finds_rows(method):
        return THROUGH
    return 400, "scope.not_named"


def names_owned(route: Route) -> bool:
    """Whether what requests to a route name is of a kind that somebody owns."""
    return not OWNED.isdisjoint(route.scoped_names.values())


def namings(route: Route, programs: tuple[str, str]) -> list[Naming]:
    """Give what requests to a route may name."""
    mine, other = programs
    kinds = set(route.scoped_names.values())
    found = [Naming("nothing")]
    if kinds - {"partner"}:
        found += [
            Naming("in the program", program=mine, owner=MINE),
            Naming("in another program", program=other, owner="theirs"),
            Naming("what does not exist", is_unknown=True),
        ]
    if "partner" in kinds:
        found += [Naming("the partner", partner=PARTNER), Naming("another partner", partner="P-TWO")]
    return found


def is_named(route: Route) -> bool:
    """Whether a dimension of the route is found by what the request names."""
    return NAMED in route.scoped_by.values()
