"""Registers customers with Django."""

from typing import ClassVar

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Customers."""

    name = "loyalty.customers"
    label = "customers"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See customers, their contact points and consents",
        "change": "Change consents",
        "import": "Import customers from the BSS",
        "manage_sources": "Create and remove sources of signed events",
    }

    def ready(self) -> None:
        """Register the import as a kind of run."""
        from loyalty.customers import api, tasks
        from loyalty.foundation.work import api as work

        work.register(api.IMPORT_RUN_KIND, tasks.execute_import)
