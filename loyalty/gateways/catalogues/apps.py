"""Registers catalogues with Django."""

from django.apps import AppConfig


class CataloguesConfig(AppConfig):
    """Generated documentation."""

    name = "loyalty.gateways.catalogues"
    label = "catalogues"
