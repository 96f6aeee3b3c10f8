"""Bodies of the features routes."""

from rest_framework import serializers

from loyalty.features.operations.collecting import CUSTOMERS_MAX
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer


class FieldSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A field of the catalogue as answered."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    type = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.CharField()
    category = serializers.CharField()
    description = serializers.CharField()
    data_source = serializers.CharField()
    is_nullable = serializers.BooleanField()
    freshness = serializers.DateTimeField(allow_null=True)


class ChangedFieldSerializer(StrictSerializer):
    """The words that people may change."""

    label = serializers.CharField(max_length=100, required=False)  # type: ignore[assignment]
    unit = serializers.CharField(max_length=30, required=False, allow_blank=True)
    category = serializers.CharField(max_length=50, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)


class FeatureSetSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What is known of a customer."""

    customer_id = serializers.UUIDField()
    customer_ref = serializers.CharField(allow_null=True)
    features = ExactJSONField()
    sources = ExactJSONField()
    as_of = serializers.DateTimeField(allow_null=True)
    degraded = serializers.ListField(child=serializers.CharField())


class BatchSerializer(StrictSerializer):
    """Customers to answer for, by id or reference."""

    customer_ids = serializers.ListField(
        child=serializers.CharField(max_length=100), allow_empty=False, max_length=CUSTOMERS_MAX
    )
    fields_wanted = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, default=list, max_length=500
    )


class BatchRowSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What is known of one of several customers."""

    customer_id = serializers.UUIDField()
    features = ExactJSONField()


class FeatureSetsSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What is known of several customers."""

    count = serializers.IntegerField()
    results = BatchRowSerializer(many=True)
    missing = serializers.ListField(child=serializers.CharField())
    degraded = serializers.ListField(child=serializers.CharField())
