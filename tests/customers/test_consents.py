"""Granting and withdrawing consent."""

from datetime import datetime

import pytest
from django.db import DatabaseError, transaction

from loyalty.customers import api
from loyalty.customers.models import ConsentChange
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import new_public_id, public_id_of_ref
from tests.conftest import ClientWith
from tests.customers.conftest import Load, record

ONE = public_id_of_ref("XV-00001")


def test_withdraw__granted_before__audit_history_and_fact_in_one(load: Load, actor: Actor, now: datetime) -> None:
    load(record(1))
    for _ in range(2):
        view = api.withdraw_consent(
            customer_id=ONE, channel="email", purpose="marketing", source="link", actor=actor, now=now, reason="spam"
        )
        assert view.is_granted is False
    fact = PublishedEvent.objects.get(type="consent.withdrawn")
    assert fact.data["channel"] == "email"
    assert fact.key == str(ONE)
    entry = AuditEntry.objects.get(act="customers.change")
    assert entry.before is not None
    assert entry.before["is_granted"] is True
    assert ConsentChange.objects.filter(is_granted=False, reason="spam").count() == 1


def test_consent__unknown_customer_or_channel__refused(load: Load, actor: Actor, now: datetime) -> None:
    load(record(1))
    with pytest.raises(api.CustomerNotFound):
        api.grant_consent(
            customer_id=new_public_id(), channel="email", purpose="marketing", source="x", actor=actor, now=now
        )
    with pytest.raises(api.ConsentInvalid):
        api.grant_consent(customer_id=ONE, channel="pigeon", purpose="marketing", source="x", actor=actor, now=now)


def test_consent_history__changed_by_sql__refused(load: Load) -> None:
    load(record(1))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ConsentChange.objects.update(is_granted=False)


def test_consents_route__get_and_put__say_all_ways(client_with: ClientWith, load: Load) -> None:
    load(record(1))
    client = client_with("customers.view", "customers.change")
    address = f"/api/loyalty/v1/customers/{ONE}/consents/"
    before = client.get(address).json()["consents"]
    assert len(before) == 12
    assert {(one["channel"], one["source"]) for one in before if one["purpose"] == "service"} == {
        ("email", "default"),
        ("sms", "default"),
        ("push", "default"),
        ("in_app", "default"),
        ("webhook", "default"),
        ("whatsapp", "default"),
    }
    answers = [{"channel": "email", "purpose": "marketing", "is_granted": False}]
    changed = client.put(address, {"consents": answers, "reason": "asked by phone"})
    assert changed.status_code == 200
    stated = {(one["channel"], one["purpose"]): one["is_granted"] for one in changed.json()["consents"]}
    assert stated["email", "marketing"] is False
    assert stated["sms", "service"] is True


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"consents": []},
        {"consents": [{"channel": "fax", "purpose": "marketing", "is_granted": True}]},
        {"consents": [{"channel": "email", "purpose": "marketing"}]},
        {"consents": [{"channel": "email", "purpose": "marketing", "is_granted": True, "more": 1}]},
        {"consents": "all", "why": 1},
        [],
    ],
)
def test_consents_route__bad_body__400(client_with: ClientWith, load: Load, body: object) -> None:
    load(record(1))
    answer = client_with("customers.change").put(f"/api/loyalty/v1/customers/{ONE}/consents/", body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"


def test_consents_route__without_permission_or_customer__403_404(client_with: ClientWith, load: Load) -> None:
    load(record(1))
    body = {"consents": [{"channel": "email", "purpose": "marketing", "is_granted": False}]}
    assert client_with("customers.view").put(f"/api/loyalty/v1/customers/{ONE}/consents/", body).status_code == 403
    missing = client_with("customers.change").put(f"/api/loyalty/v1/customers/{new_public_id()}/consents/", body)
    assert (missing.status_code, missing.json()["code"]) == (404, "customer.not_found")
