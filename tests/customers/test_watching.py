"""Who is shown the personal data of very many people within an hour is told of, once, by whatever token they look."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from loyalty.customers import api
from loyalty.customers.api import count_look
from loyalty.foundation.access.models import User
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events.models import OutboxEntry
from loyalty.foundation.kernel.actor import Actor
from tests.conftest import ClientWith
from tests.customers.conftest import Load, record
from tests.ledger.parallel import all_at_once

LIST = "/api/loyalty/v1/customers/"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ANNA = Actor(kind="user", ref="anna", name="anna", person_ref="anna")
TOKEN = Actor(kind="token", ref="token-1", name="anna/till", person_ref="anna")


@pytest.fixture(autouse=True)
def ten_people(settings: Any) -> None:
    """Beyond ten people it is told."""
    settings.CUSTOMERS_PII_PEOPLE_PER_HOUR = 10


def alarms() -> list[tuple[str, int]]:
    """Give who was told of, and with how many people."""
    rows = AuditEntry.objects.filter(act="customers.pii_alarm").order_by("id")
    found = [(one.subject_ref, one.after["people"]) for one in rows if one.after is not None]
    assert OutboxEntry.objects.filter(type="personal_data.alarm").count() == len(found)
    return found


@pytest.mark.django_db
def test_looks__beyond_the_number_of_an_hour__are_told_once() -> None:
    look = partial(count_look, actor=ANNA, people=4)
    assert [look(now=NOON + timedelta(minutes=minute)) for minute in (0, 5)] == [False, False]
    assert count_look(actor=TOKEN, people=2, now=NOON + timedelta(minutes=10)) is False
    assert count_look(actor=TOKEN, people=1, now=NOON + timedelta(minutes=20)) is True
    assert look(now=NOON + timedelta(minutes=30)) is False
    assert alarms() == [("anna", 11)]
    # The next hour begins anew.
    later = NOON + timedelta(hours=1)
    assert [look(now=later), look(now=later), look(now=later)] == [False, False, True]
    assert alarms() == [("anna", 11), ("anna", 12)]


@pytest.mark.django_db
def test_looks__of_others_or_with_the_watch_off__tell_nothing(settings: Any) -> None:
    for number in range(30):
        count_look(actor=Actor(kind="user", ref=f"u{number}", name="u"), people=10, now=NOON)
    assert alarms() == []
    settings.CUSTOMERS_PII_PEOPLE_PER_HOUR = 0
    assert count_look(actor=ANNA, people=1_000_000, now=NOON) is False
    assert alarms() == []


def test_looks__over_http__are_counted_by_people_shown(client_with: ClientWith, load: Load) -> None:
    load(*(record(number) for number in range(6)))
    client = client_with("customers.view", "customers.view_pii")
    client.get(LIST)
    assert alarms() == []
    client.get(LIST)
    person = str(User.objects.order_by("-id").first().public_id)  # type: ignore[union-attr]
    assert alarms() == [(person, 12)]
    client_with("customers.view").get(LIST)
    assert len(alarms()) == 1
    assert api.count_look is count_look


@pytest.mark.django_db(transaction=True)
def test_looks__at_once__are_told_once() -> None:
    outcomes = all_at_once([partial(count_look, actor=ANNA, people=1, now=NOON)] * 16)
    assert (outcomes.count(True), alarms()) == (1, [("anna", 11)])
