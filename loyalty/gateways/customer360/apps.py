"""Registers customer360 with Django."""

from django.apps import AppConfig


class Customer360Config(AppConfig):
    """The whole view of a customer."""

    name = "loyalty.gateways.customer360"
    label = "customer360"
