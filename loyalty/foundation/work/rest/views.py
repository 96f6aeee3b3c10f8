"""Runs: how far, and stop."""

from collections.abc import Mapping
from typing import Any, ClassVar

import django_filters
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.web import scoping
from loyalty.foundation.web.serializers import ExactJSONField
from loyalty.foundation.web.views import ReadOnlyApiViewSet
from loyalty.foundation.work import operations
from loyalty.foundation.work.models import Run


class RunSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A run as answered."""

    id = serializers.UUIDField(source="public_id")
    kind = serializers.CharField()
    subject_kind = serializers.CharField()
    subject_ref = serializers.CharField()
    status = serializers.CharField()
    phase = serializers.CharField()
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    result = ExactJSONField()
    error = ExactJSONField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField()


class RunFilter(django_filters.FilterSet):
    """What runs can be narrowed by."""

    class Meta:
        model = Run
        fields = ("kind", "status", "subject_kind", "subject_ref")


class RunViewSet(ReadOnlyApiViewSet):
    """Runs, newest first."""

    permissions: ClassVar[dict[str, str]] = {"list": "work.view", "retrieve": "work.view", "cancel": "work.cancel"}
    scoped_by: ClassVar[Mapping[str, scoping.ScopedBy]] = {"own": "actor__person_ref"}
    queryset = Run.objects.order_by("-id")
    serializer_class = RunSerializer
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = RunFilter

    @extend_schema(request=None, responses={200: RunSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **kwargs: Any) -> Response:
        """Ask the run to stop."""
        operations.cancel(run=self.get_object(), now=clock.now())
        return self.respond_with(self.get_object())
