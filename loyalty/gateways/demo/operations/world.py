"""The objects of the demo world: a program, segments, campaigns."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

PROGRAM: dict[str, Any] = {
    "name": "Khaywe Rewards",
    "code": "rewards",
    "description": "Points for every top-up and bill, in four tiers.",
    "status": "ACTIVE",
    "currency": "USD",
    "timezone": "Asia/Beirut",
    "tiers": [
        {"code": "bronze", "name": "Bronze", "min_points": 0, "multiplier": "1", "priority": 1,
         "benefits": ["Points on every purchase"], "color": "#b45309"},
        {"code": "silver", "name": "Silver", "min_points": 50, "multiplier": "1.25", "priority": 2,
         "benefits": ["25 % more points"], "color": "#64748b"},
        {"code": "gold", "name": "Gold", "min_points": 200, "multiplier": "1.5", "priority": 3,
         "benefits": ["50 % more points", "Free roaming day"], "color": "#ca8a04"},
        {"code": "platinum", "name": "Platinum", "min_points": 600, "multiplier": "2", "priority": 4,
         "benefits": ["Double points", "Own care line"], "color": "#0e7490"},
    ],
    # The earn and burn rules of the user guide.
    "earn_rule": {"if": [{">": [{"var": "transaction_amount"}, 100]}, {"*": [{"var": "transaction_amount"}, 0.1]}, 0]},
    "burn_rule": {"/": [{"var": "points_requested"}, 100]},
    "earn_cap_daily": 500,
    "expiry": {"kind": "age", "days": 365, "warn_days_before": [30, 7]},
    "transfer": {"points_max": 1000, "points_monthly": 3000},
    "adjustment": {
        "reason_codes": [
            {"code": "goodwill", "name": "Goodwill"},
            {"code": "correction", "name": "Correction of a mistake"},
            {"code": "fraud", "name": "Fraud"},
        ],
        "points_max_without_approval": 10_000,
    },
    # What the burn rule makes of a point, so that the book can be told in money.
    "point_value": "0.01",
}  # fmt: skip

SEGMENTS: tuple[dict[str, Any], ...] = (
    {
        "name": "High value, still warm",
        "description": "More than 1,000 in revenue and a purchase within the last 30 days.",
        "kind": "dynamic",
        "rules": {"and": [{">": [{"var": "total_revenue"}, 1000]}, {"<": [{"var": "last_purchase_days_ago"}, 30]}]},
    },
    {
        "name": "At risk of leaving",
        "description": "A churn score of 0.6 or more.",
        "kind": "dynamic",
        "rules": {">=": [{"var": "churn_score"}, 0.6]},
    },
    {
        "name": "Gone quiet",
        "description": "Customers who bought before and have not for 90 days.",
        "kind": "dynamic",
        "rules": {"and": [{">": [{"var": "transaction_count"}, 0]}, {">=": [{"var": "last_purchase_days_ago"}, 90]}]},
    },
    {"name": "Friends of the house", "description": "Kept by hand.", "kind": "static"},
)

NEWS: dict[str, Any] = {
    "name": "November double data",
    "channels": ["email"],
    "content": {
        "email": {
            "subject": '{{ first_name | "Hello" }}, double data is waiting',
            "body": (
                '<p>Dear {{ first_name | "customer" }},</p>'
                "<p>Every top-up this week brings you twice the data.</p>"
                '<p><a href="https://www.khaywe.example/double-data">See the offer</a></p>'
            ),
        }
    },
}
THANKS: dict[str, Any] = {
    "name": "Thank you for your purchase",
    "channels": ["email"],
    "trigger": {
        "kind": "event",
        "event_type": "customer.purchase",
        "filter": {">": [{"var": "amount"}, 100]},
    },
    "content": {
        "email": {
            "subject": '{{ first_name | "Dear customer" }}, thank you',
            "body": '<p>Dear {{ first_name | "customer" }},</p><p>Your points are on their way.</p>',
        }
    },
}


def season(members: Sequence[dict[str, Any]], now: datetime) -> list[list[dict[str, Any]]]:
    """Give purchases of the last four weeks in rounds: a member buys once in a round, and the next time in a later one.

    Within a round they stand in the order in which they happened.
    """
    rounds: list[list[dict[str, Any]]] = []
    for number, customer in enumerate(members):
        bought = [
            (now - timedelta(days=1 + (number * 7 + step * 11) % 28), 110 + (number * 37 + step * 53) % 900, step)
            for step in range(1 + number % 3)
        ]
        for place, (at, amount, step) in enumerate(sorted(bought)):
            if place == len(rounds):
                rounds.append([])
            rounds[place].append(
                {
                    "idempotency_key": f"demo-history-{number}-{step}",
                    "customer_ref": customer["customer_ref"],
                    "transaction_amount": f"{amount}.00",
                    "occurred_at": at.astimezone(UTC).isoformat(),
                    "transaction_context": {
                        "description": "Top-up",
                        "channel": "ussd",
                        "product_category": "airtime",
                    },
                }
            )
    return [sorted(one, key=lambda row: row["occurred_at"]) for one in rounds]
