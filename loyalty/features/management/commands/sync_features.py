"""Brings the field catalogue to the columns of the warehouse."""

from typing import Any

from django.core.management.base import BaseCommand

from loyalty.features import api


class Command(BaseCommand):
    """Sync the catalogue."""

    help = "Read the columns of the warehouse into the field catalogue; descriptions that people wrote stay."

    def handle(self, *args: Any, **options: Any) -> None:
        """Sync and say how many fields there are."""
        self.stdout.write(f"{api.sync_catalogue()} fields")
