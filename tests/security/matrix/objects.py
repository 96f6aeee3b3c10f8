"""Cells over real objects: what a caller bound to one program sees of the other, and what leaks to a masked one."""

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loyalty.foundation.access.models import User
from tests.security.matrix.asking import ask, verdict
from tests.security.matrix.callers import Caller, Held
from tests.security.matrix.routes import NOWHERE, Route
from tests.security.matrix.world import SECRETS, Sides, undone

EVERYBODY = Caller("everywhere", (Held("*"),))
MASKED = Caller("reads, masked", (Held("*.view"), Held("*.export"), Held("points.*"), Held("campaigns.*")))
REVEALED = Caller("reads, revealed", (Held("*.view"), Held("customers.view_pii")))


class Administrator(Caller):
    """The administrator of the world, who is a row in the tables."""

    def user(self) -> User:
        """The user that made the world."""
        return User.objects.get(username="wild")


ADMINISTRATOR = Administrator("administrator", (Held("*"),))


def making(person: uuid.UUID) -> Caller:
    """Somebody who may do everything to what they made."""
    return Caller(f"on what {person} made", (Held("*", "own"),), person=person)


def bound_to(program: str) -> Caller:
    """Somebody who may do everything, in one program."""
    return Caller(f"in {program}", (Held("*", "program", (program,)),))


# Two callers, each with a side.
Pair = tuple[Caller, Caller]


@dataclass(frozen=True)
class Cell:
    """One question, and what is wrong with its answer; empty when nothing is."""

    name: str
    fault: str = ""


def content_of(answer: Any) -> str:
    """Give the text of an answer."""
    if getattr(answer, "streaming", False):
        return b"".join(answer.streaming_content).decode("utf-8", "replace")
    if hasattr(answer, "render"):
        answer.render()
    return str(answer.content.decode("utf-8", "replace"))


def told(answer: Any) -> tuple[int, str]:
    """Give status and text without what names the object, so that two refusals can be held side by side."""
    text = content_of(answer)
    try:
        body = json.loads(text)
    except ValueError:
        return answer.status_code, text
    kept = (
        {name: value for name, value in body.items() if name not in ("instance", "detail")}
        if isinstance(body, dict)
        else body
    )
    return answer.status_code, json.dumps(kept, sort_keys=True)


def ids_in(route: Route, caller: Caller, query: Mapping[str, str] | None = None) -> set[str] | None:
    """Give the ids of a list as a caller sees it, or None where they see none."""
    with undone():
        answer = ask(route, "get", caller, ({}, {"page_size": "200", **(query or {})}, {}))
        if answer.status_code != 200:
            return None
        return {str(row["id"]) for row in json.loads(content_of(answer))["results"] if "id" in row}


def lists(routes: tuple[Route, ...]) -> list[Route]:
    """Give the lists whose rows a column narrows to a program."""
    return [route for route in routes if is_list(route) and "program" in route.scoped_by]


def lists_of_own(routes: tuple[Route, ...]) -> list[Route]:
    """Give the lists whose rows a column narrows to what somebody made, of the kinds that stand on both sides."""
    return [
        route
        for route in routes
        if is_list(route) and "own" in route.scoped_by and route.view.__module__.split(".")[1] != "foundation"
    ]


def is_list(route: Route) -> bool:
    """Whether a route is a list that a column narrows."""
    return route.handlers.get("get") == "list" and route.finds_rows("get")


def list_cells(route: Route, sides: Sides, pair: Pair | None = None) -> Iterator[Cell]:
    """Ask a list from both sides: each sees something of what there is, and nothing of the other."""
    me, you = pair or (bound_to(sides.mine.program), bound_to(sides.other.program))
    mine, other, everything = (ids_in(route, caller) for caller in (me, you, EVERYBODY))
    name = f"GET {route.address}"
    if mine is None or other is None or everything is None:
        yield Cell(name, "a list that declares a column was refused to a caller within it")
        return
    yield Cell(f"{name}: nothing of the other side", "" if not mine & other else f"both sides see {mine & other}")
    yield Cell(f"{name}: nothing that is not there", "" if mine | other <= everything else "rows from nowhere")
    for filtered in ("program", "program_id"):
        seen = ids_in(route, me, {filtered: sides.other.program})
        fault = f"the filter opened {seen & other}" if seen and seen & other else ""
        yield Cell(f"{name}?{filtered}=other", fault)


def object_cells(route: Route, siblings: Mapping[str, Route], sides: Sides, pair: Pair | None = None) -> Iterator[Cell]:
    """Ask an object of the other side by every method: the answer is that of an object that does not exist."""
    parent = siblings.get(route.address.split("{id}")[0])
    if parent is None or "id" not in route.kwargs:
        return
    me, you = pair or (bound_to(sides.mine.program), bound_to(sides.other.program))
    mine, other = ids_in(parent, me), ids_in(parent, you)
    if not mine or not other:
        yield Cell(route.address, f"no objects on both sides to ask for: {parent.address}")
        return
    own, foreign = sorted(mine)[0], sorted(other)[0]
    for method in route.handlers:
        name = f"{method.upper()} {route.address}"
        with undone():
            outside = told(ask(route, method, me, ({"id": foreign}, {}, {})))
        with undone():
            nothing = told(ask(route, method, me, ({"id": NOWHERE}, {}, {})))
        fault = "" if outside == nothing and outside[0] in (400, 404) else f"{outside} and {nothing}"
        yield Cell(f"{name}: of the other side", fault)
        with undone():
            within = verdict(ask(route, method, me, ({"id": own}, {}, {})))
        # What is named within the object may well be missing; the object itself is there.
        fault = f"{within}" if within[0] == 403 or within == (404, "not_found") else ""
        yield Cell(f"{name}: of their own side", fault)


def leaks(route: Route, caller: Caller, ids: Mapping[str, str]) -> list[str]:
    """Give what of the known person an answer carries."""
    with undone():
        answer = ask(route, "get", caller, (dict(ids), {}, {}))
        text = content_of(answer)
    return [secret for secret in SECRETS if secret in text]
