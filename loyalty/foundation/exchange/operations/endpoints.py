"""Endpoints of webhooks: made, changed, their secrets turned, and facts sent to them again."""

import base64
import hashlib
import hmac
import ipaddress
import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.events import api as events
from loyalty.foundation.exchange.contracts import DeliveryOrder, DeliveryState, EndpointState
from loyalty.foundation.exchange.errors import EndpointNotTold, EventTypesUnknown
from loyalty.foundation.exchange.models import WebhookDelivery, WebhookEndpoint
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.editing import VersionCheck, any_version
from loyalty.foundation.kernel.errors import NotFound
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience import egress

SECRET_PREFIX = "whsec_"
PURPOSE = "webhook"
TEST_TYPE = "webhook.test"
MANAGE = "exchange.manage"
REPLAY = "SELECT exchange_replay(%s, %s, %s, %s, %s::text[], %s) AS n"


def secret_of(endpoint: WebhookEndpoint, salt: str) -> str:
    """Give a secret as a receiver is told it: a copy of the database alone does not sign anything."""
    message = f"exchange.webhook_endpoint:{endpoint.public_id}:{salt}".encode()
    key = hmac.new(str(settings.SECRET_KEY).encode(), message, hashlib.sha256).digest()
    return SECRET_PREFIX + base64.b64encode(key).decode()


def secrets_of(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """Give the secrets to sign with: the present one, and the one before it for as long as both hold."""
    found = [secret_of(endpoint, endpoint.salt)]
    if endpoint.salt_before and endpoint.salt_before_until is not None and endpoint.salt_before_until > now:
        found.append(secret_of(endpoint, endpoint.salt_before))
    return found


def _check_types(types: Sequence[str]) -> None:
    known = events.list_type_names()
    for one in types:
        is_known = any(name.startswith(one[:-1]) for name in known) if one.endswith("*") else one in known
        if not is_known:
            raise EventTypesUnknown(f"No fact is called {one}; the catalogue of event types names them all.")


def _record(endpoint: WebhookEndpoint, act: str, actor: Actor, now: datetime, **facts: Any) -> None:
    audit.record(
        actor=actor, act=act, subject_kind="webhook_endpoint", subject_ref=str(endpoint.public_id), at=now, after=facts
    )


def _check_address(url: str) -> None:
    """Refuse an address that may not be called; what a name leads to is known, and checked, only at each call.

    :raises EgressRefusal: the form, the protocol, the port, or the address where it is written as one.
    """
    target = egress.check_url(url, PURPOSE)
    with suppress(ValueError):
        ipaddress.ip_address(target.host.strip("[]"))
        egress.check_host(target.host, target.port, PURPOSE)


def _lock(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """Hold an endpoint.

    :raises NotFound: somebody removed it meanwhile.
    """
    held = WebhookEndpoint.objects.select_for_update().filter(pk=endpoint.pk).first()
    if held is None:
        raise NotFound("There is no such endpoint any more.")
    return held


@transaction.atomic
def create_endpoint(
    *, url: str, description: str, types: Sequence[str], order: DeliveryOrder, actor: Actor, now: datetime
) -> tuple[WebhookEndpoint, str]:
    """Make an endpoint that is told of facts from now on; give it and its secret, which is told only here.

    :raises EventTypesUnknown: a type or pattern fits no fact.
    :raises EgressRefusal: the address may not be called.
    """
    _check_types(types)
    _check_address(url)
    endpoint = WebhookEndpoint.objects.create(
        url=url,
        description=description,
        types=list(types),
        order=order.value,
        salt=secrets.token_hex(32),
        position=events.store_facts(),
    )
    _record(endpoint, MANAGE, actor, now, url=url, types=list(types), order=order.value)
    return endpoint, secret_of(endpoint, endpoint.salt)


@transaction.atomic
def change_endpoint(
    *,
    endpoint: WebhookEndpoint,
    changes: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    check_version: VersionCheck = any_version,
) -> None:
    """Change address, description, types, order or state; a disabled endpoint goes on with the facts of the present.

    Another address gets another secret, because whoever reads there now may be somebody else: ask for it by turning it.

    :param check_version: may refuse the version that stands.
    :raises EventTypesUnknown: a type or pattern fits no fact.
    :raises EgressRefusal: the address may not be called.
    """
    held = _lock(endpoint)
    check_version(held.version)
    if "types" in changes:
        _check_types(changes["types"])
    if "url" in changes and changes["url"] != held.url:
        _check_address(changes["url"])
        held.salt, held.salt_before, held.salt_before_until = secrets.token_hex(32), "", None
    if changes.get("state") == EndpointState.ACTIVE and held.state == EndpointState.DISABLED:
        held.position = events.store_facts()
    if "state" in changes:
        held.state_reason, held.failures_in_a_row, held.open_until = "by_hand", 0, None
    for name, value in changes.items():
        setattr(held, name, value)
    held.version += 1
    held.updated_at = now
    held.save()
    _record(held, MANAGE, actor, now, **changes)


@transaction.atomic
def remove_endpoint(
    *, endpoint: WebhookEndpoint, actor: Actor, now: datetime, check_version: VersionCheck = any_version
) -> None:
    """Tell the endpoint nothing more, and forget its deliveries.

    :param check_version: may refuse the version that stands.
    """
    held = _lock(endpoint)
    check_version(held.version)
    _record(held, MANAGE, actor, now, url=held.url, is_removed=True)
    held.delete()


@transaction.atomic
def rotate_secret(*, endpoint: WebhookEndpoint, overlap: timedelta, actor: Actor, now: datetime) -> str:
    """Give a new secret; for the time of the overlap everything is signed with the old one too."""
    held = _lock(endpoint)
    held.salt_before, held.salt_before_until = held.salt, now + overlap
    held.salt = secrets.token_hex(32)
    held.version += 1
    held.updated_at = now
    held.save()
    _record(held, MANAGE, actor, now, secret_turned=True, overlap_hours=overlap.total_seconds() / 3600)
    return secret_of(held, held.salt)


@transaction.atomic
def send_test(*, endpoint: WebhookEndpoint, actor: Actor, now: datetime) -> WebhookDelivery:
    """Put a test event in line for an endpoint.

    :raises EndpointNotTold: it is paused or disabled.
    """
    if endpoint.state != EndpointState.ACTIVE:
        raise EndpointNotTold("A test needs an active endpoint.")
    event_id = new_public_id()
    body = {
        "specversion": "1.0",
        "id": str(event_id),
        "source": source(),
        "type": TEST_TYPE,
        "time": now.isoformat(),
        "datacontenttype": "application/json",
        "data": {"endpoint_id": str(endpoint.public_id), "sent_by": actor.name},
    }
    _record(endpoint, MANAGE, actor, now, test_event=str(event_id))
    # Its own key, so that it waits behind nobody where order goes by key.
    return WebhookDelivery.objects.create(
        endpoint=endpoint,
        event_id=event_id,
        type=TEST_TYPE,
        key=str(event_id),
        body=json.dumps(body),
        created_at=now,
        due_at=now,
    )


@transaction.atomic
def replay_delivery(*, delivery: WebhookDelivery, actor: Actor, now: datetime) -> None:
    """Send a delivered or failed event again, from the first try and with the same id."""
    WebhookDelivery.objects.filter(pk=delivery.pk).exclude(state=DeliveryState.PENDING).update(
        state=DeliveryState.PENDING, attempts=0, due_at=now, delivered_at=None
    )
    _record(delivery.endpoint, "exchange.replay", actor, now, delivery=str(delivery.public_id))


@transaction.atomic
def replay_since(*, endpoint: WebhookEndpoint, since: datetime, key: str, actor: Actor, now: datetime) -> int:
    """Send the facts recorded from an instant on again, of one key only if one is given; give how many are in line."""
    types = sorted(events.list_type_names())
    row = sql.fetch_one(REPLAY, [endpoint.pk, since, key, source(), types, now])
    count = int(row["n"]) if row else 0
    _record(endpoint, "exchange.replay", actor, now, since=since.isoformat(), key=key, count=count)
    return count


def source() -> str:
    """Give what our events name as their source: the address of our API."""
    return f"{str(settings.PUBLIC_URL).rstrip('/')}/api/loyalty/v1"
