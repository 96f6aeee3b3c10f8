"""When a segment is recalculated by the clock: read, checked, and the next time counted in its own time zone."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter

from loyalty.segments.errors import SegmentScheduleInvalid

MINUTES_MIN, MINUTES_MAX = 1, 7 * 24 * 60
CRON_FIELDS = 5
# A line such as "30 February" never comes; five years see every leap day.
YEARS_MAX = 5
KEYS: Mapping[str, frozenset[str]] = {
    "manual": frozenset(),
    "interval": frozenset({"every_minutes"}),
    "daily": frozenset({"at", "time_zone"}),
    "weekly": frozenset({"at", "weekdays", "time_zone"}),
    "cron": frozenset({"expression", "time_zone"}),
}


def read_schedule(raw: Any) -> dict[str, Any] | None:
    """Check a schedule and give it in its one form; None for what only people set off.

    :raises SegmentScheduleInvalid: says what is wrong.
    """
    if raw is None:
        return None
    if not isinstance(raw, Mapping) or raw.get("kind") not in KEYS:
        raise SegmentScheduleInvalid(f"A schedule has a kind: {', '.join(KEYS)}.")
    kind = str(raw["kind"])
    unknown = set(raw) - KEYS[kind] - {"kind"}
    if unknown:
        raise SegmentScheduleInvalid(f"A schedule of kind {kind} has no {sorted(map(str, unknown))[0]!r}.")
    if kind == "manual":
        return None
    if kind == "interval":
        minutes = raw.get("every_minutes")
        if not isinstance(minutes, int) or isinstance(minutes, bool) or not MINUTES_MIN <= minutes <= MINUTES_MAX:
            raise SegmentScheduleInvalid(f"every_minutes is a whole number from {MINUTES_MIN} to {MINUTES_MAX}.")
        return {"kind": kind, "every_minutes": minutes}
    told: dict[str, Any] = {"kind": kind, "time_zone": _zone(raw.get("time_zone", "UTC")).key}
    if kind == "cron":
        return {**told, "expression": _cron(raw.get("expression"))}
    told["at"] = _time(raw.get("at")).strftime("%H:%M")
    if kind == "weekly":
        days = raw.get("weekdays")
        if not isinstance(days, list) or not days or not all(type(day) is int and 1 <= day <= 7 for day in days):
            raise SegmentScheduleInvalid("weekdays are numbers from 1 (Monday) to 7 (Sunday).")
        told["weekdays"] = sorted(set(days))
    return told


def _zone(name: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise SegmentScheduleInvalid(f"There is no time zone {str(name)[:60]!r}.") from fault


def _time(text: object) -> time:
    try:
        return time.fromisoformat(text if isinstance(text, str) and len(text) == len("03:00") else "")
    except ValueError as fault:
        raise SegmentScheduleInvalid("A time of day looks like 03:00.") from fault


def _cron(line: object) -> str:
    if not isinstance(line, str) or len(line) > 200 or len(line.split()) != CRON_FIELDS:
        raise SegmentScheduleInvalid("A cron line has five fields: minute, hour, day of month, month, day of week.")
    try:
        croniter(line, datetime(2024, 1, 1, tzinfo=UTC), max_years_between_matches=YEARS_MAX).get_next(datetime)
    except (CroniterError, ValueError, KeyError, AttributeError, OverflowError) as fault:
        raise SegmentScheduleInvalid("This cron line cannot be read, or never comes.") from fault
    return " ".join(line.split())


def next_due(schedule: Mapping[str, Any] | None, after: datetime) -> datetime | None:
    """Give the next time after an instant, in UTC; None without a schedule."""
    if schedule is None:
        return None
    if schedule["kind"] == "interval":
        return after + timedelta(minutes=schedule["every_minutes"])
    zone = ZoneInfo(schedule["time_zone"])
    if schedule["kind"] == "cron":
        # Counted on the wall's clock, as people mean it.
        wall = after.astimezone(zone).replace(tzinfo=None)
        slots = croniter(schedule["expression"], wall, max_years_between_matches=YEARS_MAX)
        return _first_after(after, (slots.get_next(datetime).replace(tzinfo=zone) for _ in range(3)))
    at = _time(schedule["at"])
    today = after.astimezone(zone).date()
    days = (today + timedelta(days=count) for count in range(9))
    wanted = schedule.get("weekdays", range(1, 8))
    return _first_after(after, (datetime.combine(day, at, tzinfo=zone) for day in days if day.isoweekday() in wanted))


def _first_after(after: datetime, slots: Any) -> datetime | None:
    return next((slot.astimezone(UTC) for slot in slots if slot.astimezone(UTC) > after), None)
