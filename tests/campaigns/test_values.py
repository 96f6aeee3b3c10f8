"""What a template shows of the member and the event, and the command that triggers."""

import uuid
from datetime import datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from loyalty.campaigns import api
from loyalty.campaigns.kinds.event import EVENT_FIELDS, OWN_FACTS
from loyalty.delivery.errors import TemplateInvalid
from loyalty.foundation.events import api as events
from loyalty.points import api as points
from loyalty.tiers.events import TierUpgraded
from tests.campaigns.scene import (
    ACTOR,
    executions,
    later,
    make_audience,
    make_campaign,
    make_segment,
    trigger,
    work_off,
)
from tests.delivery.post import Post, make_customers
from tests.points.world import make_world

pytestmark = pytest.mark.django_db
OF_MEMBER = {
    "email": {
        "subject": "{{ first_name }}: {{ points_balance }} points, {{ tier_name }} of {{ program_name }}",
        "body": "{{ campaign_name }}",
    }
}


def test_template__values_of_the_member__are_those_of_the_moment(post: Post, now: datetime) -> None:
    world = make_world(now)
    ada, bob = make_customers(["Ada", "Bob"], now)
    world.enroll([ada])
    campaign = make_campaign(now, program=world.program_id, segment=make_segment(now, [ada, bob]), content=OF_MEMBER)
    trigger(campaign, now)
    work_off(now)
    (mail,) = post.mails()
    assert mail["Subject"] == "Ada: 0 points, Bronze of VIP"
    assert executions(campaign) == {("SENT", ""): 1, ("SKIPPED", "template.variable_missing"): 1}


def test_template__points_past_their_time__are_not_told_as_a_balance(post: Post, now: datetime) -> None:
    world = make_world(now, expiry_days=30)
    (ada,) = make_customers(["Ada"], now)
    world.enroll([ada])
    member = points.find_member(customer_id=ada, program_id=world.program_id)
    assert member is not None
    world.earn(member, points=100)
    at = later(now, days=40)
    campaign = make_campaign(at, program=world.program_id, content=OF_MEMBER)
    # The expiry has not run: the points still lie in the account, and no burn takes them.
    trigger(campaign, at)
    work_off(at)
    (mail,) = post.mails()
    assert mail["Subject"].startswith("Ada: 0 points,")


def test_template__program_without_segment__means_its_members(post: Post, now: datetime) -> None:
    world = make_world(now)
    ada, _ = make_customers(["Ada", "Bob"], now)
    world.enroll([ada])
    assert trigger(make_campaign(now, program=world.program_id), now).answer["audience"] == 1


def test_template__values_of_a_program_without_one__are_unknown(now: datetime) -> None:
    with pytest.raises(TemplateInvalid):
        make_campaign(now, content=OF_MEMBER)


def test_template__values_of_the_tier_event__are_shown(post: Post, now: datetime) -> None:
    world = make_world(now)
    (ada,) = make_customers(["Ada"], now)
    content = {"email": {"subject": "Welcome to {{ event_to_tier_name }}", "body": "x"}}
    make_campaign(
        now, program=world.program_id, trigger={"kind": "event", "event_type": "tier.upgraded"}, content=content
    )
    world.enroll([ada])
    work_off(now)
    fact = TierUpgraded(
        customer_id=ada,
        account_id=uuid.uuid4(),
        program_id=world.program_id,
        from_tier="BRONZE",
        to_tier="SILVER",
        to_tier_name="Silver",
        points_lifetime=100,
        reason="",
    )
    events.publish(fact, key=str(ada), subject_kind="customer", subject_ref=str(ada), occurred_at=now)
    work_off(now)
    assert [mail["Subject"] for mail in post.mails()] == ["Welcome to Silver"]


def test_kinds__for_a_builder__name_every_event_and_its_fields(admin_client: APIClient) -> None:
    answer = admin_client.get("/api/loyalty/v1/campaigns/kinds/").json()
    assert answer["triggers"] == ["event", "schedule", "threshold"]
    offered = {one["type"]: one["fields"] for one in answer["events"]}
    assert set(EVENT_FIELDS) < set(offered)
    assert "message.clicked" in offered
    assert not any(one.startswith(OWN_FACTS) for one in offered)
    assert {"code": "email", "is_available": True} in answer["channels"]
    assert {"code": "sms", "is_available": False} in answer["channels"]


def run_command(*arguments: str) -> str:
    """Run the command and give what it says."""
    said = StringIO()
    call_command("trigger_campaigns", *arguments, stdout=said)
    return said.getvalue()


def test_trigger_campaigns__named__triggers_once_per_occurrence(now: datetime) -> None:
    campaign = make_campaign(now, segment=make_audience(now))
    command = ("--campaign", str(campaign), "--occurrence", "launch")
    assert run_command(*command) == f"{campaign} triggered: 2 to send, 2 left out\n"
    assert run_command(*command) == f"{campaign} was triggered before: 2 to send, 2 left out\n"


def test_trigger_campaigns__nothing_named__triggers_what_is_due(now: datetime) -> None:
    bound = {"kind": "threshold", "measure": "segment_size", "operator": ">=", "value": 4}
    make_campaign(now, trigger=bound, segment=make_audience(now))
    assert run_command() == "1 campaigns triggered, 0 refused\n"
    assert run_command() == "0 campaigns triggered, 0 refused\n"


def test_trigger_campaigns__not_active__says_why_and_fails(now: datetime) -> None:
    campaign = make_campaign(now)
    api.pause(campaign_id=campaign, actor=ACTOR, now=now)
    with pytest.raises(CommandError, match="Activate it first"):
        run_command("--campaign", str(campaign))
