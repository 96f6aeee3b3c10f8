"""Registers features with Django."""

from typing import ClassVar

from django.apps import AppConfig


class FeaturesConfig(AppConfig):
    """The feature store."""

    name = "loyalty.features"
    label = "features"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See the field catalogue and customers' features",
        "change": "Describe the fields of the catalogue",
    }

    def ready(self) -> None:
        """Show features in the whole view of a customer."""
        from loyalty.customers import api as customers
        from loyalty.features.queries import overview_part

        customers.register_overview_part("features", overview_part)
