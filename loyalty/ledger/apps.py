"""Registers the ledger with Django."""

from typing import ClassVar

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Accounts, transactions, entries, lots and balances."""

    name = "loyalty.ledger"
    label = "ledger"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See accounts, statements and reconciliations",
        "freeze": "Freeze and reopen accounts",
        "close": "Close accounts",
        "merge": "Merge accounts of one member",
    }
