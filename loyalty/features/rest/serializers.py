"""Bodies of the features routes."""

from rest_framework import serializers

from loyalty.features.contracts import DataSource, MergeStrategy, NullKind, Origin
from loyalty.features.operations.collecting import CUSTOMERS_MAX
from loyalty.features.operations.sections import SECONDS_MAX
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer

NULL_KINDS = [(one.value, one.value) for one in NullKind]
PRECEDENCES = [(one.value, one.value) for one in (Origin.DWH, Origin.XIVA)]
DATA_SOURCES = [(one.value, one.value) for one in DataSource]
STRATEGIES = [(one.value, one.value) for one in MergeStrategy]


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
    group = serializers.CharField()
    is_nullable = serializers.BooleanField()
    null_kind = serializers.CharField()
    null_meaning = serializers.CharField()
    precedence = serializers.CharField()
    freshness = serializers.DateTimeField(allow_null=True)
    is_live = serializers.BooleanField()
    is_streaming = serializers.BooleanField()


class FieldValueSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One value that a field holds, and in how many rows of the sample."""

    value = serializers.CharField()
    rows = serializers.IntegerField()


class FieldValuesSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What a field holds, the most frequent first."""

    name = serializers.CharField()
    results = FieldValueSerializer(many=True)


class ChangedFieldSerializer(StrictSerializer):
    """What people may say of a field."""

    label = serializers.CharField(max_length=100, required=False)  # type: ignore[assignment]
    unit = serializers.CharField(max_length=30, required=False, allow_blank=True)
    category = serializers.CharField(max_length=50, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    null_kind = serializers.ChoiceField(NULL_KINDS, required=False)
    null_meaning = serializers.CharField(max_length=300, required=False, allow_blank=True)
    precedence = serializers.ChoiceField(PRECEDENCES, required=False, allow_blank=True)


class DegradationSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A source that could not be asked as it should; without ``as_of`` nothing stands in for it."""

    source = serializers.CharField()  # type: ignore[assignment]
    code = serializers.CharField()
    reason = serializers.CharField()
    as_of = serializers.DateTimeField(allow_null=True)
    age_seconds = serializers.IntegerField(allow_null=True)
    words = serializers.CharField()


class FeatureSetSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What is known of a customer."""

    customer_id = serializers.UUIDField()
    customer_ref = serializers.CharField(allow_null=True)
    features = ExactJSONField()
    sources = ExactJSONField()
    as_of = serializers.DateTimeField(allow_null=True)
    degraded = DegradationSerializer(many=True)


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


class StorePolicySerializer(serializers.Serializer):  # type: ignore[type-arg]
    """How features are collected."""

    data_source = serializers.ChoiceField(DATA_SOURCES)
    merge_strategy = serializers.ChoiceField(STRATEGIES)
    cache_seconds = serializers.IntegerField()
    stale_seconds = serializers.IntegerField()
    version = serializers.IntegerField()
    updated_at = serializers.DateTimeField(allow_null=True)


class ChangedStorePolicySerializer(StrictSerializer):
    """What may be chosen; null goes back to what the settings say."""

    data_source = serializers.ChoiceField(DATA_SOURCES, required=False, allow_null=True)
    merge_strategy = serializers.ChoiceField(STRATEGIES, required=False, allow_null=True)
    cache_seconds = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=SECONDS_MAX)
    stale_seconds = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=SECONDS_MAX)


class SourceHealthSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """How a source stands."""

    source = serializers.CharField()  # type: ignore[assignment]
    state = serializers.CharField()
    breaker_state = serializers.CharField()
    reference_instant = serializers.DateTimeField(allow_null=True)
    age_seconds = serializers.IntegerField(allow_null=True)
    code = serializers.CharField()
    reason = serializers.CharField()


class EventFieldSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A field of an event's data; a dot in its name leads into an object inside."""

    name = serializers.CharField()
    type = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class ToldEventTypeSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A kind of event that rules may ask for."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    fields_told = EventFieldSerializer(many=True)


class EventTypesSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """All kinds of events that rules may ask for."""

    count = serializers.IntegerField()
    results = ToldEventTypeSerializer(many=True)


class HealthSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """How all sources stand."""

    results = SourceHealthSerializer(many=True)
