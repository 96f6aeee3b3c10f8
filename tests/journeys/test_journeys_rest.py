"""Journeys over HTTP: drafts, versions, publication with a plan, people, and every refusal with its code."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.clock import FixedClock
from loyalty.journeys.models import Execution
from tests.conftest import ClientWith
from tests.journeys import ground

pytestmark = pytest.mark.django_db

BASE = "/api/loyalty/v1/journeys/"
EXECUTIONS = "/api/loyalty/v1/journeyExecutions/"
AWAIT = {"mode": "event", "event_type": "customer.purchase", "timeout": {"amount": 3, "unit": "days"}}
GRAPH = ground.graph_of(
    {"w": {"kind": "wait", "name": "Until a purchase", "config": AWAIT}, "v": ground.wait(2)},
    ["start w", "w:next v", "w:timeout end", "v end"],
    {"re_entry": "never"},
)


@pytest.fixture(autouse=True)
def fixed_clock(now: datetime) -> Any:
    """The instant of these tests."""
    with clock.use(FixedClock(now)) as held:
        yield held


def make(client: APIClient, graph: Any = GRAPH) -> str:
    """Make a journey that runs; give its address."""
    made = client.post(BASE, {"name": "Welcome", "graph": graph}, format="json")
    assert made.status_code == 201, made.json()
    place = f"{BASE}{made.json()['id']}/"
    told = client.post(f"{place}publish/", {"revision": 1, "comment": "first"}, format="json")
    assert told.status_code == 200, told.json()
    assert client.post(f"{place}activate/").status_code == 200
    return place


def start(client: APIClient, place: str, customer: uuid.UUID, **more: Any) -> Any:
    """Lead a customer in."""
    return client.post(f"{place}start/", {"customer_id": str(customer), **more}, format="json")


def test_journey__made_listed_and_read__tells_draft_people_and_problems(admin_client: APIClient) -> None:
    graph = ground.graph_of({"x": ground.wait()}, ["start end"], {"re_entry": "never"})
    made = admin_client.post(BASE, {"name": "Welcome", "graph": graph}, format="json").json()
    assert (made["status"], made["live_version"], made["has_unpublished_changes"]) == ("DRAFT", None, True)
    assert any(one["node_id"] == "x" and one["repair"] for one in made["draft"]["problems"])
    [listed] = admin_client.get(BASE).json()["results"]
    assert listed["id"] == made["id"]
    assert listed["people"] == {"in_progress": 0, "waiting": 0, "completed": 0, "exited": 0, "failed": 0}
    assert "draft" not in listed


def test_draft__kept_whatever_is_wrong__409_over_another_revision__400_for_no_graph(admin_client: APIClient) -> None:
    made = admin_client.post(BASE, {"name": "Welcome"}, format="json").json()
    place = f"{BASE}{made['id']}/draft/"
    saved = admin_client.put(place, {"graph": {"nodes": []}, "revision": 1}, format="json")
    assert (saved.status_code, saved.json()["revision"]) == (200, 2)
    assert saved.json()["problems"]
    late = admin_client.put(place, {"graph": GRAPH, "revision": 1}, format="json")
    assert (late.status_code, late.json()["code"]) == (409, "journeys.draft_changed")
    assert late.json()["revision"] == 2
    assert late.json()["graph"]["nodes"] == []
    wrong = admin_client.put(place, {"graph": {"nodes": 7}, "revision": 2}, format="json")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "journeys.graph_invalid")


def test_publish__dry_run_then_move__tells_people_and_fates(admin_client: APIClient, now: datetime) -> None:
    place = make(admin_client)
    [ada] = ground.make_people(1, now)
    start(admin_client, place, ada)
    ground.run(now)
    changed = ground.graph_of({"w": {"kind": "wait", "config": AWAIT}}, ["start w", "w end", "w:timeout end"],
        {"re_entry": "never"})  # fmt: skip
    admin_client.put(f"{place}draft/", {"graph": changed, "revision": 1}, format="json")
    body = {"revision": 2, "plan": {"policy": "move", "node_map": {}}, "dry_run": True}
    told = admin_client.post(f"{place}publish/", body, format="json").json()
    assert told["people"] == [
        {"version": 1, "node_id": "w", "node_name": "Until a purchase", "count": 1, "fate": "move", "target": "w"}
    ]
    assert (told["version"], told["dry_run"]) == (None, True)
    told = admin_client.post(f"{place}publish/", {**body, "dry_run": False}, format="json").json()
    assert told["version"] == 2
    versions = admin_client.get(f"{place}versions/").json()
    assert [(one["number"], one["is_live"], one["people"]) for one in versions] == [(2, True, 1), (1, False, 0)]
    assert {one["id"] for one in admin_client.get(f"{place}versions/1/").json()["graph"]["nodes"]} >= {"v"}
    assert admin_client.post(f"{place}versions/1/restore/").json()["revision"] == 3
    missing = admin_client.get(f"{place}versions/9/")
    assert (missing.status_code, missing.json()["code"]) == (404, "journeys.version_not_found")
    back = admin_client.post(f"{place}rollback/", {"to_version": 1}, format="json")
    assert (back.status_code, back.json()["version"]) == (200, 1)


def test_publish__graph_with_errors__422_names_node_and_repair(admin_client: APIClient) -> None:
    made = admin_client.post(BASE, {"name": "Welcome"}, format="json").json()
    told = admin_client.post(f"{BASE}{made['id']}/publish/", {"revision": 1}, format="json")
    assert (told.status_code, told.json()["code"]) == (422, "journeys.not_publishable")
    assert admin_client.post(f"{BASE}{made['id']}/activate/").json()["code"] == "journeys.state_wrong"
    assert admin_client.delete(f"{BASE}{made['id']}/").status_code == 204


def test_start_and_continue__as_the_guide_says(admin_client: APIClient, now: datetime) -> None:
    place = make(admin_client)
    [ada] = ground.make_people(1, now)
    begun = start(admin_client, place, ada, context={"custom_data": "value"})
    assert begun.status_code == 201
    told = begun.json()
    assert (told["state"], told["current_node_id"]) == ("IN_PROGRESS", "w")
    assert told["context"]["custom_data"] == "value"
    assert told["context"]["customer_id"] == str(ada)
    ground.run(now)
    goes_on = f"{BASE}executions/{told['execution_id']}/continue/"
    other = admin_client.post(goes_on, {"event_data": {"event_type": "customer.login"}}, format="json")
    assert (other.status_code, other.json()["code"]) == (409, "journeys.not_awaited")
    event = {"event_type": "customer.purchase", "amount": 100}
    told = admin_client.post(goes_on, {"event_data": event}, format="json").json()
    assert (told["state"], told["current_node_id"]) == ("WAITING", "v")
    assert told["context"]["action_result_w"]["amount"] == 100
    again = admin_client.post(goes_on, {"event_data": event}, format="json")
    assert again.json()["code"] == "journeys.not_awaited"
    ground.run(now + timedelta(days=2))
    over = admin_client.post(goes_on, {"event_data": event}, format="json")
    assert over.json()["code"] == "journeys.execution_over"


def test_start__twice_by_one_key_or_without__once_or_refused(admin_client: APIClient, now: datetime) -> None:
    place = make(admin_client)
    ada, bob = ground.make_people(2, now)
    ids = {start(admin_client, place, ada, idempotency_key="k1").json()["execution_id"] for _ in range(2)}
    assert len(ids) == 1
    inside = start(admin_client, place, ada)
    assert (inside.status_code, inside.json()["code"]) == (409, "journeys.already_inside")
    ground.run_through(now, 9)
    again = start(admin_client, place, ada)
    assert (again.status_code, again.json()["code"]) == (409, "journeys.re_entry_refused")
    unknown = start(admin_client, place, uuid.uuid4())
    assert (unknown.status_code, unknown.json()["code"]) == (422, "journeys.customer_unknown")
    admin_client.post(f"{place}pause/", {"timers": "freeze"}, format="json")
    paused = start(admin_client, place, bob)
    assert (paused.status_code, paused.json()["code"]) == (409, "journeys.state_wrong")


def test_executions__listed_read_moved_and_let_go(admin_client: APIClient, now: datetime) -> None:
    place = make(admin_client)
    ada, bob = ground.make_people(2, now)
    for customer in (ada, bob):
        start(admin_client, place, customer)
    ground.run(now)
    journey = place.removeprefix(BASE).strip("/")
    page = admin_client.get(f"{EXECUTIONS}?journey={journey}&state=WAITING&node=w&version=1").json()
    assert page["count"] == 2
    [mine] = admin_client.get(f"{EXECUTIONS}?customer_id={ada}").json()["results"]
    assert (mine["customer_id"], mine["current_node_name"], mine["version"]) == (str(ada), "Until a purchase", 1)
    one = f"{EXECUTIONS}{mine['id']}/"
    told = admin_client.get(one).json()
    assert [(step["node_id"], step["branch"]) for step in told["steps"]] == [("start", "next"), ("w", None)]
    moved = admin_client.post(f"{one}move/", {"node_id": "v", "reason": "a mistake"}, format="json").json()
    assert (moved["current_node_id"], moved["state"]) == ("v", "WAITING")
    assert moved["steps"][1]["reasons"] == ["a mistake"]
    nowhere = admin_client.post(f"{one}move/", {"node_id": "zzz", "reason": "x"}, format="json")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "journeys.node_not_found")
    gone = admin_client.post(f"{one}exit/", {"reason": "asked for it"}, format="json").json()
    assert (gone["state"], gone["reason"]) == ("EXITED", "asked for it")
    over = admin_client.post(f"{one}exit/", {"reason": "again"}, format="json")
    assert (over.status_code, over.json()["code"]) == (409, "journeys.execution_over")
    assert admin_client.get(f"{EXECUTIONS}{uuid.uuid4()}/").status_code == 404


def test_people__everybody_at_a_node__counted_moved_and_let_go_at_once(
    admin_client: APIClient, client_with: ClientWith, now: datetime
) -> None:
    place = make(admin_client)
    for one in ground.make_people(3, now):
        start(admin_client, place, one)
    ground.run(now)
    told = {"node_id": "w", "to": "v", "reason": "The purchase is known elsewhere"}
    counted = admin_client.post(f"{place}people/", {**told, "dry_run": True}, format="json").json()
    assert counted == {"dry_run": True, "people": 3}
    assert set(Execution.objects.values_list("node__code", flat=True)) == {"w"}
    assert admin_client.post(f"{place}people/", told, format="json").json() == {"dry_run": False, "people": 3}
    assert set(Execution.objects.values_list("node__code", "state")) == {("v", "WAITING")}
    assert admin_client.post(f"{place}people/", told, format="json").json()["people"] == 0
    [entry] = AuditEntry.objects.filter(act="journeys.operate")
    assert (entry.before, entry.after) == ({"node": "w"}, {"act": "move to v", "people": 3})
    assert entry.reason == "The purchase is known elsewhere"
    other = {"node_id": "v", "version": 2, "reason": "x"}
    nowhere = [{**told, "node_id": "v", "to": to} for to in ("start", "nowhere", "v")]
    for wrong in (other, *nowhere, {**told, "node_id": "q"}):
        refused = admin_client.post(f"{place}people/", wrong, format="json")
        assert (refused.status_code, refused.json()["code"]) == (404, "journeys.node_not_found")
    assert client_with("journeys.view").post(f"{place}people/", told, format="json").status_code == 403
    out = admin_client.post(f"{place}people/", {"node_id": "v", "reason": "Enough"}, format="json").json()
    assert out["people"] == 3
    assert set(Execution.objects.values_list("state", "reason")) == {("EXITED", "Enough")}
    assert ground.run(now + timedelta(days=9)) == 0


def test_stuck__overdue_for_long__is_listed_with_a_reason(admin_client: APIClient, now: datetime) -> None:
    place = make(admin_client)
    [ada] = ground.make_people(1, now)
    start(admin_client, place, ada)
    assert admin_client.get(f"{BASE}stuck/").json() == []
    Execution.objects.update(due_at=now - timedelta(minutes=11))
    [told] = admin_client.get(f"{BASE}stuck/").json()
    assert (told["node_id"], told["overdue_seconds"]) == ("w", 660)
    assert "worker" in told["reason"]


def test_archive__people_leave_and_are_counted(admin_client: APIClient, now: datetime) -> None:
    place = make(admin_client)
    [ada] = ground.make_people(1, now)
    start(admin_client, place, ada)
    assert admin_client.post(f"{place}archive/").json() == {"status": "ARCHIVED", "people_out": 1}
    assert admin_client.delete(place).json()["code"] == "journeys.in_use"


@pytest.mark.parametrize("permission", ["journeys.view", "journeys.change", "journeys.activate"])
def test_permissions__another_one__403(client_with: ClientWith, admin_client: APIClient, permission: str) -> None:
    place = make(admin_client)
    client = client_with(permission)
    calls = {
        "journeys.view": client.get(place),
        "journeys.change": client.patch(place, {"name": "New"}, format="json"),
        "journeys.activate": client.post(f"{place}pause/", {}, format="json"),
    }
    told = {name: one.status_code for name, one in calls.items()}
    assert {name for name, status in told.items() if status == 200} == {permission}
    assert {status for name, status in told.items() if name != permission} == {403}
