"""Trying a journey on a real customer over HTTP: the way with its reasons, days in no time, and nothing is done."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.delivery.models import Message, Send
from loyalty.foundation.events.models import OutboxEntry
from loyalty.journeys.models import Execution, Journey
from loyalty.points import api as points
from tests.conftest import ClientWith
from tests.delivery.post import Post, make_customers
from tests.journeys.ground import graph_of, make_journey
from tests.points.world import World, make_world

pytestmark = pytest.mark.django_db
DAY = {"kind": "wait", "config": {"mode": "duration", "amount": 1, "unit": "days"}}
MAIL = {"kind": "action", "config": {"action_type": "send_email", "subject": "Hi {{ first_name }}", "body": "<p>x</p>"}}
POINTS = {"kind": "action", "config": {"action_type": "award_points", "points": 100, "reason": "Welcome"}}
OPENED = {
    "kind": "wait",
    "config": {
        "mode": "event", "event_type": "message.opened", "filter": None, "timeout": {"amount": 2, "unit": "days"},
    },
}  # fmt: skip
GRAPH = graph_of(
    {"mail": MAIL, "opened": OPENED, "points": POINTS, "day": DAY},
    ["start mail", "mail:success opened", "opened:next points", "opened:timeout end", "points:success day", "day end"],
)


@pytest.fixture
def world(now: datetime) -> World:
    """A program that takes customers in by itself."""
    return make_world(now)


def url(journey: uuid.UUID) -> str:
    """Give the address of a trial."""
    return f"/api/loyalty/v1/journeys/{journey}/test-run/"


def body(customer: uuid.UUID, now: datetime, **more: Any) -> dict[str, Any]:
    """Give a trial."""
    return {"customer_id": str(customer), "starts_at": now.isoformat(), **more}


def test_test_run__event_on_the_way__five_days_at_once_and_nothing_done(
    client_with: ClientWith, post: Post, world: World, now: datetime
) -> None:
    ada = make_customers(["Ada"], now)[0]
    loaded = make_journey(now, GRAPH)
    facts = OutboxEntry.objects.count()
    client = client_with("journeys.view", "customers.view_pii")
    told = client.post(
        url(loaded.journey_id),
        body(ada, now, events=[{"after_seconds": 86_400, "event_type": "message.opened", "event_data": {}}]),
        format="json",
    )
    assert told.status_code == 200, told.json()
    answer = told.json()
    assert [(one["node_id"], one["branch"]) for one in answer["path"]] == [
        ("start", "next"), ("mail", "success"), ("opened", "next"), ("points", "success"),
        ("day", "next"), ("end", None),
    ]  # fmt: skip
    assert (answer["state"], answer["outcome"], answer["sends_nothing"]) == ("COMPLETED", "done", True)
    assert datetime.fromisoformat(answer["ends_at"]) == now + timedelta(days=2)
    assert answer["path"][1]["effect"]["subject"] == "Hi Ada"
    assert answer["path"][3]["effect"]["points"] == 100
    assert answer["path"][2]["reasons"] == ["message.opened came"]
    assert not Send.objects.exists() and not Message.objects.exists() and not Execution.objects.exists()
    assert points.find_member(customer_id=ada, program_id=world.program_id) is None
    # Who looked at the customer is written down, and nothing else is.
    assert OutboxEntry.objects.count() == facts


def test_test_run__assumed_branch_and_masked__without_the_permission_to_see(
    client_with: ClientWith, post: Post, world: World, now: datetime
) -> None:
    ada = make_customers(["Ada"], now)[0]
    loaded = make_journey(now, GRAPH)
    told = client_with("journeys.view").post(
        url(loaded.journey_id), body(ada, now, assume={"opened": "timeout"}), format="json"
    )
    answer = told.json()
    assert [one["node_id"] for one in answer["path"]] == ["start", "mail", "opened", "end"]
    assert answer["path"][2]["reasons"] == ["assumed for this trial"]
    assert "Ada" not in told.content.decode()


def test_test_run__a_graph_of_ones_own_or_a_version__instead_of_the_draft(
    client_with: ClientWith, now: datetime
) -> None:
    ada = make_customers(["Ada"], now)[0]
    loaded = make_journey(now, GRAPH)
    Journey.objects.filter(public_id=loaded.journey_id).update(draft=graph_of({}, ["start end"]))
    client = client_with("journeys.view")

    def way(**more: Any) -> list[str]:
        answer = client.post(url(loaded.journey_id), body(ada, now, **more), format="json").json()
        return [one["node_id"] for one in answer["path"]]

    assert way() == ["start", "end"]
    assert way(graph=graph_of({"day": DAY}, ["start day", "day end"])) == ["start", "day", "end"]
    assert way(version=1)[:2] == ["start", "mail"]


def test_test_run__waits_for_ever__is_told_as_waiting(client_with: ClientWith, now: datetime) -> None:
    ada = make_customers(["Ada"], now)[0]
    wait = {"kind": "wait", "config": {"mode": "event", "event_type": "customer.purchase"}}
    loaded = make_journey(now, graph_of({"w": wait}, ["start w", "w end"]))
    answer = client_with("journeys.view").post(url(loaded.journey_id), body(ada, now), format="json").json()
    assert (answer["state"], answer["ends_at"], answer["path"][-1]["left_at"]) == ("WAITING", None, None)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"customer_id": str(uuid.uuid4())}, 422, "journeys.customer_unknown"),
        ({"graph": {"nodes": 1}}, 400, "journeys.graph_invalid"),
        ({"version": 9}, 404, "journeys.version_not_found"),
        ({"events": [{"event_type": "x"}]}, 400, None),
        ({"speed": "fast"}, 400, None),
    ],
)
def test_test_run__bad_input__is_refused(
    client_with: ClientWith, now: datetime, changes: dict[str, Any], status: int, code: str | None
) -> None:
    ada = make_customers(["Ada"], now)[0]
    loaded = make_journey(now, GRAPH)
    told = client_with("journeys.view").post(url(loaded.journey_id), {**body(ada, now), **changes}, format="json")
    assert told.status_code == status
    assert code is None or told.json()["code"] == code


@pytest.mark.parametrize(
    ("kind", "config", "field"),
    [
        ("action", {"action_type": "award_points", "points": ["a"]}, "points"),
        ("action", {"action_type": "award_points", "points": 10**12}, "points"),
        ("wait", {"mode": "local_time", "time": "09:00", "weekdays": ["x"]}, "weekdays"),
        ("wait", {"mode": "duration", "amount": "many", "unit": "days"}, "amount"),
        ("wait", {"mode": "local_time", "time": "09:00", "time_zone": "Nowhere/At_all"}, "time_zone"),
        ("split", {"mode": "random", "salt": "s", "branches": "a"}, "branches"),
    ],
)
def test_test_run__a_value_of_the_draft_means_nothing__ends_there_and_names_it(
    client_with: ClientWith, now: datetime, kind: str, config: dict[str, Any], field: str
) -> None:
    ada = make_customers(["Ada"], now)[0]
    graph = graph_of({"x": {"kind": kind, "config": config}}, ["start x", "x end"])
    loaded = make_journey(now, graph_of({}, ["start end"]))
    told = client_with("journeys.view").post(url(loaded.journey_id), body(ada, now, graph=graph), format="json")
    assert told.status_code == 200, told.json()
    assert (told.json()["state"], told.json()["path"][-1]["node_id"]) == ("FAILED", "x")
    assert f"“{field}" in told.json()["reason"]


def test_kinds_and_templates__told__with_what_is_not_available(client_with: ClientWith) -> None:
    client = client_with("journeys.view")
    kinds = client.get("/api/loyalty/v1/journeys/kinds/").json()
    assert [one["kind"] for one in kinds["nodes"]] == ["start", "action", "condition", "wait", "split", "end"]
    actions = {one["kind"]: one for one in kinds["actions"]}
    # What no domain stands behind, and a channel that is not set up, say so.
    assert not actions["issue_reward"]["is_available"] and actions["issue_reward"]["unavailable_reason"]
    assert not actions["send_sms"]["is_available"] and actions["send_sms"]["unavailable_reason"]
    assert actions["award_points"]["is_available"]
    assert [one["name"] for one in actions["award_points"]["fields"]][0] == "points"
    assert [one["code"] for one in actions["award_points"]["branches"]] == ["success", "failure", "skip"]
    templates = client.get("/api/loyalty/v1/journeys/templates/").json()
    assert [one["code"] for one in templates][:2] == ["welcome", "win_back"]
    assert client_with().get("/api/loyalty/v1/journeys/kinds/").status_code == 403


def test_reasons__arabic_is_asked_for__are_said_in_it(client_with: ClientWith, now: datetime) -> None:
    rule = {"kind": "condition", "config": {"rule": {">": [{"var": "context.n"}, 5]}, "unknown": "no"}}
    graph = graph_of({"c": rule, "day": DAY}, ["start c", "c:yes day", "c:no end", "day end"])
    made = make_journey(now, graph)
    (ada,) = make_customers(["Ada"], now)
    client = client_with("journeys.view", "customers.view_pii")
    told = {}
    for language in ("en", "ar"):
        for context in ({}, {"n": 7}):
            answer = client.post(
                url(made.journey_id), {"customer_id": str(ada), "context": context}, format="json",
                headers={"Accept-Language": language},
            ).json()  # fmt: skip
            told[language, len(context)] = [reason for step in answer["path"] for reason in step["reasons"]]
    assert told["en", 0] == ["context.n is not known"]
    assert told["ar", 0] == ["context.n غير معروف"]
    assert told["en", 1][-1] == "waited 1 days"
    assert told["ar", 1][-1] == "انتظر 1 يوم"
    assert "نعم" in told["ar", 1][0] and "yes" in told["en", 1][0]


def test_preview__arabic_is_asked_for__what_actions_and_warnings_say_is_in_it(
    client_with: ClientWith, post: Post, world: World, now: datetime
) -> None:
    rule = {"kind": "condition", "config": {"rule": {"missing": ["context.n"]}, "unknown": "no"}}
    nodes = {"points": POINTS, "day": DAY, "c": rule, "mail": MAIL}
    ways = ["start points", "points:success day", "day c", "c:yes mail", "c:no mail", "mail:success end"]
    made = make_journey(now, graph_of(nodes, ways))
    (cid,) = make_customers(["Cid"], now, is_consented=False)
    told = {}
    for language in ("en", "ar"):
        answer = client_with("journeys.view", "customers.view_pii").post(
            url(made.journey_id), body(cid, now), format="json", headers={"Accept-Language": language}
        ).json()  # fmt: skip
        steps = {step["node_id"]: step for step in answer["path"]}
        told[language] = [
            steps["points"]["effect"]["words"], steps["c"]["warnings"], steps["mail"]["effect"]["words"],
            steps["mail"]["reasons"],
        ]  # fmt: skip
    assert told["en"] == [
        "100 points are given.", ["The customer's features were taken as they are now."],
        "Nothing is sent: the customer did not agree.", ["Nothing is sent: the customer did not agree."],
    ]  # fmt: skip
    assert told["ar"] == [
        "تُمنح 100 نقطة.", ["أُخذت خصائص العميل كما هي الآن."],
        "لا يُرسل شيء: لم يوافق العميل.", ["لا يُرسل شيء: لم يوافق العميل."],
    ]  # fmt: skip


def test_template__arabic_is_asked_for__steps_are_named_in_it(admin_client: APIClient) -> None:
    arabic = {"Accept-Language": "ar"}
    listed = admin_client.get("/api/loyalty/v1/journeys/templates/", headers=arabic).json()
    assert listed[0]["title"] == "الترحيب"
    made = admin_client.post(
        "/api/loyalty/v1/journeys/", {"name": "W", "template": "welcome"}, format="json", headers=arabic
    ).json()  # fmt: skip
    names = [one["name"] for one in made["draft"]["graph"]["nodes"]]
    assert names == [one["name"] for one in listed[0]["graph"]["nodes"]]
    assert names[0] == "عملاء جدد"
