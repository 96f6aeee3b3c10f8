"""Setting attributes of customers: of a whole set in one statement, and of one customer by hand."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.customers.contracts import AttributeView, HeldValue, NewValue, ValueOutcome
from loyalty.customers.errors import AttributeValueInvalid, CustomerNotFound
from loyalty.customers.models import AttributeChange, AttributeValues, Customer
from loyalty.customers.operations.holding import hold_many
from loyalty.customers.policy import ValueUnfit, read_value
from loyalty.customers.queries import list_attributes, list_values
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.kernel.exact_json import ExactDecoder, dumps_exact
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail

SET = """
    SELECT s.place, s.value::text AS value, s.previous::text AS previous
    FROM customers_set_attributes(%s::bigint[], %s::bigint[], %s::jsonb[], %s::text[], %s, %s, %s) s
"""
MERGE = "customer_merge"


@transaction.atomic
def set_values(*, values: Sequence[NewValue], source: str, actor: Actor, now: datetime) -> list[ValueOutcome]:
    """Set attributes of a set of customers, in one statement; one outcome for each, in order.

    Each that changes something is told as ``customer.attribute_changed``. Values are checked by the caller
    (``read_value``); who is erased is passed by, and of who was merged the one who stands for it is meant.
    """
    standing = hold_many(sorted({one.customer for one in values}))
    wanted = [one for one in values if one.customer in standing]
    if not wanted:
        return [ValueOutcome(is_set=False)] * len(values)
    rows = sql.fetch_all(
        SET,
        [
            [standing[one.customer] for one in wanted],
            [one.attribute.internal_id for one in wanted],
            [dumps_exact(one.value).decode() for one in wanted],
            [one.key for one in wanted],
            source[:50],
            actor.name[:200],
            now,
        ],
    )
    maybe_fail("customers.attributes_set")
    read = ExactDecoder().decode
    told = {row["place"]: ValueOutcome(True, read(row["value"]), read(row["previous"])) for row in rows}
    found = iter([told[place] for place in range(1, len(wanted) + 1)])
    return [next(found) if one.customer in standing else ValueOutcome(is_set=False) for one in values]


@transaction.atomic
def change_values(
    *, customer_id: uuid.UUID, values: Mapping[str, Any], reason: str, actor: Actor, now: datetime
) -> list[HeldValue]:
    """Set attributes of one customer by their codes, ``None`` for no value; all or nothing, with an audit row.

    :raises CustomerNotFound: there is no such customer, or it is erased.
    :raises AttributeValueInvalid: ``problems`` name each code that is not known or whose value does not fit.
    """
    attributes = {one.code: one for one in list_attributes(is_active=True)}
    customer = Customer.objects.filter(public_id=customer_id).values_list("pk", flat=True).first()
    if customer is None:
        raise CustomerNotFound()
    wanted = _read(values, attributes, customer)
    outcomes = set_values(values=wanted, source=actor.kind, actor=actor, now=now)
    if not all(one.is_set for one in outcomes):
        raise CustomerNotFound("The customer is erased.")
    changed = [(one.attribute.code, told) for one, told in zip(wanted, outcomes, strict=True) if told.is_changed]
    if changed:
        audit.record(
            actor=actor, act="customers.set_attributes", subject_kind="customer", subject_ref=str(customer_id), at=now,
            before={code: told.previous for code, told in changed}, after={code: told.value for code, told in changed},
            reason=reason,
        )  # fmt: skip
    return list_values(customer_id)


def _read(values: Mapping[str, Any], attributes: Mapping[str, AttributeView], customer: int) -> list[NewValue]:
    read, problems = [], []
    for code, told in values.items():
        attribute = attributes.get(code)
        if attribute is None:
            problems.append(FieldProblem(f"values.{code}"[:100], "unknown", "There is no such attribute to be set."))
            continue
        try:
            read.append(NewValue(customer, attribute, read_value(attribute, told)))
        except ValueUnfit as unfit:
            problems.append(FieldProblem(f"values.{code}", "invalid", f"{attribute.label}: {unfit}"))
    if problems:
        raise AttributeValueInvalid(problems[0].message, problems=problems)
    return read


def erase_values(customer: Customer) -> int:
    """Erase the attributes of a customer, with the history of who set them; give how many rows there were."""
    values = AttributeValues.objects.filter(customer=customer).delete()[0]
    return values + AttributeChange.objects.filter(customer=customer).delete()[0]


def take_values(gone: Customer, into: Customer, actor: Actor, now: datetime) -> int:
    """Take attributes over that who stays has not, told as changes; the history goes along. Both are held."""
    mine = AttributeValues.objects.filter(customer=into).values_list("data", flat=True).first() or {}
    theirs = AttributeValues.objects.filter(customer=gone).values_list("data", flat=True).first() or {}
    by_code = {one.code: one for one in list_attributes()}
    AttributeChange.objects.filter(customer=gone).update(customer=into)
    taken = [
        NewValue(into.pk, by_code[code], value)
        for code, value in sorted(theirs.items())
        if value is not None and mine.get(code) is None
    ]
    if taken:
        set_values(values=taken, source=MERGE, actor=actor, now=now)
    AttributeValues.objects.filter(customer=gone).delete()
    return len(taken)
