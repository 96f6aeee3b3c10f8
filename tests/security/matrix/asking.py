"""Asks a route in the process: puts the request together, and gives status and code of the answer."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from loyalty.foundation.kernel import clock
from loyalty.foundation.signing_in.models import Session
from loyalty.foundation.web.scoping import BATCH, list_names
from tests.security.matrix.callers import PARTNER, Caller
from tests.security.matrix.expecting import REACHED, Naming, Verdict
from tests.security.matrix.routes import Route
from tests.security.matrix.world import Side, Sides

FACTORY = APIRequestFactory()
# Routes that take something else than JSON.
FORM, EMPTY_FORM = "multipart/form-data; boundary=end", "--end--\r\n"
MEDIA = {("ImportViewSet", "create"): "text/csv", ("SegmentViewSet", "upload"): FORM}
Request = tuple[dict[str, str], dict[str, str], dict[str, Any]]


def reached(view: Any, request: Any, *args: Any, **kwargs: Any) -> Response:
    """Stand in for a handler: tell that the call was let through, and that it kept to its rows."""
    view.is_narrowed = True
    return Response({}, status=REACHED)


@contextmanager
def stand_ins(routes: tuple[Route, ...]) -> Iterator[None]:
    """Put the stand-in in the place of every handler."""
    with pytest.MonkeyPatch.context() as patch:
        for route in routes:
            for name in route.handlers.values():
                patch.setattr(route.view, name, reached)
        yield


def side_of(sides: Sides, naming: Naming) -> Side:
    """Give the side on which things of a naming stand."""
    if naming.is_unknown:
        return sides.nowhere
    return sides.mine if naming.program == sides.mine.program else sides.other


def put_together(route: Route, method: str, naming: Naming, sides: Sides, points: int) -> tuple[Request, Naming]:
    """Give path, query and body of a request that names just this, and what it really comes to name: a deletion has no
    body, and an address may always name something."""
    path, query, body = dict[str, str](), dict[str, str](), dict[str, Any]()
    side, kinds = side_of(sides, naming), {**list_names(), **route.scoped_names}
    is_told = naming.name != "nothing"
    in_path = [name for name in route.kwargs if name in kinds]
    for name in in_path:
        path[name] = side.ids[kinds[name]] if is_told else sides.nowhere.ids[kinds[name]]
    if in_path:
        told = naming if is_told else Naming("what does not exist", is_unknown=True)
    elif is_told and _name(route, method, naming, side, query, body):
        told = naming
    else:
        told = Naming("nothing")
    if points:
        body["points"] = points
    return (path, query, body), told


def _name(route: Route, method: str, naming: Naming, side: Side, query: dict[str, str], body: dict[str, Any]) -> bool:
    wanted = {"partner"} if naming.partner else set(route.scoped_names.values()) - {"partner"}
    for name, kind in route.scoped_names.items():
        if kind not in wanted or name == "id":
            continue
        value = (naming.partner or PARTNER) if kind == "partner" else side.ids[kind]
        if name.startswith("?"):
            query[name[1:]] = value
        elif method in ("get", "delete"):
            if method == "delete" or "." in name:
                continue
            query[name] = value
        else:
            *outer, last = name.split(".")
            inside = body
            for step in outer:
                inside = inside.setdefault(step, {})
            inside[last] = value
        return True
    return False


class FreshSession:
    """A browser's session whose owner has just proved who they are, so that sensitive acts are not what is refused."""

    def __init__(self) -> None:
        self.row = Session(proved_at=clock.now())


def ask(route: Route, method: str, caller: Caller | None, request: Request, *, batch: bool = False) -> Response:
    """Ask a route and give its answer as the view made it."""
    path, query, body = request
    sent: Any = {getattr(route.view, "scoped_batch", BATCH): [body]} if batch else body
    address = route.path(**path)
    if query:
        address += "?" + "&".join(f"{name}={value}" for name, value in query.items())
    media = MEDIA.get((route.view.__name__, route.handlers.get(method, "")), "application/json")
    data = None if method in ("get", "delete") else EMPTY_FORM if media == FORM else json.dumps(sent)
    asked = getattr(FACTORY, method)(address, data, content_type=media)
    if caller is not None:
        user = caller.user()
        # The stubs know only the framework's own tokens.
        asked.session = FreshSession()
        force_authenticate(asked, user=user, token=caller.token(user))  # type: ignore[arg-type]
    told = {name: path.get(name, value_in(route, name)) for name in route.kwargs}
    answer: Response = route.callback(asked, **told)
    return answer


def value_in(route: Route, name: str) -> str:
    """Give what an address has under a name that nothing was put in for."""
    plain = Route("{" + name + "}", route.view, route.callback, route.actions)
    return plain.path()[1:]


def verdict(answer: Response) -> Verdict:
    """Give status and code."""
    told = getattr(answer, "data", None)
    data: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    return answer.status_code, str(data.get("code", ""))
