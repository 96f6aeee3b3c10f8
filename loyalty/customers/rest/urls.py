"""Addresses of customers."""

from django.urls import URLPattern, path

from loyalty.customers.rest import attributes, devices, external, views, webhook

routes = [
    ("customerAttributes", attributes.AttributeViewSet, "customer-attributes"),
    ("customers", views.CustomerViewSet, "customers"),
    ("eventSources", views.EventSourceViewSet, "event-sources"),
]
paths: list[URLPattern] = [
    path("customers/import/", views.ImportView.as_view(), name="customers-import"),
    path("customers/<str:id>/attributes/", attributes.ValuesView.as_view(), name="customer-values"),
    path("customers/<str:id>/devices/", devices.DevicesView.as_view(), name="customer-devices"),
    path("customers/<str:id>/devices/<str:device_ref>/", devices.DeviceView.as_view(), name="customer-device"),
    path("webhooks/customer-events/", webhook.CustomerEventsView.as_view(), name="customer-events"),
    path("xiva/test/", external.XivaTestView.as_view(), name="xiva-status-test"),
]
root_paths = external.root_paths
