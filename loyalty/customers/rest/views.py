"""Routes of customers: reading, searching, consents."""

import dataclasses
from typing import Any, ClassVar

import django_filters
from django.db import transaction
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.customers import api
from loyalty.customers.models import STATUSES, Customer, EventSource
from loyalty.customers.queries import consents_of, customers_with_details, find_row, search
from loyalty.customers.rest import serializers
from loyalty.foundation.kernel import clock
from loyalty.foundation.web import masking
from loyalty.foundation.web.pagination import KeysetPages
from loyalty.foundation.web.views import ApiView, ReadOnlyApiViewSet
from loyalty.foundation.web.waiting import WaitingAnswer
from loyalty.foundation.work import api as work


class CustomerFilter(django_filters.FilterSet):
    """What customers can be narrowed by."""

    search = django_filters.CharFilter(method="filter_search", label="begins a reference, a name or an address")
    customer_ref = django_filters.CharFilter()
    status = django_filters.ChoiceFilter(choices=STATUSES)
    city = django_filters.CharFilter()

    class Meta:
        model = Customer
        fields = ("search", "customer_ref", "status", "city")

    def filter_search(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        """Narrow to what the words begin."""
        request = getattr(self, "request", None)
        return search(rows, value, is_revealed=request is not None and masking.may_reveal(request))


class CustomerViewSet(ReadOnlyApiViewSet):
    """Customers, newest first; ``{id}`` is the public id or the BSS's reference."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "customers.view",
        "retrieve": "customers.view",
        "consents": "customers.view",
        "change_consents": "customers.change",
        "erase": "customers.erase",
        "merge": "customers.merge",
    }
    queryset = Customer.objects.none()
    # A reference of the BSS may have a dot in it, which no public id has.
    lookup_value_regex = "[^/]+"
    serializer_class = serializers.CustomerSerializer
    pagination_class = KeysetPages
    keyset = ("-id",)
    filter_backends: Any = (DjangoFilterBackend,)
    filterset_class = CustomerFilter

    def get_queryset(self) -> QuerySet[Customer]:
        """Give customers with their contact points and consents."""
        return customers_with_details()

    def get_serializer(self, *arguments: Any, **options: Any) -> Any:
        """Reveal the customers shown to a caller who may see them, and note it once for the whole answer."""
        shown = arguments[0] if arguments else []
        rows = list(shown) if isinstance(shown, list | tuple) else [shown]
        is_revealed = masking.reveal(self.request, [str(row.public_id) for row in rows])
        context = {**self.get_serializer_context(), "is_revealed": is_revealed}
        return self.get_serializer_class()(*arguments, **{**options, "context": context})

    def get_object(self) -> Customer:
        """Find the customer that the address names by public id or by reference."""
        named = api.find_named_customer(self.kwargs["id"])
        if named is None:
            raise api.CustomerNotFound()
        return self.get_queryset().get(public_id=named.id)

    @extend_schema(responses={200: serializers.ConsentsSerializer})
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def consents(self, request: Request, **kwargs: Any) -> Response:
        """Give what the customer allows, defaults included."""
        customer = self.get_object()
        return Response(serializers.ConsentsSerializer.body(customer, consents_of(customer)))

    @extend_schema(request=serializers.ConsentsAnswerSerializer, responses={200: serializers.ConsentsSerializer})
    @consents.mapping.put
    def change_consents(self, request: Request, **kwargs: Any) -> Response:
        """Write down answers of the customer; what is not named stays as it is."""
        customer = self.get_object()
        body = serializers.ConsentsAnswerSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        now = clock.now()
        with transaction.atomic():
            for answer in body.validated_data["consents"]:
                change = api.grant_consent if answer["is_granted"] else api.withdraw_consent
                change(
                    customer_id=customer.public_id,
                    channel=answer["channel"],
                    purpose=answer["purpose"],
                    source=self.actor.kind,
                    actor=self.actor,
                    now=now,
                    reason=body.validated_data["reason"],
                )
        return Response(serializers.ConsentsSerializer.body(customer, api.list_consents(customer.public_id)))

    @extend_schema(request=serializers.ErasureSerializer, responses={200: serializers.ErasureCertificateSerializer})
    @action(detail=True, methods=["post"], pagination_class=None, filter_backends=[])
    def erase(self, request: Request, **kwargs: Any) -> Response:
        """Erase the customer for good; ``confirmation`` is the customer's reference. Gives what was erased where."""
        body = serializers.ErasureSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        customer = self.get_object()
        told = api.erase(customer_id=customer.public_id, **body.validated_data, actor=self.actor, now=clock.now())
        return Response(serializers.ErasureCertificateSerializer(told).data)

    @extend_schema(
        request=serializers.MergeSerializer,
        responses={200: serializers.MergeCertificateSerializer, 202: WaitingAnswer},
    )
    @action(detail=True, methods=["post"], pagination_class=None, filter_backends=[])
    def merge(self, request: Request, **kwargs: Any) -> Response:
        """Merge the customer into another one; asked again it gives the same answer, and moves nothing more."""
        body = serializers.MergeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        # By the row itself: the name of one who was merged leads to who stands for it anywhere else.
        gone, into = find_row(self.kwargs["id"]), find_row(body.validated_data["into"])
        if gone is None or into is None:
            raise api.CustomerNotFound()
        told = api.merge(
            customer_id=gone.public_id,
            into_id=into.public_id,
            confirmation=body.validated_data["confirmation"],
            reason=body.validated_data["reason"],
            actor=self.actor,
            now=clock.now(),
        )
        return Response(serializers.MergeCertificateSerializer(told).data)


class ImportView(ApiView):
    """Taking customers in from the BSS."""

    permissions: ClassVar[dict[str, str]] = {"post": "customers.import"}

    @extend_schema(request=None, responses={202: dict})
    def post(self, request: Request) -> Response:
        """Start an import; ``runs/{id}/`` tells how far it is."""
        run = work.start(
            kind=api.IMPORT_RUN_KIND,
            subject_kind="customer_source",
            subject_ref="xiva",
            params={},
            actor=self.actor,
            now=clock.now(),
        )
        return Response({"run": dataclasses.asdict(run)}, status=202)


class EventSourceViewSet(ReadOnlyApiViewSet):
    """Sources of signed events."""

    permissions: ClassVar[dict[str, str]] = {
        "list": "customers.manage_sources",
        "retrieve": "customers.manage_sources",
        "create": "customers.manage_sources",
        "destroy": "customers.manage_sources",
    }
    queryset = EventSource.objects.order_by("code")
    serializer_class = serializers.EventSourceSerializer

    @extend_schema(
        request=serializers.NewEventSourceSerializer, responses={201: serializers.IssuedEventSourceSerializer}
    )
    def create(self, request: Request) -> Response:
        """Create a source; its secret is in this answer and never again."""
        body = serializers.NewEventSourceSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        issued = api.create_source(**body.validated_data, actor=self.actor, now=clock.now())
        source = EventSource.objects.get(public_id=issued.id)
        return Response({**self.get_serializer(source).data, "secret": issued.secret}, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        """Accept nothing from the source any more."""
        api.close_source(source=self.get_object(), actor=self.actor, now=clock.now())
        return Response(status=204)
