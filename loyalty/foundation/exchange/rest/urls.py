"""Addresses of exchange."""

from django.urls import URLPattern

from loyalty.foundation.exchange.rest import webhooks

routes = [
    ("webhookEndpoints", webhooks.WebhookEndpointViewSet, "webhookEndpoints"),
    ("webhookDeliveries", webhooks.WebhookDeliveryViewSet, "webhookDeliveries"),
]
paths: list[URLPattern] = []
