"""Routes of the warehouse: Test Connection."""

import dataclasses
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.web.views import ApiView
from loyalty.warehouse import api


class WarehouseColumnSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A column of the features table."""

    name = serializers.CharField()
    type = serializers.CharField(allow_null=True)
    native_type = serializers.CharField()
    is_nullable = serializers.BooleanField()
    comment = serializers.CharField()


class WarehouseTableSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A table or view that the role may read."""

    name = serializers.CharField()
    kind = serializers.CharField()
    rows_estimate = serializers.IntegerField(allow_null=True)


class WarehouseFindingSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One thing that the role may do beyond reading, or that nobody set."""

    code = serializers.CharField()
    severity = serializers.ChoiceField(choices=[one.value for one in api.Severity])
    detail = serializers.CharField()
    repair = serializers.CharField()


class WarehouseConnectionSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What a test of the connection found."""

    is_reachable = serializers.BooleanField()
    kind = serializers.CharField()
    breaker_state = serializers.CharField()
    latency_ms = serializers.FloatField()
    server_version = serializers.CharField()
    user = serializers.CharField()
    is_read_only = serializers.BooleanField()
    is_superuser = serializers.BooleanField()
    is_caged = serializers.BooleanField()
    findings = WarehouseFindingSerializer(many=True)
    tables = WarehouseTableSerializer(many=True)
    table = serializers.CharField()
    columns = WarehouseColumnSerializer(many=True)
    rows_estimate = serializers.IntegerField()
    problem_code = serializers.CharField()
    problem = serializers.CharField()


class WarehouseViewSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """How the warehouse is configured; holds no secret."""

    kind = serializers.CharField()
    kinds = serializers.ListField(child=serializers.CharField())
    setting = serializers.CharField()
    place = serializers.CharField()
    table = serializers.CharField()
    query = serializers.CharField()
    query_parameters = serializers.ListField(child=serializers.CharField())
    statement_timeout_ms = serializers.IntegerField()
    rows_max = serializers.IntegerField()
    breaker_state = serializers.CharField()
    problem_code = serializers.CharField()
    problem = serializers.CharField()


class WarehouseView(ApiView):
    """The warehouse as the settings of the environment say; it cannot be changed from here."""

    permissions: ClassVar[dict[str, str]] = {"get": "warehouse.view"}

    @extend_schema(responses={200: WarehouseViewSerializer})
    def get(self, request: Request) -> Response:
        """Tell kind, place, table or query, limits and how the breaker of this process stands."""
        return Response(dataclasses.asdict(api.view()))


class WarehouseTestView(ApiView):
    """Test Connection; a warehouse that is away is an answer, not a fault."""

    permissions: ClassVar[dict[str, str]] = {"get": "warehouse.view", "post": "warehouse.view"}

    @extend_schema(responses={200: WarehouseConnectionSerializer})
    def get(self, request: Request) -> Response:
        """Tell latency, version, rights and columns, or why it failed."""
        return Response(dataclasses.asdict(api.test_connection()))

    @extend_schema(request=None, responses={200: WarehouseConnectionSerializer})
    def post(self, request: Request) -> Response:
        """Do the same."""
        return Response(dataclasses.asdict(api.test_connection()))
