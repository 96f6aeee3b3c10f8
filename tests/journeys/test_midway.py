"""What goes wrong while somebody is inside: consent withdrawn, the provider away, an action that always fails.

Nobody stalls, and nothing is sent twice.
"""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from loyalty.customers import api as customers
from loyalty.delivery.models import Send
from loyalty.foundation.kernel.clock import FixedClock
from loyalty.foundation.orm import sql
from loyalty.journeys import api
from loyalty.journeys.contracts import FAILURE, ActionOutcome
from loyalty.journeys.kinds.actions import protocol
from loyalty.journeys.models import Execution
from tests.campaigns.scene import ACTOR
from tests.delivery.post import Post, make_customers
from tests.journeys import ground
from tests.journeys.dying import Mark
from tests.journeys.test_stories import ROOT, held, publish, turn

pytestmark = pytest.mark.django_db
__all__ = ["held"]
MAIL = {"kind": "action", "config": {"action_type": "send_email", "subject": "Hello", "body": "<p>Good day.</p>"}}


def begin(client: APIClient, nodes: dict[str, Any], ways: list[str]) -> str:
    """Make a journey that runs; give its address."""
    made = client.post(ROOT, {"name": "Midway"}, format="json").json()
    place = f"{ROOT}{made['id']}/"
    publish(client, place, ground.graph_of(nodes, ways, {"re_entry": "never"}))
    return place


def test_consent__withdrawn_between_two_mails__second_is_skipped_and_the_way_goes_on(
    admin_client: APIClient, post: Post, held: FixedClock
) -> None:
    alone = {"kind": "end", "config": {"outcome": "left_alone"}}
    nodes = {"first": MAIL, "w": ground.wait(1), "second": MAIL, "out": alone}
    ways = ["start first", "first:success w", "w second", "second:success end", "second:skip out"]
    place = begin(admin_client, nodes, ways)
    ada, bob = make_customers(["Ada", "Bob"], held.instant)
    for one in (ada, bob):
        assert admin_client.post(f"{place}start/", {"customer_id": str(one)}, format="json").status_code == 201
    turn(held)
    assert len(post.mails()) == 2
    customers.withdraw_consent(
        customer_id=ada, channel="email", purpose="marketing", source="customer", actor=ACTOR, now=held.instant
    )
    turn(held, days=1)
    outcomes = {one.customer_id: one.outcome for one in Execution.objects.all()}
    assert outcomes == {ground.internal_id(ada): "left_alone", ground.internal_id(bob): "done"}
    assert len(post.mails()) == 3
    mine = Execution.objects.get(customer_id=ground.internal_id(ada))
    assert ground.path_of(mine)[-2:] == ["second:skip", "out:"]
    assert [one.reason for one in Send.objects.filter(state="SKIPPED")] == ["no_consent"]


def test_provider__away_for_a_day__journey_goes_on_and_the_mail_is_sent_once_afterwards(
    admin_client: APIClient, post: Post, held: FixedClock, settings: Settings
) -> None:
    place = begin(admin_client, {"m": MAIL, "w": ground.wait(2)}, ["start m", "m:success w", "w end"])
    (ada,) = make_customers(["Ada"], held.instant)
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    admin_client.post(f"{place}start/", {"customer_id": str(ada)}, format="json")
    for _ in range(24):
        turn(held, hours=1)
    assert (Execution.objects.get().state, Send.objects.get().state) == ("WAITING", "QUEUED")
    assert api.list_stuck(now=held.instant) == []
    settings.EMAIL_PORT = port
    turn(held, hours=1)
    assert Send.objects.get().state == "SENT"
    turn(held, days=2)
    assert [str(one["Subject"]) for one in post.mails()] == ["Hello"]
    assert Execution.objects.get().state == "COMPLETED"


class Broken(Mark):
    """An action that fails whenever it is done, and says that it may pass."""

    kind = "broken"

    def perform_set(self, call: Any, rows: Any, *, now: Any) -> list[ActionOutcome]:
        """Fail."""
        return [ActionOutcome(FAILURE, reasons=("the far side says no",), may_pass=True) for _ in rows]


@pytest.mark.parametrize("has_edge", [True, False])
def test_action__always_fails__is_tried_as_often_as_said_and_takes_its_failure_edge_or_ends_as_failed(
    admin_client: APIClient, held: FixedClock, has_edge: bool
) -> None:
    protocol.register(Broken())
    try:
        node = {"kind": "action", "config": {"action_type": "broken", "retries_max": 2, "retry_after_minutes": 30}}
        nodes = {"b": node, "sorry": {"kind": "end", "config": {"outcome": "sorry"}}}
        ways = ["start b", "b:success end", *(["b:failure sorry"] if has_edge else [])]
        loaded = ground.make_journey(held.instant, ground.graph_of(nodes, ways))
        ground.let_in(loaded, ground.make_people(3, held.instant), held.instant)
        seen = []
        for _ in range(4):
            turn(held)
            seen.append(sorted(set(Execution.objects.values_list("state", "attempts"))))
            assert api.list_stuck(now=held.instant) == []
            held.instant += timedelta(minutes=30)
    finally:
        protocol.forget("broken")
    assert seen[:2] == [[("IN_PROGRESS", 1)], [("IN_PROGRESS", 2)]]
    assert seen[2] == seen[3]
    told = set(Execution.objects.values_list("state", "outcome", "reason"))
    assert told == {(*(("COMPLETED", "sorry") if has_edge else ("FAILED", "")), "the far side says no")}


@pytest.mark.parametrize("kind", ["condition", "action"])
def test_customer__is_gone_from_the_directory__is_cancelled_with_the_reason_and_others_go_on(
    held: FixedClock, post: Post, kind: str
) -> None:
    rule = {"kind": "condition", "config": {"rule": {"missing": ["context.x"]}, "unknown": "no"}}
    nodes = {"w": ground.wait(1), "n": MAIL if kind == "action" else rule}
    ways = ["start w", "w n", *(["n:success end"] if kind == "action" else ["n:yes end", "n:no end"])]
    loaded = ground.make_journey(held.instant, ground.graph_of(nodes, ways))
    ada, bob = make_customers(["Ada", "Bob"], held.instant)
    ground.let_in(loaded, [ada, bob], held.instant)
    gone = ground.internal_id(ada)
    # As another domain sees it when the row is not there: history keeps it from being deleted.
    sql.execute(
        "CREATE OR REPLACE VIEW customers_directory AS SELECT id AS customer_id, public_id, customer_ref, first_name, "
        f"last_name, status, language, time_zone FROM customers_customer WHERE id <> {gone}"
    )
    turn(held, days=1)
    states = dict(Execution.objects.values_list("customer_id", "state"))
    assert states == {gone: "CANCELLED", ground.internal_id(bob): "COMPLETED"}
    assert Execution.objects.get(customer_id=gone).reason == "the customer is gone"
    assert api.list_stuck(now=held.instant + timedelta(days=1)) == []
