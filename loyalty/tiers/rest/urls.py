"""Addresses of tiers."""

from typing import Any

from django.urls import path

from loyalty.tiers.rest import views

routes: list[tuple[str, Any, str]] = []
paths = [
    path("services/tier/calculate/", views.CalculateView.as_view(), name="tier-calculate"),
    path("services/tier/projection/", views.ProjectionView.as_view(), name="tier-projection"),
    path("services/tier/assign/", views.AssignView.as_view(), name="tier-assign"),
    path("services/tier/recalculate/", views.RecalculateView.as_view(), name="tier-recalculate"),
    path("services/tier/upgrade/", views.UpgradeView.as_view(), name="tier-upgrade"),
    path("services/tier/downgrade/", views.DowngradeView.as_view(), name="tier-downgrade"),
    path("services/tier/benefits/", views.BenefitsView.as_view(), name="tier-benefits"),
    path("services/tier/history/", views.HistoryView.as_view(), name="tier-history"),
]
