"""Keeps a caller whose grant has bounds within them: rows, objects, and everything that a request names.

A view declares ``scoped_by``: dimension to the ORM path by which its queryset is narrowed, or ``NAMED`` where the path,
the query or the body names what the call is about. A view that declares nothing is closed to such callers. What lies
outside of the bounds is answered as if it did not exist.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.request import Request

from loyalty.foundation.kernel.errors import Forbidden, Invalid, NotFound
from loyalty.foundation.kernel.grants import NOWHERE, Grant, Place, Scope

# Declared for a dimension that no column narrows: the request must name a thing that belongs somewhere.
NAMED = "named"
# The body's member that holds many calls in one; each of them must keep within the bounds by itself.
BATCH = "items"
# Deeper than any body of ours; the parser has refused deeper ones already.
_DEPTH_MAX = 12

Resolver = Callable[[Sequence[str]], Mapping[str, Place]]
# How a queryset is narrowed: by a path to a column that holds the refs, or by a condition made of them.
ScopedBy = str | Callable[[Sequence[str]], Q]
# The kind and the id of a thing that a request names.
Ref = tuple[str, str]


class ScopeUnsupported(Forbidden):
    """The caller's permission has bounds, and the route cannot keep to them."""

    code = "scope.unsupported"
    title = "Not within your bounds"


class ScopeNotNamed(Invalid):
    """A caller with bounds did not name anything by which the call can be placed within them."""

    code = "scope.not_named"
    title = "Name what the call is about"


class LimitExceeded(Forbidden):
    """The call is about more points than the caller's permission allows."""

    code = "grant.limit_exceeded"
    title = "More than you may"


class _Registry:
    """Which names in requests mean what, and where things belong; filled when the platform starts."""

    kinds: dict[str, Resolver] = {}  # noqa: RUF012 - one for the process
    names: dict[str, str] = {}  # noqa: RUF012 - one for the process


def register_kind(kind: str, resolver: Resolver, *, names: Iterable[str]) -> None:
    """Take in how things of a kind are placed, and the names under which requests name them.

    ``resolver`` takes ids as texts and gives the place of each that exists; one that is left out does not exist.
    """
    _Registry.kinds[kind] = resolver
    for name in names:
        _Registry.names[name] = kind


def list_names() -> Mapping[str, str]:
    """Give every name that requests may use for a thing with a place, with its kind."""
    return dict(_Registry.names)


def by_itself(dimension: str) -> Resolver:
    """Make the resolver of things that are themselves what a dimension is made of, such as programs."""
    return lambda refs: {ref: {dimension: ref} for ref in refs}


def narrow(rows: QuerySet[Any], view: Any, grant: Grant | None) -> QuerySet[Any]:
    """Give the rows that lie within the grant; the view's flag tells that it was done."""
    if grant is None or grant.is_everywhere:
        return rows
    view.is_narrowed = True
    wanted = Q(pk__in=[])
    for dimension, path in _columns(view).items():
        wanted |= _condition(dimension, path, grant)
    return rows.filter(wanted)


def check(request: Request, view: Any, grant: Grant) -> None:
    """Refuse a request that names what lies outside of the grant, or more points than it allows.

    :raises ScopeUnsupported: the route declares no scope that the grant has.
    :raises ScopeNotNamed: nothing is named by which the call can be placed.
    :raises NotFound: something named is outside, or does not exist.
    :raises LimitExceeded: too many points.
    """
    if grant.is_everywhere and (grant.points_max is None or not getattr(view, "limited_by", ())):
        return
    declared: Mapping[str, ScopedBy] = getattr(view, "scoped_by", {})
    if not grant.is_everywhere and not any(part.scope in declared for part in grant.parts):
        raise ScopeUnsupported("Your permission has bounds, and this route cannot keep to them.")
    calls = list(_calls(request, view))
    named = _resolve([ref for call in calls for ref in call.refs])
    if not grant.is_everywhere:
        for call in calls:
            _check_call(call, named, view, declared, grant)
    if getattr(view, "limited_by", ()):
        _check_points(calls, named, grant)


def seal(request: Request, view: Any, response: Any) -> None:
    """Refuse an answer that nothing has kept within the grant: a route that declares a column and never narrows by it.

    :raises ScopeUnsupported: always then.
    """
    grant: Grant | None = getattr(request, "grant", None)
    if grant is None or grant.is_everywhere or response.status_code >= 400:
        return
    if not getattr(view, "is_narrowed", False) and not getattr(view, "is_placed", False):
        raise ScopeUnsupported("Your permission has bounds, and this route did not keep to them.")


def canonical(text: str) -> str:
    """Give an id as we write it, in whichever of its forms it came; any other text as it is."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return text


def is_public_id(text: str) -> bool:
    """Tell whether a text can be the public id of one of our rows."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def check_amount(request: Request, points: int) -> None:
    """Hold a number of points that only the object named tells against the limit of the caller's grant.

    :raises LimitExceeded: it is more.
    """
    grant: Grant | None = getattr(request, "grant", None)
    if grant is not None and grant.points_max is not None and points > grant.points_max:
        raise LimitExceeded(
            f"This is about {points} points, and you may move {grant.points_max} at a time.",
            points_max=grant.points_max,
        )


def _columns(view: Any) -> dict[str, ScopedBy]:
    declared: Mapping[str, ScopedBy] = getattr(view, "scoped_by", {})
    return {dimension: path for dimension, path in declared.items() if path != NAMED}


def _condition(dimension: str, path: ScopedBy, grant: Grant) -> Q:
    match dimension:
        case Scope.PROGRAM:
            refs = [ref for ref in grant.program_refs if is_public_id(ref)]
        case Scope.PARTNER:
            refs = list(grant.partner_refs)
        case _:
            refs = [grant.owner_ref] if grant.is_own and grant.owner_ref else []
    if not refs:
        return Q(pk__in=[])
    return path(refs) if callable(path) else Q(**{f"{path}__in": refs})


@dataclass(frozen=True, slots=True)
class _Call:
    """One call within a request.

    ``refs`` is everything that it names, as (kind, id); ``placing`` is that part of it by which the view says that it
    finds what the call is about; ``points`` is how many points it asks for.
    """

    refs: tuple[Ref, ...]
    placing: tuple[Ref, ...]
    points: int


def _calls(request: Request, view: Any) -> Iterator[_Call]:
    """Give the calls within a request: each of a batch, else the one."""
    limited: tuple[str, ...] = getattr(view, "limited_by", ())
    query, body, path = request.query_params.dict(), _body(request), dict(view.kwargs)
    around = [*_references(path, 0), *_references(query, 0)]
    placed = [*_placing(view, path), *_placing(view, {f"?{name}": value for name, value in query.items()})]
    if request.method in ("GET", "HEAD"):
        placed += _placing(view, query)
    name = getattr(view, "scoped_batch", BATCH)
    items = body.get(name) if isinstance(body, Mapping) else None
    if isinstance(items, list) and items:
        around += _references({other: value for other, value in body.items() if other != name}, 0)
    else:
        items = [body]
    for item in items:
        placing = (*placed, *_placing(view, item))
        yield _Call((*around, *placing, *_references(item, 0)), placing, sum(_amounts(item, limited, 0)))


def _placing(view: Any, told: Any) -> Iterator[Ref]:
    """Give what is named under the paths that the view declares; a path leads through objects by dots."""
    declared: Mapping[str, str] = getattr(view, "scoped_names", {})
    for path, kind in declared.items():
        value = told
        for step in path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        if isinstance(value, str | uuid.UUID) and str(value):
            yield kind, canonical(str(value))


def _body(request: Request) -> Any:
    if request.method in ("GET", "HEAD", "OPTIONS", "DELETE"):
        return {}
    data: Any = request.data
    return data if isinstance(data, Mapping | list) else {}


def _references(value: Any, depth: int) -> Iterator[Ref]:
    """Give everything that stands anywhere under a name that domains registered."""
    if depth > _DEPTH_MAX:
        return
    if isinstance(value, Mapping):
        for name, inner in value.items():
            kind = _Registry.names.get(str(name))
            told = inner if isinstance(inner, list) else [inner]
            if kind is not None:
                yield from ((kind, canonical(str(one))) for one in told if isinstance(one, str | uuid.UUID) and one)
            yield from _references([one for one in told if isinstance(one, Mapping | list)], depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner, depth + 1)


def _resolve(refs: Sequence[Ref]) -> dict[Ref, Place]:
    """Give where everything named belongs: one question for each kind, however many are named."""
    by_kind: dict[str, set[str]] = {}
    for kind, ref in refs:
        by_kind.setdefault(kind, set()).add(ref)
    return {
        (kind, ref): place
        for kind, wanted in by_kind.items()
        for ref, place in _Registry.kinds[kind](sorted(wanted)).items()
    }


def _check_call(
    call: _Call, named: Mapping[Ref, Place], view: Any, declared: Mapping[str, ScopedBy], grant: Grant
) -> None:
    if not all(named.get(ref) for ref in call.refs):
        raise NotFound("There is no such object.")
    own = frozenset({grant.owner_ref}) if grant.is_own and grant.owner_ref else frozenset()
    held = {Scope.PROGRAM: grant.program_refs, Scope.PARTNER: grant.partner_refs, Scope.OWN: own}
    placed, outside = bool(own) and _makes_own(view, declared), False
    # To whom only their own things are open, these may stand in anybody's program: the rows tell whose they are.
    is_only_own = bool(own) and _is_narrowed_by_rows(view) and not grant.program_refs and not grant.partner_refs
    for dimension in declared:
        mine = held.get(Scope(dimension), frozenset())
        everything = {named[ref][dimension] for ref in call.refs if dimension in named[ref]}
        placing = {named[ref][dimension] for ref in call.placing if dimension in named[ref]}
        if mine and everything <= mine:
            placed = placed or bool(placing)
        else:
            outside = outside or (bool(everything) and (dimension == Scope.OWN or not is_only_own))
    if outside and not placed:
        raise NotFound("There is no such object.")
    if _is_narrowed_by_rows(view):
        return
    view.is_placed = placed
    if not placed:
        raise ScopeNotNamed("Name the program, account or other object that the call is about.")


def _makes_own(view: Any, declared: Mapping[str, ScopedBy]) -> bool:
    """Whether the call makes something that is the caller's own from the beginning."""
    act = getattr(view, "action", None) or str(view.request.method).lower()
    return Scope.OWN in declared and act in getattr(view, "own_acts", ())


def _is_narrowed_by_rows(view: Any) -> bool:
    """Whether the view finds what it is about in its narrowed queryset: a list, or an object by its address."""
    action = getattr(view, "action", None)
    has_object = view.lookup_url_kwarg in view.kwargs if action else False
    return bool(_columns(view)) and (action == "list" or has_object)


def _check_points(calls: Sequence[_Call], named: Mapping[Ref, Place], grant: Grant) -> None:
    """Hold each call against the limit of where it is placed, and all of a batch against the highest, so that no batch
    is a way around it."""
    limits = [
        grant.points_max_at({name: ref for one in call.refs for name, ref in named.get(one, NOWHERE).items()})
        for call in calls
    ]
    for asked, limit in [
        *((call.points, limit) for call, limit in zip(calls, limits, strict=True)),
        (sum(call.points for call in calls), None if None in limits else max(one or 0 for one in limits)),
    ]:
        if limit is not None and asked > limit:
            raise LimitExceeded(f"This is about {asked} points, and you may move {limit} at a time.", points_max=limit)


def _amounts(value: Any, names: tuple[str, ...], depth: int) -> Iterator[int]:
    if depth > _DEPTH_MAX:
        return
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name in names and isinstance(inner, int) and not isinstance(inner, bool):
                yield abs(inner)
            elif isinstance(inner, Mapping | list):
                yield from _amounts(inner, names, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _amounts(inner, names, depth + 1)
