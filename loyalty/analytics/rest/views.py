"""Routes of analytics."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.analytics import api
from loyalty.foundation.kernel import clock
from loyalty.foundation.web.views import ApiView


class DashboardView(ApiView):
    """The first page."""

    permissions: ClassVar[dict[str, str]] = {"get": "analytics.view"}

    @extend_schema(responses={200: dict})
    def get(self, request: Request) -> Response:
        """Give totals, points by day, tiers and the latest campaigns."""
        return Response(api.get_dashboard(now=clock.now()))
