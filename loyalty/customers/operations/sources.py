"""Sources of signed events, and the check of a signature (Standard Webhooks, version 1)."""

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from loyalty.customers.contracts import IssuedSecret
from loyalty.customers.errors import EventSourceTaken, SignatureExpired, SignatureInvalid
from loyalty.customers.models import EventSource
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor

SECRET_PREFIX = "whsec_"
# A captured call cannot be sent again later than this; the Standard Webhooks specification names five minutes.
TOLERANCE_S = 300


def _key_of(source: EventSource) -> bytes:
    """Derive the source's key: a copy of the database alone does not sign anything."""
    message = f"customers.event_source:{source.public_id}:{source.salt}".encode()
    return hmac.new(str(settings.SECRET_KEY).encode(), message, hashlib.sha256).digest()


def secret_of(source: EventSource) -> str:
    """Give the secret as a sender is told it."""
    return SECRET_PREFIX + base64.b64encode(_key_of(source)).decode()


@transaction.atomic
def create_source(*, code: str, name: str, actor: Actor, now: datetime) -> IssuedSecret:
    """Create a source of signed events; its secret is in this answer only.

    :raises EventSourceTaken: the code is in use.
    """
    try:
        with transaction.atomic():
            source = EventSource.objects.create(code=code, name=name, salt=secrets.token_hex(32))
    except IntegrityError as fault:
        raise EventSourceTaken(f"There is a source {code} already.") from fault
    audit.record(
        actor=actor,
        act="customers.manage_sources",
        subject_kind="event_source",
        subject_ref=str(source.public_id),
        at=now,
        after={"code": code, "name": name},
    )
    return IssuedSecret(id=source.public_id, code=code, secret=secret_of(source))


@transaction.atomic
def close_source(*, source: EventSource, actor: Actor, now: datetime) -> None:
    """Accept nothing from a source any more."""
    EventSource.objects.filter(pk=source.pk).update(is_active=False, updated_at=now)
    audit.record(
        actor=actor,
        act="customers.manage_sources",
        subject_kind="event_source",
        subject_ref=str(source.public_id),
        at=now,
        after={"is_active": False},
    )


def check_signature(
    *, code: str, message_id: str, timestamp: str, signatures: str, body: bytes, now: datetime
) -> EventSource:
    """Give the source that signed a body.

    :raises SignatureInvalid: the source is unknown or closed, or no signature fits.
    :raises SignatureExpired: signed too long ago, or in the future.
    """
    source = EventSource.objects.filter(code=code, is_active=True).first()
    if source is None or not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        raise SignatureInvalid()
    signed = f"{message_id}.{timestamp}.".encode() + body
    wanted = hmac.new(_key_of(source), signed, hashlib.sha256).digest()
    if not any(hmac.compare_digest(wanted, given) for given in _decoded(signatures)):
        raise SignatureInvalid()
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_S:
        raise SignatureExpired(f"A signature is good for {TOLERANCE_S} seconds.")
    return source


def _decoded(signatures: str) -> list[bytes]:
    """Read ``v1,<base64> v1,<base64>``; what cannot be read fits nothing."""
    found = []
    for part in signatures.split()[:10]:
        version, _, text = part.partition(",")
        if version == "v1":
            try:
                found.append(base64.b64decode(text, validate=True))
            except (binascii.Error, ValueError):
                continue
    return found
