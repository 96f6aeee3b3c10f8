"""Bodies of the feature routes."""

from rest_framework import serializers

from loyalty.foundation.web.serializers import StrictSerializer


class FieldSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A field of the catalogue."""

    name = serializers.CharField()
    type = serializers.CharField()
    label = serializers.CharField()
    unit = serializers.CharField()
    category = serializers.CharField()
    description = serializers.CharField()
    data_source = serializers.CharField()
    is_nullable = serializers.BooleanField()
    freshness = serializers.DateTimeField(allow_null=True)


class ChangedFieldSerializer(StrictSerializer):
    """What people may write of a field."""

    label = serializers.CharField(max_length=100, required=False)
    unit = serializers.CharField(max_length=30, required=False, allow_blank=True)
    category = serializers.CharField(max_length=50, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)


class BatchSerializer(StrictSerializer):
    """Whose features to give, and which; none named means all."""

    customer_ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=1000)
    fields_wanted = serializers.ListField(child=serializers.CharField(max_length=100), required=False)
