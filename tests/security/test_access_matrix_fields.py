"""The access matrix over fields: only declared members of a body are taken, and only declared names order or filter."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import django_filters
import pytest
from django.apps import apps
from django.core.exceptions import EmptyResultSet
from django.db.models import ForeignObjectRel, Model
from pytest_django import DjangoDbBlocker
from rest_framework import serializers
from rest_framework.request import Request as ApiRequest
from rest_framework.test import APIRequestFactory

from loyalty.foundation.access.rest.serializers import ChangedRoleSerializer
from tests.house.source import ROOT
from tests.security.matrix.asking import ask
from tests.security.matrix.objects import ADMINISTRATOR, EVERYBODY, content_of
from tests.security.matrix.routes import Route, list_routes
from tests.security.matrix.world import Sides, standing, undone

pytestmark = pytest.mark.django_db
WRITES = ("post", "put", "patch")
# Bodies that are no objects of ours: a file of rows, and a form with a file. Their own tests send them odd columns.
# A CloudEvent may have attributes of anybody's (CloudEvents 1.0, 3.2); what is no event is told in the report.
OPEN = {"api/loyalty/v1/events/"}
FILES = {"api/loyalty/v1/pointsImports/", "api/loyalty/v1/segments/{id}/upload/"}
# What must never order or narrow a list, whichever way one gets there.
SECRET = frozenset({"password", "digest", "salt", "first_name", "last_name", "birth_date", "address", "request_hash"})

# So many members of a query string are read; more are refused as a whole (DATA_UPLOAD_MAX_NUMBER_FIELDS).
AT_ONCE = 500


@pytest.fixture(scope="module")
def sides(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Sides]:
    """Two programs side by side."""
    with standing(django_db_blocker) as made:
        yield made


@cache
def columns() -> tuple[str, ...]:
    """Every column, foreign key and relation of every table of ours, under each of its names."""
    names = set()
    for model in apps.get_models():
        if model.__module__.startswith("loyalty."):
            for field in model._meta.get_fields():
                names |= {field.name, getattr(field, "attname", field.name)}
    return tuple(sorted(names))


@cache
def contract() -> Mapping[str, Any]:
    """The committed OpenAPI document: what was looked at and agreed, apart from the code."""
    told: Mapping[str, Any] = json.loads((ROOT / "docs/api/openapi.json").read_text(encoding="utf-8"))
    return told


def members(route: Route, method: str) -> set[str] | None:
    """Give the members of a body as the contract declares them; None where the contract knows no body."""
    operation = contract()["paths"]["/" + route.address][method]
    content = operation.get("requestBody", {}).get("content", {})
    found = [content[media]["schema"] for media in content]
    return {name for schema in found for name in _properties(schema)} if found else None


def _properties(schema: Mapping[str, Any]) -> set[str]:
    if "$ref" in schema:
        return _properties(contract()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    names = set(schema.get("properties", {}))
    for inner in (*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())):
        names |= _properties(inner)
    return names


def taken(route: Route, method: str, ids: Mapping[str, str]) -> set[str]:
    """Post every column to a route that declares a body, and give those that it did not refuse by name."""
    declared = members(route, method) or set()
    extra = {name: "1" for name in columns() if name not in declared}
    with undone():
        answer = ask(route, method, ADMINISTRATOR, (dict(ids), {}, extra))
        told = json.loads(content_of(answer) or "{}")
    if answer.status_code != 400:
        return set(extra)
    return set(extra) - {one["field"] for one in told.get("errors", ()) if one["code"] == "unknown_field"}


def reads_body(route: Route, method: str, ids: Mapping[str, str]) -> bool:
    """Send a body to a route that declares none, and tell whether its handler looked at it."""
    looked = list[str]()
    with undone(), pytest.MonkeyPatch.context() as patch:
        data = ApiRequest.data.fget  # type: ignore[attr-defined]

        def look(asked: ApiRequest) -> Any:
            looked.append(asked.path)
            return data(asked)

        patch.setattr(ApiRequest, "data", property(look))
        ask(route, method, ADMINISTRATOR, (dict(ids), {}, dict.fromkeys(columns(), "1")))
    return bool(looked)


def ids_for(route: Route, sides: Sides) -> dict[str, str]:
    """Give ids that lead to real objects."""
    known = sides.world.ids.get(route.address.split("/{id}")[0].rpartition("v1/")[2], [])
    own = {f"{kind}_id": value for kind, value in sides.mine.ids.items()}
    return {**own, "id": known[0] if known else sides.mine.program}


def test_writes__every_column_of_every_table__is_taken_only_where_declared(
    sides: Sides, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong, cells, writes = list[str](), 0, 0
    for route in list_routes():
        for method in WRITES:
            if method not in route.handlers or route.address in FILES | OPEN:
                continue
            writes += 1
            cells += len(columns())
            declared, ids = members(route, method), ids_for(route, sides)
            # A body that the contract does not know is not looked at, or every member of it is refused by name.
            if declared or reads_body(route, method, ids):
                found = taken(route, method, ids)
                wrong += [f"{method.upper()} {route.address}: {sorted(found)[:8]}"] if found else []
    with capsys.disabled():
        print(f"\naccess matrix, fields: {cells:,} cells of {writes} writes, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong)
    assert cells >= 10_000


def test_planted__a_write_serializer_with_a_field_too_many__is_caught(
    sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = next(one for one in list_routes() if one.address == "api/loyalty/v1/roles/{id}/")
    assert taken(route, "patch", ids_for(route, sides)) == set()
    fields = {**ChangedRoleSerializer._declared_fields, "is_shipped": serializers.BooleanField(required=False)}
    monkeypatch.setattr(ChangedRoleSerializer, "_declared_fields", fields)
    assert taken(route, "patch", ids_for(route, sides)) == {"is_shipped"}


def paths_of(model: type[Model]) -> Iterator[str]:
    """Give every column of a table, and every column that a relation of it leads to, backwards too."""
    for field in model._meta.get_fields():
        yield field.name
        if field.is_relation and isinstance(field.related_model, type):
            name = field.get_accessor_name() if isinstance(field, ForeignObjectRel) else field.name
            yield from (f"{name}__{inner.name}" for inner in field.related_model._meta.get_fields())


def statement_of(route: Route, query: str) -> str | None:
    """Give the statement by which a list is read under a query, or None where the query is refused."""
    view = route.view(**getattr(route.callback, "initkwargs", {}))
    view.action_map, view.args, view.kwargs = {"get": "list"}, (), {}
    raw = APIRequestFactory().get(f"/{route.address}?{query}")
    view.request = view.initialize_request(raw)
    view.request._user, view.request._auth = EVERYBODY.user(), None
    view.action, view.format_kwarg = "list", None
    try:
        return str(view.filter_queryset(view.get_queryset()).query)
    except serializers.ValidationError:
        return None
    except EmptyResultSet:
        return "nothing at all"


def ordered_by(route: Route, names: list[str]) -> list[str]:
    """Give the names by which a list can be ordered. All are asked for at once, since orderings only add up; which one
    it was is asked only where that changed the statement."""
    plain = statement_of(route, "")
    assert plain is not None
    if statement_of(route, f"ordering={','.join(names)}") == plain:
        return []
    return [name for name in names if statement_of(route, f"ordering={name}") != plain]


def narrowed_by(route: Route, queries: list[str]) -> list[str]:
    """Give the queries by which a list can be narrowed, asked for in the same way; conditions add up, too."""
    plain, found = statement_of(route, ""), list[str]()
    for begin in range(0, len(queries), AT_ONCE):
        some = queries[begin : begin + AT_ONCE]
        if statement_of(route, "&".join(some)) != plain:
            found += [query for query in some if statement_of(route, query) != plain]
    return found


def names_of(route: Route) -> set[str]:
    """Give the names by which the contract says that a list can be narrowed or ordered."""
    operation = contract()["paths"]["/" + route.address]["get"]
    return {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}


def orderings_of(route: Route) -> set[str]:
    """Give the columns by which a list may be ordered."""
    return set(route.view.ordering_fields)


def listed() -> list[Route]:
    """Give the lists that are read from a table of ours."""
    found = []
    for route in list_routes():
        if route.handlers.get("get") != "list" or getattr(route.view, "queryset", None) is None:
            continue
        if "list" not in vars(route.view):
            found.append(route)
    return found


def test_lists__every_column_and_relation__orders_and_narrows_only_where_declared(
    sides: Sides, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong, cells = list[str](), 0
    for route in listed():
        known, orders = names_of(route), orderings_of(route)
        paths = sorted(set(paths_of(route.view.queryset.model)))
        ordering = [f"{direction}{path}" for path in paths if path not in orders for direction in ("", "-")]
        lookups = [f"{path}{lookup}" for path in paths for lookup in ("", "__startswith", "__gt", "__isnull")]
        narrowing = [f"{name}=1" for name in lookups if name not in known]
        cells += len(ordering) + len(narrowing)
        wrong += [f"{route.address} is ordered by {name}" for name in ordered_by(route, ordering)]
        wrong += [f"{route.address} is narrowed by {query}" for query in narrowed_by(route, narrowing)]
        for order in orders:
            cells += 1
            if statement_of(route, f"ordering={order}") is None or order.rpartition("__")[2] in SECRET:
                wrong.append(f"{route.address} promises to order by {order}")
        secret = {
            name
            for name, one in getattr(getattr(route.view, "filterset_class", None), "base_filters", {}).items()
            if str(one.field_name or "").rpartition("__")[2] in SECRET
        }
        wrong += [f"{route.address} narrows by the secret {name}" for name in secret]
    with capsys.disabled():
        print(f"\naccess matrix, orderings and filters: {cells:,} cells of {len(listed())} lists, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong[:40])
    assert cells >= 2_000


def test_planted__an_ordering_and_a_filter_too_many__are_caught_and_named(
    sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = next(one for one in listed() if one.address == "api/loyalty/v1/segments/")
    names, queries = ["version", "owner_ref", "-rules"], ["version=1", "owner_ref__startswith=1"]
    assert (ordered_by(route, names), narrowed_by(route, queries)) == ([], [])
    monkeypatch.setattr(route.view, "ordering_fields", ["owner_ref"])
    planted = django_filters.CharFilter(field_name="owner_ref", lookup_expr="startswith")
    monkeypatch.setitem(route.view.filterset_class.base_filters, "owner_ref__startswith", planted)
    assert (ordered_by(route, names), narrowed_by(route, queries)) == (names[1:2], queries[1:])
