"""Shapes of configuration; a secret leaves as ``is_set`` and never as a value."""

from typing import Any

from rest_framework import serializers

from loyalty.foundation.configuration.contracts import FieldType, FieldView, SectionView, Source, TimedReport
from loyalty.foundation.configuration.models import SectionVersion
from loyalty.foundation.web.serializers import ExactJSONField, StrictSerializer

REASON_CHARACTERS_MAX = 1_000


class ConfigurationFieldSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A field and its value."""

    name = serializers.CharField()
    type = serializers.ChoiceField(choices=[one.value for one in FieldType])
    title = serializers.CharField()
    description = serializers.CharField()
    is_secret = serializers.BooleanField()
    is_endpoint = serializers.BooleanField()
    choices = serializers.ListField(child=serializers.CharField())
    low = serializers.IntegerField(allow_null=True)
    high = serializers.IntegerField(allow_null=True)
    unit = serializers.CharField()
    setting = serializers.CharField()
    source = serializers.ChoiceField(choices=[one.value for one in Source])  # type: ignore[assignment]
    value = ExactJSONField(allow_null=True)
    is_set = serializers.BooleanField()


class ConfigurationSectionSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A section."""

    code = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    version = serializers.IntegerField()
    changed_at = serializers.DateTimeField(allow_null=True)
    changed_by = serializers.CharField()
    can_test = serializers.BooleanField()
    fields = serializers.ListField(child=ConfigurationFieldSerializer())  # type: ignore[assignment]
    state = serializers.DictField()


class SavedSectionSerializer(ConfigurationSectionSerializer):
    """A section after a change."""

    changed = serializers.ListField(child=serializers.CharField())
    secrets_cleared = serializers.ListField(child=serializers.CharField())


class ConfigurationSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """All sections."""

    sections = ConfigurationSectionSerializer(many=True)


class SectionChangeSerializer(StrictSerializer):
    """A change: only what changes; null goes back to the environment, or takes a secret away."""

    values = serializers.DictField()
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=REASON_CHARACTERS_MAX)
    expected_version = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0)


class SectionTestSerializer(StrictSerializer):
    """Values to try on top of those that count, without saving them."""

    values = serializers.DictField(required=False, default=dict)


class SectionRollbackSerializer(StrictSerializer):
    """Which version to go back to; 0 is "nothing saved"."""

    version = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=REASON_CHARACTERS_MAX)
    expected_version = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0)


class ConnectionTestSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What a test of a connection found."""

    is_successful = serializers.BooleanField()
    outcome = serializers.CharField()
    tried = serializers.CharField()
    advice = serializers.CharField()
    facts = serializers.DictField()
    took_ms = serializers.IntegerField()


class SectionChangedFieldSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One field that a version changed."""

    field = serializers.CharField()
    before = ExactJSONField(allow_null=True)
    after = ExactJSONField(allow_null=True)
    is_secret = serializers.BooleanField()


class SectionVersionSerializer(serializers.ModelSerializer[SectionVersion]):
    """One version of a section."""

    changes = SectionChangedFieldSerializer(many=True)
    values = ExactJSONField()

    class Meta:
        model = SectionVersion
        fields = ("version", "changed_at", "changed_by", "reason", "restored_from", "changes", "values")


def section_body(view: SectionView) -> dict[str, Any]:
    """Give a section as it leaves."""
    spec = view.spec
    return {
        "code": spec.code,
        "title": spec.title,
        "description": spec.description,
        "version": view.version,
        "changed_at": view.changed_at,
        "changed_by": view.changed_by,
        "can_test": spec.test is not None,
        "fields": [_field_body(one) for one in view.fields],
        "state": dict(view.state),
    }


def _field_body(view: FieldView) -> dict[str, Any]:
    one = view.field
    return {
        "name": one.name,
        "type": one.type.value,
        "title": one.title,
        "description": one.description,
        "is_secret": one.is_secret,
        "is_endpoint": one.is_endpoint,
        "choices": list(one.choices),
        "low": one.low,
        "high": one.high,
        "unit": one.unit,
        "setting": one.setting,
        "source": view.source.value,
        "value": view.value,
        "is_set": view.is_set,
    }


def report_body(timed: TimedReport) -> dict[str, Any]:
    """Give a report as it leaves."""
    report = timed.report
    return {
        "is_successful": report.is_successful,
        "outcome": report.outcome,
        "tried": report.tried,
        "advice": report.advice,
        "facts": dict(report.facts),
        "took_ms": timed.took_ms,
    }
