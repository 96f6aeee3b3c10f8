"""What a campaign goes through: a pause, a later beginning, another end."""

from datetime import datetime, timedelta

import pytest

from loyalty.campaigns import api
from loyalty.campaigns.models import Campaign
from loyalty.delivery.models import Send
from tests.campaigns.scene import ACTOR, later, make_campaign, make_segment, work_off
from tests.delivery.post import Post, make_customers

pytestmark = pytest.mark.django_db


def test_pause__of_one_whose_only_slot_has_come__can_be_resumed_and_sends_the_rest(post: Post, now: datetime) -> None:
    segment = make_segment(now, make_customers(["Ada", "Bob"], now))
    at = later(now, minutes=5)
    once = {"kind": "schedule", "at": at.isoformat(), "timezone": "UTC"}
    campaign = make_campaign(now, segment=segment, trigger=once)
    api.fire_due(now=at)
    api.pause(campaign_id=campaign, actor=ACTOR, now=at)
    work_off(at)
    assert post.mails() == []

    api.activate(campaign_id=campaign, actor=ACTOR, now=later(at, hours=1))

    work_off(later(at, hours=1))
    assert len(post.mails()) == 2
    assert Send.objects.filter(state="SENT").count() == 2


def test_change__of_the_name_after_its_only_slot__is_kept(now: datetime) -> None:
    at = later(now, minutes=5)
    once = {"kind": "schedule", "at": at.isoformat(), "timezone": "UTC"}
    campaign = make_campaign(now, segment=make_segment(now), trigger=once)
    api.fire_due(now=at)

    changes = {"name": "Old news", "trigger": once}
    api.change(campaign_id=campaign, changes=changes, actor=ACTOR, now=later(at, hours=1))

    assert Campaign.objects.get(public_id=campaign).name == "Old news"


def test_threshold__that_nobody_changed__is_not_crossed_again_by_a_change(now: datetime) -> None:
    segment = make_segment(now, make_customers(["Ada", "Bob"], now))
    crossing = {"kind": "threshold", "measure": "segment_size", "operator": ">=", "value": 2}
    campaign = make_campaign(now, segment=segment, trigger=crossing)
    assert api.fire_due(now=now).fired == 1

    api.change(campaign_id=campaign, changes={"name": "News 2", "trigger": crossing}, actor=ACTOR, now=now)

    assert api.fire_due(now=later(now, minutes=1)).fired == 0
    api.change(campaign_id=campaign, changes={"trigger": {**crossing, "value": 1}}, actor=ACTOR, now=now)
    assert api.fire_due(now=later(now, minutes=2)).fired == 1


def test_activate__never_run_and_its_only_slot_is_over__is_refused(now: datetime) -> None:
    once = {"kind": "schedule", "at": later(now, minutes=5).isoformat(), "timezone": "UTC"}
    campaign = make_campaign(now, trigger=once)
    api.pause(campaign_id=campaign, actor=ACTOR, now=now)

    with pytest.raises(api.SchedulePast):
        api.activate(campaign_id=campaign, actor=ACTOR, now=later(now, hours=1))


def test_end__put_off_while_active__brings_the_slots_back(now: datetime) -> None:
    weekly = {"kind": "schedule", "cron": "0 9 * * 1", "timezone": "UTC"}
    campaign = make_campaign(now, trigger=weekly, ends_at=later(now, days=30))
    api.change(campaign_id=campaign, changes={"ends_at": later(now, hours=1)}, actor=ACTOR, now=now)
    assert Campaign.objects.get(public_id=campaign).due_at is None

    api.change(campaign_id=campaign, changes={"ends_at": None}, actor=ACTOR, now=now)

    due_at = Campaign.objects.get(public_id=campaign).due_at
    assert due_at is not None
    assert now < due_at <= now + timedelta(days=7)


@pytest.mark.parametrize("hours", [None, 1])
def test_beginning__changed_while_scheduled__counts(now: datetime, hours: int | None) -> None:
    campaign = make_campaign(now, starts_at=later(now, days=2))
    assert Campaign.objects.get(public_id=campaign).status == "SCHEDULED"
    wanted = later(now, hours=hours) if hours else None

    api.change(campaign_id=campaign, changes={"starts_at": wanted}, actor=ACTOR, now=now)

    assert Campaign.objects.get(public_id=campaign).due_at in (wanted, now)
    api.fire_due(now=later(now, hours=2))
    assert Campaign.objects.get(public_id=campaign).status == "ACTIVE"
