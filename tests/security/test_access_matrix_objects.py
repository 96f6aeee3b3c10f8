"""The access matrix over objects: nothing of another program is seen, told or opened, and nobody leaks a person."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from pytest_django import DjangoDbBlocker
from rest_framework import serializers
from rest_framework.response import Response

from loyalty.campaigns.models import Campaign
from loyalty.customers.models import Customer
from loyalty.foundation.web import scoping
from loyalty.foundation.web.views import ApiView, ReadOnlyApiViewSet
from loyalty.journeys.models import Journey
from loyalty.points.models import AccountRow
from loyalty.programs.models import Program
from loyalty.segments.models import Segment
from tests.security.matrix.callers import ME, OTHER
from tests.security.matrix.objects import (
    MASKED,
    REVEALED,
    ids_in,
    leaks,
    list_cells,
    lists,
    lists_of_own,
    making,
    object_cells,
)
from tests.security.matrix.routes import Route, list_routes
from tests.security.matrix.world import Sides, standing, undone

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sides(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Sides]:
    """Two programs side by side."""
    with standing(django_db_blocker) as made:
        yield made


def test_objects__of_another_program__do_not_exist(sides: Sides, capsys: pytest.CaptureFixture[str]) -> None:
    routes = list_routes()
    narrowed = lists(routes)
    siblings = {route.address: route for route in narrowed}
    cells = [cell for route in narrowed for cell in list_cells(route, sides)]
    cells += [cell for route in routes for cell in object_cells(route, siblings, sides)]
    wrong = [f"{cell.name}: {cell.fault}" for cell in cells if cell.fault]
    with capsys.disabled():
        print(f"\naccess matrix, objects: {len(cells)} cells, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong)
    assert len(narrowed) >= 8 and len(cells) >= 120


def test_objects__that_somebody_else_made__do_not_exist(sides: Sides, capsys: pytest.CaptureFixture[str]) -> None:
    routes, pair = list_routes(), (making(ME), making(OTHER))
    narrowed = lists_of_own(routes)
    siblings = {route.address: route for route in narrowed}
    cells = [cell for route in narrowed for cell in list_cells(route, sides, pair)]
    # Routes of other domains about a program are closed to them, as the matrix of every cell asserts.
    owned = [route for route in routes if "own" in route.scoped_by]
    cells += [cell for route in owned for cell in object_cells(route, siblings, sides, pair)]
    wrong = [f"{cell.name}: {cell.fault}" for cell in cells if cell.fault]
    with capsys.disabled():
        print(f"\naccess matrix, own objects: {len(cells)} cells of {len(narrowed)} lists, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong)
    assert {route.view.__module__.split(".")[1] for route in narrowed} == {
        "segments", "campaigns", "programs", "journeys",
    }  # fmt: skip
    assert len(cells) >= 150


@pytest.mark.parametrize("model", [Program, Campaign, Journey, Segment])
def test_objects__that_stood_before__are_nobody_s_own(sides: Sides, model: type[Any]) -> None:
    with undone():
        model.objects.update(owner_ref=None)
        seen = [
            ids_in(route, making(ME)) for route in lists_of_own(list_routes()) if route.view.queryset.model is model
        ]
    assert seen and not any(seen)


def test_personal__of_a_known_person__is_in_no_answer_to_a_masked_caller(
    sides: Sides, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = {"id": sides.customer, "account_id": sides.mine.ids["account"]}
    asked = [route for route in list_routes() if "get" in route.handlers]
    found = {route.address: leaks(route, MASKED, ids) for route in asked}
    for route in asked:
        if "{id}" in route.address:
            named = first_of(route, sides)
            found[f"{route.address} of {named}"] = leaks(route, MASKED, {**ids, "id": named})
    shown = [route.address for route in asked if leaks(route, REVEALED, ids)]
    with capsys.disabled():
        print(f"\npersonal data: {len(found)} answers, shown where it may be by {len(shown)} routes")
    assert {address: told for address, told in found.items() if told} == {}
    assert len(shown) >= 3, "the known person is in no answer at all, so the test would see nothing"


def first_of(route: Route, sides: Sides) -> str:
    """Give the first id of the list that a route's objects stand in."""
    known = sides.world.ids.get(route.address.split("/{id}")[0].rpartition("v1/")[2], [])
    return known[0] if known else sides.customer


class Forgetful(ReadOnlyApiViewSet):
    """Planted: declares a column and lists without it."""

    permissions: ClassVar[dict[str, str]] = {"list": "points.view"}
    scoped_by: ClassVar[Any] = {"program": "program_public_id"}
    queryset = AccountRow.objects.all()

    def list(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Give every row there is."""
        return Response({"results": [{"id": row.public_id} for row in self.get_queryset()]})


class Deceitful(Forgetful):
    """Planted: narrows, and then gives what was not narrowed."""

    def list(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Give every row there is."""
        scoping.narrow(self.get_queryset(), self, self.grant)
        return super().list(request)


class Talkative(ApiView):
    """Planted: a serializer with a field too many."""

    permissions: ClassVar[dict[str, str]] = {"get": "customers.view"}

    def get(self, request: Any) -> Response:
        """Give references, and names."""

        class Row(serializers.Serializer[Any]):
            customer_ref = serializers.CharField()
            last_name = serializers.CharField()

        return Response(Row(Customer.objects.all(), many=True).data)


@pytest.mark.parametrize("planted", [Forgetful, Deceitful])
def test_planted__a_forgotten_scope__is_caught(sides: Sides, planted: type[ReadOnlyApiViewSet]) -> None:
    route = Route("api/planted/", planted, planted.as_view({"get": "list"}), (("get", "list"),))
    assert [cell.fault for cell in list_cells(route, sides) if cell.fault]


def test_planted__a_field_too_many__is_caught(sides: Sides) -> None:
    route = Route("api/planted/", Talkative, Talkative.as_view(), (("get", "get"),))
    assert leaks(route, MASKED, {}) == ["Brambleton"]
