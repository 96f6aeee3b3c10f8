"""Reads over the contract views of other domains; one statement for each panel of the dashboard."""

from datetime import datetime, timedelta
from typing import Any

from loyalty.foundation.orm import sql

DAYS = 30

# One row: how many of each thing there are.
TOTALS = """
    SELECT
        (SELECT count(*) FROM programs_directory) AS total_programs,
        (SELECT count(*) FROM segments_directory) AS total_segments,
        (SELECT count(*) FROM customers_directory) AS total_customers,
        (SELECT count(*) FROM campaigns_directory) AS total_campaigns,
        (SELECT count(*) FROM campaigns_directory WHERE status = 'ACTIVE') AS active_campaigns,
        (SELECT count(*) FROM programs_membership) AS members
"""
# From the balances of accounts, which tie to the entries (invariant L4), so that a large book costs one narrow scan.
POINTS = """
    SELECT
        coalesce(sum(lifetime_points_earned), 0)::bigint AS issued,
        coalesce(sum(lifetime_points_redeemed), 0)::bigint AS redeemed,
        coalesce(sum(lifetime_points_earned - lifetime_points_redeemed - points_posted), 0)::bigint AS expired,
        coalesce(sum(points_posted), 0)::bigint AS outstanding
    FROM ledger_account_summary
"""
# Days without movement have their row too, so that a chart has no holes.
BY_DAY = """
    SELECT d.day::date AS date,
        coalesce(sum(f.points) FILTER (WHERE f.kind = 'earn'), 0)::bigint AS earned,
        coalesce(-sum(f.points) FILTER (WHERE f.kind = 'burn'), 0)::bigint AS burned
    FROM generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS d (day)
    LEFT JOIN ledger_daily_flow(%(first)s::date::timestamptz, %(last)s::date + interval '1 day') f
        ON f.day = d.day::date
    GROUP BY d.day ORDER BY d.day
"""
TIERS = """
    SELECT tier_name AS name, count(*) AS members FROM programs_membership
    WHERE tier_name IS NOT NULL GROUP BY tier_name, tier_min_points ORDER BY tier_min_points, tier_name
"""
CAMPAIGNS = """
    SELECT c.public_id::text AS id, c.name, count(s.sent_at) AS sent, count(s.opened_at) AS opened,
        count(s.clicked_at) AS clicked
    FROM (SELECT * FROM campaigns_directory ORDER BY created_at DESC LIMIT 5) c
    LEFT JOIN delivery_sends s ON s.source_kind = 'campaign' AND s.source_ref = c.public_id AND NOT s.is_test
    GROUP BY c.public_id, c.name, c.created_at ORDER BY c.created_at DESC
"""


def get_dashboard(*, now: datetime) -> dict[str, Any]:
    """Give the figures of the first page, as of now; days are UTC days."""
    last = now.date()
    totals = sql.fetch_one(TOTALS) or {}
    return {
        **totals,
        "points": sql.fetch_one(POINTS),
        "points_by_day": sql.fetch_all(BY_DAY, {"first": last - timedelta(days=DAYS - 1), "last": last}),
        "tiers": sql.fetch_all(TIERS),
        "recent_campaigns": sql.fetch_all(CAMPAIGNS),
        "as_of": now,
    }
