"""The kinds of events from outside that rules may ask for, with what the product documents say of their data."""

from loyalty.foundation.rules.contracts import EventType, Field, FieldType

_BOUGHT = (
    Field("amount", FieldType.DECIMAL, "Amount"),
    Field("currency", FieldType.TEXT, "Currency"),
    Field("channel", FieldType.TEXT, "Channel"),
    Field("product_id", FieldType.TEXT, "Product"),
    Field("product_category", FieldType.TEXT, "Product category"),
    Field("quantity", FieldType.DECIMAL, "Quantity"),
    Field("store", FieldType.TEXT, "Store"),
    Field("partner_ref", FieldType.TEXT, "Partner"),
)
_PRODUCT = tuple(one for one in _BOUGHT if one.name in ("product_id", "product_category", "channel"))
_CHANGED = (
    Field("attribute", FieldType.TEXT, "Attribute"),
    Field("value", FieldType.TEXT, "New value"),
    Field("previous_value", FieldType.TEXT, "Value before"),
    Field("source", FieldType.TEXT, "Set by"),
)

EVENT_TYPES = (
    EventType("customer.purchase", "Purchase", _BOUGHT),
    EventType("customer.topup", "Top-up", _BOUGHT),
    EventType("customer.bill_paid", "Bill paid", _BOUGHT),
    EventType("customer.login", "Login", (Field("channel", FieldType.TEXT, "Channel"),)),
    EventType("customer.plan_changed", "Plan changed", _PRODUCT),
    EventType("customer.usage_high", "High usage", _PRODUCT),
    EventType("customer.referred", "Brought in by a referral"),
    EventType("customer.attribute_changed", "Attribute changed", _CHANGED),
)
