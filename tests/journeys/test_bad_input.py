"""What a journey may be given that is wrong, over HTTP: the problem names the node and a repair, and is not published.

What goes wrong only while somebody is inside takes the failure branch, ends with its reason, or is listed as stuck.
"""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.campaigns import api as campaigns
from loyalty.customers import api as customers
from loyalty.delivery.models import Send
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.clock import FixedClock
from loyalty.journeys import api
from loyalty.journeys.models import Execution, ExecutionContext
from tests.campaigns.scene import ACTOR, make_campaign
from tests.delivery.post import Post, make_customers
from tests.journeys import ground
from tests.journeys.test_stories import ROOT, held, publish, turn

pytestmark = pytest.mark.django_db
__all__ = ["held"]
GONE = "01900000-0000-7000-8000-00000000dead"
MAIL = {"action_type": "send_email", "subject": "Hello", "body": "<p>Good day.</p>"}
NEVER = {"re_entry": "never"}


def action(**config: Any) -> dict[str, Any]:
    """An action."""
    return {"kind": "action", "config": config}


def condition(rule: Any) -> dict[str, Any]:
    """A condition."""
    return {"kind": "condition", "config": {"rule": rule, "unknown": "no"}}


def one(node: dict[str, Any], *ways: str, trigger: dict[str, Any] | None = None) -> dict[str, Any]:
    """A graph with one node ``x`` between start and end."""
    return ground.graph_of({"x": node}, ["start x", *(ways or ("x:success end",))], NEVER, trigger)


ASKED = ("x:yes end", "x:no end")
CASES: dict[str, tuple[dict[str, Any], str, str, str]] = {
    # what is wrong: the graph, the code, the node, the field
    "cycle without a wait": (
        ground.graph_of({"x": action(**MAIL), "y": condition({"missing": ["context.n"]})},
                        ["start x", "x:success y", "y:yes x", "y:no end"], NEVER),
        "journeys.cycle_without_wait", "x", "",
    ),
    "unreachable node": (
        ground.graph_of({"x": ground.wait()}, ["start end", "x end"], NEVER), "journeys.unreachable", "x", "",
    ),
    "missing branch": (one(condition({"missing": ["context.n"]}), "x:yes end"), "journeys.branch_missing", "x", "no"),
    "branch that a kind has not": (
        one(ground.wait(), "x end", "x:success end"), "journeys.branch_unknown", "x", "",
    ),
    "unknown field of the catalogue": (
        one(condition({"==": [{"var": "shoe_size"}, 42]}), *ASKED), "journeys.rule_invalid", "x", "rule/==/0",
    ),
    "unknown field of a config": (one(action(**MAIL, colour="red")), "journeys.unknown_field", "x", "colour"),
    "field of another type than it is compared with": (
        one(condition({">": [{"var": "first_name"}, 5]}), *ASKED), "journeys.rule_invalid", "x", "rule/>/0",
    ),
    "segment that is gone, in a rule": (
        one(condition({"in_segment": [GONE]}), *ASKED), "journeys.rule_invalid", "x", "rule/in_segment/0",
    ),
    "segment that is gone, at the start": (
        one(ground.wait(), "x end", trigger={"kind": "segment", "segment_id": GONE, "edge": "entered"}),
        "journeys.segment_unknown", "start", "trigger.segment_id",
    ),
    "template that is gone": (
        one(action(action_type="send_email", template="no_such_template")), "journeys.content_invalid", "x", "template",
    ),
    "campaign that is gone": (
        one(action(action_type="trigger_campaign", campaign_id=GONE)), "journeys.campaign_unknown", "x", "campaign_id",
    ),
    "offer of a campaign that is gone": (
        one(action(action_type="issue_offer", campaign_id=GONE)), "journeys.campaign_unknown", "x", "campaign_id",
    ),
    "program that is gone": (
        one(action(action_type="award_points", points=5, program_id=GONE)), "journeys.program_unknown", "x",
        "program_id",
    ),
    "journey that is gone": (
        one(action(action_type="start_journey", journey_id=GONE)), "journeys.journey_unknown", "x", "journey_id",
    ),
    "attribute that is gone": (
        one(action(action_type="update_attribute", attribute="gone", value="x")), "journeys.attribute_unknown", "x",
        "attribute",
    ),
    "attribute that is given no value": (
        one(action(action_type="update_attribute", attribute=["plan"])), "journeys.field_invalid", "x", "attribute",
    ),
    "reward where nobody keeps rewards": (
        one(action(action_type="issue_reward", reward="cup")), "journeys.action_unavailable", "x", "action_type",
    ),
    "action that no kind stands behind": (
        one(action(action_type="teleport")), "journeys.action_unknown", "x", "action_type",
    ),
    "name in a text that nobody knows": (
        one(action(**{**MAIL, "body": "{{ nobody_knows }}"})), "journeys.content_invalid", "x", "body",
    ),
    "no points": (one(action(action_type="award_points", points=0)), "journeys.field_invalid", "x", "points"),
    "event that nobody tells": (
        one({"kind": "wait", "config": {"mode": "event", "event_type": "points.dreamt"}}, "x end"),
        "journeys.event_unknown", "x", "event_type",
    ),
    "wait until a day that is none": (
        one({"kind": "wait", "config": {"mode": "until", "date": "2026-02-30"}}, "x end"),
        "journeys.wait_invalid", "x", "date",
    ),
    "split without any share": (
        one({"kind": "split", "config": {"branches": [{"code": "a", "weight": 0}, {"code": "b", "weight": 0}]}},
            "x:a end", "x:b end"),
        "journeys.split_invalid", "x", "branches",
    ),
    "experiment without a name": (
        one({"kind": "split", "config": {"mode": "experiment", "branches": [{"code": "a"}, {"code": "b"}]}},
            "x:a end", "x:b end"),
        "journeys.split_invalid", "x", "salt",
    ),
    "holdout that is no branch": (
        one({"kind": "split", "config": {"mode": "experiment", "salt": "e", "holdout": "c",
                                         "branches": [{"code": "a"}, {"code": "b"}]}}, "x:a end", "x:b end"),
        "journeys.split_invalid", "x", "holdout",
    ),
    "holdout of no experiment": (
        one({"kind": "split", "config": {"mode": "sticky", "holdout": "a",
                                         "branches": [{"code": "a"}, {"code": "b"}]}}, "x:a end", "x:b end"),
        "journeys.split_invalid", "x", "holdout",
    ),
    "nobody said who may come in again": (
        {**ground.graph_of({}, ["start end"]), "settings": {}}, "journeys.re_entry_missing", "", "re_entry",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_graph__something_wrong__names_node_and_repair_and_cannot_be_published(
    admin_client: APIClient, post: Post, name: str
) -> None:
    graph, code, node_id, field = CASES[name]
    made = admin_client.post(ROOT, {"name": name, "graph": graph}, format="json").json()
    found = [one for one in made["draft"]["problems"] if one["severity"] == "error"]
    assert (code, node_id, field) in [(one["code"], one["node_id"], one["field"]) for one in found]
    assert all(one["message"] and one["repair"] for one in found)
    refused = admin_client.post(f"{ROOT}{made['id']}/publish/", {"revision": 1}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (422, "journeys.not_publishable")
    places = [one["field"] for one in refused.json()["errors"]]
    assert ".".join(part for part in (node_id, field) if part) in places


def test_experiment__other_branches_than_a_journey_leads_by__is_a_warning(
    admin_client: APIClient, now: datetime
) -> None:
    def split(*codes: str) -> dict[str, Any]:
        branches = [{"code": code, "weight": 1} for code in codes]
        config = {"mode": "experiment", "salt": "thanks", "branches": branches}
        return one({"kind": "split", "config": config}, *(f"x:{code} end" for code in codes))

    ground.make_journey(now, split("a", "b"))
    told = []
    for codes in (("a", "b"), ("a", "c")):
        made = admin_client.post(ROOT, {"name": "Other", "graph": split(*codes)}, format="json").json()
        told.append([(one["code"], one["severity"], one["node_id"]) for one in made["draft"]["problems"]])
    assert told == [[], [("journeys.experiment_differs", "warning", "x")]]


def begin(client: APIClient, graph: dict[str, Any], some: list[uuid.UUID]) -> str:
    """Have customers come into a journey that runs; give its address."""
    made = client.post(ROOT, {"name": "Midway"}, format="json").json()
    place = f"{ROOT}{made['id']}/"
    publish(client, place, graph)
    for customer in some:
        told = client.post(f"{place}start/", {"customer_id": str(customer)}, format="json")
        assert told.status_code == 201, told.json()
    return place


def test_customer__erased_midway__is_led_no_further_and_what_was_kept_is_gone(
    admin_client: APIClient, actor: Actor, post: Post, held: FixedClock
) -> None:
    ada, bob = make_customers(["Ada", "Bob"], held.instant)
    greet = ground.graph_of(
        {"m": action(**MAIL), "w": ground.wait(1), "n": action(**MAIL)},
        ["start m", "m:success w", "w n", "n:success end"], NEVER,
    )  # fmt: skip
    begin(admin_client, greet, [ada, bob])
    turn(held)
    assert len(post.mails()) == 2
    assert ExecutionContext.objects.count() == 2
    customers.erase(customer_id=ada, confirmation="c-0", reason="Asked for it", actor=actor, now=held.instant)
    turn(held, days=1)
    mine = Execution.objects.get(customer_id=ground.internal_id(ada))
    assert mine.state == "CANCELLED"
    assert not ExecutionContext.objects.filter(execution=mine).exists()
    assert Execution.objects.exclude(pk=mine.pk).get().state == "COMPLETED"
    assert len(post.mails()) == 3
    assert api.list_stuck(now=held.instant + timedelta(days=1)) == []


ENDS: dict[str, Callable[[uuid.UUID, datetime], object]] = {
    "ended": lambda campaign, now: campaigns.end(campaign_id=campaign, actor=ACTOR, now=now),
    "paused": lambda campaign, now: campaigns.pause(campaign_id=campaign, actor=ACTOR, now=now),
}


@pytest.mark.parametrize("how", ENDS)
def test_campaign__ends_between_publication_and_step__takes_the_failure_branch(
    admin_client: APIClient, post: Post, held: FixedClock, how: str
) -> None:
    campaign = make_campaign(held.instant)
    node = action(action_type="trigger_campaign", campaign_id=str(campaign), retries_max=1, retry_after_minutes=5)
    sorry = {"kind": "end", "config": {"outcome": "sorry"}}
    graph = ground.graph_of(
        {"w": ground.wait(1), "x": node, "sorry": sorry}, ["start w", "w x", "x:success end", "x:failure sorry"], NEVER
    )
    place = begin(admin_client, graph, make_customers(["Ada"], held.instant))
    ENDS[how](campaign, held.instant)
    turn(held, days=1)
    turn(held, minutes=5)
    execution = Execution.objects.get()
    assert (execution.state, execution.outcome) == ("COMPLETED", "sorry")
    assert not Send.objects.exists()
    steps = admin_client.get(f"/api/loyalty/v1/journeyExecutions/{execution.pk}/").json()["steps"]
    assert [step["reasons"] != [] for step in steps if step["node_id"] == "x"] == [True]
    problems = admin_client.post(f"{place}validate/", {}, format="json").json()["problems"]
    assert [(one["code"], one["node_id"]) for one in problems] == [("journeys.campaign_unknown", "x")]


def test_node_of_a_published_version__removed_with_people_there__names_it_and_asks_where_they_go(
    admin_client: APIClient, held: FixedClock
) -> None:
    graph = ground.graph_of({"w": ground.wait(2)}, ["start w", "w end"], NEVER)
    place = begin(admin_client, graph, ground.make_people(2, held.instant))
    ground.run(held.instant)
    other = ground.graph_of({"v": ground.wait(2)}, ["start v", "v end"], NEVER)
    revision = admin_client.get(place).json()["draft"]["revision"]
    saved = admin_client.put(f"{place}draft/", {"graph": other, "revision": revision}, format="json").json()
    body = {"revision": saved["revision"], "plan": {"policy": "move", "node_map": {}}}
    told = admin_client.post(f"{place}publish/", {**body, "dry_run": True}, format="json").json()
    [problem] = [one for one in told["problems"] if one["severity"] == "error"]
    assert problem["node_id"] == "w" and problem["repair"]
    refused = admin_client.post(f"{place}publish/", body, format="json")
    assert (refused.status_code, refused.json()["code"]) == (422, "journeys.plan_invalid")
    assert refused.json()["errors"][0]["field"].startswith("w")
    body["plan"]["node_map"] = {"w": "v"}
    assert admin_client.post(f"{place}publish/", body, format="json").status_code == 200
    assert set(Execution.objects.values_list("version__number", "node__code")) == {(2, "v")}


def test_stuck__whoever_is_overdue__is_listed_with_the_reason_in_the_language_asked_for(
    admin_client: APIClient, held: FixedClock
) -> None:
    loaded = ground.make_journey(held.instant, one(ground.wait(1), "x end"))
    ground.let_in(loaded, ground.make_people(1, held.instant), held.instant)
    held.instant += timedelta(days=1, minutes=9)
    assert admin_client.get(f"{ROOT}stuck/").json() == []
    held.instant += timedelta(minutes=2)
    told = [
        admin_client.get(f"{ROOT}stuck/", headers={"Accept-Language": language}).json() for language in ("en", "ar")
    ]
    assert [[one["reason"] for one in some] for some in told] == [
        ["No worker has come by: all are busy or none runs."], ["لم يمرّ أي عامل: كلهم مشغولون أو لا يعمل أحد منهم."],
    ]  # fmt: skip
    assert told[0][0]["node_id"] == "x" and told[0][0]["overdue_seconds"] == 660
