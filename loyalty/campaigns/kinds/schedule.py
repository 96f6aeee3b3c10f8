"""Set off by the clock: once at an instant, or by a cron line; in a zone of the IANA database, the program's, or each
recipient's own.

A cron line is read in local time, as people mean it. When the clocks go forward, a slot that does not exist that day is
taken right after the gap; when they go back, a slot that exists twice is taken once, the first time. A line whose hour
is ``*`` or ``*/n`` means "every so many hours", so there the gap is skipped and the repeated hour counts twice.

For the recipients' zones an occurrence begins when the first zone of the Earth shows the time; each customer's
message is
due when the customer's own clock does (``kinds/zones.py``).
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter

from loyalty.campaigns.contracts import DueSlot, PastTime
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
# From the first zone of the Earth to the last one.
ALL_ZONES = timedelta(hours=26)
AT_ONCE = timedelta(seconds=1)
WALL_EXAMPLE = "A local time looks like 2026-11-23T09:00, without an offset."
# So that no zone's offset leaves what a date can say.
YEAR_FIRST, YEAR_LAST = 2000, 9000


PROGRAM_ZONE, RECIPIENT_ZONE = "program", "recipient"
# Fourteen hours before UTC's: nowhere on Earth is it later.
EARLIEST_ZONE = "Etc/GMT-14"


class ScheduleTrigger:
    """``{kind, cron | at, timezone, past?}``; ``past`` (with the recipients' zones) says what counts where the hour is
    over when the occurrence begins."""

    kind = "schedule"

    def read(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Check the zone and the line or the instant."""
        only(raw, "cron", "at", "timezone", "past")
        named = raw.get("timezone")
        is_floating = named in (PROGRAM_ZONE, RECIPIENT_ZONE)
        zone = "" if is_floating else read_zone(named).key
        cron, at = raw.get("cron"), raw.get("at")
        if (cron is None) == (at is None):
            raise refuse("", "campaign.schedule_ambiguous", "Give either cron or at.")
        kept: dict[str, Any] = {"kind": self.kind}
        if at is not None:
            kept["at"] = read_wall(at) if is_floating else read_instant(at, ZoneInfo(zone)).isoformat()
        else:
            check_cron(cron)
            kept["cron"] = " ".join(str(cron).split())
        kept["timezone"] = str(named) if is_floating else zone
        if named == RECIPIENT_ZONE:
            kept["past"] = read_past(raw.get("past"))
        elif raw.get("past") is not None:
            raise refuse("past", "campaign.past_not_asked", "Only a schedule in the recipients' zones needs this.")
        return kept

    def variables(self, trigger: Mapping[str, Any]) -> tuple[str, ...]:
        """Give none of its own."""
        return ()

    def first_due(self, trigger: Mapping[str, Any], after: datetime, *, program_zone: str) -> datetime | None:
        """Give the first slot after an instant."""
        zone = zone_of(trigger, program_zone)
        if "at" in trigger:
            at = datetime.fromisoformat(trigger["at"])
            at = at.astimezone(UTC) if at.tzinfo else instant_of(at, zone)
            if trigger["timezone"] == RECIPIENT_ZONE and at <= after < at + ALL_ZONES:
                # Somewhere it is not over yet; what counts where it is, the trigger says.
                return after + AT_ONCE
            return at if at > after else None
        return next_slot(trigger["cron"], zone, after)


def zone_of(trigger: Mapping[str, Any], program_zone: str) -> ZoneInfo:
    """Give the zone by whose clock a schedule goes."""
    named = trigger["timezone"]
    if named == RECIPIENT_ZONE:
        return ZoneInfo(EARLIEST_ZONE)
    return ZoneInfo(program_zone if named == PROGRAM_ZONE else named)


def wall_of(trigger: Mapping[str, Any], slot_at: datetime) -> datetime:
    """Give the local time that a slot of a schedule in the recipients' zones stands for."""
    if "at" in trigger:
        return datetime.fromisoformat(trigger["at"])
    return slot_at.astimezone(ZoneInfo(EARLIEST_ZONE)).replace(tzinfo=None)


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """Give the instant of a local time in UTC: right after a gap, and the first one of a repeated hour."""
    return next(_instants(wall, zone, is_hourly=False))


def read_wall(text: object) -> str:
    """Read a local time, which has no offset.

    :raises TriggerInvalid: it is none.
    """
    try:
        wall = datetime.fromisoformat(str(text))
    except ValueError as fault:
        raise refuse("at", "campaign.instant_invalid", WALL_EXAMPLE) from fault
    if wall.tzinfo is not None or not YEAR_FIRST <= wall.year <= YEAR_LAST:
        raise refuse("at", "campaign.instant_invalid", WALL_EXAMPLE)
    return wall.isoformat()


def read_past(text: object) -> str:
    """Read what counts where the hour is over; skipping is the rule that surprises nobody at night.

    :raises TriggerInvalid: it is none of them.
    """
    if text is None:
        return PastTime.SKIP.value
    if not isinstance(text, str) or text not in set(PastTime):
        raise refuse("past", "campaign.past_unknown", f"One of {', '.join(PastTime)}.")
    return text


_TRIGGER = ScheduleTrigger()


def read_schedule(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Check ``{kind, cron | at, timezone}`` and give it as it is kept, for whoever else goes by the clock.

    :raises TriggerInvalid: something in it cannot be used.
    """
    return _TRIGGER.read(raw)


def first_slot(trigger: Mapping[str, Any], after: datetime, *, program_zone: str = "UTC") -> datetime | None:
    """Give the first slot of a kept schedule after an instant, or None."""
    return _TRIGGER.first_due(trigger, after, program_zone=program_zone)


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
    """Read an instant; one without an offset is local time of the zone, read as a slot is: right after a gap.

    :raises TriggerInvalid: it is none.
    """
    try:
        instant = datetime.fromisoformat(str(text))
        return instant.astimezone(UTC) if instant.tzinfo else instant_of(instant, zone)
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
    return _slot_on_a_quiet_day(line, zone, after) or _slot_around_a_change(line, zone, after)


def _slot_on_a_quiet_day(line: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """Give the first slot where no clock changes near the instant nor near the slot, or None where one may."""
    wall = next(_walls(line, after.astimezone(zone).replace(tzinfo=None)), None)
    if wall is None or not _is_quiet(after, zone):
        return None
    slot = wall.replace(tzinfo=zone).astimezone(UTC)
    is_shown = slot.astimezone(zone).replace(tzinfo=None) == wall
    return slot if is_shown and _is_quiet(slot, zone) else None


def _is_quiet(at: datetime, zone: ZoneInfo) -> bool:
    before, later = (at + shift for shift in (-GAP_MAX, GAP_MAX))
    return before.astimezone(zone).utcoffset() == later.astimezone(zone).utcoffset()


def _slot_around_a_change(line: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """Give the first slot by all local times near the instant, which need not come in their order."""
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


def due_slot(trigger: Mapping[str, Any], due_at: datetime, now: datetime, zone: ZoneInfo | None = None) -> DueSlot:
    """Give the latest slot up to now, counting from the one that is due, and the next one after now.

    ``zone`` is the clock's that a schedule goes by which names no zone of its own.
    """
    if "at" in trigger:
        return DueSlot(due_at, None)
    zone = zone or ZoneInfo(trigger["timezone"])
    latest, position = due_at, max(due_at, now - LOOK_BACK)
    while True:
        slot = next_slot(trigger["cron"], zone, position)
        if slot is None or slot > now:
            return DueSlot(latest, slot)
        latest = position = slot


def name_of(slot_at: datetime, trigger: Mapping[str, Any], zone: ZoneInfo | None = None) -> str:
    """Give the occurrence of a slot: its local time with the offset, so that a repeated hour has two names; for the
    recipients' zones without it."""
    if trigger["timezone"] == RECIPIENT_ZONE:
        return f"{wall_of(trigger, slot_at).isoformat(timespec='minutes')} recipients"
    return slot_at.astimezone(zone or ZoneInfo(trigger["timezone"])).isoformat(timespec="minutes")
