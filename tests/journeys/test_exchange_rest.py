"""Journeys out and in again, compared, and their parts one by one."""

import json
import uuid
from datetime import datetime
from typing import Any

import pytest

from loyalty.journeys.models import Journey
from tests.campaigns.scene import make_segment
from tests.conftest import ClientWith
from tests.journeys.ground import graph_of, make_journey, wait

pytestmark = pytest.mark.django_db
ROOT = "/api/loyalty/v1"


def of_segment(segment: object) -> dict[str, Any]:
    """Give a graph that a segment leads into, and whose condition asks for it too."""
    condition = {"kind": "condition", "config": {"rule": {"in_segment": [str(segment)]}}}
    return graph_of(
        {"c": condition}, ["start c", "c:yes end", "c:no end"],
        trigger={"kind": "segment", "segment_id": str(segment), "edge": "entered", "backfill": False},
    )  # fmt: skip


def test_export_import__same_names_elsewhere__are_found_also_inside_rules(
    client_with: ClientWith, now: datetime
) -> None:
    segment = make_segment(now)
    loaded = make_journey(now, of_segment(segment))
    client = client_with("journeys.view", "journeys.change")
    document = client.get(f"{ROOT}/journeys/{loaded.journey_id}/export/").json()
    assert document["names"] == {str(segment): "Friends"}
    foreign = str(uuid.uuid4())
    moved = json.loads(json.dumps(document).replace(str(segment), foreign))
    told = client.post(f"{ROOT}/journeys/import/", {"document": moved, "name": "Copy"}, format="json")
    assert told.status_code == 201, told.json()
    assert told.json()["mended"] == ["Friends"] and told.json()["problems"] == []
    made = Journey.objects.get(public_id=told.json()["id"])
    assert made.name == "Copy" and foreign not in str(made.draft) and str(made.draft).count(str(segment)) == 2


def test_export_import__notes_on_the_canvas__come_along_and_are_never_wrong(
    client_with: ClientWith, now: datetime
) -> None:
    note = {
        "id": "note1", "text": "Ask Ada first", "color": "pink", "position": {"x": 300.0, "y": 0.0},
        "size": {"width": 220.0, "height": 120.0},
    }  # fmt: skip
    client = client_with("journeys.view", "journeys.change", "journeys.publish")
    graph = {**graph_of({"w": wait()}, ["start w", "w end"]), "notes": [note]}
    made = client.post(f"{ROOT}/journeys/", {"name": "Noted", "graph": graph}, format="json").json()
    assert [one["code"] for one in made["draft"]["problems"]] == []
    document = client.get(f"{ROOT}/journeys/{made['id']}/export/").json()
    told = client.post(f"{ROOT}/journeys/import/", {"document": document, "name": "Copy"}, format="json").json()
    assert told["problems"] == []
    assert Journey.objects.get(public_id=told["id"]).draft["notes"] == [note]
    published = client.post(
        f"{ROOT}/journeys/{made['id']}/publish/", {"revision": made["draft"]["revision"]}, format="json"
    )
    assert published.status_code == 200, published.json()
    version = client.get(f"{ROOT}/journeys/{made['id']}/versions/1/").json()
    assert version["graph"]["notes"] == [note] and len(version["graph"]["nodes"]) == 3


def test_import__names_nobody_has__is_kept_with_its_problems(client_with: ClientWith, now: datetime) -> None:
    document = {"format": "khaywe.journey/1", "name": "Lost", "graph": of_segment(uuid.uuid4()), "names": {}}
    told = client_with("journeys.change").post(f"{ROOT}/journeys/import/", {"document": document}, format="json")
    assert {one["code"] for one in told.json()["problems"]} == {"journeys.segment_unknown", "journeys.rule_invalid"}


@pytest.mark.parametrize(
    "change", [{"format": "other/1"}, {"graph": {"nodes": 1}}, {"name": ""}, {"names": {"a": 1}}, {"colour": "red"}]
)
def test_import__no_exported_journey__is_refused(client_with: ClientWith, change: dict[str, Any]) -> None:
    document = {"format": "khaywe.journey/1", "name": "Lost", "graph": graph_of({}, ["start end"]), **change}
    told = client_with("journeys.change").post(f"{ROOT}/journeys/import/", {"document": document}, format="json")
    assert (told.status_code, told.json()["code"]) == (400, "journeys.document_invalid")


def test_create__from_a_template__is_its_graph(client_with: ClientWith) -> None:
    client = client_with("journeys.view", "journeys.change")
    told = client.post(f"{ROOT}/journeys/", {"name": "Hello", "template": "welcome"}, format="json")
    assert told.status_code == 201, told.json()
    draft = told.json()["draft"]
    assert [one["id"] for one in draft["graph"]["nodes"]][:3] == ["start", "welcome", "day"]
    # Only what this installation calls its own is left to choose.
    assert "trigger.segment_id" in [one["field"] for one in draft["problems"]]
    wrong = client.post(f"{ROOT}/journeys/", {"name": "Hello", "template": "lottery"}, format="json")
    assert (wrong.status_code, wrong.json()["code"]) == (404, "journeys.template_not_found")


def test_diff__version_and_draft__in_words(client_with: ClientWith, now: datetime) -> None:
    loaded = make_journey(now, graph_of({"w": wait(1)}, ["start w", "w end"]))
    Journey.objects.filter(public_id=loaded.journey_id).update(draft=graph_of({"w": wait(3)}, ["start w", "w end"]))
    client = client_with("journeys.view")
    told = client.get(f"{ROOT}/journeys/{loaded.journey_id}/versions/diff/", {"from": "1", "to": "draft"}).json()
    assert told["words"] == ["“w”: amount is 3, was 1."]
    for query, status in (({"from": "9"}, 404), ({"from": "x"}, 400), ({}, 400)):
        assert client.get(f"{ROOT}/journeys/{loaded.journey_id}/versions/diff/", query).status_code == status


def test_parts__added_changed_and_removed__save_the_draft(client_with: ClientWith, now: datetime) -> None:
    loaded = make_journey(now, graph_of({"w": wait(1)}, ["start w", "w end"]))
    client = client_with("journeys.view", "journeys.change")
    journey = str(loaded.journey_id)
    node = {"journey": journey, "id": "x", "kind": "wait", "config": {"mode": "duration", "amount": 1, "unit": "days"}}
    added = client.post(f"{ROOT}/journeyNodes/", {**node, "revision": 1}, format="json")
    assert (added.status_code, added.json()["revision"]) == (201, 2), added.json()
    late = client.post(f"{ROOT}/journeyNodes/", {**node, "id": "y", "revision": 1}, format="json")
    assert (late.status_code, late.json()["code"]) == (409, "journeys.draft_changed")
    twice = client.post(f"{ROOT}/journeyNodes/", node, format="json")
    assert (twice.status_code, twice.json()["code"]) == (400, "journeys.graph_invalid")
    edge = {"journey": journey, "id": "wx", "source": "w", "target": "x"}
    assert client.post(f"{ROOT}/journeyEdges/", edge, format="json").status_code == 201
    changed = client.patch(f"{ROOT}/journeyNodes/x/?journey={journey}", {"name": "Later"}, format="json")
    assert (changed.json()["name"], changed.json()["config"]["amount"]) == ("Later", 1), changed.json()
    assert client.get(f"{ROOT}/journeyEdges/wx/?journey={journey}").json()["target"] == "x"
    assert client.delete(f"{ROOT}/journeyNodes/x/?journey={journey}").status_code == 204
    left = client.get(f"{ROOT}/journeyEdges/?journey={journey}").json()["results"]
    assert "wx" not in [one["id"] for one in left]
    gone = client.get(f"{ROOT}/journeyNodes/x/?journey={journey}")
    assert (gone.status_code, gone.json()["code"]) == (404, "journeys.node_not_found")
    assert client.get(f"{ROOT}/journeyNodes/").status_code == 400
