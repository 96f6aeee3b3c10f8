"""Taking customers in by sets."""

from datetime import datetime, timedelta

import pytest

from loyalty.customers import api
from loyalty.customers.models import Consent, ConsentChange, ContactPoint, Customer
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import public_id_of_ref
from loyalty.foundation.orm import sql
from tests.customers.conftest import GIVEN_AT, Load, record


def test_upsert__new_customers__created_with_facts_and_one_audit_row(load: Load) -> None:
    assert load(*(record(number) for number in range(3))) == api.UpsertReport(created=3)
    first = Customer.objects.get(customer_ref="XV-00000")
    assert first.public_id == public_id_of_ref("XV-00000")
    assert PublishedEvent.objects.filter(type="customer.created", key=str(first.public_id)).count() == 1
    assert AuditEntry.objects.filter(act="customers.import").count() == 1


def test_upsert__the_same_again__changes_nothing_and_says_nothing(load: Load) -> None:
    load(record(1))
    assert load(record(1)) == api.UpsertReport(unchanged=1)
    assert PublishedEvent.objects.count() == 1
    assert Customer.objects.get().version == 1


@pytest.mark.parametrize(
    "changes",
    [{"city": "Lisbon"}, {"email": "new@example.test"}, {"status": "SUSPENDED"}, {"push_token": "token-1"}],
)
def test_upsert__something_changed__updated_once(load: Load, changes: dict[str, str]) -> None:
    load(record(1), record(2))
    assert load(record(1, **changes), record(2)) == api.UpsertReport(updated=1, unchanged=1)
    assert PublishedEvent.objects.filter(type="customer.updated").count() == 1


def test_upsert__new_address__the_old_one_is_kept_but_not_used(load: Load) -> None:
    load(record(1))
    load(record(1, email="new@example.test"))
    points = ContactPoint.objects.filter(channel="email").order_by("address").values_list("address", "is_primary")
    assert list(points) == [("ann1@example.test", False), ("new@example.test", True)]
    load(record(1))
    assert ContactPoint.objects.get(channel="email", is_primary=True).address == "ann1@example.test"


def test_upsert__consent_withdrawn_with_us__an_older_answer_of_the_source_does_not_override(
    load: Load, actor: Actor, now: datetime
) -> None:
    load(record(1))
    customer_id = public_id_of_ref("XV-00001")
    api.withdraw_consent(
        customer_id=customer_id, channel="email", purpose="marketing", source="link", actor=actor, now=now
    )
    load(record(1))
    assert Consent.objects.get(channel="email", purpose="marketing").is_granted is False
    later = api.ConsentRecord("email", "marketing", True, now + timedelta(days=1))
    load(record(1, consents=(later,)))
    assert Consent.objects.get(channel="email", purpose="marketing").is_granted is True
    assert ConsentChange.objects.count() == 3


def test_upsert__twice_the_same_reference__refused_and_nothing_written(load: Load) -> None:
    with pytest.raises(api.CustomerRecordInvalid):
        load(record(1), record(1))
    with pytest.raises(api.CustomerRecordInvalid):
        load(record(1), record(2, customer_ref=" "))
    with pytest.raises(api.CustomerRecordInvalid):
        load(record(1, status="HAPPY"))
    assert not Customer.objects.exists()


def test_upsert__hostile_text__stored_as_it_is(load: Load) -> None:
    name = "O'Brien\t\\N\n\"; DROP TABLE customers_customer; -- \U0001f600"
    load(record(1, first_name=name, last_name="х" * 300))
    stored = Customer.objects.get()
    assert (stored.first_name, stored.last_name) == (name, "х" * 100)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("Asia/Beirut", "Asia/Beirut"),
        (" asia/beirut", "Asia/Beirut"),
        ("Mars/Phobos", "UTC"),
        ("", "UTC"),
        ("+03", "UTC"),
    ],
)
def test_upsert__time_zone__is_one_that_exists(load: Load, told: str, kept: str) -> None:
    load(record(1, time_zone=told))
    assert Customer.objects.get().time_zone == kept


def test_reachable_view__one_row_per_way__defaults_and_addresses(load: Load) -> None:
    load(record(1), record(2, status="CLOSED", phone=""))
    rows = sql.fetch_all("SELECT * FROM customers_reachable ORDER BY customer_ref, channel, purpose")
    assert len(rows) == 24
    first = {(row["channel"], row["purpose"]): row for row in rows[:12]}
    assert first["email", "marketing"]["is_consented"] is True
    assert first["sms", "marketing"]["is_consented"] is False
    assert first["sms", "service"]["is_consented"] is True
    assert first["sms", "service"]["address"] == "+999000000001"
    assert first["push", "service"]["address"] is None
    assert first["whatsapp", "service"]["address"] == "+999000000001"
    assert first["in_app", "service"]["address"] == str(public_id_of_ref("XV-00001"))
    assert [row["is_consented"] for row in rows[12:]] == [row["is_consented"] for row in rows[:12]]
    assert {row["address"] for row in rows[12:] if row["channel"] in ("sms", "whatsapp")} == {None}
    directory = sql.fetch_all(f"SELECT * FROM {api.DIRECTORY_VIEW} ORDER BY customer_ref")
    assert directory[0]["public_id"] == public_id_of_ref("XV-00001")


def test_upsert__first_answers__kept_in_the_history(load: Load) -> None:
    load(record(1))
    change = ConsentChange.objects.get()
    assert (change.source, change.changed_at) == ("tests", GIVEN_AT)
