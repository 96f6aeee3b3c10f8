"""Addresses of analytics."""

from django.urls import URLPattern, path

from loyalty.analytics.rest.views import DashboardView

routes: list[tuple[str, type, str]] = []
paths: list[URLPattern] = [path("dashboard/stats/", DashboardView.as_view(), name="dashboard-stats")]
