"""When a wait is over: spans, days, times of day in a zone."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loyalty.journeys.contracts import NEXT, TIMEOUT, Node, WaitMode
from loyalty.journeys.policy.conditions import value_at
from loyalty.journeys.policy.graph import has_timeout
from loyalty.journeys.policy.reasons import Reason

# A day is 24 hours here; who means "tomorrow at nine" waits for a time of day.
UNITS: Mapping[str, timedelta] = {
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
    "weeks": timedelta(weeks=1),
}
CUSTOMER_ZONE = "customer"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Due:
    """When a wait is over by time, the branch that is taken then, and why it is that instant.

    ``at`` is None where only an event ends the wait.
    """

    at: datetime | None
    branch: str
    reason: str


def span_of(config: Any) -> timedelta | None:
    """Read ``{"amount", "unit"}``; None where there is none."""
    if not isinstance(config, Mapping) or not config:
        return None
    unit, amount = UNITS.get(str(config.get("unit"))), config.get("amount")
    if unit is None or isinstance(amount, bool) or not isinstance(amount, int):
        return None
    return unit * amount


def find_zone(name: str) -> ZoneInfo | None:
    """Find a zone of the IANA database."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def read_moment(raw: object, zone: ZoneInfo | None = None) -> datetime | None:
    """Read a day (its first instant in the zone) or an instant (without an offset: local time of the zone), or None."""
    zone = zone or ZoneInfo("UTC")
    try:
        if isinstance(raw, str):
            raw = date.fromisoformat(raw) if _DAY.match(raw) else datetime.fromisoformat(raw)
        if isinstance(raw, datetime):
            return (raw if raw.tzinfo else raw.replace(tzinfo=zone)).astimezone(UTC)
        if isinstance(raw, date):
            return datetime.combine(raw, time(), tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return None


def due_of(node: Node, facts: Mapping[str, Any], *, entered_at: datetime, customer_zone: str = "UTC") -> Due:
    """Give when a wait that began at an instant is over by time alone.

    ``facts`` are features by name, ``event`` and ``context``; only a wait until an attribute reads them. A wait until
    a day that is past, or that nobody knows, is over at once.
    """
    config = node.config
    mode = config.get("mode")
    if mode == WaitMode.DURATION:
        span = span_of(config) or timedelta()
        return Due(entered_at + span, NEXT, Reason("waited", amount=config.get("amount"), unit=config.get("unit")))
    if mode == WaitMode.LOCAL_TIME:
        zone = find_zone(zone_name(config, customer_zone)) or ZoneInfo("UTC")
        at = next_local_time(str(config.get("time") or "00:00"), config.get("weekdays") or (), zone, entered_at)
        return Due(at, NEXT, Reason("became_local", time=config.get("time"), zone=zone.key))
    if mode == WaitMode.UNTIL:
        return _until(node, facts, entered_at, customer_zone)
    limit = span_of(config.get("timeout")) if has_timeout(node) else None
    if limit is None:
        return Due(None, NEXT, "")
    return Due(entered_at + limit, TIMEOUT, Reason("event_late", event_type=config.get("event_type")))


def zone_name(config: Mapping[str, Any], customer_zone: str) -> str:
    """Give the zone that a wait counts in: its own, or the customer's."""
    name = str(config.get("time_zone") or (CUSTOMER_ZONE if config.get("mode") == WaitMode.LOCAL_TIME else "UTC"))
    return customer_zone if name == CUSTOMER_ZONE else name


def _until(node: Node, facts: Mapping[str, Any], entered_at: datetime, customer_zone: str) -> Due:
    config = node.config
    zone = find_zone(zone_name(config, customer_zone)) or ZoneInfo("UTC")
    attribute = config.get("attribute")
    told = value_at(facts, str(attribute)) if attribute else config.get("date")
    moment = read_moment(told, zone)
    if moment is None:
        branch = TIMEOUT if has_timeout(node) else NEXT
        return Due(entered_at, branch, Reason("unknown_date", name=attribute))
    moment = later_days(moment, int(config.get("offset_days") or 0), zone)
    limit = span_of(config.get("timeout")) if has_timeout(node) else None
    if limit is not None and moment > entered_at + limit:
        return Due(entered_at + limit, TIMEOUT, "the day did not come in time")
    return Due(max(moment, entered_at), NEXT, Reason("became", moment=moment.isoformat()))


def later_days(moment: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Give the same local time so many calendar days later."""
    if not days:
        return moment
    try:
        local = moment.astimezone(zone).replace(tzinfo=None) + timedelta(days=days)
    except OverflowError:
        return moment
    return local.replace(tzinfo=zone).astimezone(UTC)


def next_local_time(text: str, weekdays: Collection[int], zone: ZoneInfo, after: datetime) -> datetime:
    """Give the first instant, at or after one, at which it is this time of day on one of these weekdays (1: Monday).

    A time that the clocks leave out that day comes right after the gap; one that comes twice counts the first time.
    """
    hour, minute = (int(part) for part in text.split(":"))
    wanted = set(weekdays) or set(range(1, 8))
    local = after.astimezone(zone)
    for days in range(9):
        day = local.date() + timedelta(days=days)
        if day.isoweekday() not in wanted:
            continue
        at = datetime.combine(day, time(hour, minute), tzinfo=zone).astimezone(UTC)
        if at >= after:
            return at
    raise ValueError(f"{text} on {sorted(wanted)} never comes")
