"""The route of the whole view."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.errors import NotFound
from loyalty.foundation.kernel.ids import PublicIdInvalid, parse_public_id
from loyalty.foundation.web import masking
from loyalty.foundation.web.views import ApiView
from loyalty.gateways.customer360.queries import get_overview


def masked_overview(view: dict[str, Any]) -> dict[str, Any]:
    """Give the view without what identifies the person; features tell their names beside their values."""
    told: dict[str, Any] = masking.masked(view)
    told["features"] = [
        {**row, "value": None} if masking.is_personal(str(row["name"])) else row for row in view.get("features", ())
    ]
    return told


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
        view = get_overview(customer_id, now=clock.now())
        is_revealed = masking.reveal(request, [str(customer_id)])
        told = view if is_revealed else masked_overview(view)
        return Response({**told, "is_masked": not is_revealed})
