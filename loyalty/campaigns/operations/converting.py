"""Converting: what a customer did that the goal of a campaign asks for, after it was sent or while it was held back."""

from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.campaigns.kinds import event as event_kind
from loyalty.campaigns.operations.answering import customer_of
from loyalty.campaigns.policy import goals
from loyalty.foundation.events.contracts import Envelope
from loyalty.foundation.kernel.exact_json import ExactDecoder, dumps_exact
from loyalty.foundation.orm import sql

# Of each campaign the latest send of the customer within the goal's window. One that was held back, or left out after
# the arms were drawn, counts from when it was placed: the arms are compared by what everybody in them did.
CANDIDATES = """
    SELECT DISTINCT ON (s.source_ref) s.send_id, s.source_ref, s.customer_id, k.goal,
        s.sent_at <= %(at)s AS is_attributed,
        s.queued_at <= %(at)s AND s.queued_at > %(at)s::timestamptz - w.span AS is_measured
    FROM customers_directory d JOIN delivery_sends s ON s.customer_id = d.customer_id
    JOIN campaigns_campaign k ON k.public_id = s.source_ref
    CROSS JOIN LATERAL (SELECT make_interval(hours => coalesce((k.goal ->> 'window_hours')::integer, %(hours)s))) AS
    w (span)
    WHERE d.public_id = %(customer)s AND s.source_kind = 'campaign' AND NOT s.is_test
        AND ((s.sent_at <= %(at)s AND s.sent_at > %(at)s::timestamptz - w.span)
            OR (s.queued_at <= %(at)s AND s.queued_at > %(at)s::timestamptz - w.span
                AND s.reason NOT IN ('forbidden', 'no_consent', 'suppressed', 'holdout')))
        AND CASE WHEN k.goal IS NULL THEN %(type)s = ANY(%(default_types)s) ELSE k.goal ->> 'event_type' = %(type)s END
    ORDER BY s.source_ref, s.sent_at DESC NULLS LAST, s.queued_at DESC
"""
# A goal that was reached before the message went is still only measured; reached again after it, it is also attributed.
# Of two facts the earlier one counts, whichever is told first.
CONVERT = """
    INSERT INTO campaigns_conversion AS c (send_id, campaign_ref, customer_id, event_id, event_type, converted_at,
        is_attributed, is_measured, amount, points_amount)
    SELECT v.send_id, v.campaign_ref, v.customer_id, %(event)s, %(type)s, %(at)s, v.is_attributed, v.is_measured,
    v.amount,
        %(points)s
    FROM jsonb_to_recordset(%(found)s::jsonb) AS v (send_id bigint, campaign_ref uuid, customer_id bigint,
        is_attributed boolean, is_measured boolean, amount numeric)
    ON CONFLICT (send_id) DO UPDATE SET is_attributed = excluded.is_attributed,
        is_measured = c.is_measured OR excluded.is_measured, event_id = excluded.event_id, event_type =
    excluded.event_type,
        converted_at = excluded.converted_at, amount = excluded.amount, points_amount = excluded.points_amount
        WHERE (excluded.is_attributed AND NOT c.is_attributed) OR (excluded.is_attributed = c.is_attributed AND
            (excluded.converted_at, excluded.event_type, excluded.event_id)
                < (c.converted_at, c.event_type, c.event_id))
"""


@transaction.atomic
def convert(*, event: Envelope, now: datetime) -> int:
    """Count what a customer did for the latest send of each campaign whose goal it is; give for how many."""
    customer = customer_of(event)
    if customer is None:
        return 0
    params = {
        "at": event.occurred_at,
        "type": event.type,
        "customer": customer,
        "hours": goals.DEFAULT_HOURS,
        "default_types": list(goals.DEFAULT_TYPES),
    }
    found = [one for row in sql.fetch_all(CANDIDATES, params) if (one := _counted(row, event, now)) is not None]
    if not found:
        return 0
    told = {**params, "event": event.id, "points": goals.points_of(event.data), "found": dumps_exact(found).decode()}
    return sql.execute(CONVERT, told)


def _counted(row: dict[str, Any], event: Envelope, now: datetime) -> dict[str, Any] | None:
    """Give a candidate as it is kept, when the goal's filter lets the fact through."""
    goal = ExactDecoder().decode(row["goal"]) if row["goal"] else {}
    if not event_kind.passes(goal.get("filter"), goal.get("filter_profile"), event, now=now):
        return None
    return {
        "send_id": row["send_id"],
        "campaign_ref": str(row["source_ref"]),
        "customer_id": row["customer_id"],
        "is_attributed": bool(row["is_attributed"]),
        "is_measured": bool(row["is_measured"]),
        "amount": goals.worth_of(event.data, goal.get("value_field", "amount")),
    }
