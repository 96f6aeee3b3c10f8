"""Devices of customers: registered by the operator's app, and disabled when their service knows them no more."""

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from loyalty.customers.contracts import DevicePlatform, DeviceView
from loyalty.customers.errors import CustomerNotFound, DeviceInvalid, DeviceNotFound
from loyalty.customers.models import Customer, Device
from loyalty.customers.operations.holding import hold
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import FieldProblem

# Nobody reads on more devices; the ones not seen for longest go first.
DEVICES_MAX = 20
# Apple: 32 bytes or more, in hexadecimal digits. Google promises no form: printable, no spaces.
TOKEN_FORMS: Mapping[str, re.Pattern[str]] = {
    DevicePlatform.APNS: re.compile(r"[0-9a-fA-F]{64,200}", re.ASCII),
    DevicePlatform.FCM: re.compile(r"[!-~]{20,4096}", re.ASCII),
}
DEVICE_REF = re.compile(r"[A-Za-z0-9._:-]{1,200}", re.ASCII)


@transaction.atomic
def register_device(
    *,
    customer_id: uuid.UUID,
    device_ref: str,
    platform: str,
    token: str,
    actor: Actor,
    now: datetime,
    app_version: str = "",
    language: str = "",
) -> Device:
    """Have push messages reach a device under a token, in place of the token that it had and of whoever had that one.

    Asked again with the same token it only notes that the device was seen.

    :raises CustomerNotFound: there is no such customer.
    :raises DeviceInvalid: ``problems`` say what is wrong.
    """
    _check(device_ref, platform, token)
    # The customer's row is the lock: two registrations at once are written one after the other.
    customer = hold(customer_id)
    if customer is None:
        raise CustomerNotFound()
    digest = digest_of(token)
    Device.objects.filter(platform=platform, token_digest=digest).exclude(
        customer=customer, device_ref=device_ref
    ).delete()
    found = Device.objects.filter(customer=customer, device_ref=device_ref).first()
    device = found or Device(customer=customer, device_ref=device_ref)
    is_new = found is None or (bytes(found.token_digest), found.platform) != (digest, platform)
    if is_new:
        device.platform, device.token, device.token_digest = platform, token, digest
    # An app that comes back with a token that its service called dead would be told so again by the next message.
    if is_new or device.disabled_reason == "removed":
        device.disabled_at, device.disabled_reason = None, ""
    device.app_version, device.language, device.seen_at = app_version[:50], language[:10], now
    device.save()
    if is_new:
        _forget_oldest(customer)
        _record(actor, customer, device, now)
    return device


def _check(device_ref: str, platform: str, token: str) -> None:
    problems = []
    form = TOKEN_FORMS.get(platform)
    if not DEVICE_REF.fullmatch(device_ref):
        problems.append(FieldProblem("device_ref", "invalid", "1 to 200 letters, digits, dots, colons, - and _."))
    if form is None:
        problems.append(FieldProblem("platform", "unknown", f"One of {', '.join(DevicePlatform)}."))
    elif not form.fullmatch(token):
        problems.append(FieldProblem("token", "invalid", f"This is no token of {platform}."))
    if problems:
        raise DeviceInvalid(problems[0].message, problems=problems)


def _forget_oldest(customer: Customer) -> None:
    kept = Device.objects.filter(customer=customer).order_by("-seen_at", "-id").values_list("pk", flat=True)
    surplus = list(kept[DEVICES_MAX:])
    if surplus:
        Device.objects.filter(pk__in=surplus).delete()


def digest_of(token: str) -> bytes:
    """Give what a token is found by."""
    return hashlib.sha256(token.encode()).digest()


@transaction.atomic
def remove_device(*, customer_id: uuid.UUID, device_ref: str, actor: Actor, now: datetime) -> None:
    """Let nothing reach a device any more: the customer signed out, or the app is gone.

    :raises DeviceNotFound: the customer has none of this name.
    """
    device = (
        Device.objects.select_for_update(of=("self",))
        .select_related("customer")
        .filter(customer__public_id=customer_id, device_ref=device_ref)
        .first()
    )
    if device is None:
        raise DeviceNotFound()
    customer = device.customer
    device.delete()
    _record(actor, customer, device, now, is_removed=True)


def _record(actor: Actor, customer: Customer, device: Device, now: datetime, *, is_removed: bool = False) -> None:
    told = {"device_ref": device.device_ref, "platform": device.platform}
    audit.record(
        actor=actor,
        act="customers.manage_devices",
        subject_kind="customer",
        subject_ref=str(customer.public_id),
        at=now,
        before=told if is_removed else None,
        after=None if is_removed else told,
    )


def list_devices_of(customer_ids: Sequence[uuid.UUID]) -> list[DeviceView]:
    """List the devices of customers that push messages may reach, in no particular order."""
    rows = Device.objects.filter(customer__public_id__in=list(customer_ids), disabled_at=None)
    return [
        DeviceView(
            id=row.public_id,
            customer_id=row.customer.public_id,
            device_ref=row.device_ref,
            platform=row.platform,
            token=row.token,
            language=row.language,
        )
        for row in rows.select_related("customer").order_by("id")
    ]


def disable_devices(*, reasons: Mapping[tuple[uuid.UUID, str], str], now: datetime) -> int:
    """Note that a service knows tokens no more; give how many devices that were.

    :param reasons: by device and token, why; a device that has another token meanwhile is left alone.
    """
    count = 0
    for (device_id, token), reason in reasons.items():
        count += Device.objects.filter(public_id=device_id, token_digest=digest_of(token), disabled_at=None).update(
            disabled_at=now, disabled_reason=reason[:100]
        )
    return count
