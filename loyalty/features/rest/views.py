"""Routes of features."""

import dataclasses
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.customers import api as customers
from loyalty.features import api
from loyalty.features.rest import serializers
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.errors import NotFound
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.web.views import ApiView, ApiViewSet


class ColumnViewSet(ApiViewSet):
    """The field catalogue."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "features.view",
        "partial_update": "features.change",
        "sync": "features.change",
    }
    serializer_class = serializers.FieldSerializer
    lookup_url_kwarg = "name"
    lookup_value_regex = "[A-Za-z0-9_]+"
    pagination_class = None

    @extend_schema(responses={200: serializers.FieldSerializer(many=True)})
    def list(self, request: Request) -> Response:
        """List all fields, by category and label."""
        return Response([dataclasses.asdict(field) for field in api.list_fields()])

    @extend_schema(request=serializers.ChangedFieldSerializer, responses={200: serializers.FieldSerializer})
    def partial_update(self, request: Request, name: str) -> Response:
        """Describe a field."""
        body = serializers.ChangedFieldSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        api.describe_field(name=name, changes=body.validated_data, actor=self.actor, now=clock.now())
        field = next((field for field in api.list_fields() if field.name == name), None)
        if field is None:
            raise api.FieldUnknown("The field is not available in the warehouse now.")
        return Response(dataclasses.asdict(field))

    @extend_schema(request=None, responses={200: dict})
    def sync(self, request: Request) -> Response:
        """Read the columns of the warehouse again."""
        return Response({"fields": api.sync_catalogue()})


class CustomerFeaturesView(ApiView):
    """One customer's features."""

    permissions: ClassVar[dict[str, str]] = {"get": "features.view"}

    @extend_schema(responses={200: dict})
    def get(self, request: Request, id: str) -> Response:  # noqa: A002 - the name in the contract's address
        """Give all features of a customer."""
        try:
            customer = customers.get_customer(parse_public_id(id))
        except PublicIdInvalid as refusal:
            raise NotFound("There is no such customer.") from refusal
        return Response({"customer_id": str(customer.id), "features": api.get_features(customer.id)})


class BatchFeaturesView(ApiView):
    """Many customers' features."""

    permissions: ClassVar[dict[str, str]] = {"post": "features.view"}

    @extend_schema(request=serializers.BatchSerializer, responses={200: dict})
    def post(self, request: Request) -> Response:
        """Give the features of at most 1,000 customers."""
        body = serializers.BatchSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data.get("fields_wanted")
        found = api.get_batch(list(dict.fromkeys(body.validated_data["customer_ids"])))
        results: list[dict[str, Any]] = [
            {
                "customer_id": str(one),
                "features": {name: facts.get(name) for name in wanted} if wanted else facts,
            }
            for one, facts in found.items()
        ]
        return Response({"count": len(results), "results": results})
