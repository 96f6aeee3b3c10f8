"""Program documents that tests start from."""

from copy import deepcopy
from typing import Any

EARN_RULE: dict[str, Any] = {
    "if": [{">": [{"var": "transaction_amount"}, 100]}, {"*": [{"var": "transaction_amount"}, 0.1]}, 0]
}
BURN_RULE: dict[str, Any] = {"/": [{"var": "points_requested"}, 100]}
TIERS: list[dict[str, Any]] = [
    {"code": "BRONZE", "name": "Bronze", "min_points": 0, "multiplier": "1", "benefits": ["Birthday gift"]},
    {"code": "SILVER", "name": "Silver", "min_points": 100, "multiplier": "1.25", "color": "#a0a0a0"},
    {"code": "GOLD", "name": "Gold", "min_points": 500, "multiplier": "1.5"},
    {"code": "PLATINUM", "name": "Platinum", "min_points": 2000, "multiplier": "2"},
]


def document(**changes: Any) -> dict[str, Any]:
    """Give the document of an active program with four tiers, as a client sends it."""
    whole: dict[str, Any] = {
        "name": "VIP Rewards",
        "code": "VIP",
        "description": "For everyone",
        "status": "ACTIVE",
        "start_date": "2026-01-01",
        "end_date": "2027-12-31",
        "currency": "USD",
        "timezone": "Europe/Berlin",
        "tiers": TIERS,
        "earn_rule": EARN_RULE,
        "burn_rule": BURN_RULE,
        "earn_cap_daily": 1000,
        "expiry_days": 365,
    }
    return deepcopy({**whole, **changes})
