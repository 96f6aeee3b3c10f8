"""Seven people of a small warehouse, with every kind of absence."""

import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from loyalty.foundation.kernel.ids import public_id_of_ref

TABLE = """
    CREATE TABLE customer_features_view (
        customer_id uuid PRIMARY KEY, total_revenue numeric(12,2), last_purchase_days_ago integer,
        city text, churn_score double precision, joined_on date)
"""


@dataclass(frozen=True)
class Person:
    """One row of the warehouse."""

    ref: str
    total_revenue: Decimal | None
    last_purchase_days_ago: int | None
    city: str | None
    churn_score: float | None
    joined_on: date | None

    @property
    def id(self) -> uuid.UUID:
        """The customer's id, here and in the warehouse."""
        return public_id_of_ref(self.ref)

    def row(self) -> tuple[object, ...]:
        """Give the row."""
        return (
            self.id, self.total_revenue, self.last_purchase_days_ago, self.city, self.churn_score, self.joined_on,
        )  # fmt: skip


PEOPLE = [
    Person("P1", Decimal("1500.00"), 3, "Beirut", 0.1, date(2024, 1, 1)),
    Person("P2", Decimal("1500.00"), 40, "Tripoli", 0.6, date(2024, 6, 1)),
    Person("P3", Decimal("1000.00"), 3, "", 0.7, None),
    Person("P4", Decimal("1000.01"), 29, None, 0.59, date(2025, 1, 1)),
    Person("P5", Decimal("5000.00"), None, "Saida", None, date(2025, 6, 1)),
    Person("P6", None, 0, "Beirut", 0.9, date(2026, 1, 1)),
    Person("P7", Decimal("0.00"), None, "Zahlé", 0.0, date(2026, 11, 1)),
]
