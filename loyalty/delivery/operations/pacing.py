"""Keeping to what a provider takes: workers reserve their turns one behind the other, by the database's clock.

The generic cell rate algorithm (ITU-T I.371, annex A) with a window as its burst: a window of ``n`` messages moves the
instant at which the next may go by ``n / rate`` seconds: over any stretch no more leaves than the rate and one window.
"""

from datetime import datetime

from loyalty.delivery.kinds.throughput import SECTION
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.orm import sql

# A worker that would have to wait longer lets others have its place; the messages wait in the queue instead.
WAIT_MAX_S = 5.0

RESERVE = """
    INSERT INTO delivery_pace AS p (channel, ready_at)
    VALUES (%(channel)s, coalesce(%(at)s::timestamptz, clock_timestamp()) + %(took)s * interval '1 second')
    ON CONFLICT (channel) DO UPDATE SET
        ready_at = greatest(p.ready_at, coalesce(%(at)s::timestamptz, clock_timestamp()))
            + %(took)s * interval '1 second'
    WHERE p.ready_at <= coalesce(%(at)s::timestamptz, clock_timestamp()) + %(most)s * interval '1 second'
    RETURNING greatest(0, extract(epoch FROM ready_at - coalesce(%(at)s::timestamptz, clock_timestamp())) - %(took)s)
        AS wait
"""


def rate_of(channel: str) -> int:
    """Give how many messages a second the provider of a channel takes; 0 is no limit."""
    section = configuration.read(SECTION)
    rate: int = section.get(channel, 0)
    return rate


def reserve(*, channel: str, messages: int, rate: int, at: datetime | None = None) -> float | None:
    """Take the next turn for some messages; give the seconds to wait for it, or None when it is too far away.

    ``at`` stands in for the database's clock.
    """
    if not rate:
        return 0.0
    params = {"channel": channel, "took": messages / rate, "most": WAIT_MAX_S, "at": at}
    row = sql.fetch_one(RESERVE, params)
    return float(row["wait"]) if row else None
