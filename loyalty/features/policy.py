"""Decisions of features as pure functions: how a field is described by default, and how two answers are merged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Description:
    """What people read of a field."""

    label: str
    category: str
    unit: str = ""
    text: str = ""


# The columns that the product documents name; any other column gets its own name in words.
KNOWN: Mapping[str, Description] = {
    "total_revenue": Description("Total revenue", "Revenue", "currency", "All that the customer paid so far."),
    "transaction_count": Description("Number of purchases", "Revenue", "purchases", "How often the customer bought."),
    "last_purchase_days_ago": Description(
        "Days since last purchase", "Activity", "days", "Empty when the customer never bought."
    ),
    "avg_transaction_value": Description("Average purchase", "Revenue", "currency", "Total revenue per purchase."),
    "lifetime_value": Description("Lifetime value", "Revenue", "currency", "Expected revenue over the whole relation."),
    "churn_score": Description("Churn probability", "Risk", "0 to 1", "How likely the customer is to leave."),
    "customer_tier": Description("Tier in the warehouse", "Profile", "", "The operator's own grading."),
    "customer_status": Description("Status", "Profile", "", "Where the customer stands with the operator."),
    "city": Description("City", "Profile"),
    "age": Description("Age", "Profile", "years"),
    "gender": Description("Gender", "Profile"),
    "tenure": Description("Tenure", "Contract", "months", "Months since the customer joined."),
    "tenure_months": Description("Tenure", "Contract", "months", "Months since the customer joined."),
    "contract": Description("Contract", "Contract"),
    "plan": Description("Plan", "Contract"),
    "monthly_charges": Description("Monthly charges", "Revenue", "currency"),
    "total_charges": Description("Total charges", "Revenue", "currency", "Empty for customers who joined this month."),
    "data_usage_gb": Description("Data used", "Usage", "GB"),
    "voice_minutes": Description("Voice minutes", "Usage", "minutes"),
    "sms_count": Description("SMS sent", "Usage", "messages"),
    "churn": Description("Has left", "Risk"),
}
# A word in a column's name that tells where it belongs.
CATEGORY_WORDS: Mapping[str, tuple[str, ...]] = {
    "Revenue": ("charge", "revenue", "amount"),
    "Contract": ("payment", "billing", "contract", "plan"),
    "Usage": ("usage", "minutes"),
    "Services": (
        *("service", "internet", "streaming", "online", "phone"),
        *("lines", "support", "protection", "backup", "security"),
    ),
    "Risk": ("churn", "score"),
    "Activity": ("purchase", "days", "date", "_at"),
}
OTHER = "Profile"


def describe(name: str) -> Description:
    """Give the description of a column that nobody has described yet."""
    if name in KNOWN:
        return KNOWN[name]
    category = next((one for one, words in CATEGORY_WORDS.items() if any(word in name for word in words)), OTHER)
    return Description(label=name.replace("_", " ").strip().capitalize()[:100], category=category)


def merge(warehouse: Mapping[str, Any] | None, bss: Mapping[str, Any] | None, strategy: str) -> dict[str, Any]:
    """Put two answers on one customer together; None means that the system does not know the customer.

    ``dwh_first`` and ``xiva_first`` take one answer whole; ``merge`` goes field by field, the warehouse first.
    """
    if strategy == "merge":
        merged = dict(bss or {})
        merged.update({name: value for name, value in (warehouse or {}).items() if value is not None})
        return {**dict.fromkeys(warehouse or {}), **merged}
    first, second = (bss, warehouse) if strategy == "xiva_first" else (warehouse, bss)
    return dict(first if first is not None else second or {})
