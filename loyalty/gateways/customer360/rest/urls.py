"""Addresses of customer360."""

from django.urls import URLPattern, path

from loyalty.gateways.customer360.rest.views import OverviewView

routes: list[tuple[str, type, str]] = []
paths: list[URLPattern] = [path("customers/<str:id>/360/", OverviewView.as_view(), name="customers-360")]
