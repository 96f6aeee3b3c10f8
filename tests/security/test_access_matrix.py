"""The access matrix: every route asked by every kind of caller, naming what is theirs, another's, nothing, nobody's.

The cells are made from the URL configuration and from what each route declares; what a cell must answer is worked out
from the declaration alone (``matrix/expecting.py``). A new route comes in by itself; one without a declaration fails.
"""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from loyalty.foundation.access.policy import catalogue
from loyalty.foundation.web.permissions import PUBLIC, SIGNED_IN
from tests.security.matrix.asking import ask, put_together, stand_ins, verdict
from tests.security.matrix.callers import LIMIT, Caller, everybody
from tests.security.matrix.expecting import Naming, expected, namings
from tests.security.matrix.routes import METHODS, Route, list_routes
from tests.security.matrix.world import Sides, standing

pytestmark = pytest.mark.django_db
# Fewer than this would mean that routes or callers fell out of the matrix.
CELLS_MIN = 10_000
POINTS = (LIMIT, LIMIT + 1, 10**7)


@pytest.fixture(scope="module")
def sides(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Sides]:
    """Two programs side by side."""
    with standing(django_db_blocker) as made:
        yield made


def cells_of(route: Route, method: str, sides: Sides) -> Iterator[tuple[Caller | None, Naming, int]]:
    """Give who asks, what they name, and of how many points."""
    code = route.permission(method) if method in route.handlers else None
    told = (
        namings(route, (sides.mine.program, sides.other.program)) if method in route.handlers else [Naming("nothing")]
    )
    points = (0, *POINTS) if route.view.limited_by and method == "post" else (0,)
    for naming in told:
        yield None, naming, 0
        for caller in everybody(code, sides.mine.program):
            for number in points:
                yield caller, naming, number


def test_matrix__every_cell__answers_as_declared(sides: Sides, capsys: pytest.CaptureFixture[str]) -> None:
    routes, wrong, count = list_routes(), list[str](), 0
    with stand_ins(routes):
        for route in routes:
            for method in METHODS:
                for caller, naming, points in cells_of(route, method, sides):
                    request, told = put_together(route, method, naming, sides, points)
                    answer = verdict(ask(route, method, caller, request))
                    wanted = expected(route, method, caller, told, points)
                    count += 1
                    if answer != wanted:
                        who = caller.name if caller else "nobody"
                        wrong.append(f"{method.upper()} {route.address} by {who}, naming {naming.name}, {points} points"
                                     f": {answer} instead of {wanted}")  # fmt: skip
    with capsys.disabled():
        print(f"\naccess matrix: {count:,} cells of {len(routes)} routes, {len(wrong)} wrong")
    assert not wrong, f"{len(wrong)} cells:\n" + "\n".join(wrong[:40])
    assert count >= CELLS_MIN


def test_matrix__every_method_that_a_route_answers__declares_a_known_permission() -> None:
    known = {view.code for view in catalogue()} | {PUBLIC, SIGNED_IN}
    silent = [
        f"{method.upper()} {route.address}"
        for route in list_routes()
        for method in route.handlers
        if route.permission(method) not in known
    ]
    assert silent == []


def test_matrix__what_a_route_declares__is_something_that_the_matrix_can_name() -> None:
    dimensions, kinds = {"program", "partner", "own"}, set(Sides.KINDS)
    odd = [
        route.address
        for route in list_routes()
        if not {*route.scoped_by} <= dimensions or not {*route.scoped_names.values()} <= kinds
    ]
    assert odd == []
