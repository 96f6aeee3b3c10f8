"""The contact policy: which reason keeps a message from a customer, and when a customer is not disturbed.

The same decisions exist twice, as these functions for one customer and in ``sql/policy.sql`` for a set; a test compares
them over every combination of facts. The order is that of the product documents: law, consent, suppressions, holdout,
caps, quiet hours (which hold a message and refuse none), address.
"""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.delivery.contracts import Exclusion, QuietHours


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What is known of a customer on a channel, for a purpose."""

    is_consented: bool
    has_address: bool
    is_forbidden: bool = False
    is_suppressed: bool = False
    is_held_out: bool = False
    is_capped: bool = False


def exclusion_of(facts: ContactFacts) -> Exclusion | None:
    """Give the first reason not to write, or None."""
    reasons = (
        (facts.is_forbidden, Exclusion.FORBIDDEN),
        (not facts.is_consented, Exclusion.NO_CONSENT),
        (facts.is_suppressed, Exclusion.SUPPRESSED),
        (facts.is_held_out, Exclusion.HOLDOUT),
        (facts.is_capped, Exclusion.CAPPED),
        (not facts.has_address, Exclusion.NO_ADDRESS),
    )
    return next((reason for is_so, reason in reasons if is_so), None)


def is_held_out(customer_id: uuid.UUID, salt: str, percent: int) -> bool:
    """Tell whether a customer belongs to the part that is never written to: the same at every message."""
    digest = hashlib.md5(f"{salt}:{customer_id}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) % 100 < percent


def quiet_until(now: datetime, zone: str, channel: str, purpose: str, quiet: Sequence[QuietHours]) -> datetime | None:
    """Give until when a customer of a time zone is not disturbed, or None when it may be said now."""
    local = now.astimezone(ZoneInfo(zone))
    ends = [
        _end_of(one, local)
        for one in quiet
        if one.channel in ("", channel) and one.purpose in ("", purpose) and _is_in(one, local)
    ]
    return max(ends, default=None)


def _is_in(quiet: QuietHours, local: datetime) -> bool:
    at = local.time()
    if quiet.starts < quiet.ends:
        return quiet.starts <= at < quiet.ends
    return at >= quiet.starts or at < quiet.ends


def _end_of(quiet: QuietHours, local: datetime) -> datetime:
    is_tomorrow = quiet.ends <= quiet.starts and local.time() >= quiet.starts
    day = local.date() + timedelta(days=is_tomorrow)
    return datetime.combine(day, quiet.ends, local.tzinfo)


# The same for a set: ``r`` is how the customer is reached by the channel for the purpose, ``b`` of the suppressions.
# Each row of an audience is a customer, so the join leaves nobody out, and the planner need not read the same row
# twice. The two dear questions are left out where the policy does not ask them.
SUPPRESSED_SQL = """
    LEFT JOIN delivery_suppression b ON b.channel = %(delivery_channel)s
        AND b.address_key = customers_address_key(%(delivery_channel)s, r.address)
        AND (b.until IS NULL OR b.until > %(delivery_now)s::timestamptz)
"""
REACHABLE_SQL = f"""
    JOIN LATERAL customers_reachable_by(%(delivery_channel)s, %(delivery_purpose)s) r ON r.customer_id = a.customer_id
    {SUPPRESSED_SQL}
"""
# Of an audience that looked at the customers itself, by ``NEIGHBOURS_SQL``; the lateral is only a name for its columns.
REACHED_SQL = f"""
    CROSS JOIN LATERAL (SELECT a.customer_public_id, a.address, a.is_consented, a.time_zone)
        AS r (public_id, address, is_consented, time_zone)
    {SUPPRESSED_SQL}
"""
# For the text of an audience: the customers ``d`` of one stretch of ids, with how they are reached. It is planned by
# itself (OFFSET 0), because how many of them are meant the planner cannot know, and takes for few.
NEIGHBOURS_SQL = """
    JOIN (SELECT * FROM customers_reachable_within(%(delivery_channel)s, %(delivery_purpose)s,
        %(delivery_from)s::bigint, %(delivery_until)s::bigint) OFFSET 0) d ON d.customer_id = b.customer_id
"""
REFUSAL_SQL = """delivery_refusal(coalesce(b.reason = 'legal', false), r.is_consented, b.id IS NOT NULL,
    {is_held_out}, {is_capped}, r.address)"""
# With a reason of the source's own, which stands between the holdout and the caps; the dear question stays asked once.
REFUSAL_WITH_SOURCE_SQL = """coalesce(
    delivery_refusal(coalesce(b.reason = 'legal', false), r.is_consented, b.id IS NOT NULL, {is_held_out}, false, 'x'),
    a.refusal, delivery_refusal(false, true, false, false, {is_capped}, r.address))"""
HELD_OUT_SQL = "delivery_is_held_out(r.public_id, %(delivery_holdout_salt)s, %(delivery_holdout_percent)s)"
CAPPED_SQL = """delivery_capped(a.customer_id, %(delivery_channel)s, %(delivery_purpose)s, %(delivery_now)s,
    %(delivery_caps)s::jsonb, 0::smallint, 0) = 'full'"""
# Written out for one channel, where a function called for each row would cost more than placing the row.
CAP_SQL = """(SELECT count(*) FROM (SELECT FROM delivery_send s JOIN delivery_message m ON m.id = s.message_id
    WHERE s.customer_id = a.customer_id AND NOT m.is_test{channel}{purpose}
        AND (s.state = 'SENDING' OR (s.state IN ('SENT', 'DELIVERED', 'OPENED', 'CLICKED', 'BOUNCED', 'UNKNOWN')
            AND coalesce(s.sent_at, s.ended_at) > %(delivery_now)s::timestamptz - make_interval(hours => {hours})))
    LIMIT {most}) q) >= {most}"""
# Of neighbours each is not asked by itself: who is capped is read in one stretch of what was sent to all of them.
CAPPED_NEIGHBOURS_SQL = """
    LEFT JOIN (SELECT s.customer_id FROM delivery_send s JOIN delivery_message m ON m.id = s.message_id
        WHERE s.customer_id >= %(delivery_from)s AND s.customer_id < %(delivery_until)s AND NOT m.is_test
            AND s.state IN ('SENDING', 'SENT', 'DELIVERED', 'OPENED', 'CLICKED', 'BOUNCED', 'UNKNOWN')
        GROUP BY s.customer_id HAVING {full} OFFSET 0) k ON k.customer_id = a.customer_id
"""
FULL_SQL = """count(*) FILTER (WHERE (s.state = 'SENDING' OR coalesce(s.sent_at, s.ended_at)
    > %(delivery_now)s::timestamptz - make_interval(hours => {hours})){channel}{purpose}) >= {most}"""
PLAIN_DUE_SQL = "%(delivery_due)s::timestamptz"
LATER_DUE_SQL = "greatest(a.due_at, %(delivery_due)s::timestamptz)"
# The customer's clock at the instant at which the row would be due.
CLOCK_SQL = """
    CROSS JOIN LATERAL (SELECT {due} AS due, {zone} AS zone, {due} AT TIME ZONE {zone} AS clock OFFSET 0) u
"""
ZONE_SQL = "coalesce(nullif(r.time_zone, ''), %(delivery_zone)s)"
DAY_SQL = """CASE WHEN u.clock::time >= {starts} AND u.clock::time < {ends}
    THEN (u.clock::date + {ends}) AT TIME ZONE u.zone END"""
NIGHT_SQL = """CASE WHEN u.clock::time >= {starts} THEN (u.clock::date + 1 + {ends}) AT TIME ZONE u.zone
    WHEN u.clock::time < {ends} THEN (u.clock::date + {ends}) AT TIME ZONE u.zone END"""


def capped_sql(caps: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Give the question whether one of the caps is full for a customer of an audience, with its values."""
    texts, params = _each_cap(CAP_SQL, caps)
    return f"({' OR '.join(texts)})", params


def capped_neighbours_sql(caps: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Give a join that finds those of a stretch of ids for whom one of the caps is full, with its values."""
    texts, params = _each_cap(FULL_SQL, caps)
    return CAPPED_NEIGHBOURS_SQL.format(full=" OR ".join(texts)), params


def _each_cap(text: str, caps: Sequence[Mapping[str, Any]]) -> tuple[list[str], dict[str, Any]]:
    texts: list[str] = []
    params: dict[str, Any] = {}
    for place, cap in enumerate(caps):
        names = {name: f"delivery_cap_{place}_{name}" for name in ("channel", "purpose", "hours", "most")}
        values = (cap["channel"], cap["purpose"], cap["hours"], cap["sends_max"])
        params.update(zip(names.values(), values, strict=True))
        texts.append(
            text.format(
                channel=f" AND s.channel = %({names['channel']})s" if cap["channel"] else "",
                purpose=f" AND m.purpose = %({names['purpose']})s" if cap["purpose"] else "",
                hours=f"%({names['hours']})s",
                most=f"%({names['most']})s",
            )
        )
    return texts, params


def quiet_sql(quiet_hours: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Give when a row is due as its customer's quiet hours have it, over the columns of ``CLOCK_SQL``, with values.

    ``{valid_until}`` stands for the message's end, at which it is given up.
    """
    texts: list[str] = []
    params: dict[str, Any] = {}
    for place, quiet in enumerate(quiet_hours):
        starts, ends = f"delivery_quiet_{place}_starts", f"delivery_quiet_{place}_ends"
        params |= {starts: quiet["starts"], ends: quiet["ends"]}
        text = DAY_SQL if quiet["starts"] < quiet["ends"] else NIGHT_SQL
        texts.append(text.format(starts=f"%({starts})s::time", ends=f"%({ends})s::time"))
    return f"greatest(u.due, least(coalesce(greatest({', '.join(texts)}), u.due), {{valid_until}}))", params
