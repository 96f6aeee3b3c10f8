"""A customer's answers: granting and withdrawing consent."""

import uuid
from datetime import datetime

from django.db import transaction

from loyalty.customers.contracts import ConsentView
from loyalty.customers.errors import ConsentInvalid, CustomerNotFound
from loyalty.customers.events import ConsentGranted, ConsentWithdrawn
from loyalty.customers.models import Consent, ConsentChange
from loyalty.customers.operations.holding import hold
from loyalty.customers.policy import DEFAULT_CONSENT, is_consent
from loyalty.foundation.audit import api as audit
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor


def grant_consent(
    *,
    customer_id: uuid.UUID,
    channel: str,
    purpose: str,
    source: str,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> ConsentView:
    """Write down that a customer allows messages of a purpose on a channel.

    :raises CustomerNotFound: there is no such customer.
    :raises ConsentInvalid: there is no such channel or purpose.
    """
    return _answer(customer_id, channel, purpose, True, source=source, actor=actor, now=now, reason=reason)


def withdraw_consent(
    *,
    customer_id: uuid.UUID,
    channel: str,
    purpose: str,
    source: str,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> ConsentView:
    """Write down that a customer forbids messages of a purpose on a channel; nothing is sent from then on.

    :raises CustomerNotFound: there is no such customer.
    :raises ConsentInvalid: there is no such channel or purpose.
    """
    return _answer(customer_id, channel, purpose, False, source=source, actor=actor, now=now, reason=reason)


@transaction.atomic
def _answer(
    customer_id: uuid.UUID,
    channel: str,
    purpose: str,
    is_granted: bool,
    *,
    source: str,
    actor: Actor,
    now: datetime,
    reason: str,
) -> ConsentView:
    if not is_consent(channel, purpose):
        raise ConsentInvalid(f"There is no consent for {channel[:20]!r} and {purpose[:20]!r}.")
    # The customer's row is the lock: two answers at once are written one after the other.
    customer = hold(customer_id)
    if customer is None:
        raise CustomerNotFound()
    known = Consent.objects.filter(customer=customer, channel=channel, purpose=purpose).first()
    if known is not None and known.is_granted == is_granted:
        # Said again, it stands against what a source tells of the time in between.
        Consent.objects.filter(pk=known.pk, changed_at__lt=now).update(changed_at=now)
        return ConsentView(channel, purpose, is_granted, known.source, known.changed_at)
    before = known.is_granted if known is not None else DEFAULT_CONSENT[purpose]
    Consent.objects.update_or_create(
        customer=customer,
        channel=channel,
        purpose=purpose,
        defaults={"is_granted": is_granted, "source": source[:50], "changed_at": now},
    )
    ConsentChange.objects.create(
        customer=customer,
        channel=channel,
        purpose=purpose,
        is_granted=is_granted,
        source=source[:50],
        reason=reason[:300],
        changed_at=now,
    )
    fact_class = ConsentGranted if is_granted else ConsentWithdrawn
    ref = str(customer.public_id)
    events.publish(
        fact_class(
            customer_id=ref, customer_ref=customer.customer_ref, channel=channel, purpose=purpose, source=source
        ),
        key=ref,
        subject_kind="customer",
        subject_ref=ref,
        occurred_at=now,
    )
    audit.record(
        actor=actor,
        act="customers.change",
        subject_kind="customer",
        subject_ref=ref,
        at=now,
        before={"channel": channel, "purpose": purpose, "is_granted": before},
        after={"channel": channel, "purpose": purpose, "is_granted": is_granted, "source": source},
        reason=reason,
    )
    return ConsentView(channel, purpose, is_granted, source, now)
