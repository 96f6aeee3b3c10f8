"""What came of a campaign: the funnel with its denominators, by channel, variant and day, and what it did by itself."""

import uuid
from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from loyalty.campaigns.contracts import CONTROL_CODE, NO_VARIANT
from loyalty.campaigns.models import Campaign
from loyalty.campaigns.policy.incremental import Arm, effect_of
from loyalty.delivery import api as delivery
from loyalty.foundation.kernel.exact_json import ExactDecoder
from loyalty.foundation.orm import sql

# One reading of the campaign's part of the send ledger, with what followed from each send.
SENDS = """
    WITH sends AS (
        SELECT s.*, v.send_id IS NOT NULL AND v.is_attributed AS is_converted, coalesce(v.is_measured, false) AS
        is_measured,
            v.amount, coalesce(v.points_amount, 0) + coalesce((SELECT sum(p.value::bigint)
                FROM jsonb_each_text(v.points_by) p WHERE v.points_by <> '{}'), 0) AS points_amount,
            (coalesce(s.sent_at, s.queued_at) AT TIME ZONE %(zone)s)::date AS day
        FROM delivery_sends s LEFT JOIN campaigns_conversion v ON v.send_id = s.send_id
        WHERE s.source_ref = %(campaign)s AND s.source_kind = 'campaign' AND NOT s.is_test
    )
"""
COUNTED = """
    count(*) AS placed,
    count(*) FILTER (WHERE sent_at IS NOT NULL) AS total_sent,
    count(*) FILTER (WHERE delivered_at IS NOT NULL OR opened_at IS NOT NULL) AS delivered,
    count(*) FILTER (WHERE opened_at IS NOT NULL) AS opened,
    count(*) FILTER (WHERE clicked_at IS NOT NULL) AS clicked,
    count(*) FILTER (WHERE unsubscribed_at IS NOT NULL) AS unsubscribed,
    count(*) FILTER (WHERE state IN ('FAILED', 'BOUNCED')) AS failed,
    count(*) FILTER (WHERE state = 'BOUNCED') AS bounced,
    count(*) FILTER (WHERE state = 'UNKNOWN') AS unknown,
    count(*) FILTER (WHERE state IN ('QUEUED', 'SENDING')) AS queued,
    count(*) FILTER (WHERE state = 'SKIPPED') AS left_out,
    count(DISTINCT customer_id) FILTER (WHERE sent_at IS NOT NULL) AS customers_sent,
    count(DISTINCT customer_id) FILTER (WHERE is_converted) AS converted,
    coalesce(sum(amount) FILTER (WHERE is_converted), 0) AS revenue,
    coalesce(sum(cost), 0) AS cost,
    coalesce(sum(points_amount) FILTER (WHERE is_converted), 0)::bigint AS points
"""
TOTAL = (
    SENDS
    + f"""
    , reasons AS (SELECT reason, count(*) AS customers FROM sends WHERE state = 'SKIPPED' GROUP BY reason)
    SELECT {COUNTED}, coalesce((SELECT jsonb_object_agg(reason, customers) FROM reasons), '{{}}') AS skipped_by_reason,
        (SELECT count(*) FROM campaigns_occurrence o JOIN campaigns_campaign k ON k.id = o.campaign_id
            WHERE k.public_id = %(campaign)s) AS occurrences,
        max(sent_at) AS last_sent_at
    FROM sends
"""
)
# Each dimension adds up to the total: who is held back has a line of its own, and so has who is in no variant.
BREAKDOWN = (
    SENDS
    + f"""
    , named AS (
        SELECT *, CASE WHEN variant <> '' THEN variant WHEN reason = 'control' THEN '{CONTROL_CODE}'
            ELSE '{NO_VARIANT}' END AS arm FROM sends)
    SELECT CASE grouping(channel, arm, day) WHEN 3 THEN 'channel' WHEN 5 THEN 'variant' ELSE 'day' END AS dimension,
        coalesce(channel, arm, day::text) AS value, {COUNTED}
    FROM named
    GROUP BY GROUPING SETS ((channel), (arm), (day)) ORDER BY 1, 2
"""
)
# Customers of each arm, whether or not they could be reached; who was in both (the share was changed) is in neither.
ARMS = (
    SENDS
    + """
    , people AS (
        SELECT customer_id, bool_or(reason = 'control') AS is_control, bool_or(reason <> 'control') AS is_treated,
            bool_or(is_measured) AS is_converted, coalesce(sum(amount) FILTER (WHERE is_measured), 0) AS amount
        FROM sends WHERE reason NOT IN ('forbidden', 'no_consent', 'suppressed', 'holdout', 'repeated', 'past_time')
        GROUP BY customer_id)
    SELECT is_control, count(*) AS customers, count(*) FILTER (WHERE is_converted) AS converted, sum(amount) AS amount
    FROM people WHERE is_control <> is_treated GROUP BY is_control
"""
)
MEASURED = (
    "placed", "total_sent", "delivered", "opened", "clicked", "converted", "unsubscribed", "failed", "bounced",
    "unknown",
    "queued", "left_out", "customers_sent", "revenue", "cost", "points",
)  # fmt: skip
ZONE_DEFAULT = "UTC"


def performance_of(campaign_id: uuid.UUID, *, zone: str = ZONE_DEFAULT) -> dict[str, Any]:
    """Give what came of a campaign; days are those of ``zone``. Revenue is the sum of the amounts of what converted."""
    params = {"campaign": campaign_id, "zone": zone}
    row = sql.fetch_one(TOTAL, params) or {}
    by_reason: dict[str, int] = ExactDecoder().decode(row.pop("skipped_by_reason"))
    excluded = {one.value: int(by_reason.pop(one.value, 0)) for one in delivery.Exclusion}
    reached = row["customers_sent"]
    row.pop("left_out")
    return {
        **row,
        "revenue": _amount(row["revenue"]),
        "cost": _amount(row["cost"]),
        "conversion_rate": round(row["converted"] / reached, 4) if reached else 0.0,
        "skipped": sum(by_reason.values()),
        "excluded": excluded,
        "breakdown": [
            {**one, "revenue": _amount(one["revenue"]), "cost": _amount(one["cost"])}
            for one in sql.fetch_all(BREAKDOWN, params)
        ],
        "incremental": _incremental(campaign_id, params),
    }


def _incremental(campaign_id: uuid.UUID, params: dict[str, Any]) -> dict[str, Any] | None:
    """Compare the arms, or give None while nobody was held back."""
    rows = {row["is_control"]: row for row in sql.fetch_all(ARMS, params)}
    if True not in rows:
        return None
    control, treated = (_arm(rows.get(is_control)) for is_control in (True, False))
    percent = Campaign.objects.values_list("control_percent", flat=True).get(public_id=campaign_id)
    effect = effect_of(treated, control, percent)
    amounts = {is_control: Decimal(row["amount"] or 0) / row["customers"] for is_control, row in rows.items()}
    gained = (amounts.get(False, Decimal(0)) - amounts[True]) * treated.customers
    return {
        "treated": {**asdict(treated), "rate": round(treated.rate, 6)},
        "control": {**asdict(control), "rate": round(control.rate, 6)},
        "effect": asdict(effect) if effect is not None else None,
        "incremental_revenue": _amount(gained),
    }


def _arm(row: dict[str, Any] | None) -> Arm:
    return Arm(row["customers"], row["converted"]) if row else Arm(0, 0)


def _amount(value: Decimal) -> str:
    return str(Decimal(value).quantize(Decimal("0.01")))


def rows_of(told: dict[str, Any]) -> Iterator[list[object]]:
    """Give the figures as lines of a table: the names, the total, then each channel, variant and day."""
    yield ["dimension", "value", *MEASURED]
    total = {**told, "left_out": told["skipped"] + sum(told["excluded"].values())}
    yield ["total", "", *(total[name] for name in MEASURED)]
    for one in told["breakdown"]:
        yield [one["dimension"], one["value"], *(one[name] for name in MEASURED)]
