"""Customers for the tests of customers."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from loyalty.customers import api
from loyalty.foundation.kernel.actor import Actor

Load = Callable[..., api.UpsertReport]
GIVEN_AT = datetime(2026, 1, 1, tzinfo=UTC)


def record(number: int, **changes: object) -> api.CustomerRecord:
    """Describe customer number so-and-so as a source would."""
    values: dict[str, object] = {
        "customer_ref": f"XV-{number:05d}",
        "first_name": "Ann",
        "last_name": f"Smith{number}",
        "city": "Porto",
        "birth_date": date(1990, 1, 1),
        "email": f"ann{number}@example.test",
        "phone": f"+99900000{number:04d}",
        "consents": (api.ConsentRecord("email", "marketing", True, GIVEN_AT),),
    }
    return api.CustomerRecord(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def load(db: None, actor: Actor, now: datetime) -> Load:
    """Take customers in."""

    def take(*records: api.CustomerRecord) -> api.UpsertReport:
        return api.upsert_many(records, source="tests", actor=actor, now=now)

    return take
