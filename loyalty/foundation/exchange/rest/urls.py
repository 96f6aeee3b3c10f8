"""Addresses of exchange."""

from django.urls import URLPattern, path

from loyalty.foundation.exchange.rest import intake, webhooks

routes = [
    ("webhookEndpoints", webhooks.WebhookEndpointViewSet, "webhookEndpoints"),
    ("webhookDeliveries", webhooks.WebhookDeliveryViewSet, "webhookDeliveries"),
    ("eventMappings", intake.EventMappingViewSet, "eventMappings"),
    ("deadMessages", intake.DeadMessageViewSet, "deadMessages"),
]
paths: list[URLPattern] = [path("eventMappings/try/", intake.EventTrialView.as_view(), name="eventMappings-try")]
