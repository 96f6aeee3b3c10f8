"""The examples of the product's guide, over HTTP and to the end: a real mail server, the ledger, days in no time."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.delivery import api as delivery
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.clock import FixedClock
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work
from loyalty.journeys import api
from loyalty.journeys.models import Execution
from loyalty.points import api as points
from loyalty.segments import api as segments
from loyalty.segments.models import Segment
from tests.campaigns.scene import ACTOR, make_campaign, make_segment
from tests.delivery.post import Post, make_customers
from tests.journeys.ground import path_of
from tests.journeys.test_listening import tell
from tests.points.world import World, make_world

pytestmark = pytest.mark.django_db
ROOT = "/api/loyalty/v1/journeys/"


@pytest.fixture
def held(now: datetime) -> Iterator[FixedClock]:
    """The clock of these tests, moved by hand."""
    fixed = FixedClock(now)
    with clock.use(fixed):
        yield fixed


@pytest.fixture
def world(now: datetime) -> World:
    """A program that takes customers in by itself."""
    return make_world(now)


def turn(held: FixedClock, **span: float) -> None:
    """Let time pass, and every process of the platform do what there is."""
    held.instant += timedelta(**span)
    now = held.instant
    for _ in range(5):
        api.listen(now=now)
        api.sweep(now=now)
        moved = api.advance(now=now)
        while work.execute_next(now=now):
            moved += 1
        while delivery.send_due(channel="email", now=now).claimed:
            moved += 1
        if not moved:
            return


def publish(client: APIClient, place: str, graph: Any) -> None:
    """Save a graph, publish it and let it run."""
    saved = client.put(f"{place}draft/", {"graph": graph, "revision": 1}, format="json").json()
    assert [one for one in saved["problems"] if one["severity"] == "error"] == []
    told = client.post(f"{place}publish/", {"revision": saved["revision"], "comment": "first"}, format="json")
    assert told.status_code == 200, told.json()
    assert client.post(f"{place}activate/").status_code == 200


def begin(client: APIClient, template: str) -> tuple[str, dict[str, Any]]:
    """Make a journey of a template; give its address and its graph."""
    made = client.post(ROOT, {"name": template.title(), "template": template}, format="json").json()
    return f"{ROOT}{made['id']}/", made["draft"]["graph"]


def node(graph: dict[str, Any], name: str) -> dict[str, Any]:
    """Give the config of a node."""
    config: dict[str, Any] = next(one for one in graph["nodes"] if one["id"] == name)["config"]
    return config


def add_to(segment: uuid.UUID, people: list[uuid.UUID], now: datetime) -> None:
    """Have customers come into a segment."""
    held = Segment.objects.get(public_id=segment)
    segments.add_members(segment=held, customer_ids=people, actor=ACTOR, now=now)


def test_welcome__segment_mail_a_day_and_points_or_a_reminder(
    admin_client: APIClient, post: Post, world: World, held: FixedClock
) -> None:
    segment = make_segment(held.instant, name="New customers")
    place, graph = begin(admin_client, "welcome")
    node(graph, "start")["trigger"]["segment_id"] = str(segment)
    # Text messages are not set up here, so that the reminder goes by mail.
    node(graph, "reminder").clear()
    node(graph, "reminder").update(action_type="send_email", subject="Still there?", body="<p>Your bonus waits.</p>")
    publish(admin_client, place, graph)
    ada, bob = make_customers(["Ada", "Bob"], held.instant)
    add_to(segment, [ada, bob], held.instant)
    turn(held)
    assert sorted(str(one["To"]) for one in post.mails()) == sorted({str(one["To"]) for one in post.mails()})
    assert {str(one["Subject"]) for one in post.mails()} == {"Welcome to our loyalty program!"}
    assert set(Execution.objects.values_list("state", flat=True)) == {"WAITING"}
    opened = sql.fetch_one(
        "SELECT s.send_id FROM delivery_sends s JOIN customers_directory d USING (customer_id) WHERE d.public_id = %s",
        [ada],
    )
    assert opened is not None
    sql.execute("UPDATE delivery_send SET opened_at = %s WHERE id = %s", [held.instant, opened["send_id"]])
    turn(held, days=1)
    paths = {str(one.customer_id): path_of(one) for one in Execution.objects.all()}
    assert sorted(len(one) for one in paths.values()) == [6, 6]
    found = points.find_member(customer_id=ada, program_id=world.program_id)
    assert found is not None and points.find_member(customer_id=bob, program_id=world.program_id) is None
    assert [str(one["Subject"]) for one in post.mails()].count("Still there?") == 1
    told = admin_client.get(f"{place}analytics/").json()
    nodes = {one["node_id"]: one for one in told["nodes"]}
    assert (told["entered"], told["by_state"]["COMPLETED"]) == (2, 2)
    assert nodes["engaged"]["left"] == {"yes": 1, "no": 1}
    assert (nodes["points"]["left"], nodes["reminder"]["left"]) == ({"success": 1}, {"success": 1})
    assert (told["goal"]["reached"], told["goal"]["rate"]) == (1, 0.5)
    # Who comes into the segment again does not come into the journey again.
    held_segment = Segment.objects.get(public_id=segment)
    segments.remove_member(segment=held_segment, customer_id=ada, actor=ACTOR, now=held.instant)
    add_to(segment, [ada], held.instant)
    turn(held, days=1)
    assert Execution.objects.count() == 2


def test_retention__high_risk_gets_the_campaign_low_risk_points(
    admin_client: APIClient, post: Post, world: World, held: FixedClock
) -> None:
    segment = make_segment(held.instant, name="At risk")
    campaign = make_campaign(held.instant, name="Retention offer")
    made = admin_client.post(ROOT, {"name": "Retention"}, format="json").json()
    place = f"{ROOT}{made['id']}/"
    ways = ("start risk", "risk:yes offer", "risk:no points", "offer:success high", "points:success low")
    graph = {
        "nodes": [
            {"id": "start", "kind": "start", "config": {"trigger": {"kind": "segment", "segment_id": str(segment)}}},
            {"id": "risk", "kind": "condition",
             "config": {"rule": {">": [{"var": "context.churn_probability"}, 0.5]}, "unknown": "yes"}},
            {"id": "offer", "kind": "action",
             "config": {"action_type": "trigger_campaign", "campaign_id": str(campaign)}},
            {"id": "points", "kind": "action", "config": {"action_type": "award_points", "points": 50}},
            {"id": "high", "kind": "end", "config": {"outcome": "offered", "is_goal": True}},
            {"id": "low", "kind": "end", "config": {"outcome": "rewarded"}},
        ],
        "edges": [
            {"id": f"e{number}", "source": way.split()[0].split(":")[0], "target": way.split()[1],
             "branch": (way.split()[0].split(":") + ["next"])[1]}
            for number, way in enumerate(ways)
        ],
        "settings": {"re_entry": "after_exit"},
    }  # fmt: skip
    publish(admin_client, place, graph)
    ada, bob = make_customers(["Ada", "Bob"], held.instant)
    add_to(segment, [ada], held.instant)
    told = admin_client.post(
        f"{place}start/", {"customer_id": str(bob), "context": {"churn_probability": 0.1}}, format="json"
    )
    assert told.status_code == 201, told.json()
    turn(held)
    outcomes = dict(Execution.objects.values_list("outcome", "reason"))
    assert set(outcomes) == {"offered", "rewarded"}
    assert [str(one["Subject"]) for one in post.mails()] == ["Hi Ada"]
    found = points.find_member(customer_id=bob, program_id=world.program_id)
    assert found is not None
    # The customer who comes into the segment again comes into the journey again, and is sent the campaign again.
    segments.remove_member(
        segment=Segment.objects.get(public_id=segment), customer_id=ada, actor=ACTOR, now=held.instant
    )
    add_to(segment, [ada], held.instant)
    turn(held, hours=1)
    assert len(post.mails()) == 2


def test_abandoned_topup__each_by_its_own_id__reminded_once(
    admin_client: APIClient, post: Post, held: FixedClock
) -> None:
    place, graph = begin(admin_client, "abandoned_topup")
    node(graph, "remind").clear()
    node(graph, "remind").update(action_type="send_email", subject="Not finished", body="<p>One more step.</p>")
    (ada,) = make_customers(["Ada"], held.instant)
    # What was before the journey ran leads nobody in.
    tell("customer.topup_started", ada, held.instant, topup_id="t-0")
    publish(admin_client, place, graph)
    for topup in ("t-1", "t-2"):
        tell("customer.topup_started", ada, held.instant, topup_id=topup)
    turn(held)
    tell("customer.topup", ada, held.instant + timedelta(minutes=30), topup_id="t-2", amount=10)
    turn(held, minutes=30)
    turn(held, minutes=31)
    assert [str(one["Subject"]) for one in post.mails()] == ["Not finished"]
    tell("customer.topup", ada, held.instant + timedelta(hours=2), topup_id="t-1", amount=10)
    turn(held, hours=2)
    assert sorted(Execution.objects.values_list("state", "outcome")) == [("COMPLETED", "topped_up")] * 2
    assert len(post.mails()) == 1
    turn(held, days=2)
    assert len(post.mails()) == 1


def test_template_gone__between_publication_and_step__takes_the_failure_branch(
    admin_client: APIClient, post: Post, world: World, held: FixedClock
) -> None:
    made = admin_client.post(ROOT, {"name": "Gone"}, format="json").json()
    place = f"{ROOT}{made['id']}/"
    segment = make_segment(held.instant, name="Chosen")
    graph = {
        "nodes": [
            {"id": "start", "kind": "start", "config": {"trigger": {"kind": "api"}}},
            {"id": "add", "kind": "action",
             "config": {"action_type": "add_to_segment", "segment_id": str(segment), "retries_max": 0}},
            {"id": "done", "kind": "end", "config": {"outcome": "added"}},
            {"id": "sorry", "kind": "end", "config": {"outcome": "not_added"}},
        ],
        "edges": [
            {"id": "a", "source": "start", "target": "add", "branch": "next"},
            {"id": "b", "source": "add", "target": "done", "branch": "success"},
            {"id": "c", "source": "add", "target": "sorry", "branch": "failure"},
        ],
        "settings": {"re_entry": "never"},
    }  # fmt: skip
    publish(admin_client, place, graph)
    (ada,) = make_customers(["Ada"], held.instant)
    Segment.objects.filter(public_id=segment).delete()
    admin_client.post(f"{place}start/", {"customer_id": str(ada)}, format="json")
    turn(held)
    [execution] = Execution.objects.all()
    assert (execution.state, execution.outcome) == ("COMPLETED", "not_added")
    again = admin_client.post(f"{place}validate/", {}, format="json").json()["problems"]
    assert [(one["code"], one["node_id"]) for one in again] == [("journeys.segment_unknown", "add")]
