"""Routes of features: the catalogue, and features of customers."""

import dataclasses
import uuid
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.customers import api as customers
from loyalty.features import api
from loyalty.features.models import CatalogueField
from loyalty.features.rest import serializers
from loyalty.foundation.kernel import clock
from loyalty.foundation.web import masking
from loyalty.foundation.web.languages import language_in
from loyalty.foundation.web.views import ApiView, ApiViewSet

SOURCE = [
    OpenApiParameter("data_source", str, enum=[str(one) for one in api.DataSource]),
    OpenApiParameter("merge_strategy", str, enum=[str(one) for one in api.MergeStrategy]),
]


class ColumnViewSet(ApiViewSet):
    """The field catalogue; ``{id}`` is a field's id or its name."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "features.view",
        "retrieve": "features.view",
        "partial_update": "features.change",
        "sync": "features.change",
        "values": "features.view",
    }
    queryset = CatalogueField.objects.none()
    serializer_class = serializers.FieldSerializer
    filter_backends: Any = ()

    @extend_schema(
        parameters=[
            OpenApiParameter("category", str),
            OpenApiParameter("data_source", str),
            OpenApiParameter("search", str),
        ]
    )
    def list(self, request: Request) -> Response:
        """List all fields; the catalogue is short, so it comes on one page."""
        chosen = [one for one in api.list_fields(language_in({"request": request})) if self._is_wanted(one)]
        rows = serializers.FieldSerializer(chosen, many=True).data
        return Response({"count": len(rows), "next": None, "previous": None, "results": rows})

    def _is_wanted(self, one: api.FieldView) -> bool:
        query = self.request.query_params
        search = query.get("search", "").lower()
        return (
            query.get("category", one.category) == one.category
            and query.get("data_source", one.data_source) == one.data_source
            and any(search in text.lower() for text in (one.name, one.label, one.description))
        )

    def _find(self, name: str) -> api.FieldView:
        found = next(
            (one for one in api.list_fields(language_in({"request": self.request})) if name in (one.name, str(one.id))),
            None,
        )
        if found is None:
            raise api.FieldNotFound()
        return found

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """Give one field."""
        return Response(serializers.FieldSerializer(self._find(kwargs["id"])).data)

    @extend_schema(request=serializers.ChangedFieldSerializer, responses={200: serializers.FieldSerializer})
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change the words for a field."""
        one = self._find(kwargs["id"])
        body = serializers.ChangedFieldSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        api.describe_field(name=one.name, words=body.validated_data, actor=self.actor, now=clock.now())
        return Response(serializers.FieldSerializer(self._find(one.name)).data)

    @extend_schema(
        parameters=[OpenApiParameter("search", str)], responses={200: serializers.FieldValuesSerializer}, filters=False
    )
    @action(detail=True, methods=["get"])
    def values(self, request: Request, **kwargs: Any) -> Response:
        """Suggest what a text field may be compared with, from a sample; personal data is never suggested."""
        one = self._find(kwargs["id"])
        search = request.query_params.get("search", "")
        found = [] if masking.is_personal(one.name) else api.list_values(one.name, search=search)
        rows = [{"value": value, "rows": rows} for value, rows in found]
        return Response(serializers.FieldValuesSerializer({"name": one.name, "results": rows}).data)

    @extend_schema(request=None, responses={200: dict})
    @action(detail=False, methods=["post"])
    def sync(self, request: Request) -> Response:
        """Read the columns of the warehouse again, now; ``shadowed`` are those a platform fact's name keeps out."""
        return Response({"fields": api.sync_catalogue(), "shadowed": api.list_shadowed()})


def body_of(known: api.FeatureSet, customer_ref: str | None) -> dict[str, Any]:
    """Give a feature set as answered."""
    return {
        "customer_id": known.customer_id,
        "customer_ref": customer_ref,
        "features": dict(known.values),
        "sources": dict(known.sources),
        "as_of": known.as_of,
        "degraded": [{**dataclasses.asdict(one), "words": one.words} for one in known.degraded],
    }


class CustomerFeaturesView(ApiView):
    """The features of one customer, by id or reference."""

    permissions: ClassVar[dict[str, str]] = {"get": "features.view"}

    @extend_schema(parameters=SOURCE, responses={200: serializers.FeatureSetSerializer})
    def get(self, request: Request, id: str) -> Response:  # noqa: A002 - the name in the contract's address
        """Give values, where each comes from, and what could not be asked."""
        customer = customers.find_named_customer(id)
        try:
            customer_id = customer.id if customer is not None else uuid.UUID(id)
        except ValueError as fault:
            raise customers.CustomerNotFound() from fault
        known = api.get_feature_set(
            customer_id,
            now=clock.now(),
            data_source=request.query_params.get("data_source", ""),
            strategy=request.query_params.get("merge_strategy", ""),
        )
        if customer is None and not known.is_known:
            raise customers.CustomerNotFound()
        told = body_of(known, customer.customer_ref if customer is not None else None)
        if any(masking.is_personal(name) for name in known.values):
            told = told if masking.reveal(request, [str(customer_id)]) else masking.masked(told)
        return Response(told)


class BatchFeaturesView(ApiView):
    """The features of up to 1,000 customers."""

    permissions: ClassVar[dict[str, str]] = {"post": "features.view"}

    @extend_schema(request=serializers.BatchSerializer, responses={200: serializers.FeatureSetsSerializer})
    def post(self, request: Request) -> Response:
        """Give the features of those that exist, in the order asked, and name the others; no fields named means all."""
        body = serializers.BatchSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        names = list(dict.fromkeys(body.validated_data["customer_ids"]))
        wanted = body.validated_data["fields_wanted"]
        known = customers.find_many(names)
        found = api.list_feature_sets((view.id for view in known.values()), now=clock.now())
        rows = []
        for name in names:
            one = found[known[name].id] if name in known else None
            if one is not None and one.is_known:
                values = {field: one.values.get(field) for field in wanted} if wanted else one.values
                rows.append({"customer_id": str(one.customer_id), "features": values})
        answered = {row["customer_id"] for row in rows}
        missing = [name for name in names if name not in known or str(known[name].id) not in answered]
        degraded = sorted({code for one in found.values() for code in one.degraded_codes})
        if any(masking.is_personal(name) for row in rows for name in row["features"]):
            shown = [str(row["customer_id"]) for row in rows]
            rows = rows if masking.reveal(request, shown) else masking.masked(rows)
        return Response({"count": len(rows), "results": rows, "missing": missing, "degraded": degraded})


class StorePolicyView(ApiView):
    """Where features come from, whose word counts, and how long it is remembered."""

    permissions: ClassVar[dict[str, str]] = {"get": "features.view", "patch": "features.configure"}

    @extend_schema(responses={200: serializers.StorePolicySerializer})
    def get(self, request: Request) -> Response:
        """Give what counts now."""
        return Response(serializers.StorePolicySerializer(api.get_policy()).data)

    @extend_schema(request=serializers.ChangedStorePolicySerializer, responses={200: serializers.StorePolicySerializer})
    def patch(self, request: Request) -> Response:
        """Change what is named; null goes back to what the settings say."""
        body = serializers.ChangedStorePolicySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        changed = api.change_policy(changes=body.validated_data, actor=self.actor, now=clock.now())
        return Response(serializers.StorePolicySerializer(changed).data)


class HealthView(ApiView):
    """How the sources of features stand."""

    permissions: ClassVar[dict[str, str]] = {"get": "features.view"}

    @extend_schema(responses={200: serializers.HealthSerializer})
    def get(self, request: Request) -> Response:
        """Tell each source's state, breaker and age, without calling it."""
        rows = serializers.SourceHealthSerializer(api.list_health(now=clock.now()), many=True).data
        return Response({"results": rows})


class EventTypesView(ApiView):
    """What rules may ask of a customer's history."""

    permissions: ClassVar[dict[str, str]] = {"get": "features.view"}

    @extend_schema(responses={200: serializers.EventTypesSerializer})
    def get(self, request: Request) -> Response:
        """List the kinds of events with the fields of their data, by name."""
        rows = [
            {
                "name": kind.name,
                "label": kind.label,
                "fields_told": [{"name": one.name, "type": str(one.type), "label": one.label} for one in kind.fields],
            }
            for kind in api.list_event_types(language_in({"request": request}))
        ]
        return Response({"count": len(rows), "results": rows})
