"""Words for fields that nobody has described yet."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from loyalty.features.contracts import NullKind

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
    null_meaning: str = ""
    null_kind: NullKind = NullKind.UNKNOWN


# The columns that the product documents name; any other column gets its own name in words.
KNOWN: Mapping[str, Description] = {
    "total_revenue": Description("Total revenue", "Revenue", "currency", "All that the customer paid so far."),
    "transaction_count": Description("Number of purchases", "Revenue", "purchases", "How often the customer bought."),
    "last_purchase_days_ago": Description(
        *("Days since last purchase", "Activity", "days", "Whole days, counted in UTC."),
        null_meaning="The customer never bought.",
        null_kind=NullKind.NONE,
    ),
    "avg_transaction_value": Description(
        *("Average purchase", "Revenue", "currency", "Total revenue per purchase."),
        null_meaning="The customer never bought.",
        null_kind=NullKind.NOT_APPLICABLE,
    ),
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


def describe(name: str, comment: str = "") -> Description:
    """Give the description of a column that nobody has described yet; the warehouse's own comment goes before ours."""
    known = KNOWN.get(name)
    if known is None:
        category = next((one for one, words in CATEGORY_WORDS.items() if any(word in name for word in words)), OTHER)
        known = Description(label=name.replace("_", " ").strip().capitalize()[:100], category=category)
    return replace(known, text=comment) if comment else known
