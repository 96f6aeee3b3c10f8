"""The contact policy: which reason keeps a message from a customer, and when a customer is not disturbed.

The same decisions exist twice, as these functions for one customer and in ``sql/policy.sql`` for a set; a test compares
them over every combination of facts. The order is that of the product documents: law, consent, suppressions, holdout,
caps, quiet hours (which hold a message and refuse none), address.
"""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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


# The same for a set: ``r`` is the customer's row of the view customers_reachable for the channel and the purpose, ``b``
# of the suppressions. The two dear questions are left out where the policy does not ask them.
REACHABLE_SQL = """
    LEFT JOIN customers_reachable r
        ON r.customer_id = a.customer_id AND r.channel = %(delivery_channel)s AND r.purpose = %(delivery_purpose)s
    LEFT JOIN delivery_suppression b ON b.channel = %(delivery_channel)s AND b.address = r.address
        AND (b.until IS NULL OR b.until > %(delivery_now)s::timestamptz)
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
PLAIN_DUE_SQL = "%(delivery_due)s::timestamptz"
LATER_DUE_SQL = "greatest(a.due_at, %(delivery_due)s::timestamptz)"
DUE_SQL = """coalesce(delivery_quiet_until({due},
    coalesce(nullif(r.time_zone, ''), %(delivery_zone)s), %(delivery_channel)s, %(delivery_purpose)s,
    %(delivery_quiet_hours)s::jsonb), {due})"""
