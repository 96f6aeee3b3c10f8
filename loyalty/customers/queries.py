"""Reads of customers."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from loyalty.customers.contracts import (
    AttributeKind,
    AttributeView,
    BssFacts,
    ConsentView,
    CustomerView,
    HeldValue,
)
from loyalty.customers.errors import BssAnswerInvalid, CustomerNotFound
from loyalty.customers.kinds.xiva.client import configured_client, is_configured
from loyalty.customers.models import (
    Attribute,
    AttributeChange,
    AttributeValues,
    Consent,
    ContactPoint,
    Customer,
    Device,
)
from loyalty.customers.policy import DEFAULT_CONSENT, all_consents
from loyalty.foundation.kernel.errors import Unavailable
from loyalty.foundation.orm import sql

# Contract views, installed by this domain's migrations; other domains may join them in their own SQL.
DIRECTORY_VIEW = "customers_directory"
REACHABLE_VIEW = "customers_reachable"
# ``customer_id`` of one who was merged, and ``into_id`` of whom that person is now.
SUCCESSORS_VIEW = "customers_successors"
# One row for each customer with attributes: ``customer_id`` (the public one) and ``data``, the values by their codes.
ATTRIBUTES_VIEW = "customers_attribute_facts"
# A search of more words is a sentence, and each word costs four index scans.
SEARCH_WORDS_MAX = 4


def view_of(customer: Customer) -> CustomerView:
    """Give a customer as other domains see it."""
    return CustomerView(
        id=customer.public_id,
        customer_ref=customer.customer_ref,
        first_name=customer.first_name,
        last_name=customer.last_name,
        status=customer.status,
        language=customer.language,
        time_zone=customer.time_zone,
        city=customer.city,
    )


def find_customer(*, customer_id: uuid.UUID | None = None, customer_ref: str = "") -> CustomerView | None:
    """Find a customer by public id or by the BSS's reference, or None; for one who was merged, who stands for it."""
    if customer_id is None and "\x00" in customer_ref:
        return None  # PostgreSQL has no text with NUL, so nobody is called that
    chosen = Q(public_id=customer_id) if customer_id is not None else Q(customer_ref=customer_ref)
    customer = Customer.objects.select_related("merged_into").filter(chosen).first()
    return view_of(customer.merged_into or customer) if customer is not None else None


def find_row(name: str) -> Customer | None:
    """Find the row that a public id or a reference names, also of who was merged into another since, or None."""
    if "\x00" in name:
        return None
    try:
        found = Customer.objects.filter(public_id=uuid.UUID(name)).first()
    except ValueError:
        found = None
    return found or Customer.objects.filter(customer_ref=name).first()


BY_TELEPHONE = """
    SELECT c.public_id FROM customers_customer c WHERE c.id IN (
        SELECT p.customer_id FROM customers_contactpoint p WHERE p.is_primary AND p.channel IN ('sms', 'whatsapp')
            AND customers_address_key(p.channel, p.address) = customers_address_key('sms', %s))
    ORDER BY c.id
"""


def list_by_telephone(number: str) -> list[uuid.UUID]:
    """Give the customers whose number this is, by public id, however it is written here and there."""
    return [row["public_id"] for row in sql.fetch_all(BY_TELEPHONE, [number])]


def find_named_customer(name: str) -> CustomerView | None:
    """Find a customer by a text that is either a public id or a reference, or None."""
    try:
        found = find_customer(customer_id=uuid.UUID(name))
    except ValueError:
        found = None
    return found or find_customer(customer_ref=name)


def get_customer(customer_id: uuid.UUID) -> CustomerView:
    """Give a customer.

    :raises CustomerNotFound: there is none.
    """
    found = find_customer(customer_id=customer_id)
    if found is None:
        raise CustomerNotFound(f"There is no customer {customer_id}.")
    return found


def get_customer_by_ref(customer_ref: str) -> CustomerView:
    """Give a customer by the BSS's reference.

    :raises CustomerNotFound: there is none.
    """
    found = find_customer(customer_ref=customer_ref)
    if found is None:
        raise CustomerNotFound(f"There is no customer {customer_ref[:100]!r}.")
    return found


def list_customers(customer_ids: Iterable[uuid.UUID]) -> list[CustomerView]:
    """List the customers that exist among these public ids, in no particular order."""
    return [view_of(customer) for customer in Customer.objects.filter(public_id__in=list(customer_ids))]


def find_many(names: Sequence[str]) -> dict[str, CustomerView]:
    """Find customers by texts that are public ids or references; names that lead nowhere are left out.

    For those who were merged, who stands for them.
    """
    writable = [name for name in names if "\x00" not in name]
    by_id: dict[uuid.UUID, list[str]] = {}
    for name in writable:
        try:
            by_id.setdefault(uuid.UUID(name), []).append(name)
        except ValueError:
            continue
    found: dict[str, CustomerView] = {}
    rows = Customer.objects.select_related("merged_into")
    for customer in rows.filter(Q(customer_ref__in=writable) | Q(public_id__in=list(by_id))):
        view = view_of(customer.merged_into or customer)
        found.setdefault(customer.customer_ref, view)
        found.update(dict.fromkeys(by_id.get(customer.public_id, []), view))
    return {name: found[name] for name in names if name in found}


def resolve_ids(names: Sequence[str]) -> list[uuid.UUID]:
    """Give the public ids of customers named by public id or by reference, in the order of the names.

    :raises CustomerNotFound: names the first that does not exist, and the others.
    """
    found = find_many(names)
    missing = [name for name in names if name not in found]
    if missing:
        raise CustomerNotFound(f"There is no customer {missing[0][:100]!r}.", missing=missing[:100])
    return [found[name].id for name in names]


def count_customers() -> int:
    """Count all customers; who was merged into another one is none."""
    return Customer.objects.filter(merged_into=None).count()


def list_consents(customer_id: uuid.UUID) -> list[ConsentView]:
    """List what a customer allows, for every channel and purpose, defaults included.

    :raises CustomerNotFound: there is no such customer.
    """
    standing = get_customer(customer_id)
    return consents_of(Customer.objects.prefetch_related("consents").get(public_id=standing.id))


def list_default_consents() -> list[ConsentView]:
    """List what somebody allows who has answered nothing yet, for every channel and purpose."""
    return [
        ConsentView(channel, purpose, DEFAULT_CONSENT[purpose], "default", None) for channel, purpose in all_consents()
    ]


def consents_of(customer: Customer) -> list[ConsentView]:
    """Give what a loaded customer allows, defaults included."""
    known = {(one.channel, one.purpose): one for one in customer.consents.all()}
    views = []
    for channel, purpose in all_consents():
        one = known.get((channel, purpose))
        views.append(
            ConsentView(channel, purpose, one.is_granted, one.source, one.changed_at)
            if one is not None
            else ConsentView(channel, purpose, DEFAULT_CONSENT[purpose], "default", None)
        )
    return views


def customers_with_details() -> QuerySet[Customer]:
    """Give customers with their contact points and consents at hand; who was merged into another one is none."""
    return Customer.objects.filter(merged_into=None).prefetch_related(
        Prefetch("contact_points", queryset=ContactPoint.objects.order_by("channel", "-is_primary", "id")),
        Prefetch("consents", queryset=Consent.objects.order_by("channel", "purpose")),
    )


def devices_of(customer_id: uuid.UUID) -> QuerySet[Device]:
    """Give all devices of a customer, the last seen first."""
    return Device.objects.filter(customer__public_id=customer_id).order_by("-seen_at", "-id")


def search(rows: QuerySet[Customer], text: str, *, is_revealed: bool) -> QuerySet[Customer]:
    """Narrow to customers of whom every word begins the reference, a name or an address.

    Where personal data is not revealed only the reference counts, because finding by it would tell it.
    """
    for word in text.split()[:SEARCH_WORDS_MAX]:
        # By the reference of one who was merged the one who stands for it is found.
        merged = Customer.objects.filter(customer_ref__istartswith=word, merged_into__isnull=False)
        if not is_revealed:
            by_ref = Customer.objects.filter(customer_ref__istartswith=word).values("pk")
            rows = rows.filter(pk__in=by_ref.union(merged.values("merged_into_id"), all=True))
            continue
        # A union of index scans; the same joined by OR would read the whole table.
        by_address = ContactPoint.objects.filter(address__istartswith=word).values("customer_id")
        by_column = [
            Customer.objects.filter(**{f"{column}__istartswith": word}).values("pk")
            for column in ("customer_ref", "first_name", "last_name")
        ]
        rows = rows.filter(pk__in=by_address.union(*by_column, merged.values("merged_into_id"), all=True))
    return rows


def attribute_of(row: Attribute) -> AttributeView:
    """Give an attribute as other domains see it."""
    return AttributeView(
        id=row.public_id,
        internal_id=row.pk,
        code=row.code,
        label=row.label,
        description=row.description,
        kind=AttributeKind(row.kind),
        choices=tuple(row.choices),
        is_active=row.is_active,
    )


def list_attributes(*, is_active: bool | None = None) -> list[AttributeView]:
    """Give the attributes that are defined, by their labels; those that are set and read only, where that is asked."""
    rows = Attribute.objects.order_by("label", "code")
    return [attribute_of(one) for one in (rows if is_active is None else rows.filter(is_active=is_active))]


def find_attribute(code: str) -> AttributeView | None:
    """Find an attribute by its code, or None."""
    row = Attribute.objects.filter(code=code).first() if "\x00" not in code else None
    return attribute_of(row) if row is not None else None


def list_values(customer_id: uuid.UUID) -> list[HeldValue]:
    """Give every attribute with the value that a customer has, None where there is none, and who set it when."""
    rows = AttributeValues.objects.filter(customer__public_id=customer_id)
    data = rows.values_list("data", flat=True).first() or {}
    changes = AttributeChange.objects.filter(customer__public_id=customer_id)
    latest = {
        one.attribute_id: one for one in changes.order_by("attribute_id", "-pk").distinct("attribute_id")
    }  # fmt: skip
    return [
        HeldValue(
            attribute=attribute,
            value=data.get(attribute.code),
            source=latest[attribute.internal_id].source if attribute.internal_id in latest else "",
            actor=latest[attribute.internal_id].actor if attribute.internal_id in latest else "",
            changed_at=latest[attribute.internal_id].changed_at if attribute.internal_id in latest else None,
        )
        for attribute in list_attributes()
        if attribute.is_active or data.get(attribute.code) is not None
    ]


def find_bss_facts(customer_ref: str) -> Mapping[str, Any] | None:
    """Give what the BSS knows of a customer at a glance, or None when it knows no such customer.

    :raises BssUnavailable: the BSS does not answer.
    :raises BssAnswerInvalid: it answers something else than it promises.
    """
    overview = configured_client().find_part(customer_ref, "overview")
    if overview is not None and not isinstance(overview, Mapping):
        raise BssAnswerInvalid("The overview of a customer should be an object.")
    return overview


def find_bss_facts_of(customer_refs: Sequence[str]) -> BssFacts:
    """Give what the BSS knows at a glance of several customers, asked briskly and together if it can; never raises."""
    if not customer_refs:
        return BssFacts({})
    try:
        found = configured_client().find_parts(customer_refs, "overview")
    except Unavailable as refusal:
        return BssFacts({}, frozenset(customer_refs), refusal.code, refusal.detail)
    odd = {ref for ref, answer in found.known.items() if not isinstance(answer, Mapping)}
    wrong = BssAnswerInvalid("The overview of a customer should be an object.") if odd else found.refusal
    return BssFacts(
        known={ref: answer for ref, answer in found.known.items() if ref not in odd},
        unanswered=frozenset(found.unanswered | odd),
        code=wrong.code if wrong is not None else "",
        reason=wrong.detail if wrong is not None else "",
    )


def find_bss_breaker_state() -> str:
    """Give how the breaker of the BSS stands where it stands worst, or an empty text where no BSS is configured."""
    try:
        return configured_client().breaker_state
    except Unavailable:
        return ""


def is_bss_configured() -> bool:
    """Whether there is a BSS to ask."""
    return is_configured()


def test_bss() -> dict[str, Any]:
    """Try the BSS and tell how long it took, or why it failed; never raises."""
    try:
        client = configured_client()
        return {
            "is_reachable": True,
            "latency_ms": round(client.measure(), 2),
            "breaker_state": client.breaker_state,
            "code": "",
            "message": "",
        }
    except Unavailable as refusal:
        return {
            "is_reachable": False,
            "latency_ms": None,
            "breaker_state": "closed",
            "code": refusal.code,
            "message": refusal.detail,
        }
