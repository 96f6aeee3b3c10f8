"""What Xiva says of customers, passed on."""

from typing import Any, ClassVar

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.customers import api
from loyalty.customers.kinds.xiva.client import configured_client
from loyalty.foundation.web import masking
from loyalty.foundation.web.serializers import StrictSerializer
from loyalty.foundation.web.views import ApiView

VIEW: dict[str, str] = {"get": "customers.view"}
LIMIT_MAX = 500
# What the BSS calls a person's name and home; of a product it masks too much, which nobody minds who may see nothing.
NAMES = frozenset({"name", "address", "addressline1", "addressline2", "building", "contact", "contacts"})


def named_in(row: Any) -> str:
    """Give by which name the BSS's row of a customer is noted."""
    found = (row.get(name) for name in ("customer_ref", "customer_id", "id")) if isinstance(row, dict) else ()
    return str(next((one for one in found if one), ""))[:100]


class XivaConnectionSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What a test of the connection found."""

    is_reachable = serializers.BooleanField()
    latency_ms = serializers.FloatField(allow_null=True)
    breaker_state = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class PageSerializer(StrictSerializer):
    """Which part of a list."""

    search = serializers.CharField(required=False, default="", allow_blank=True, max_length=100)
    limit = serializers.IntegerField(required=False, default=25, min_value=1, max_value=LIMIT_MAX)
    offset = serializers.IntegerField(required=False, default=0, min_value=0, max_value=10**9)


class XivaTestView(ApiView):
    """Test Connection."""

    permissions: ClassVar[dict[str, str]] = {"get": "customers.view", "post": "customers.view"}

    @extend_schema(responses={200: XivaConnectionSerializer})
    def get(self, request: Request) -> Response:
        """Sign in, ask for one customer, and tell how long it took or why it failed."""
        return Response(api.test_bss())

    @extend_schema(request=None, responses={200: XivaConnectionSerializer})
    def post(self, request: Request) -> Response:
        """Do the same."""
        return Response(api.test_bss())


class XivaCustomersView(ApiView):
    """Xiva's list of customers."""

    permissions: ClassVar[dict[str, str]] = VIEW

    @extend_schema(
        operation_id="api_external_xiva_customers_list",
        parameters=[OpenApiParameter("search", str), OpenApiParameter("limit", int), OpenApiParameter("offset", int)],
        responses={200: dict},
    )
    def get(self, request: Request) -> Response:
        """List customers as Xiva knows them."""
        page = PageSerializer(data=request.query_params.dict())
        page.is_valid(raise_exception=True)
        if page.validated_data["search"]:
            # The other side searches names and numbers, and a hit tells them.
            masking.require_reveal(request, [])
        rows, total = configured_client().list_customers(**page.validated_data)
        if not masking.reveal(request, [named_in(row) for row in rows]):
            rows = masking.masked(rows, also=NAMES)
        return Response({"count": total if total is not None else len(rows), "results": rows})


class XivaCustomerView(ApiView):
    """One customer at Xiva; subclasses say which part."""

    permissions: ClassVar[dict[str, str]] = VIEW

    @extend_schema(responses={200: dict})
    def get(self, request: Request, id: str) -> Response:  # noqa: A002 - the name in the contract's address
        """Give what Xiva says."""
        customer = api.find_named_customer(id)
        answer = self.ask(customer.customer_ref if customer is not None else id)
        if answer is None:
            raise api.CustomerNotFound(f"Xiva has no customer {id[:100]!r}.")
        name = str(customer.id) if customer is not None else id[:100]
        return Response(answer if masking.reveal(request, [name]) else masking.masked(answer, also=NAMES))

    def ask(self, ref: str) -> Any | None:
        """Ask for the customer itself."""
        return configured_client().find_customer(ref)


class XivaPartView(XivaCustomerView):
    """A part of Xiva's view of a customer."""

    part = "overview"

    def ask(self, ref: str) -> Any | None:
        """Ask for the part."""
        return configured_client().find_part(ref, self.part)


class XivaContextView(XivaCustomerView):
    """All that Xiva knows, for who serves the customer."""

    def ask(self, ref: str) -> Any | None:
        """Ask for the whole."""
        return configured_client().find_part(ref, "complete")


class XivaProductsView(XivaCustomerView):
    """Products of a customer."""

    def ask(self, ref: str) -> Any | None:
        """Ask for the products."""
        rows = configured_client().list_products(ref)
        return {"count": len(rows), "results": rows}


class XivaBillingAccountsView(XivaCustomerView):
    """Billing accounts of a customer."""

    def ask(self, ref: str) -> Any | None:
        """Ask for the accounts."""
        rows = configured_client().list_billing_accounts(ref)
        return {"count": len(rows), "results": rows}


ONE = "api/external/xiva/customers/<str:id>/"
root_paths = [
    path("api/external/xiva/test/", XivaTestView.as_view(), name="xiva-test"),
    path("api/external/xiva/customers/", XivaCustomersView.as_view(), name="xiva-customers"),
    path(ONE, XivaCustomerView.as_view(), name="xiva-customer"),
    path(f"{ONE}360/services/", XivaPartView.as_view(part="services"), name="xiva-services"),
    path(f"{ONE}360/usage/", XivaPartView.as_view(part="usage"), name="xiva-usage"),
    path(f"{ONE}context/", XivaContextView.as_view(), name="xiva-context"),
    path(f"{ONE}products/", XivaProductsView.as_view(), name="xiva-products"),
    path(f"{ONE}billing-accounts/", XivaBillingAccountsView.as_view(), name="xiva-billing-accounts"),
]
