"""The route of the whole view."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.errors import NotFound
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.web.views import ApiView
from loyalty.gateways.customer360.queries import get_overview


class OverviewView(ApiView):
    """One customer, whole."""

    permissions: ClassVar[dict[str, str]] = {"get": "customers.view"}

    @extend_schema(responses={200: dict})
    def get(self, request: Request, id: str) -> Response:  # noqa: A002 - the name in the contract's address
        """Give profile, features, accounts, segments, messages and transactions."""
        try:
            customer_id = parse_public_id(id)
        except PublicIdInvalid as refusal:
            raise NotFound("There is no such customer.") from refusal
        return Response(get_overview(customer_id, now=clock.now()))
