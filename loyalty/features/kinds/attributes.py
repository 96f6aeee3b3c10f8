"""Features that the operator defines and keeps about customers: attributes, read as ``attribute_<code>``."""

from collections.abc import Mapping

from loyalty.customers import api as customers
from loyalty.features.contracts import NullKind, PlatformFacts, PlatformField
from loyalty.foundation.rules.contracts import FieldType

GROUP = "attributes"
PREFIX = "attribute_"
TYPES: Mapping[customers.AttributeKind, FieldType] = {
    customers.AttributeKind.TEXT: FieldType.TEXT,
    customers.AttributeKind.CHOICE: FieldType.TEXT,
    customers.AttributeKind.NUMBER: FieldType.DECIMAL,
    customers.AttributeKind.BOOLEAN: FieldType.BOOLEAN,
    customers.AttributeKind.DATE: FieldType.DATE,
}
CATEGORY, NOT_SET = "Attributes", "Nobody has set it."
# What is said here, in Arabic.
ARABIC = {CATEGORY: "السمات", NOT_SET: "لم يعيّنها أحد."}


def facts() -> PlatformFacts:
    """Give the attributes that are in use, as facts of the platform."""
    return PlatformFacts(
        group=GROUP,
        relation=customers.ATTRIBUTES_VIEW,
        fields=tuple(_field(one) for one in customers.list_attributes(is_active=True)),
        document="data",
    )


def _field(one: customers.AttributeView) -> PlatformField:
    return PlatformField(
        name=f"{PREFIX}{one.code}",
        type=TYPES[one.kind],
        label=one.label,
        category=CATEGORY,
        description=one.description,
        null_kind=NullKind.UNKNOWN,
        null_meaning=NOT_SET,
        place=one.code,
    )
