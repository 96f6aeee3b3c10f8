"""The audit log, newest first."""

from typing import Any, ClassVar

import django_filters
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import serializers

from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.web.pagination import KeysetPages
from loyalty.foundation.web.serializers import ExactJSONField
from loyalty.foundation.web.views import ReadOnlyApiViewSet


class AuditEntrySerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One row of the log."""

    id = serializers.UUIDField(source="public_id")
    at = serializers.DateTimeField()
    actor_kind = serializers.CharField()
    actor_ref = serializers.CharField()
    actor_name = serializers.CharField()
    act = serializers.CharField()
    subject_kind = serializers.CharField()
    subject_ref = serializers.CharField()
    before = ExactJSONField()
    after = ExactJSONField()
    reason = serializers.CharField()
    request_id = serializers.CharField()


class AuditFilter(django_filters.FilterSet):
    """What the log can be narrowed by."""

    class Meta:
        model = AuditEntry
        fields = ("act", "actor_ref", "subject_kind", "subject_ref", "request_id")


class AuditLogViewSet(ReadOnlyApiViewSet):
    """The audit log."""

    permissions: ClassVar[dict[str, str]] = {"list": "audit.view", "retrieve": "audit.view"}
    queryset = AuditEntry.objects.all()
    serializer_class = AuditEntrySerializer
    pagination_class = KeysetPages
    keyset = ("-id",)
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = AuditFilter
