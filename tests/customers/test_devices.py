"""Devices of customers: registered by the app, taken over with their token, disabled when their service says so."""

import uuid
from datetime import datetime, timedelta

import pytest
from django.db import connection
from rest_framework.test import APIClient

from loyalty.customers import api
from loyalty.customers.models import Device
from loyalty.customers.operations import devices
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel.actor import system_actor

pytestmark = pytest.mark.django_db

ACTOR = system_actor("tests")
TOKEN = "fcm-token-of-a-telephone"


def make_customer(ref: str, now: datetime, **more: str) -> uuid.UUID:
    """Make a customer."""
    api.upsert_many([api.CustomerRecord(customer_ref=ref, **more)], source="tests", actor=ACTOR, now=now)  # type: ignore[arg-type]
    return api.get_customer_by_ref(ref).id


def register(
    customer: uuid.UUID, now: datetime, *, token: str = TOKEN, device: str = "phone", platform: str = "fcm"
) -> Device:
    """Register a device."""
    return api.register_device(
        customer_id=customer, device_ref=device, platform=platform, token=token, actor=ACTOR, now=now
    )


def address_of(customer: uuid.UUID) -> str | None:
    """Give what reaches the customer by push."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT address FROM customers_reachable WHERE public_id = %s AND channel = 'push' AND purpose = 'service'",
            [customer],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def test_device__registered__reaches_the_customer_until_it_is_removed(now: datetime) -> None:
    customer = make_customer("d-1", now)
    assert address_of(customer) is None
    register(customer, now)
    assert address_of(customer) == str(customer)
    api.remove_device(customer_id=customer, device_ref="phone", actor=ACTOR, now=now)
    assert address_of(customer) is None
    with pytest.raises(api.DeviceNotFound):
        api.remove_device(customer_id=customer, device_ref="phone", actor=ACTOR, now=now)


def test_device__new_token__replaces_the_old_one(now: datetime) -> None:
    customer = make_customer("d-1", now)
    first = register(customer, now)
    second = register(customer, now, token=f"{TOKEN}-2")
    assert (first.pk, Device.objects.get().token) == (second.pk, f"{TOKEN}-2")


def test_device__seen_again__is_noted_without_another_audit_row(now: datetime) -> None:
    customer = make_customer("d-1", now)
    register(customer, now)
    rows = AuditEntry.objects.count()
    register(customer, now + timedelta(hours=1))
    assert (Device.objects.get().seen_at, AuditEntry.objects.count()) == (now + timedelta(hours=1), rows)


def test_token__other_customer_signs_in_on_the_telephone__moves(now: datetime) -> None:
    first, second = make_customer("d-1", now), make_customer("d-2", now)
    register(first, now)
    register(second, now, device="elsewhere")
    assert (address_of(first), address_of(second)) == (None, str(second))


def test_token__called_dead__stays_disabled_until_another_comes(now: datetime) -> None:
    customer = make_customer("d-1", now)
    device = register(customer, now)
    assert api.disable_devices(reasons={(device.public_id, f"{TOKEN}-other"): "UNREGISTERED"}, now=now) == 0
    assert api.disable_devices(reasons={(device.public_id, TOKEN): "UNREGISTERED"}, now=now) == 1
    register(customer, now)
    assert (address_of(customer), Device.objects.get().disabled_reason) == (None, "UNREGISTERED")
    register(customer, now, token=f"{TOKEN}-2")
    assert address_of(customer) == str(customer)


def test_devices__too_many__the_ones_not_seen_for_longest_go(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "DEVICES_MAX", 3)
    customer = make_customer("d-1", now)
    for number in range(5):
        register(customer, now + timedelta(minutes=number), token=f"{TOKEN}-{number}", device=f"phone-{number}")
    assert set(Device.objects.values_list("device_ref", flat=True)) == {"phone-2", "phone-3", "phone-4"}


def test_token__brought_by_the_source__is_a_device_and_is_replaced(now: datetime) -> None:
    customer = make_customer("d-1", now, push_token="token-of-the-source-1")
    assert (Device.objects.get().device_ref, address_of(customer)) == ("source", str(customer))
    make_customer("d-1", now, push_token="token-of-the-source-2")
    assert Device.objects.get().token == "token-of-the-source-2"
    # Another customer's token of the app is not taken away by a file.
    other = make_customer("d-2", now)
    register(other, now, token="token-of-the-source-3")
    make_customer("d-1", now, push_token="token-of-the-source-3")
    assert Device.objects.get(device_ref="source").token == "token-of-the-source-2"


@pytest.mark.parametrize(
    ("platform", "token", "device", "field"),
    [
        ("apns", "not-hex" * 10, "phone", "token"),
        ("apns", "ab" * 10, "phone", "token"),
        ("fcm", "short", "phone", "token"),
        ("fcm", "with spaces in the middle", "phone", "token"),
        ("pigeon", TOKEN, "phone", "platform"),
        ("fcm", TOKEN, "../../x", "device_ref"),
        ("fcm", TOKEN, "", "device_ref"),
    ],
)
def test_device__bad_values__are_refused(now: datetime, platform: str, token: str, device: str, field: str) -> None:
    customer = make_customer("d-1", now)
    with pytest.raises(api.DeviceInvalid) as refusal:
        register(customer, now, token=token, device=device, platform=platform)
    assert [problem.field for problem in refusal.value.problems] == [field]


def test_routes__register_list_remove__and_never_show_a_token(admin_client: APIClient, now: datetime) -> None:
    make_customer("d-1", now)
    place = "/api/loyalty/v1/customers/d-1/devices/"
    body = {"device_ref": "phone", "platform": "fcm", "token": TOKEN, "language": "ar", "app_version": "1.2"}
    answer = admin_client.post(place, body, format="json")
    assert (answer.status_code, answer.json()["language"]) == (200, "ar")
    assert TOKEN not in answer.content.decode()
    assert [one["device_ref"] for one in admin_client.get(place).json()] == ["phone"]
    assert admin_client.post(place, {**body, "platform": "x"}, format="json").status_code == 400
    assert admin_client.post("/api/loyalty/v1/customers/nobody/devices/", body, format="json").status_code == 404
    assert admin_client.delete(f"{place}phone/").status_code == 204
    assert admin_client.delete(f"{place}phone/").status_code == 404
    assert admin_client.get(place).json() == []
