"""The platform facts that points offers: balances over all programs of a customer."""

from loyalty.features import api as features
from loyalty.foundation.rules.contracts import FieldType

NOT_A_MEMBER = "The customer is a member of no program."

FACTS = features.PlatformFacts(
    group="points",
    relation="points_customer_facts",
    fields=(
        features.PlatformField(
            *("points_balance", FieldType.INTEGER, "Points balance", "points", "Loyalty"),
            description="Points that can be spent now, over all programs; held points are not among them.",
            null_meaning=NOT_A_MEMBER,
        ),
        features.PlatformField(
            *("points_pending", FieldType.INTEGER, "Pending points", "points", "Loyalty"),
            description="Points earned that wait to be confirmed.",
            null_meaning=NOT_A_MEMBER,
        ),
        features.PlatformField(
            *("points_lifetime", FieldType.INTEGER, "Points earned so far", "points", "Loyalty"),
            description="All points ever earned, whatever became of them.",
            null_meaning=NOT_A_MEMBER,
        ),
        features.PlatformField(
            *("points_redeemed", FieldType.INTEGER, "Points redeemed so far", "points", "Loyalty"),
            description="All points ever spent.",
            null_meaning=NOT_A_MEMBER,
        ),
        features.PlatformField(
            *("points_moved_at", FieldType.DATETIME, "Last movement of points", "", "Loyalty"),
            description="When points were last earned, spent, expired or moved otherwise.",
            null_meaning="No points ever moved.",
            null_kind=features.NullKind.NONE,
        ),
        features.PlatformField(
            *("account_count", FieldType.INTEGER, "Programs with an account", "accounts", "Loyalty"),
            description="In how many programs the customer has an account of points.",
            absent=0,
        ),
    ),
)
