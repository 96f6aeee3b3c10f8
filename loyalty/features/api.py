"""Front door of features."""

from loyalty.features.contracts import DataSource, FeatureSet, FeatureSource, FieldView, MergeStrategy
from loyalty.features.errors import CustomersTooMany, FeatureSourceInvalid, FieldNotFound
from loyalty.features.operations.caching import forget_all
from loyalty.features.operations.catalogue import (
    describe_field,
    list_fields,
    refresh,
    schema,
    sync_catalogue,
    sync_when_changed,
)
from loyalty.features.operations.collecting import (
    CUSTOMERS_MAX,
    get_feature_set,
    get_features,
    list_feature_sets,
    overview_part,
)
from loyalty.features.queries import source

__all__ = [
    "CUSTOMERS_MAX",
    "CustomersTooMany",
    "DataSource",
    "FeatureSet",
    "FeatureSource",
    "FeatureSourceInvalid",
    "FieldNotFound",
    "FieldView",
    "MergeStrategy",
    "describe_field",
    "overview_part",
    "forget_all",
    "get_feature_set",
    "get_features",
    "list_feature_sets",
    "list_fields",
    "refresh",
    "schema",
    "source",
    "sync_catalogue",
    "sync_when_changed",
]
