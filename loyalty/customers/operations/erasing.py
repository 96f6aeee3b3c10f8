"""Erasing a customer: what says who somebody is goes, in every domain that keeps such, and the books stay."""

import uuid
from datetime import datetime

from django.db import transaction

from loyalty.customers.contracts import CustomerStatus, ErasureCertificate
from loyalty.customers.errors import CustomerNotFound, ErasureUnconfirmed
from loyalty.customers.events import (
    ConsentGranted,
    ConsentWithdrawn,
    CustomerAttributeChanged,
    CustomerCreated,
    CustomerErased,
    CustomerLogin,
    CustomerMerged,
    CustomerPurchase,
    CustomerUpdated,
)
from loyalty.customers.models import Consent, ContactPoint, Customer, CustomerEvent, Device, ProfileMark
from loyalty.customers.operations.attributing import erase_values
from loyalty.customers.operations.holding import hold
from loyalty.customers.registry import erasures
from loyalty.foundation.audit import api as audit
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor

# Of the facts about a person these fields say nothing of who it is; numbers stay as well.
KEPT = (
    "customer_id", "merged_customer_id", "event_id", "channel", "purpose", "source", "currency", "stores", "attribute",
)  # fmt: skip
OWN_FACTS = tuple(
    one.type
    for one in (
        CustomerCreated, CustomerUpdated, CustomerMerged, ConsentGranted, ConsentWithdrawn, CustomerPurchase,
        CustomerLogin, CustomerAttributeChanged,
    )
)  # fmt: skip
# What outside systems told of a person may hold anything; that it happened, and when, stays.
EMPTY: dict[str, str] = {}


@transaction.atomic
def erase(*, customer_id: uuid.UUID, confirmation: str, reason: str, actor: Actor, now: datetime) -> ErasureCertificate:
    """Erase a customer, here and in every domain that keeps personal data; one who is erased already stays so.

    The public id stays, and with it accounts, postings, tiers and sends: they say what happened, and not to whom. The
    answers to requests for consent stay as well, because they prove what was allowed. Nobody brings the customer back:
    an import passes the reference by.

    :param confirmation: the customer's reference, typed by whoever asks.
    :raises CustomerNotFound: there is no such customer.
    :raises ErasureUnconfirmed: the confirmation is not the customer's reference.
    """
    customer = hold(customer_id)
    if customer is None:
        raise CustomerNotFound()
    customer_id = customer.public_id
    if customer.erased_at is not None:
        return ErasureCertificate(customer_id, customer.erased_at, {})
    if confirmation != customer.customer_ref:
        raise ErasureUnconfirmed("Type the customer's reference as it is shown to erase the customer.")
    # The domains first: by the addresses that go here they know what is the customer's.
    stores: dict[str, int] = {}
    for name, part in erasures():
        stores |= {f"{name}.{store}": count for store, count in part(customer_id, customer.pk, now=now).items()}
    stores |= _erase_own(customer, now)
    ref = str(customer_id)
    # Its identity changed and it is closed, for whoever listens to that; and that it was erased.
    for fact in (
        CustomerUpdated(customer_id=ref, customer_ref=ref, source="erasure"),
        CustomerErased(customer_id=ref, stores=dict(sorted(stores.items()))),
    ):
        events.publish(fact, key=ref, subject_kind="customer", subject_ref=ref, occurred_at=now)
    audit.record(
        actor=actor,
        act="customers.erase",
        subject_kind="customer",
        subject_ref=ref,
        at=now,
        after={"stores": dict(sorted(stores.items()))},
        reason=reason,
    )
    return ErasureCertificate(customer_id, now, stores)


def _erase_own(customer: Customer, now: datetime) -> dict[str, int]:
    """Erase what this domain keeps; give how many rows of each store there were."""
    told = set(CustomerEvent.objects.filter(customer=customer).values_list("type", flat=True))
    facts = events.strip_facts(key=str(customer.public_id), types=sorted(told | set(OWN_FACTS)), kept=KEPT)
    # Whoever was merged into this one is the same person: the names that led here go as well.
    for one in Customer.objects.select_for_update().filter(merged_into=customer).order_by("pk"):
        facts += events.strip_facts(key=str(one.public_id), types=OWN_FACTS, kept=KEPT)
        one.customer_ref, one.erased_at = str(one.public_id), now
        one.save()
    stores = {
        "events.facts": facts,
        "customers.contact_points": ContactPoint.objects.filter(customer=customer).delete()[0],
        "customers.devices": Device.objects.filter(customer=customer).delete()[0],
        "customers.consents": Consent.objects.filter(customer=customer).delete()[0],
        "customers.attributes": erase_values(customer),
        "customers.events": CustomerEvent.objects.filter(customer=customer).exclude(data=EMPTY).update(data=EMPTY),
        "customers.profile": 1,
    }
    ProfileMark.objects.filter(customer=customer).delete()
    customer.customer_ref = str(customer.public_id)
    customer.first_name = customer.last_name = customer.city = customer.gender = ""
    customer.language, customer.time_zone = "en", "UTC"
    customer.birth_date = customer.customer_since = None
    customer.status, customer.erased_at = CustomerStatus.CLOSED.value, now
    customer.save()
    return stores
