"""Where rules run, in which order, when; the pure decisions."""

from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty.foundation.rules import api as rules
from loyalty.segments.errors import SegmentScheduleInvalid
from loyalty.segments.policy.planning import find_cycle, layers, moves_with_time, plan_of
from loyalty.segments.policy.schedule import next_due, read_schedule

F, T = rules.Field, rules.FieldType
SCHEMA = rules.Schema(
    (
        F("revenue", T.DECIMAL, "Revenue"), F("city", T.TEXT, "City"), F("since", T.DATE, "Since"),
        F("balance", T.INTEGER, "Balance", is_nullable=False),
    ),
    segments=(rules.SegmentName("s1", "One"),),
    has_buckets=True,
)  # fmt: skip
HERE = {"revenue", "city", "since"}
RICH: Any = {">": [{"var": "revenue"}, 10]}
OWNS: Any = {">": [{"var": "balance"}, 10]}
MIXED: Any = {">": [{"var": "balance"}, {"var": "revenue"}]}
INSIDE: Any = {"in_segment": ["s1"]}


@pytest.mark.parametrize(
    "raw, pushed, rest, staged",
    [
        (RICH, 1, 0, set()),
        ({"and": [RICH, OWNS]}, 1, 1, set()),
        ({"and": [RICH, {"and": [INSIDE, {"!": RICH}]}]}, 2, 1, set()),
        ({"or": [RICH, OWNS]}, 0, 1, {"revenue"}),
        ({"and": [RICH, MIXED]}, 1, 1, {"revenue"}),
        (INSIDE, 0, 1, set()),
        ({"<": [{"bucket": ["a", 10]}, 3]}, 0, 1, set()),
    ],
)
def test_plan_of__rule__pushes_down_what_the_warehouse_knows_alone(
    raw: Any, pushed: int, rest: int, staged: set[str]
) -> None:
    plan = plan_of(rules.check(raw, SCHEMA, "boolean"), HERE)
    assert (len(plan.pushed), len(plan.rest), set(plan.staged_fields)) == (pushed, rest, staged)
    assert plan.reads_warehouse == bool(pushed or staged)


def test_moves_with_time__relative_date__yes_and_plain_comparison__no() -> None:
    moving = rules.check({"within_days": [{"var": "since"}, 30]}, SCHEMA, "boolean")
    assert (moves_with_time(moving), moves_with_time(rules.check(RICH, SCHEMA, "boolean"))) == (True, False)


def test_find_cycle__through_others__names_the_way() -> None:
    uses = {"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}
    assert find_cycle("a", uses) == ("a", "b", "c", "a")
    assert find_cycle("d", uses) == ()
    assert find_cycle("a", {"a": ["a"]}) == ("a", "a")


def test_layers__users__come_after_what_they_use() -> None:
    assert layers(["a", "b", "c", "d"], {"a": ["b"], "b": ["c"], "d": ["elsewhere"]}) == [["c", "d"], ["b"], ["a"]]


@pytest.mark.parametrize(
    "schedule, after, expected",
    [
        ({"kind": "interval", "every_minutes": 90}, "2026-11-28T10:00+00:00", "2026-11-28T11:30+00:00"),
        ({"kind": "daily", "at": "03:00"}, "2026-11-28T03:00+00:00", "2026-11-29T03:00+00:00"),
        (
            {"kind": "daily", "at": "03:00", "time_zone": "Asia/Beirut"},
            "2026-11-28T00:00+00:00", "2026-11-28T01:00+00:00",
        ),
        ({"kind": "weekly", "at": "06:30", "weekdays": [1]}, "2026-11-28T10:00+00:00", "2026-11-30T06:30+00:00"),
        (
            {"kind": "cron", "expression": "0 9 * * 1-5", "time_zone": "UTC"},
            "2026-11-27T09:00+00:00", "2026-11-30T09:00+00:00",
        ),
        # The night in which the clocks go forward has no 00:30 in Beirut; the day after has.
        (
            {"kind": "daily", "at": "12:00", "time_zone": "Asia/Beirut"},
            "2027-03-27T10:00+00:00", "2027-03-28T09:00+00:00",
        ),
    ],
)  # fmt: skip
def test_next_due__schedule__is_the_next_time_in_its_zone(schedule: Any, after: str, expected: str) -> None:
    due = next_due(read_schedule(schedule), datetime.fromisoformat(after))
    assert due == datetime.fromisoformat(expected).astimezone(UTC)


@pytest.mark.parametrize(
    "raw",
    [
        "daily", {}, {"kind": "yearly"}, {"kind": "interval"}, {"kind": "interval", "every_minutes": 0},
        {"kind": "interval", "every_minutes": True}, {"kind": "daily", "at": "25:00"}, {"kind": "daily", "at": None},
        {"kind": "weekly", "at": "03:00", "weekdays": [0]}, {"kind": "weekly", "at": "03:00"},
        {"kind": "daily", "at": "03:00", "time_zone": "Moon/Sea"}, {"kind": "cron", "expression": "* *"},
        {"kind": "cron", "expression": "0 0 30 2 *"}, {"kind": "daily", "at": "03:00", "colour": "red"},
    ],
)  # fmt: skip
def test_read_schedule__nonsense__is_refused(raw: Any) -> None:
    with pytest.raises(SegmentScheduleInvalid):
        read_schedule(raw)


def test_read_schedule__manual_or_none__is_no_schedule() -> None:
    assert (read_schedule(None), read_schedule({"kind": "manual"}), next_due(None, datetime.now(UTC))) == (None,) * 3
