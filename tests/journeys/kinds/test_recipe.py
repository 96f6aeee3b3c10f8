"""The recipe for an action runs as it stands in the docs: validated, tried, and walked by people."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.orm import sql
from loyalty.journeys.kinds.actions import protocol
from loyalty.journeys.models import Execution
from tests.delivery.post import make_customers
from tests.house.source import ROOT
from tests.journeys import ground
from tests.journeys.kinds.scene import call, rows

RECIPE = (ROOT / "docs/adding/journey-action.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.django_db


@pytest.fixture
def action() -> Iterator[protocol.Action]:
    """The action of the recipe, registered as the recipe says."""
    names: dict[str, Any] = {}
    (block,) = re.findall(r"```python\n(.*?)```", RECIPE, re.DOTALL)
    exec(compile(block, "docs/adding/journey-action.md", "exec"), names)
    sql.execute("CREATE TABLE notes_note (key text PRIMARY KEY, customer_id uuid NOT NULL, text text NOT NULL)")
    made: protocol.Action = names["LeaveNote"]()
    protocol.register(made)
    yield made
    protocol.forget(made.kind)


def graph(**config: Any) -> dict[str, Any]:
    """Give a graph whose only step is the action."""
    step = {"kind": "action", "config": {"action_type": "leave_note", **config}}
    return ground.graph_of({"note": step}, ["start note", "note:success end"], {"re_entry": "never"})


def test_recipe__followed__is_listed_validated_tried_and_walked(
    action: protocol.Action, admin_client: APIClient, now: datetime
) -> None:
    listed = {one["kind"]: one for one in admin_client.get("/api/loyalty/v1/journeys/kinds/").json()["actions"]}
    assert listed["leave_note"]["is_available"] and listed["leave_note"]["fields"][0]["required"]
    made = admin_client.post("/api/loyalty/v1/journeys/", {"name": "Notes", "graph": graph()}, format="json").json()
    place = f"/api/loyalty/v1/journeys/{made['id']}/"

    def problems(**config: Any) -> list[tuple[str, str]]:
        told = admin_client.post(f"{place}validate/", {"graph": graph(**config)}, format="json").json()
        return [(one["code"], one["field"]) for one in told["problems"]]

    assert problems() == [("journeys.field_missing", "text")]
    assert problems(text="{{customer.shoe}}") == [("journeys.variable_unknown", "text")]
    assert problems(text="Hello", colour="red") == [("journeys.unknown_field", "colour")]
    assert problems(text="{{customer.first_name}}") == []
    people = make_customers(["Ada", "Bob"], now)
    loaded = ground.make_journey(now, graph(text="{{customer.first_name}} was here"))
    body = {"customer_id": str(people[0]), "version": 1}
    tried = admin_client.post(f"/api/loyalty/v1/journeys/{loaded.journey_id}/test-run/", body, format="json").json()
    assert tried["path"][1]["effect"]["text"] == "Ada was here"
    assert sql.fetch_all("SELECT * FROM notes_note") == []
    ground.let_in(loaded, people, now)
    ground.run(now)
    assert set(Execution.objects.values_list("state", flat=True)) == {"COMPLETED"}
    texts = [row["text"] for row in sql.fetch_all("SELECT text FROM notes_note ORDER BY text")]
    assert texts == ["Ada was here", "Bob was here"]


def test_recipe__the_same_rows_again__do_nothing(action: protocol.Action, now: datetime) -> None:
    at = rows(make_customers(["Ada", "Bob"], now))
    node = call("leave_note", text="x")
    assert action.perform_set(node, at, now=now) == action.perform_set(node, at, now=now)
    assert sql.fetch_one("SELECT count(*) AS number FROM notes_note") == {"number": 2}
