"""Set off by the clock: once at an instant, or by a cron line in a zone of the IANA database.

A cron line is read in local time, as people mean it. When the clocks go forward, a slot that does not exist that day is
taken right after the gap; when they go back, a slot that exists twice is taken once, the first time. A line whose hour
is ``*`` or ``*/n`` means "every so many hours", so there the gap is skipped and the repeated hour counts twice.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter

from loyalty.campaigns.contracts import DueSlot
from loyalty.campaigns.kinds.registry import only, refuse

FIELDS = 5
# What a field may be made of. The library also knows R and H, which stand for a time drawn by lot.
FIELD = re.compile(
    r"(?:[0-9*/,#-]|L|SUN|MON|TUE|WED|THU|FRI|SAT|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)+", re.IGNORECASE
)
# No zone ever moved its clock by more in one night than this.
GAP_MAX = timedelta(hours=3)
# A line such as "30 February" never comes; five years see every leap day.
HORIZON = timedelta(days=5 * 366)
# Where the check of a line begins to count; a local time has no zone.
LEAP_YEAR = datetime.fromisoformat("2024-01-01T00:00")
# After an outage only the latest missed slot counts; older ones are not walked through one by one.
LOOK_BACK = timedelta(days=2)


class ScheduleTrigger:
    """``{kind, cron | at, timezone}``."""

    kind = "schedule"

    def read(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Check the zone and the line or the instant."""
        only(raw, "cron", "at", "timezone")
        zone = read_zone(raw.get("timezone"))
        cron, at = raw.get("cron"), raw.get("at")
        if (cron is None) == (at is None):
            raise refuse("", "campaign.schedule_ambiguous", "Give either cron or at.")
        if at is not None:
            return {"kind": self.kind, "at": read_instant(at, zone).isoformat(), "timezone": zone.key}
        check_cron(cron)
        return {"kind": self.kind, "cron": " ".join(str(cron).split()), "timezone": zone.key}

    def variables(self, trigger: Mapping[str, Any]) -> tuple[str, ...]:
        """Give none of its own."""
        return ()

    def first_due(self, trigger: Mapping[str, Any], after: datetime) -> datetime | None:
        """Give the first slot after an instant."""
        if "at" in trigger:
            at = datetime.fromisoformat(trigger["at"]).astimezone(UTC)
            return at if at > after else None
        return next_slot(trigger["cron"], ZoneInfo(trigger["timezone"]), after)


_TRIGGER = ScheduleTrigger()


def read_schedule(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Check ``{kind, cron | at, timezone}`` and give it as it is kept, for whoever else goes by the clock.

    :raises TriggerInvalid: something in it cannot be used.
    """
    return _TRIGGER.read(raw)


def first_slot(trigger: Mapping[str, Any], after: datetime) -> datetime | None:
    """Give the first slot of a kept schedule after an instant, or None."""
    return _TRIGGER.first_due(trigger, after)


def read_zone(name: object) -> ZoneInfo:
    """Read the name of a zone; UTC when none is given.

    :raises TriggerInvalid: there is no such zone.
    """
    if name is None:
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        message = f"There is no time zone {str(name)[:60]!r}."
        raise refuse("timezone", "campaign.timezone_unknown", message) from fault


def read_instant(text: object, zone: ZoneInfo) -> datetime:
    """Read an instant; one without an offset is local time of the zone.

    :raises TriggerInvalid: it is none.
    """
    try:
        instant = datetime.fromisoformat(str(text))
        return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise refuse("at", "campaign.instant_invalid", "An instant looks like 2026-11-23T09:00:00+02:00.") from fault


def check_cron(line: object) -> None:
    """Refuse what is no cron line of five fields, or never comes.

    :raises TriggerInvalid: says so.
    """
    message = "A cron line has five fields: minute, hour, day of month, month, day of week."
    if not isinstance(line, str) or len(line) > 200 or len(line.split()) != FIELDS:
        raise refuse("cron", "campaign.cron_invalid", message)
    if not all(FIELD.fullmatch(field) for field in line.split()):
        raise refuse("cron", "campaign.cron_invalid", message)
    try:
        walls = croniter(" ".join(line.split()), LEAP_YEAR, max_years_between_matches=5)
        walls.get_next(datetime)
    except (CroniterError, ValueError, KeyError, AttributeError, OverflowError) as fault:
        raise refuse("cron", "campaign.cron_invalid", message) from fault


def next_slot(line: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """Give the first slot of a cron line after an instant, in UTC."""
    is_hourly = line.split()[1].startswith("*")
    best: datetime | None = None
    for wall in _walls(line, after.astimezone(zone).replace(tzinfo=None) - GAP_MAX):
        for slot in _instants(wall, zone, is_hourly=is_hourly):
            if slot > after and (best is None or slot < best):
                best = slot
        # A later wall time can be an earlier instant only within the width of a change of the clocks.
        if best is not None and wall > best.astimezone(zone).replace(tzinfo=None) + GAP_MAX:
            break
    return best


def _walls(line: str, start: datetime) -> Iterator[datetime]:
    """Give the local times of a line, without any zone, from a local time on."""
    walk = croniter(line, start, max_years_between_matches=5)
    end = start + HORIZON
    while True:
        try:
            wall: datetime = walk.get_next(datetime)
        except CroniterError:
            return
        if wall > end:
            return
        yield wall


def _instants(wall: datetime, zone: ZoneInfo, *, is_hourly: bool) -> Iterator[datetime]:
    """Give the instants that a local time stands for: one, none in a gap, two in a fold."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    is_in_gap = first.astimezone(zone).replace(tzinfo=None) != wall
    if is_in_gap:
        if not is_hourly:
            yield _end_of_gap(first, zone)
        return
    yield first
    if second != first and is_hourly:
        yield second


def _end_of_gap(shifted: datetime, zone: ZoneInfo) -> datetime:
    """Give the first instant after the gap that a skipped local time lies in."""
    # ``shifted`` lies behind the gap by as much as the wall time lay inside of it; find the change by halving.
    low, high = shifted - GAP_MAX, shifted
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def due_slot(trigger: Mapping[str, Any], due_at: datetime, now: datetime) -> DueSlot:
    """Give the latest slot up to now, counting from the one that is due, and the next one after now."""
    if "at" in trigger:
        return DueSlot(due_at, None)
    zone = ZoneInfo(trigger["timezone"])
    latest, position = due_at, max(due_at, now - LOOK_BACK)
    while True:
        slot = next_slot(trigger["cron"], zone, position)
        if slot is None or slot > now:
            return DueSlot(latest, slot)
        latest = position = slot


def name_of(slot_at: datetime, trigger: Mapping[str, Any]) -> str:
    """Give the occurrence of a slot: its local time with the offset, so that a repeated hour has two names."""
    return slot_at.astimezone(ZoneInfo(trigger["timezone"])).isoformat(timespec="minutes")
