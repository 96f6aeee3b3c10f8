"""Campaigns set off by facts, by thresholds and by the clock."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty.campaigns import api
from loyalty.campaigns.errors import TriggerInvalid
from loyalty.campaigns.kinds import event as event_kind
from loyalty.campaigns.models import Campaign, Occurrence
from loyalty.foundation.events import api as events
from loyalty.foundation.events.contracts import Fact
from loyalty.segments.models import Segment
from tests.campaigns.facts import Purchase, TierUpgraded
from tests.campaigns.scene import ACTOR, later, make_audience, make_campaign, make_segment, work_off
from tests.delivery.post import Post, make_customers
from tests.points.world import make_world

pytestmark = pytest.mark.django_db
ON_PURCHASE: dict[str, Any] = {
    "kind": "event",
    "event_type": "customer.purchase",
    "filter": {">": [{"var": "amount"}, 100]},
}


def publish(fact: Fact, customer: object, at: datetime) -> None:
    """Publish a fact about a customer."""
    ref = str(customer)
    events.publish(fact, key=ref, subject_kind="customer", subject_ref=ref, occurred_at=at)


def test_event__passing_the_filter__mails_that_customer_alone(post: Post, now: datetime) -> None:
    ada, _ = make_customers(["Ada", "Bob"], now)
    content = {"email": {"subject": "{{ event_amount }} {{ event_currency }}", "body": "Thanks"}}
    make_campaign(now, trigger=ON_PURCHASE, content=content)
    publish(Purchase(amount="150.00"), ada, now)
    publish(Purchase(amount="99.99"), ada, now)
    work_off(now)
    (mail,) = post.mails()
    assert (mail["Subject"], str(mail["To"])) == ("150.00 USD", "c0@mail.test")


def test_event__delivered_twice__mails_once(post: Post, now: datetime) -> None:
    (ada,) = make_customers(["Ada"], now)
    make_campaign(now, trigger=ON_PURCHASE)
    publish(Purchase(amount="150"), ada, now)
    work_off(now)
    envelope = events.Envelope(
        id=Occurrence.objects.get().event_id or uuid.uuid4(),
        type="customer.purchase",
        version=1,
        key=str(ada),
        subject_kind="customer",
        subject_ref=str(ada),
        occurred_at=now,
        recorded_at=now,
        correlation_id=None,
        causation_id=None,
        data={"amount": "150"},
    )
    assert api.fire_set(facts=[envelope], now=now) == 0
    work_off(now)
    assert len(post.mails()) == 1


def test_event__customer_outside_of_the_segment__is_not_written_to(post: Post, now: datetime) -> None:
    ada, bob = make_customers(["Ada", "Bob"], now)
    make_campaign(now, trigger=ON_PURCHASE, segment=make_segment(now, [ada]))
    publish(Purchase(amount="150"), bob, now)
    publish(Purchase(amount="150"), ada, now)
    work_off(now)
    assert [str(mail["To"]) for mail in post.mails()] == ["c0@mail.test"]
    assert Occurrence.objects.count() == 1


def test_event__of_another_program__does_not_concern_the_campaign(now: datetime) -> None:
    (ada,) = make_customers(["Ada"], now)
    campaign = make_campaign(now, trigger={"kind": "event", "event_type": "tier.upgraded"})
    Campaign.objects.filter(public_id=campaign).update(program_ref=uuid.uuid4())
    publish(TierUpgraded(program_id=str(uuid.uuid4()), to_tier="gold"), ada, now)
    work_off(now)
    assert Occurrence.objects.count() == 0


def test_event__campaign_paused__is_let_pass(post: Post, now: datetime) -> None:
    (ada,) = make_customers(["Ada"], now)
    campaign = make_campaign(now, trigger=ON_PURCHASE)
    api.pause(campaign_id=campaign, actor=ACTOR, now=now)
    publish(Purchase(amount="150"), ada, now)
    work_off(now)
    assert (Occurrence.objects.count(), post.mails()) == (0, [])


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ({"event_type": "customer.sneezed"}, "campaign.event_unknown"),
        ({"event_type": 7}, "campaign.event_unknown"),
        ({}, "campaign.event_unknown"),
        ({"event_type": "customer.purchase", "filter": {"nope": [1]}}, "campaign.filter_invalid"),
        ({"event_type": "customer.purchase", "filter": "x" * 70_000}, "campaign.filter_invalid"),
        ({"event_type": "customer.purchase", "when": 1}, "unknown_field"),
    ],
)
def test_event_trigger__unfit__is_refused_with_its_code(raw: dict[str, Any], code: str) -> None:
    with pytest.raises(TriggerInvalid) as refusal:
        event_kind.EventTrigger().read({"kind": "event", **raw})
    assert refusal.value.problems[0].code == code


def test_schedule__slot_has_come__fires_once_with_two_beats(post: Post) -> None:
    friday = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    campaign = make_campaign(friday, segment=make_audience(friday))
    monday = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    assert api.fire_due(now=later(monday, seconds=-1)).fired == 0
    assert [api.fire_due(now=monday).fired, api.fire_due(now=later(monday, seconds=5)).fired] == [1, 0]
    work_off(monday)
    assert Occurrence.objects.get().occurrence == "2026-11-23T09:00+02:00"
    assert Campaign.objects.get(public_id=campaign).due_at == later(monday, days=7)
    assert len(post.mails()) == 2


def test_schedule__three_slots_missed__fires_the_latest_only(now: datetime) -> None:
    make_campaign(now, segment=make_audience(now))
    assert api.fire_due(now=datetime(2026, 12, 8, 12, 0, tzinfo=UTC)).fired == 1
    assert Occurrence.objects.get().occurrence == "2026-12-07T09:00+02:00"


def test_schedule__once__fires_once_and_has_no_next_slot(now: datetime) -> None:
    at = {"kind": "schedule", "at": "2026-11-20T14:30:00+02:00", "timezone": "Asia/Beirut"}
    campaign = make_campaign(now, trigger=at, segment=make_audience(now))
    assert [api.fire_due(now=later(now, hours=span)).fired for span in (0, 1, 2)] == [0, 1, 0]
    assert Campaign.objects.get(public_id=campaign).due_at is None


def test_schedule__in_the_past__cannot_be_activated(now: datetime) -> None:
    with pytest.raises(api.SchedulePast):
        make_campaign(now, trigger={"kind": "schedule", "at": "2026-11-19T09:00:00Z"})


def resize(segment: uuid.UUID, size: int) -> None:
    """Set the size of a segment as a recalculation does."""
    Segment.objects.filter(public_id=segment).update(member_count=size)


def test_threshold__crossed__fires_at_the_edge_and_again_only_after_falling_back(now: datetime) -> None:
    segment = make_audience(now)
    bound = {"kind": "threshold", "measure": "segment_size", "operator": ">", "value": 100}
    make_campaign(now, trigger=bound, segment=segment)
    fired = []
    for step, size in enumerate([100, 101, 150, 100, 90, 101]):
        resize(segment, size)
        fired.append(api.fire_due(now=later(now, minutes=step)).fired)
    assert fired == [0, 1, 0, 0, 0, 1]
    assert Occurrence.objects.count() == 2


def test_threshold__points_outstanding__leaves_out_those_past_their_time(now: datetime) -> None:
    world = make_world(now, expiry_days=30)
    world.earn(world.member(), points=100)
    fresh = {"kind": "threshold", "measure": "points_outstanding", "operator": ">=", "value": 100}
    make_campaign(now, trigger=fresh, program=world.program_id, segment=make_audience(now))
    assert api.fire_due(now=now).fired == 1
    gone = {**fresh, "operator": "<", "value": 1}
    at = later(now, days=40)
    make_campaign(now, trigger=gone, program=world.program_id, segment=make_segment(now, name="Others"))
    assert api.fire_due(now=now).fired == 0
    # The expiry has not run; what is over counts as gone all the same.
    assert api.fire_due(now=at).fired == 1


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ({"measure": "moon", "operator": ">", "value": 1}, "campaign.measure_unknown"),
        ({"measure": "segment_size", "operator": "=", "value": 1}, "campaign.operator_unknown"),
        ({"measure": "segment_size", "operator": ">", "value": "many"}, "campaign.value_invalid"),
        ({"measure": "segment_size", "operator": ">", "value": True}, "campaign.value_invalid"),
        ({"measure": "segment_size", "operator": ">", "value": "NaN"}, "campaign.value_invalid"),
        ({"measure": "segment_size", "operator": ">"}, "campaign.value_invalid"),
    ],
)
def test_threshold_trigger__unfit__is_refused_with_its_code(now: datetime, raw: dict[str, Any], code: str) -> None:
    with pytest.raises(TriggerInvalid) as refusal:
        make_campaign(now, trigger={"kind": "threshold", **raw})
    assert refusal.value.problems[0].code == code


@pytest.mark.parametrize("measure", ["segment_size", "program_members", "enrolled_last_day", "points_outstanding"])
def test_threshold__of_what_nobody_named__is_refused_instead_of_never_coming(now: datetime, measure: str) -> None:
    trigger = {"kind": "threshold", "measure": measure, "operator": ">", "value": 1}
    with pytest.raises(TriggerInvalid) as refusal:
        make_campaign(now, trigger=trigger)
    needed = "campaign.segment_needed" if measure == "segment_size" else "campaign.program_needed"
    assert [(one.field, one.code) for one in refusal.value.problems] == [("trigger.measure", needed)]


def test_trigger__unknown_kind__is_refused(now: datetime) -> None:
    with pytest.raises(TriggerInvalid) as refusal:
        make_campaign(now, trigger={"kind": "moon"})
    assert refusal.value.problems[0].code == "campaign.trigger_kind_unknown"


def test_filter__new_and_stored__keep_the_profile_they_were_written_under(post: Post, now: datetime) -> None:
    """Both ends of the window counted in the first profile; since the second its first end does not."""
    edge = {"within_days": [{"datetime": "2026-11-10T12:00:00Z"}, 10]}
    trigger: dict[str, Any] = {"kind": "event", "event_type": "customer.purchase", "filter": edge}
    campaign = make_campaign(now, trigger=trigger)
    held = Campaign.objects.get(public_id=campaign)
    envelope = events.Envelope(
        id=uuid.uuid4(), type="customer.purchase", version=1, key="", subject_kind="customer", subject_ref="",
        occurred_at=now, recorded_at=now, correlation_id=None, causation_id=None, data={"amount": "1"},
    )  # fmt: skip
    assert held.trigger["filter_profile"] == 2
    assert not event_kind.passing(held.trigger, [envelope], now=now)
    old = {**trigger, "filter_profile": 1}
    assert event_kind.passing(trigger, [envelope], now=now) and event_kind.passing(old, [envelope], now=now), (
        "stored without one"
    )
    Campaign.objects.filter(pk=held.pk).update(trigger=old)
    api.change(campaign_id=campaign, changes={"name": "Renamed"}, actor=ACTOR, now=now)
    assert Campaign.objects.get(pk=held.pk).trigger == old
    api.change(campaign_id=campaign, changes={"trigger": trigger}, actor=ACTOR, now=now)
    assert Campaign.objects.get(pk=held.pk).trigger == old, "the same filter, as the console sends it back"
    other = {**trigger, "filter": {"!": [edge]}}
    api.change(campaign_id=campaign, changes={"trigger": other}, actor=ACTOR, now=now)
    assert Campaign.objects.get(pk=held.pk).trigger == {**other, "filter_profile": 2}
    with pytest.raises(TriggerInvalid):
        changes = {"trigger": {**other, "filter_profile": 9}}
        api.change(campaign_id=campaign, changes=changes, actor=ACTOR, now=now)
