"""Front door of features."""

from loyalty.features.contracts import FeatureSource, FieldView
from loyalty.features.errors import FieldUnknown, TooManyCustomers
from loyalty.features.operations import describe_field, sync_catalogue
from loyalty.features.queries import get_batch, get_features, list_fields, schema, source

__all__ = [
    "FeatureSource",
    "FieldUnknown",
    "FieldView",
    "TooManyCustomers",
    "describe_field",
    "get_batch",
    "get_features",
    "list_fields",
    "schema",
    "source",
    "sync_catalogue",
]
