"""Decisions on features as pure functions: words for fields, and whose value counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loyalty.features.contracts import DataSource, MergeStrategy

# What the BSS tells of a customer at once, with its type.
XIVA_FIELDS: Mapping[str, str] = {
    "customer_status": "text",
    "total_revenue": "decimal",
    "transaction_count": "integer",
    "last_purchase_days_ago": "integer",
    "customer_tier": "text",
    "city": "text",
    "age": "integer",
}


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
    "device_age_months": Description("Age of the device", "Usage", "months"),
    "customer_since": Description("Customer since", "Contract"),
    "complaint_count": Description("Complaints", "Risk", "complaints", "Complaints within the last year."),
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


@dataclass(frozen=True, slots=True)
class Merged:
    """The values that count, and which source each came from."""

    values: dict[str, Any]
    sources: dict[str, str]


def order_of(data_source: DataSource, strategy: MergeStrategy) -> tuple[str, ...]:
    """Give the sources in the order in which they are asked."""
    if data_source is not DataSource.AUTO:
        return (str(data_source),)
    xiva_leads = strategy is MergeStrategy.XIVA_FIRST
    both = (str(DataSource.XIVA), str(DataSource.DWH))
    return both if xiva_leads else both[::-1]


def asks_all(data_source: DataSource, strategy: MergeStrategy) -> bool:
    """Tell whether every source is asked, or only the first that knows the customer."""
    return data_source is DataSource.AUTO and strategy is MergeStrategy.MERGE


def merge(answers: Mapping[str, Mapping[str, Any] | None], owners: Mapping[str, str]) -> Merged:
    """Put answers together field by field.

    :param answers: what each source said, in the order of precedence; None when it does not know the customer.
    :param owners: the source that the catalogue names for a field; its value goes before all others unless NULL.
    """
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    said = {source: answer for source, answer in answers.items() if answer is not None}
    for source, answer in said.items():
        for name, value in answer.items():
            owned = owners.get(name) == source and value is not None
            if name not in values or (values[name] is None and value is not None) or owned:
                values[name], sources[name] = value, source
    return Merged(values=values, sources=sources)
