"""Addresses of customers."""

from django.urls import URLPattern, path

from loyalty.customers.rest import views, webhook

routes = [
    ("customers", views.CustomerViewSet, "customers"),
    ("eventSources", views.EventSourceViewSet, "event-sources"),
]
paths: list[URLPattern] = [
    path("webhooks/customer-events/", webhook.CustomerEventsView.as_view(), name="customer-events"),
]
