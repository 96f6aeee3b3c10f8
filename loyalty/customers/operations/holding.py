"""Holding the row of a customer, which is the lock of all that is written about one."""

import uuid
from collections.abc import Sequence

from loyalty.customers.models import Customer
from loyalty.foundation.orm import sql

# As a foreign key holds what it points to: a merge waits for who is writing about a customer, and is waited for.
POINT_AT = """
    SELECT c.id, c.public_id, c.customer_ref, c.merged_into_id FROM customers_customer c
    WHERE c.public_id = ANY (%s::uuid[]) OR c.customer_ref = ANY (%s::text[]) ORDER BY c.id FOR KEY SHARE
"""


def hold(customer_id: uuid.UUID) -> Customer | None:
    """Hold a customer by public id until the end of the transaction; of one who was merged, who stands for it."""
    found = Customer.objects.select_for_update().filter(public_id=customer_id).first()
    if found is None or found.merged_into_id is None:
        return found
    return Customer.objects.select_for_update().get(pk=found.merged_into_id)


def point_at(
    ids: Sequence[uuid.UUID], refs: Sequence[str]
) -> tuple[dict[uuid.UUID, tuple[int, uuid.UUID]], dict[str, tuple[int, uuid.UUID]]]:
    """Give internal and public id of customers whom something is written about, by public id and by reference.

    Of those who were merged, of who stands for them; nobody is merged until the end of the transaction.
    """
    by_id: dict[uuid.UUID, tuple[int, uuid.UUID]] = {}
    by_ref: dict[str, tuple[int, uuid.UUID]] = {}
    rows = sql.fetch_all(POINT_AT, [list(ids), list(refs)])
    # In a statement of its own: one that waited for a merge sees the others as they were before it.
    merged = {row["merged_into_id"] for row in rows if row["merged_into_id"] is not None}
    standing = dict(Customer.objects.filter(pk__in=merged).values_list("pk", "public_id")) if merged else {}
    for row in rows:
        into = row["merged_into_id"]
        meant = (int(row["id"]), row["public_id"]) if into is None else (int(into), standing[into])
        by_id[row["public_id"]] = by_ref[row["customer_ref"]] = meant
    return by_id, by_ref
