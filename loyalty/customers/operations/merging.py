"""Merging customers: two who turn out to be one person are one everywhere, and both names lead to the one who stays."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from loyalty.customers.contracts import CustomerStatus, MergeCertificate, MergeSide
from loyalty.customers.errors import (
    CustomerNotFound,
    MergedAlready,
    MergeOfErased,
    MergeUnconfirmed,
    MergeWithItself,
)
from loyalty.customers.events import (
    ConsentGranted,
    ConsentWithdrawn,
    CustomerCreated,
    CustomerErased,
    CustomerMerged,
    CustomerUpdated,
)
from loyalty.customers.models import Consent, ContactPoint, Customer, CustomerEvent, Device, ProfileMark
from loyalty.customers.operations.attributing import take_values
from loyalty.customers.operations.consenting import grant_consent, withdraw_consent
from loyalty.customers.registry import mergings
from loyalty.foundation.approvals import api as approvals
from loyalty.foundation.audit import api as audit
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.resilience.failpoints import maybe_fail

KIND = "customers.merge"
WORDS: approvals.Words = {
    "en": {"merge": "Merge the customer {customer} into {into}"},
    "ar": {"merge": "دمج العميل {customer} في {into}"},
}
# What was said of the record, and not done by the person, stays with the record that it was said of.
OF_THE_RECORD = frozenset(
    one.type
    for one in (CustomerCreated, CustomerUpdated, CustomerErased, CustomerMerged, ConsentGranted, ConsentWithdrawn)
)
SOURCE = "merge"
DEVICE_REF_MAX = 200


def merge(
    *, customer_id: uuid.UUID, into_id: uuid.UUID, confirmation: str, reason: str, actor: Actor, now: datetime
) -> MergeCertificate:
    """Merge a customer into another one, in every domain and in one transaction; one who is merged already stays so.

    The one who stays keeps reference and public id, and what is said of it wins; addresses, devices, events and what
    other domains keep come along. Of two answers about consent the one that forbids stands. From then on whoever names
    the one who is gone means the one who stays; no import brings it back.

    :param confirmation: the reference of the one who goes, typed by whoever asks.
    :raises CustomerNotFound: there is no such customer.
    :raises MergeUnconfirmed, MergeWithItself, MergedAlready, MergeOfErased: it is not to be done.
    :raises WaitsForApproval: a workflow has it wait for others; the request is kept.
    """
    with transaction.atomic():
        gone, into = _hold(customer_id, into_id)
        outcome: MergeCertificate | approvals.Waiting | None = _earlier(gone, into)
        if outcome is None:
            if confirmation != gone.customer_ref:
                raise MergeUnconfirmed("Type the reference of the customer who goes, as it is shown.")
            outcome = approvals.submit(
                approvals.Proposal(
                    kind=KIND, subject_kind="customer", subject_ref=str(gone.public_id), actor=actor, now=now,
                    payload={"customer_id": str(gone.public_id), "into_id": str(into.public_id), "reason": reason},
                    before={"customer_ref": gone.customer_ref},
                    after={"into_customer_ref": into.customer_ref, "reason": reason},
                )
            )  # fmt: skip
            outcome = outcome or _merge(gone, into, reason, actor, now)
    return approvals.settled(outcome)


def apply(payload: Mapping[str, Any], *, actor: Actor, now: datetime) -> Mapping[str, Any]:
    """Merge as was approved, in the name of whoever asked for it."""
    gone, into = _hold(uuid.UUID(str(payload["customer_id"])), uuid.UUID(str(payload["into_id"])))
    done = _earlier(gone, into) or _merge(gone, into, str(payload["reason"]), actor, now)
    return {"customer_id": str(done.customer_id), "into_id": str(done.into_id)}


def is_still_valid(payload: Mapping[str, Any], *, now: datetime) -> bool:
    """Hold both, and tell whether they are still two, and neither was erased."""
    try:
        gone, into = _hold(uuid.UUID(str(payload["customer_id"])), uuid.UUID(str(payload["into_id"])))
        return _earlier(gone, into) is None
    except (CustomerNotFound, MergeWithItself, MergedAlready, MergeOfErased):
        return False


def describe(payload: Mapping[str, Any]) -> approvals.Phrase:
    """Say what is asked for."""
    return approvals.Phrase("merge", {"customer": payload["customer_id"], "into": payload["into_id"]})


@transaction.atomic
def settle_merge(*, customer_id: uuid.UUID, actor: Actor, now: datetime) -> dict[str, int]:
    """Take over what was written about a merged customer by who had found it before the merge; give what that was."""
    found = Customer.objects.select_related("merged_into").filter(public_id=customer_id).first()
    if found is None or found.merged_into is None:
        return {}
    gone, into = _hold(found.public_id, found.merged_into.public_id)
    if into.erased_at is not None:
        return {}
    stores = {"customers.events": CustomerEvent.objects.filter(customer=gone).update(customer=into)}
    return stores | _merge_others(gone, into, actor, now)


def _hold(customer_id: uuid.UUID, into_id: uuid.UUID) -> tuple[Customer, Customer]:
    """Hold both rows, in one order whoever is merged into whom; for one who stays by name only, who stands for it.

    :raises CustomerNotFound: there is none of that id.
    """
    standing = Customer.objects.filter(public_id=into_id).values_list("merged_into__public_id", flat=True).first()
    wanted = (customer_id, standing or into_id)
    # Those who were merged into either come along, and are held in the same order.
    meant = Q(public_id__in=wanted) | Q(merged_into__public_id__in=wanted)
    held = Customer.objects.select_for_update(of=("self",)).filter(meant).order_by("pk")
    rows = {one.public_id: one for one in held}
    missing = [one for one in wanted if one not in rows]
    if missing:
        raise CustomerNotFound(f"There is no customer {missing[0]}.")
    return rows[wanted[0]], rows[wanted[1]]


def _earlier(gone: Customer, into: Customer) -> MergeCertificate | None:
    """Give the certificate of a merge that was made before; None where there is one to be made.

    :raises MergeWithItself, MergedAlready, MergeOfErased: there is none to be made either.
    """
    if gone.merged_into_id is not None:
        if gone.merged_into_id != into.pk:
            raise MergedAlready("The customer was merged into another one.")
        return MergeCertificate(gone.public_id, into.public_id, gone.merged_at or gone.updated_at, {})
    if gone.pk == into.pk:
        raise MergeWithItself("Name two customers.")
    if into.merged_into_id is not None:
        raise MergedAlready("The customer who is to stay was merged into another one.")
    if gone.erased_at is not None or into.erased_at is not None:
        raise MergeOfErased("One of the two was erased.")
    return None


def _merge(gone: Customer, into: Customer, reason: str, actor: Actor, now: datetime) -> MergeCertificate:
    old_ref, ref = str(gone.public_id), str(into.public_id)
    stores = _merge_own(gone, into, reason, actor, now)
    maybe_fail("customers.merged_own")
    stores |= _merge_others(gone, into, actor, now)
    told = dict(sorted(stores.items()))
    for fact, key in (
        (CustomerUpdated(customer_id=old_ref, customer_ref=gone.customer_ref, source=SOURCE), old_ref),
        (CustomerUpdated(customer_id=ref, customer_ref=into.customer_ref, source=SOURCE), ref),
        (CustomerMerged(ref, old_ref, gone.customer_ref, told), ref),
    ):
        events.publish(fact, key=key, subject_kind="customer", subject_ref=key, occurred_at=now)
    audit.record(
        actor=actor, act=KIND, subject_kind="customer", subject_ref=old_ref, at=now,
        before={"customer_ref": gone.customer_ref}, after={"into_id": ref, "stores": told}, reason=reason,
    )  # fmt: skip
    maybe_fail("customers.merged")
    return MergeCertificate(gone.public_id, into.public_id, now, told)


def _merge_others(gone: Customer, into: Customer, actor: Actor, now: datetime) -> dict[str, int]:
    """Have other domains take their parts over, and the history follow: facts go by the key of who stays."""
    sides = {"gone": MergeSide(gone.public_id, gone.pk), "into": MergeSide(into.public_id, into.pk)}
    stores: dict[str, int] = {}
    for name, part in mergings():
        stores |= {f"{name}.{store}": count for store, count in part(**sides, actor=actor, now=now).items()}
        maybe_fail("customers.merged_part")
    told = set(CustomerEvent.objects.filter(customer=into).values_list("type", flat=True))
    stores["events.facts"] = events.rekey_facts(
        subject_kind="customer", key=str(gone.public_id), into=str(into.public_id),
        types=sorted((told | events.list_type_names()) - OF_THE_RECORD),
    )  # fmt: skip
    return stores


def _merge_own(gone: Customer, into: Customer, reason: str, actor: Actor, now: datetime) -> dict[str, int]:
    """Take over what this domain keeps, and leave of the one who goes the names that lead to the one who stays."""
    stores = {
        "customers.contact_points": _take_addresses(gone, into),
        "customers.devices": _take_devices(gone, into),
        "customers.consents": _take_consents(gone, into, reason, actor, now),
        "customers.events": CustomerEvent.objects.filter(customer=gone).update(customer=into),
        "customers.attributes": take_values(gone, into, actor, now),
    }
    for name in ("first_name", "last_name", "city", "gender", "birth_date"):
        setattr(into, name, getattr(into, name) or getattr(gone, name))
    since = [one for one in (into.customer_since, gone.customer_since) if one is not None]
    into.customer_since = min(since) if since else None
    into.version, into.updated_at = into.version + 1, now
    into.save()
    ProfileMark.objects.filter(customer=gone).delete()
    # Who was merged into the one who goes now is one step from the one who stays, as everybody is.
    Customer.objects.filter(merged_into=gone).update(merged_into=into)
    gone.first_name = gone.last_name = gone.city = gone.gender = ""
    gone.birth_date = gone.customer_since = None
    gone.status, gone.merged_into, gone.merged_at = CustomerStatus.CLOSED.value, into, now
    gone.version, gone.updated_at = gone.version + 1, now
    gone.save()
    return stores


def _take_addresses(gone: Customer, into: Customer) -> int:
    """Take addresses over; the one that is used stays the one of who stays, where there is one."""
    mine = set(ContactPoint.objects.filter(customer=into).values_list("channel", "address"))
    used = set(ContactPoint.objects.filter(customer=into, is_primary=True).values_list("channel", flat=True))
    taken = 0
    for one in ContactPoint.objects.filter(customer=gone).order_by("pk"):
        if (one.channel, one.address) in mine:
            one.delete()
            continue
        one.customer, one.is_primary = into, one.is_primary and one.channel not in used
        one.save()
        taken += 1
    return taken


def _take_devices(gone: Customer, into: Customer) -> int:
    """Take devices over; one whose name the other has too gets the reference of the one who goes behind it."""
    names = set(Device.objects.filter(customer=into).values_list("device_ref", flat=True))
    devices = list(Device.objects.filter(customer=gone).order_by("pk"))
    for one in devices:
        if one.device_ref in names:
            behind = f".{gone.public_id}"
            one.device_ref = one.device_ref[: DEVICE_REF_MAX - len(behind)] + behind
        one.customer = into
        one.save()
    return len(devices)


def _take_consents(gone: Customer, into: Customer, reason: str, actor: Actor, now: datetime) -> int:
    """Take answers over: what either has forbidden is forbidden; what only one was asked stands as answered.

    The answers as they were given stay in the history of each, which nobody changes.
    """
    answers = {(one.channel, one.purpose): one.is_granted for one in Consent.objects.filter(customer=into)}
    taken = 0
    for one in Consent.objects.filter(customer=gone).order_by("channel", "purpose"):
        mine = answers.get((one.channel, one.purpose))
        if mine is None or (mine and not one.is_granted):
            answer = grant_consent if one.is_granted else withdraw_consent
            answer(
                customer_id=into.public_id, channel=one.channel, purpose=one.purpose, source=SOURCE, actor=actor,
                now=now, reason=reason,
            )  # fmt: skip
            taken += 1
        one.delete()
    return taken
