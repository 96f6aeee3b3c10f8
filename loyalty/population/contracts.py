"""What a population is made of."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from loyalty.foundation.rules.contracts import FieldType


@dataclass(frozen=True, slots=True)
class PopulationDescription:
    """Which population: ``customers`` people of a seed, or the rows of a file; all dates are relative to ``as_of``."""

    as_of: date
    seed: int
    customers: int = 0
    customers_file: str = ""
    id_column: str = ""


@dataclass(frozen=True, slots=True)
class ExtraColumn:
    """A column of the file: the name it has there, the name it gets, and what its values are."""

    name: str
    name_in_file: str
    type: FieldType


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that was left out."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Person:
    """One customer of the operator; ``values`` are those of the extra columns, as texts or None.

    ``activity`` is the mean of purchases a month before seasons, ``churned_on`` the day the customer left.
    """

    ref: str
    id: uuid.UUID
    first_name: str
    last_name: str
    gender: str
    birth_date: date
    city: str
    language: str
    time_zone: str
    email: str
    phone: str
    allows_email: bool
    allows_sms: bool
    customer_since: date
    churned_on: date | None
    tenure_months: int
    plan: str
    contract: str
    payment_method: str
    internet_service: str
    monthly_charges: Decimal
    activity: Decimal
    churn_risk: Decimal
    values: tuple[str | None, ...] = ()


class Population(Protocol):
    """People in a stable order."""

    @property
    def count(self) -> int:
        """How many people."""
        ...

    @property
    def columns(self) -> tuple[ExtraColumn, ...]:
        """The columns that every person's ``values`` have."""
        ...

    @property
    def problems(self) -> tuple[RowProblem, ...]:
        """The rows that were left out."""
        ...

    def people(self, offset: int = 0, limit: int | None = None) -> Iterator[Person]:
        """Give people from a place on."""
        ...

    def find(self, ref: str) -> Person | None:
        """Find one by reference, or None."""
        ...
