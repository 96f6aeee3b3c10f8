"""Addresses of features."""

from django.urls import URLPattern, path

from loyalty.features.rest import views

routes = [("dwh/columns", views.ColumnViewSet, "dwh-columns")]
paths: list[URLPattern] = [
    path("dwh/customers/<str:id>/features/", views.CustomerFeaturesView.as_view(), name="dwh-customer-features"),
    path("dwh/batch/features/", views.BatchFeaturesView.as_view(), name="dwh-batch-features"),
    path("config/features/", views.StorePolicyView.as_view(), name="config-features"),
    path("features/health/", views.HealthView.as_view(), name="features-health"),
    path("features/eventTypes/", views.EventTypesView.as_view(), name="features-event-types"),
]
