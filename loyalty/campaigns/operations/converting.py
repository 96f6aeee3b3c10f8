"""Converting: what a customer did that the goal of a campaign asks for, after it was sent or while it was held back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.campaigns.kinds import event as event_kind
from loyalty.campaigns.operations.answering import Told, customer_of, in_rounds
from loyalty.campaigns.policy import goals
from loyalty.foundation.events.contracts import Envelope
from loyalty.foundation.kernel.exact_json import ExactDecoder, dumps_exact
from loyalty.foundation.orm import sql

# Of each campaign the latest send of the customer within the goal's window. One that was held back, or left out after
# the arms were drawn, counts from when it was placed: the arms are compared by what everybody in them did.
CANDIDATES = """
    SELECT f.event, c.* FROM jsonb_to_recordset(%(facts)s::jsonb) AS f (event uuid, customer uuid, type text,
        at timestamptz)
    CROSS JOIN LATERAL (
        SELECT DISTINCT ON (s.source_ref) s.send_id, s.source_ref, s.customer_id, k.goal,
            s.sent_at <= f.at AS is_attributed,
            s.queued_at <= f.at AND s.queued_at > f.at - w.span AS is_measured
        FROM customers_directory d JOIN delivery_sends s ON s.customer_id = d.customer_id
        JOIN campaigns_campaign k ON k.public_id = s.source_ref
        CROSS JOIN LATERAL (SELECT make_interval(hours => coalesce((k.goal ->> 'window_hours')::integer, %(hours)s)))
            AS w (span)
        WHERE d.public_id = f.customer AND s.source_kind = 'campaign' AND NOT s.is_test
            AND ((s.sent_at <= f.at AND s.sent_at > f.at - w.span)
                OR (s.queued_at <= f.at AND s.queued_at > f.at - w.span
                    AND s.reason NOT IN ('forbidden', 'no_consent', 'suppressed', 'holdout')))
            AND CASE WHEN k.goal IS NULL THEN f.type = ANY(%(default_types)s) ELSE k.goal ->> 'event_type' = f.type END
        ORDER BY s.source_ref, s.sent_at DESC NULLS LAST, s.queued_at DESC) c
"""
# A goal that was reached before the message went is still only measured; reached again after it, it is also attributed.
# Of two facts the earlier one counts, whichever is told first.
CONVERT = """
    INSERT INTO campaigns_conversion AS c (send_id, campaign_ref, customer_id, event_id, event_type, converted_at,
        is_attributed, is_measured, amount, points_amount)
    SELECT v.send_id, v.campaign_ref, v.customer_id, v.event, v.type, v.at, v.is_attributed, v.is_measured, v.amount,
        v.points
    FROM jsonb_to_recordset(%(found)s::jsonb) AS v (send_id bigint, campaign_ref uuid, customer_id bigint, event uuid,
        type text, at timestamptz, is_attributed boolean, is_measured boolean, amount numeric, points bigint)
    ORDER BY v.send_id
    ON CONFLICT (send_id) DO UPDATE SET is_attributed = excluded.is_attributed,
        is_measured = c.is_measured OR excluded.is_measured, event_id = excluded.event_id, event_type =
    excluded.event_type,
        converted_at = excluded.converted_at, amount = excluded.amount, points_amount = excluded.points_amount,
        points_by = CASE WHEN c.event_id = excluded.event_id THEN c.points_by ELSE '{}' END
        WHERE (excluded.is_attributed AND NOT c.is_attributed) OR (excluded.is_attributed = c.is_attributed AND
            (excluded.converted_at, excluded.event_type, excluded.event_id)
                < (c.converted_at, c.event_type, c.event_id))
"""
# What the fact of a conversion earned its customer, and what was taken back of that; told again it says the same.
EARN = """
    UPDATE campaigns_conversion c SET points_by = c.points_by || jsonb_build_object(f.event::text, f.points)
    FROM jsonb_to_recordset(%(told)s::jsonb) AS f (event uuid, customer uuid, cause uuid, points bigint)
    JOIN customers_directory d ON d.public_id = f.customer
    WHERE c.customer_id = d.customer_id AND (c.event_id = f.cause OR c.points_by ? f.cause::text)
"""


@transaction.atomic
def convert_set(*, facts: Sequence[Envelope], now: datetime) -> int:
    """Count what customers did for the latest send of each campaign whose goal it is, and the points that it earned
    them; give for how many it was counted."""
    told = [(fact, customer) for fact in facts if (customer := customer_of(fact)) is not None]
    counted = 0
    for part in in_rounds(told):
        counted += _convert(part, now)
        _earn(part)
    return counted


def _earn(told: Sequence[Told]) -> None:
    """Add to conversions of different customers what a posting gave for them, or took back."""
    found = [
        {"event": fact.id, "customer": customer, "cause": cause, "points": points}
        for fact, customer in told
        if (moved := goals.points_for(fact.type, fact.data, fact.causation_id)) is not None
        for cause, points in [moved]
    ]
    if found:
        sql.execute(EARN, {"told": dumps_exact(found).decode()})


def _convert(told: Sequence[Told], now: datetime) -> int:
    """Count what different customers did."""
    asked = [
        {"event": fact.id, "customer": customer, "type": fact.type, "at": fact.occurred_at} for fact, customer in told
    ]
    params = {
        "facts": dumps_exact(asked).decode(),
        "hours": goals.DEFAULT_HOURS,
        "default_types": list(goals.DEFAULT_TYPES),
    }
    by_id = {fact.id: fact for fact, _ in told}
    rows = sql.fetch_all(CANDIDATES, params)
    found = [one for row in rows if (one := _counted(row, by_id[row["event"]], now)) is not None]
    return sql.execute(CONVERT, {"found": dumps_exact(found).decode()}) if found else 0


def _counted(row: dict[str, Any], event: Envelope, now: datetime) -> dict[str, Any] | None:
    """Give a candidate as it is kept, when the goal's filter lets the fact through."""
    goal = ExactDecoder().decode(row["goal"]) if row["goal"] else {}
    if not event_kind.passes(goal.get("filter"), goal.get("filter_profile"), event, now=now):
        return None
    return {
        "send_id": row["send_id"],
        "campaign_ref": str(row["source_ref"]),
        "customer_id": row["customer_id"],
        "event": event.id,
        "type": event.type,
        "at": event.occurred_at,
        "points": goals.points_of(event.data),
        "is_attributed": bool(row["is_attributed"]),
        "is_measured": bool(row["is_measured"]),
        "amount": goals.worth_of(event.data, goal.get("value_field", "amount")),
    }
