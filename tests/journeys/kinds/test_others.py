"""The other actions: segments, signals, and those whose domain is not here."""

from datetime import datetime

import pytest
from rest_framework.test import APIClient

from loyalty.campaigns import errors as campaign_errors
from loyalty.delivery import errors as delivery_errors
from loyalty.delivery.models import Send
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.orm import sql
from loyalty.journeys.api import problems_of
from loyalty.journeys.kinds.actions import protocol
from loyalty.journeys.models import Execution
from loyalty.journeys.policy.reasons import kept, read, refused, say
from loyalty.journeys.policy.refusal_phrases import REFUSALS
from loyalty.ledger import errors as ledger_errors
from loyalty.points import errors as points_errors
from loyalty.segments import api as segments
from loyalty.segments import errors as segment_errors
from tests.campaigns.scene import make_campaign, make_segment, work_off
from tests.delivery.post import Post, make_customers
from tests.journeys import ground
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


def test_kinds__all__have_a_file_of_their_name() -> None:
    for kind, one in protocol.all_kinds().items():
        assert type(one).__module__.rsplit(".", 1)[-1] == kind


def test_trigger_campaign__each_row__is_placed_once_with_its_reason(post: Post, now: datetime) -> None:
    campaign = make_campaign(now)
    people = [*make_customers(["Ada"], now), *make_customers(["Cid"], now, is_consented=False, prefix="n")]
    at = rows(people)
    node = call("trigger_campaign", campaign_id=str(campaign))
    assert action("trigger_campaign").problems_of(node.config) == []
    seen = action("trigger_campaign").preview(node, at[0], now=now)
    assert (seen.branch, seen.shown["campaign"]) == ("success", "News")
    assert not Send.objects.exists()
    first = action("trigger_campaign").perform_set(node, at, now=now)
    assert [(one.branch, one.result) for one in first] == [
        ("success", {"outcome": "queued"}), ("skip", {"reason": "no_consent"}),
    ]  # fmt: skip
    again = action("trigger_campaign").perform_set(node, at[:1], now=now)
    assert (again[0].branch, Send.objects.count()) == ("success", 2)


def test_trigger_campaign__gone_or_not_running__fails_with_the_code(post: Post, now: datetime) -> None:
    at = rows(make_customers(["Ada"], now))
    gone = call("trigger_campaign", campaign_id="01900000-0000-7000-8000-00000000dead")
    draft = call("trigger_campaign", campaign_id=str(make_campaign(now, is_active=False)))
    assert [one.severity for one in action("trigger_campaign").problems_of(gone.config)] == ["error"]
    assert [one.severity for one in action("trigger_campaign").problems_of(draft.config)] == ["warning"]
    told = [action("trigger_campaign").perform_set(node, at, now=now)[0] for node in (gone, draft)]
    assert [(one.branch, one.result["code"], one.may_pass) for one in told] == [
        ("failure", "campaign.not_found", False), ("failure", "campaign.not_active", True),
    ]  # fmt: skip


def test_issue_offer__each_row__gets_the_offer_meant_for_it_and_whoever_has_none_skips(
    post: Post, now: datetime
) -> None:
    ada, bob, cid = make_customers(["Ada", "Bob", "Cid"], now)
    offers = (
        {"code": "gold", "title": "For gold", "segment": str(make_segment(now, [ada], "Gold"))},
        {"code": "blue", "title": "For blue", "segment": str(make_segment(now, [ada, bob], "Blue"))},
    )
    content = {"email": {"subject": "{{ offer_title }}", "body": "<p>{{ offer_code }}</p>"}}
    campaign = make_campaign(now, content=content, offers=offers)
    node, at = call("issue_offer", campaign_id=str(campaign)), rows([ada, bob, cid])
    assert action("issue_offer").problems_of(node.config) == []
    seen = [action("issue_offer").preview(node, row, now=now) for row in at]
    assert [(one.branch, one.words) for one in seen] == [
        ("success", "The offer “For gold” is sent."), ("success", "The offer “For blue” is sent."),
        ("skip", "No offer is meant for the customer."),
    ]  # fmt: skip
    assert not Send.objects.exists()
    for _ in range(2):
        told = action("issue_offer").perform_set(node, at, now=now)
        assert [(one.branch, one.result) for one in told] == [
            ("success", {"outcome": "queued", "offer_code": "gold", "offer_title": "For gold"}),
            ("success", {"outcome": "queued", "offer_code": "blue", "offer_title": "For blue"}),
            ("skip", {"reason": "no_offer"}),
        ]  # fmt: skip
    assert Send.objects.count() == 2
    work_off(now)
    assert {mail["To"]: mail["Subject"] for mail in post.mails()} == {
        "c0@mail.test": "For gold", "c1@mail.test": "For blue",
    }  # fmt: skip


def test_issue_offer__campaign_without_offers_or_gone__is_a_problem_and_a_failure(post: Post, now: datetime) -> None:
    at = rows(make_customers(["Ada"], now))
    plain = call("issue_offer", campaign_id=str(make_campaign(now)))
    gone = call("issue_offer", campaign_id="01900000-0000-7000-8000-00000000dead")
    assert [one.code for one in action("issue_offer").problems_of(plain.config)] == ["journeys.offer_missing"]
    assert [one.code for one in action("issue_offer").problems_of(gone.config)] == ["journeys.campaign_unknown"]
    told = [action("issue_offer").perform_set(node, at, now=now)[0] for node in (plain, gone)]
    assert [(one.branch, one.result["code"]) for one in told] == [
        ("failure", "journeys.offer_missing"), ("failure", "campaign.not_found"),
    ]  # fmt: skip
    assert action("issue_offer").preview(plain, at[0], now=now).branch == "failure"
    assert not Send.objects.exists()


def test_start_journey__each_row__comes_in_once_and_as_that_journey_allows(now: datetime) -> None:
    other = ground.make_journey(
        now, ground.graph_of({"w": ground.wait(1)}, ["start w", "w end"], {"re_entry": "never"})
    )
    at = rows(make_customers(["Ada", "Bob"], now), {"event": {"amount": 5}})
    node = call("start_journey", journey_id=str(other.journey_id), with_context=True)
    first = action("start_journey").perform_set(node, at, now=now)
    assert [one.branch for one in first] == ["success", "success"]
    assert Execution.objects.filter(journey_id=other.journey_pk).count() == 2
    assert action("start_journey").perform_set(node, at, now=now) == first
    later = action("start_journey").perform_set(node, rows([at[0].customer_id]), now=now)
    assert (later[0].branch, later[0].result) == ("skip", {"reason": "not_let_in"})
    gone = call("start_journey", journey_id="01900000-0000-7000-8000-00000000dead")
    assert [one.code for one in action("start_journey").problems_of(gone.config)] == ["journeys.journey_unknown"]
    assert action("start_journey").perform_set(gone, at, now=now)[0].branch == "failure"


def test_issue_reward__nothing_stands_behind_it__is_there_with_its_reason_and_never_pretends(
    admin_client: APIClient, now: datetime
) -> None:
    place = "/api/loyalty/v1/journeys/kinds/"
    for language, words in (("en", "no catalogue of rewards"), ("ar", "لا كتالوج مكافآت")):
        told = admin_client.get(place, headers={"Accept-Language": language}).json()["actions"]
        [one] = [kind for kind in told if kind["kind"] == "issue_reward"]
        assert (one["is_available"], words in one["unavailable_reason"]) == (False, True)
    at, node = rows(make_customers(["Ada"], now)), call("issue_reward", reward="cup")
    assert action("issue_reward").preview(node, at[0], now=now).branch == "failure"
    told = action("issue_reward").perform_set(node, at, now=now)
    assert (told[0].branch, told[0].result) == ("failure", {"code": "journeys.rewards_missing"})
    # In a graph it is an error that names the step; who comes to it in an older version takes the failure branch.
    reward = {"kind": "action", "config": {"action_type": "issue_reward", "reward": "cup"}}
    graph = ground.graph_of({"r": reward}, ["start r", "r end", "r:failure end"])
    found = [(one.code, one.node_id) for one in problems_of(graph) if one.severity == "error"]
    assert ("journeys.action_unavailable", "r") in found
    ground.let_in(ground.make_journey(now, graph), [at[0].customer_id], now)
    ground.run(now)
    assert ground.path_of(Execution.objects.get()) == ["start:next", "r:failure", "end:"]


def test_refusals__of_other_domains__are_kept_by_code_and_said_in_the_language_of_the_reader(now: datetime) -> None:
    at = rows(make_customers(["Ada"], now))
    gone = "01900000-0000-7000-8000-00000000dead"
    for kind, config, words in (
        ("add_to_segment", {"segment_id": gone}, "الشريحة غير موجودة."),
        ("trigger_campaign", {"campaign_id": gone}, "الحملة غير موجودة."),
        ("trigger_campaign", {"campaign_id": str(make_campaign(now, is_active=False))}, "الحملة لا تعمل."),
        ("send_email", {"template": "gone"}, "القالب غير موجود."),
    ):
        [told] = action(kind).perform_set(call(kind, **config), at, now=now)
        [reason] = told.reasons
        assert say(reason, "ar") == words, (kind, reason)
        assert say(reason, "en") == str(reason) != words
        again = read(kept(reason), str(reason))
        assert (say(again, "ar"), str(again)) == (words, str(reason))
    # A code that nobody has said in Arabic stays the sentence that it was.
    assert say(refused("weather.bad", "It rains."), "ar") == "It rains."


def test_refusals__all_that_actions_may_be_refused_with__are_said_in_arabic() -> None:
    codes = {
        one.code for domain in (campaign_errors, segment_errors, delivery_errors, points_errors, ledger_errors)
        for one in vars(domain).values() if isinstance(one, type) and issubclass(one, Refusal)
    }  # fmt: skip
    asked = {
        "campaign.not_found", "campaign.not_active", "segment.not_found", "segment.kind_wrong", "template.not_found",
        "template.invalid", "channel.not_available", "channel.unknown", "content.invalid", "points.cap_reached",
        "points.not_a_member", "points.member_unknown", "account.not_active", "points.amount_invalid",
        "points.approval_required", "message.occurrence_reused",
    }  # fmt: skip
    assert asked - codes - {"account.not_active"} == set()
    assert asked - set(REFUSALS["ar"]) == set()
