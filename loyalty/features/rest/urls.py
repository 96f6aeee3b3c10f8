"""Addresses of features."""

from django.urls import URLPattern, path

from loyalty.features.rest import views

paths: list[URLPattern] = [
    path(
        "dwh/columns/sync/",
        views.ColumnViewSet.as_view({"post": "sync"}, detail=False, basename="dwh-columns"),
        name="dwh-columns-sync",
    ),
    path("dwh/customers/<str:id>/features/", views.CustomerFeaturesView.as_view(), name="dwh-customer-features"),
    path("dwh/batch/features/", views.BatchFeaturesView.as_view(), name="dwh-batch-features"),
]
routes = [("dwh/columns", views.ColumnViewSet, "dwh-columns")]
