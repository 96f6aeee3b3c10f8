"""A local time in every zone: the instant at which each customer's clock shows it."""

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from loyalty.campaigns.contracts import Due, PastTime
from loyalty.campaigns.kinds.schedule import instant_of

# A beat late is not past: the clock rings every few seconds, and a worker may have been busy.
GRACE = timedelta(minutes=15)
# The instant for the customer's own zone; '' where the hour is over and nothing goes. Of a zone that nobody knows, or
# none, the default's counts.
DUE_SQL = """coalesce(%(audience_zones)s::jsonb ->> nullif(d.time_zone, ''), %(audience_zones)s::jsonb ->> '')"""


def dues(due: Due | None, at: datetime) -> dict[str, str]:
    """Give the instant of a local time for every zone of the IANA database, and under '' for who has none."""
    if due is None:
        return {}
    told = {zone: _due_in(zone, due.wall, due.past, at) for zone in known_zones()}
    return {**told, "": _due_in(due.zone, due.wall, due.past, at)}


@lru_cache
def known_zones() -> tuple[str, ...]:
    """Give the names of all zones, in order."""
    return tuple(sorted(available_timezones()))


def _due_in(zone: str, wall: datetime, past: str, at: datetime) -> str:
    instant = instant_of(wall, ZoneInfo(zone))
    if instant >= at - GRACE:
        return instant.isoformat()
    if past == PastTime.SKIP:
        return ""
    if past == PastTime.SEND_NOW:
        return at.isoformat()
    days = 1
    while instant < at - GRACE:
        instant = instant_of(wall + timedelta(days=days), ZoneInfo(zone))
        days += 1
    return instant.isoformat()
