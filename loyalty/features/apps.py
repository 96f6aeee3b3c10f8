"""Registers features with Django."""

from typing import ClassVar

from django.apps import AppConfig


class FeaturesConfig(AppConfig):
    """Features."""

    name = "loyalty.features"
    label = "features"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See the field catalogue and the features of customers",
        "change": "Describe fields of the catalogue",
    }

    def ready(self) -> None:
        """Contribute features to the whole view of a customer."""
        from loyalty.customers import api as customers
        from loyalty.features import api

        customers.register_overview_part("features", api.overview_part)
