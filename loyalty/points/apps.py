"""Registers points with Django, its reaction to purchases, and its part of the view of a customer."""

from typing import ClassVar

from django.apps import AppConfig


class PointsConfig(AppConfig):
    """The verbs by which points move."""

    name = "loyalty.points"
    label = "points"
    permissions: ClassVar[dict[str, str]] = {
        "view": "See accounts, transactions and statements",
        "earn": "Have members earn points for purchases",
        "earn_direct": "Give members points without a purchase",
        "burn": "Redeem members' points",
        "reverse": "Reverse earns and redemptions",
        "expire": "Expire points that are due",
        "prove": "Prove the whole ledger",
    }

    def ready(self) -> None:
        """Subscribe to purchases and contribute accounts to the view of a customer."""
        from loyalty.customers import api as customers
        from loyalty.foundation.events import api as events
        from loyalty.points import handlers, queries

        events.subscribe("customer.purchase", name="points.on_customer_purchase", handler=handlers.on_customer_purchase)
        customers.register_overview_part("account", queries.overview_part)
