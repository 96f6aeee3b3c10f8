"""The other actions: segments, signals, and those whose domain is not here."""

from datetime import datetime

import pytest

from loyalty.foundation.events import api as events
from loyalty.foundation.orm import sql
from loyalty.journeys.kinds.actions import protocol
from loyalty.segments import api as segments
from tests.campaigns.scene import make_segment
from tests.delivery.post import make_customers
from tests.journeys.kinds.scene import action, call, rows

pytestmark = pytest.mark.django_db


def test_segment_members__added_and_removed__in_one_turn_and_twice_is_once(now: datetime) -> None:
    people = make_customers(["Ada", "Bob"], now)
    chosen = make_segment(now, people[:1])
    for _ in range(2):
        told = action("add_to_segment").perform_set(
            call("add_to_segment", segment_id=str(chosen)), rows(people), now=now
        )
        assert [one.branch for one in told] == ["success", "success"]
    assert segments.get_segment(chosen).member_count == 2
    node = call("remove_from_segment", segment_id=str(chosen))
    assert "is removed from" in action("remove_from_segment").preview(node, rows(people)[0], now=now).words
    action("remove_from_segment").perform_set(node, rows(people), now=now)
    assert segments.get_segment(chosen).member_count == 0
    assert "Nothing changes" in action("remove_from_segment").preview(node, rows(people)[0], now=now).words


def test_segment_members__segment_gone_or_dynamic__is_a_problem_and_a_failure(now: datetime) -> None:
    gone = {"segment_id": "01900000-0000-7000-8000-00000000dead"}
    assert [one.code for one in action("add_to_segment").problems_of(gone)] == ["journeys.segment_unknown"]
    told = action("add_to_segment").perform_set(
        call("add_to_segment", **gone), rows(make_customers(["Ada"], now)), now=now
    )
    assert (told[0].branch, told[0].result["code"]) == ("failure", "segment.not_found")


def test_webhook__each_row__is_one_fact_with_an_id_of_its_step(now: datetime) -> None:
    at = rows(make_customers(["Ada", "Bob"], now), {"event": {"amount": 5}})
    node = call("webhook", name="welcomed", data={"who": "{{customer.first_name}}", "amount": "{{event.amount}}"})
    told = action("webhook").perform_set(node, at, now=now)
    assert action("webhook").preview(node, at[0], now=now).shown == {"data": {"who": "Ada", "amount": 5}}
    events.store_facts()
    found = sql.fetch_all(
        f"SELECT event_id, key, data FROM {events.STORE_VIEW} WHERE type = 'journey.signalled' ORDER BY key"
    )
    assert {str(one["event_id"]) for one in found} == {one.result["event_id"] for one in told}
    assert {one["key"] for one in found} == {str(row.customer_id) for row in at}
    assert action("webhook").perform_set(node, at, now=now) == told
    assert [one.code for one in action("webhook").problems_of(node.config)] == ["journeys.nobody_listens"]


@pytest.mark.parametrize("kind", ["issue_reward", "issue_offer", "update_attribute"])
def test_missing__named_with_its_reason__does_nothing(kind: str, now: datetime) -> None:
    assert action(kind).unavailable_reason
    told = action(kind).perform_set(call(kind), rows(make_customers(["Ada"], now)), now=now)
    assert told[0].branch == "failure"


def test_kinds__all__have_a_file_of_their_name() -> None:
    for kind, one in protocol.all_kinds().items():
        assert type(one).__module__.rsplit(".", 1)[-1] == kind
