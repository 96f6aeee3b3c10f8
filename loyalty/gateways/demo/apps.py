"""Registers the demo with Django."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The demo world."""

    name = "loyalty.gateways.demo"
    label = "demo"
