"""Addresses of the warehouse."""

from django.urls import URLPattern, path

from loyalty.warehouse.rest import views

routes: list[tuple[str, type, str]] = []
paths: list[URLPattern] = [
    path("config/dwh/", views.WarehouseView.as_view(), name="config-dwh"),
    path("config/dwh/test/", views.WarehouseTestView.as_view(), name="config-dwh-test"),
]
