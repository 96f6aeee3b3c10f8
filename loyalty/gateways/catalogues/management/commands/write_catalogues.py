"""Writes docs/api from the code."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from loyalty.gateways.catalogues.queries import pages

ROOT = Path(__file__).resolve().parents[5]


class Command(BaseCommand):
    """Write the catalogues of events, errors, permissions and routes."""

    help = "Write docs/api/ from the code: errors, events, permissions, OpenAPI."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write each file."""
        for name, text in pages().items():
            (ROOT / name).write_text(text, encoding="utf-8")
            self.stdout.write(name)
