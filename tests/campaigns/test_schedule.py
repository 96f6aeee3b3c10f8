"""Schedules: local time, the changes of the clocks, missed slots."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loyalty.campaigns.errors import TriggerInvalid
from loyalty.campaigns.kinds import schedule

BERLIN = ZoneInfo("Europe/Berlin")


def slots(line: str, zone: str, start: str, count: int) -> list[str]:
    """Give the next slots as local times with offset."""
    found, position = [], datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    for _ in range(count):
        slot = schedule.next_slot(line, ZoneInfo(zone), position)
        assert slot is not None
        found.append(slot.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes"))
        position = slot
    return found


def test_cron__weekly_in_a_zone__is_local_time_through_the_year() -> None:
    assert slots("0 9 * * 1", "Europe/Berlin", "2026-10-18T12:00", 3) == [
        "2026-10-19T09:00+02:00",
        "2026-10-26T09:00+01:00",
        "2026-11-02T09:00+01:00",
    ]


def test_cron__slot_in_the_gap__comes_right_after_it() -> None:
    assert slots("30 2 * * *", "Europe/Berlin", "2026-03-28T03:00", 2) == [
        "2026-03-29T03:00+02:00",
        "2026-03-30T02:30+02:00",
    ]


def test_cron__slot_in_the_repeated_hour__comes_once() -> None:
    assert slots("30 2 * * *", "Europe/Berlin", "2026-10-24T03:00", 2) == [
        "2026-10-25T02:30+02:00",
        "2026-10-26T02:30+01:00",
    ]


def test_cron__every_hour__skips_the_gap_and_counts_the_repeated_hour_twice() -> None:
    assert slots("0 * * * *", "Europe/Berlin", "2026-03-29T00:30", 3) == [
        "2026-03-29T01:00+01:00",
        "2026-03-29T03:00+02:00",
        "2026-03-29T04:00+02:00",
    ]
    assert slots("0 * * * *", "Europe/Berlin", "2026-10-25T01:30", 3) == [
        "2026-10-25T02:00+02:00",
        "2026-10-25T02:00+01:00",
        "2026-10-25T03:00+01:00",
    ]


def test_cron__half_hour_change_of_lord_howe__comes_once_a_day() -> None:
    found = slots("15 2 * * *", "Australia/Lord_Howe", "2026-10-02T12:00", 4)
    assert [text[:10] for text in found] == ["2026-10-03", "2026-10-04", "2026-10-05", "2026-10-06"]


def changes_of(zone: ZoneInfo, start: datetime) -> list[datetime]:
    """Give the days of a year before which the zone's offset changed."""
    days = [start + timedelta(days=day) for day in range(366)]
    return [
        later
        for before, later in pairwise(days)
        if before.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset()
    ]


def test_cron__daily_at_every_change_of_every_zone__comes_once_per_local_day() -> None:
    changes = 0
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        for changed_at in changes_of(zone, datetime(2026, 1, 1, tzinfo=UTC)):
            position, days = changed_at - timedelta(days=3), []
            for _ in range(5):
                slot = schedule.next_slot("30 2 * * *", zone, position)
                assert slot is not None
                assert slot > position, name
                days.append(slot.astimezone(zone).date())
                position = slot
            assert all(later - before == timedelta(days=1) for before, later in pairwise(days)), name
            changes += 1
    assert changes > 100


def test_due_slot__after_an_outage__is_the_latest_only() -> None:
    trigger = {"kind": "schedule", "cron": "0 * * * *", "timezone": "UTC"}
    due = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    found = schedule.due_slot(trigger, due, datetime(2026, 11, 29, 12, 30, tzinfo=UTC))
    assert (found.slot_at.isoformat(), found.next_at) == (
        "2026-11-29T12:00:00+00:00",
        datetime(2026, 11, 29, 13, 0, tzinfo=UTC),
    )


def test_due_slot__rare_line_after_an_outage__is_the_one_that_was_missed() -> None:
    trigger = {"kind": "schedule", "cron": "0 9 1 * *", "timezone": "UTC"}
    due = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
    found = schedule.due_slot(trigger, due, datetime(2026, 11, 20, tzinfo=UTC))
    assert (found.slot_at, found.next_at) == (due, datetime(2026, 12, 1, 9, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ({"cron": "0 9 * *"}, "campaign.cron_invalid"),
        ({"cron": "0 9 * * * *"}, "campaign.cron_invalid"),
        ({"cron": "99 9 * * *"}, "campaign.cron_invalid"),
        ({"cron": "R 9 * * *"}, "campaign.cron_invalid"),
        ({"cron": "H 9 * * *"}, "campaign.cron_invalid"),
        ({"cron": "0 0 30 2 *"}, "campaign.cron_invalid"),
        ({"cron": 7}, "campaign.cron_invalid"),
        ({"cron": "0 9 * * *", "timezone": "Mars/Olympus"}, "campaign.timezone_unknown"),
        ({"cron": "0 9 * * *", "timezone": "../../etc/passwd"}, "campaign.timezone_unknown"),
        ({"at": "tomorrow"}, "campaign.instant_invalid"),
        ({}, "campaign.schedule_ambiguous"),
        ({"cron": "0 9 * * *", "at": "2026-12-01T09:00:00Z"}, "campaign.schedule_ambiguous"),
        ({"cron": "0 9 * * *", "every": "day"}, "unknown_field"),
    ],
)
def test_schedule__unfit__is_refused_with_its_code(raw: dict[str, object], code: str) -> None:
    with pytest.raises(TriggerInvalid) as refusal:
        schedule.ScheduleTrigger().read({"kind": "schedule", **raw})
    assert refusal.value.problems[0].code == code


def test_schedule__instant_without_offset__is_local_time() -> None:
    kept = schedule.ScheduleTrigger().read({"kind": "schedule", "at": "2026-12-01T09:00:00", "timezone": "Asia/Beirut"})
    assert kept["at"] == "2026-12-01T07:00:00+00:00"


def test_schedule__instant_in_the_gap_or_the_repeated_hour__is_read_as_a_slot_is() -> None:
    def kept(at: str) -> str:
        trigger = schedule.ScheduleTrigger().read({"kind": "schedule", "at": at, "timezone": "Europe/Berlin"})
        return datetime.fromisoformat(trigger["at"]).astimezone(BERLIN).isoformat(timespec="minutes")

    assert kept("2026-03-29T02:30") == "2026-03-29T03:00+02:00"
    assert kept("2026-10-25T02:30") == "2026-10-25T02:30+02:00"
    assert kept("2026-10-25T02:30:00+01:00") == "2026-10-25T02:30+01:00"


@example(zone="Atlantic/Azores", line="0 */12 * * *", hours=1, shift=-1430)
@given(
    zone=st.sampled_from(sorted(available_timezones())),
    line=st.builds(
        "{} {} {} * {}".format,
        st.sampled_from(["0", "30", "*", "*/20", "59"]),
        st.sampled_from(["*", "*/2", "*/12", "*/23", "0", "2", "3", "1-3", "23", "0,12"]),
        st.sampled_from(["*", "*/5", "1", "L"]),
        st.sampled_from(["*", "0", "1-5"]),
    ),
    hours=st.integers(0, 24 * 366 * 2),
    shift=st.integers(-26 * 60, 2 * 60),
)
@settings(max_examples=300, deadline=None)
def test_slot__on_a_quiet_day_or_around_a_change__is_the_same(zone: str, line: str, hours: int, shift: int) -> None:
    """The short way asks one local time, the long one all of those near it; half of the instants lie near a change."""
    clock = ZoneInfo(zone)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    changes = changes_of(clock, start)
    near = changes[hours % len(changes)] if changes and hours % 2 else start + timedelta(hours=hours)
    after = near + timedelta(minutes=shift)
    quick = schedule._slot_on_a_quiet_day(line, clock, after)
    assert quick in (None, schedule._slot_around_a_change(line, clock, after))
