"""Addresses of the warehouse."""

from django.urls import URLPattern, path

from loyalty.warehouse.rest import views

routes: list[tuple[str, type, str]] = []
paths: list[URLPattern] = [
    path("dwh/status/", views.WarehouseView.as_view(), name="dwh-status"),
    path("dwh/test/", views.WarehouseTestView.as_view(), name="dwh-test"),
]
