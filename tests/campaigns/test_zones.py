"""The recipients' zones: all of the IANA database over every change of their clocks, and where the hour is past."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from loyalty.campaigns import api
from loyalty.campaigns.contracts import Due, PastTime
from loyalty.campaigns.kinds import schedule, threshold, zones
from loyalty.campaigns.models import CampaignExecution
from loyalty.customers.models import Customer
from loyalty.delivery.models import Send
from tests.campaigns.scene import later, make_campaign, make_segment, work_off
from tests.delivery.post import Post, make_customers

YEARS = (2024, 2026)


def changes_of(zone: ZoneInfo) -> list[datetime]:
    """Give the instants of some years at which a zone's clock moves, to the hour."""
    found, at = [], datetime(YEARS[0], 1, 1, tzinfo=UTC)
    end = datetime(YEARS[1] + 1, 1, 1, tzinfo=UTC)
    offset = at.astimezone(zone).utcoffset()
    while at < end:
        at += timedelta(days=1)
        if at.astimezone(zone).utcoffset() == offset:
            continue
        hours = (at - timedelta(days=1) + timedelta(hours=hour) for hour in range(1, 25))
        found.append(next(hour for hour in hours if hour.astimezone(zone).utcoffset() != offset))
        offset = at.astimezone(zone).utcoffset()
    return found


def test_instant__every_zone_and_change__shows_the_time_or_is_right_after_the_gap() -> None:
    looked_at = 0
    for name in zones.known_zones():
        zone = ZoneInfo(name)
        for change in changes_of(zone):
            around = change.astimezone(zone).replace(tzinfo=None)
            for minutes in range(-180, 181, 30):
                wall = around + timedelta(minutes=minutes)
                instant = schedule.instant_of(wall, zone)
                shown = instant.astimezone(zone).replace(tzinfo=None)
                looked_at += 1
                if shown == wall:
                    # Of a repeated hour it is the first.
                    assert instant == wall.replace(tzinfo=zone, fold=0).astimezone(UTC), (name, wall)
                    continue
                before = (instant - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
                assert before < wall < shown, (name, wall, instant)
    assert looked_at > 10_000


def test_earliest_zone__every_zone__no_clock_shows_a_wall_time_before_it() -> None:
    wall = datetime.fromisoformat("2026-06-15T09:00")
    first = schedule.instant_of(wall, ZoneInfo(schedule.EARLIEST_ZONE))
    assert all(schedule.instant_of(wall, ZoneInfo(one)) >= first for one in zones.known_zones())


@pytest.mark.parametrize(
    ("past", "expected"),
    [
        (PastTime.SKIP, ""),
        (PastTime.SEND_NOW, "2026-11-28T12:00:00+00:00"),
        (PastTime.NEXT_DAY, "2026-11-29T09:00:00+00:00"),
    ],
)
def test_past__the_hour_is_over__goes_by_the_rule(past: PastTime, expected: str) -> None:
    at = datetime(2026, 11, 28, 12, tzinfo=UTC)
    told = zones.dues(Due(datetime.fromisoformat("2026-11-28T09:00"), past, "UTC"), at)
    assert told["UTC"] == told[""] == expected
    assert told["America/New_York"] == "2026-11-28T14:00:00+00:00"


@pytest.mark.django_db
def test_recipient_zone__each_by_the_own_clock__is_due_then_and_sent_once(post: Post) -> None:
    begun = datetime(2026, 11, 28, 19, tzinfo=UTC)
    members = make_customers(["Ada", "Bob", "Cid"], begun)
    for member, zone in zip(members, ("Asia/Tokyo", "America/New_York", ""), strict=True):
        Customer.objects.filter(public_id=member).update(time_zone=zone)
    trigger = {"kind": "schedule", "at": "2026-11-29T09:00:00", "timezone": "recipient", "past": "skip"}
    make_campaign(begun - timedelta(days=1), segment=make_segment(begun, members), trigger=trigger)
    assert api.fire_due(now=begun - timedelta(hours=1)).fired == 0
    assert api.fire_due(now=begun).fired == 1
    work_off(begun)
    due = dict(Send.objects.order_by("customer_id").values_list("customer_id", "due_at"))
    assert [at.isoformat() for at in due.values() if at is not None] == [
        "2026-11-29T00:00:00+00:00", "2026-11-29T14:00:00+00:00", "2026-11-29T09:00:00+00:00",
    ]  # fmt: skip
    assert CampaignExecution.objects.get(customer_ref="c-0").occurrence == "2026-11-29T09:00 recipients"
    for hours, mails in ((5, 1), (14, 2), (19, 3), (40, 3)):
        work_off(later(begun, hours=hours))
        assert len(post.mails()) == mails
    assert api.fire_due(now=later(begun, days=2)).fired == 0


def test_threshold__with_a_reset__does_not_tremble() -> None:
    trigger = threshold.ThresholdTrigger().read(
        {"kind": "threshold", "measure": "segment_size", "operator": ">", "value": 100, "reset": 80}
    )
    met, fired = False, 0
    for measured in (99, 101, 99, 101, 81, 101, 80, 101):
        now_met = threshold.is_met(trigger, measured, was_met=met)
        fired, met = fired + (now_met and not met), now_met
    assert fired == 2
