"""Holding the row of a customer, which is the lock of all that is written about one.

Whoever names one who was merged means another row, and only that one is held: a lock on both, taken in the order in
which they are found, would wait in a circle with a merge, which takes its own in the order of their ids.
"""

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.db.models.functions import Coalesce

from loyalty.customers.models import Customer
from loyalty.foundation.orm import sql

Pair = tuple[int, uuid.UUID]
NAMED = """
    SELECT c.public_id, c.customer_ref, coalesce(c.merged_into_id, c.id) AS standing_id FROM customers_customer c
    WHERE c.public_id = ANY (%s::uuid[]) OR c.customer_ref = ANY (%s::text[])
"""
# As a foreign key holds what it points to: a merge waits for who is writing about a customer, and is waited for.
POINT_AT = """
    SELECT c.id, c.public_id, c.merged_into_id IS NOT NULL AS is_merged FROM customers_customer c
    WHERE c.id = ANY (%s) ORDER BY c.id FOR KEY SHARE
"""
# As an update holds what it changes: who points at the rows goes on meanwhile, who sets, merges or erases waits.
STANDING = (
    "SELECT c.id, coalesce(c.merged_into_id, c.id) AS standing_id FROM customers_customer c WHERE c.id = ANY (%s)"
)
HOLD_MANY = """
    SELECT c.id, c.merged_into_id IS NOT NULL AS is_merged, c.erased_at IS NOT NULL AS is_erased
    FROM customers_customer c WHERE c.id = ANY (%s) ORDER BY c.id FOR NO KEY UPDATE
"""


def hold(customer_id: uuid.UUID) -> Customer | None:
    """Hold a customer by public id until the end of the transaction; of one who was merged, who stands for it."""
    named = Customer.objects.filter(public_id=customer_id).annotate(standing=Coalesce("merged_into_id", "pk"))
    while (standing := named.values_list("standing", flat=True).first()) is not None:
        with transaction.atomic():
            held = Customer.objects.select_for_update().get(pk=standing)
            if held.merged_into_id is None:
                return held
            # Merged while it was waited for: let go of, and whom it means now is asked anew.
            transaction.set_rollback(True)
    return None


def point_at(ids: Sequence[uuid.UUID], refs: Sequence[str]) -> tuple[dict[uuid.UUID, Pair], dict[str, Pair]]:
    """Give internal and public id of customers whom something is written about, by public id and by reference.

    Of those who were merged, of who stands for them; nobody of those is merged until the end of the transaction.
    """
    while True:
        named = sql.fetch_all(NAMED, [list(ids), list(refs)])
        with transaction.atomic():
            held = sql.fetch_all(POINT_AT, [sorted({row["standing_id"] for row in named})])
            if not any(row["is_merged"] for row in held):
                break
            transaction.set_rollback(True)
    pairs = {row["id"]: (int(row["id"]), row["public_id"]) for row in held}
    return (
        {row["public_id"]: pairs[row["standing_id"]] for row in named},
        {row["customer_ref"]: pairs[row["standing_id"]] for row in named},
    )


def hold_many(ids: Sequence[int]) -> dict[int, int]:
    """Hold customers by internal id until the end of the transaction; give for each who stands for it.

    Who is erased, or not there, is left out.
    """
    while True:
        standing = {row["id"]: row["standing_id"] for row in sql.fetch_all(STANDING, [list(ids)])}
        with transaction.atomic():
            held = sql.fetch_all(HOLD_MANY, [sorted(set(standing.values()))])
            if not any(row["is_merged"] for row in held):
                break
            transaction.set_rollback(True)
    alive = {row["id"] for row in held if not row["is_erased"]}
    return {one: stands for one, stands in standing.items() if stands in alive}
