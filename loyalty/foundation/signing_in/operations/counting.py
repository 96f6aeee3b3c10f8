"""Counting attempts in PostgreSQL, beside Redis: what Redis forgets or does not hear is still counted."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from loyalty.foundation.orm import sql
from loyalty.foundation.signing_in.models import Counter
from loyalty.foundation.web import limits
from loyalty.foundation.web.limits import LimitsUnavailable, Standing, Want

log = logging.getLogger("loyalty.signing_in")

# The row is locked while its number is read and raised, so parallel attempts cannot both take the last permit; a row
# that does not come back had too few left.
TAKE = """
    INSERT INTO signing_in_counter AS c (key, taken, ends_at)
    VALUES (%(key)s, %(wanted)s, %(now)s + %(window)s)
    ON CONFLICT (key) DO UPDATE SET
        taken = CASE WHEN c.ends_at <= %(now)s THEN 0 ELSE c.taken END + %(wanted)s,
        ends_at = CASE WHEN c.ends_at <= %(now)s THEN %(now)s + %(window)s ELSE c.ends_at END
    WHERE c.ends_at <= %(now)s OR c.taken + %(wanted)s <= %(quota)s
    RETURNING c.taken, c.ends_at
"""


class _Refused(Exception):
    """Undo what the other limits granted."""


def count(wants: Sequence[Want], wanted: Sequence[int], now: datetime) -> list[tuple[int, int, int]]:
    """Take permits of each limit, or none of any.

    :returns: (granted, remaining, ends_ms) for each; -1 granted by one that refuses.
    """
    rows: dict[str, tuple[int, int, int]] = {}
    try:
        with transaction.atomic():
            # In the order of the keys, so that two attempts never wait for each other in a ring.
            for want, number in sorted(zip(wants, wanted, strict=True), key=lambda pair: pair[0].key):
                rows[want.key] = _take(want, number, now)
            if any(granted < 0 for granted, _, _ in rows.values()):
                raise _Refused
    except _Refused:
        rows = {key: (min(granted, 0), remaining, ends) for key, (granted, remaining, ends) in rows.items()}
    return [rows[want.key] for want in wants]


def _take(want: Want, wanted: int, now: datetime) -> tuple[int, int, int]:
    limit = want.limit
    # A lot that does not fit whole is not cut; the last few permits go one by one.
    for number in (min(wanted, limit.quota), 1):
        values = {"key": want.key, "wanted": number, "quota": limit.quota, "now": now}
        taken = sql.fetch_one(TAKE, {**values, "window": timedelta(seconds=limit.window_s)})
        if taken is not None:
            return number, limit.quota - taken["taken"], int(taken["ends_at"].timestamp() * 1000)
    return -1, 0, int(Counter.objects.get(key=want.key).ends_at.timestamp() * 1000)


def reserve(wants: Sequence[Want], *, now: datetime) -> Standing | None:
    """Take one permit of each limit in Redis and in PostgreSQL; give the limit that refuses, or None.

    While Redis does not answer PostgreSQL counts alone: no attempt is ever made uncounted.
    """
    try:
        refused = limits.reserve(wants, now=now).refused
    except LimitsUnavailable:
        log.warning("Redis does not answer: sign-ins are counted in PostgreSQL alone")
        refused = None
    if refused is not None:
        return refused
    now_ms = int(now.timestamp() * 1000)
    for want, (granted, _, ends_ms) in zip(wants, count(wants, [1] * len(wants), now), strict=True):
        if granted < 0:
            return Standing(want.limit, 0, max(1, (ends_ms - now_ms + 999) // 1000), is_refused=True)
    return None


def give_back(wants: Sequence[Want]) -> None:
    """Return the permit of an attempt that was lawful."""
    limits.give_back(wants)
    sql.execute(
        "UPDATE signing_in_counter SET taken = taken - 1 WHERE key = ANY(%s) AND taken > 0",
        [[want.key for want in wants]],
    )


def forget(wants: Sequence[Want]) -> None:
    """Begin anew."""
    limits.forget(wants)
    Counter.objects.filter(key__in=[want.key for want in wants]).delete()


def slowed_until(wants: Sequence[Want], now: datetime) -> datetime | None:
    """Give until when one of the limits refuses, or None."""
    rows = {row.key: row for row in Counter.objects.filter(key__in=[want.key for want in wants], ends_at__gt=now)}
    spent = [rows[w.key].ends_at for w in wants if w.key in rows and rows[w.key].taken >= w.limit.quota]
    return max(spent, default=None)


def forget_old(now: datetime) -> int:
    """Drop the counts of windows that are over."""
    return Counter.objects.filter(ends_at__lte=now).delete()[0]
