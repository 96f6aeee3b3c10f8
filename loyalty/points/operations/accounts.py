"""The life of an account: frozen, opened again, closed, merged into another."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.ledger import api as ledger
from loyalty.points import queries
from loyalty.points.contracts import Key, Movement
from loyalty.points.errors import PoolRoleRefused
from loyalty.points.models import AccountRow, FrozenLeaver
from loyalty.points.operations.keys import find_earlier, signed
from loyalty.programs import api as programs

# Those whose account was frozen because they left, among members by customer and program; nearly nobody ever is.
FROZEN = """
    SELECT DISTINCT a.customer_public_id AS customer_id, a.program_public_id AS program_id
    FROM points_frozenleaver f JOIN points_accounts a ON a.public_id = f.account_public_id AND a.kind = 'member'
    WHERE (a.customer_public_id, a.program_public_id) IN (SELECT * FROM unnest(%s::uuid[], %s::uuid[]))
    ORDER BY 1, 2
"""


@transaction.atomic
def merge_accounts(
    *, account_id: uuid.UUID, into_account_id: uuid.UUID, key: Key, reason: str, actor: Actor, now: datetime
) -> Movement:
    """Move all that an account has into another of the same program and wallet, and close it; its id leads there then.

    :raises AccountNotFound, AccountNotActive: one of them does not exist or is closed.
    :raises IdempotencyKeyReused: the key was used for another request.
    :raises TransferToSelf, OtherProgram: they do not belong together.
    :raises PoolRoleRefused: one is a household's.
    """
    earlier = find_earlier(key)
    if earlier is not None:
        return _movement_of(earlier)
    for one in (account_id, into_account_id):
        found = queries.find_member(account_id=one)
        if found is None:
            raise ledger.AccountNotFound("There is no such account.", account_id=str(one))
        if found.kind == "pool":
            raise PoolRoleRefused("A household's account is not merged.")
    posting = ledger.MergePosting(
        **signed(key, actor, now), account_id=account_id, to_account_id=into_account_id, reason=reason
    )
    posted = ledger.merge_accounts(posting, actor=actor, now=now)
    maybe_fail("merge.posted")
    return _movement_of(posted)


def _movement_of(posted: ledger.Receipt) -> Movement:
    other = posted.counterpart
    return Movement(
        transaction_id=posted.transaction_id,
        account_id=posted.account_id,
        points_amount=posted.points_amount,
        points_balance=posted.points_balance,
        to_account_id=other.account_id if other else None,
        to_points_balance=other.points_balance if other else None,
        is_replay=posted.is_replay,
    )


@transaction.atomic
def freeze_leaver(*, program_id: uuid.UUID, customer_id: uuid.UUID, actor: Actor, now: datetime) -> int:
    """Freeze what a member who left can earn on and spend from; give the number of accounts. Twice freezes once.

    One who came back meanwhile stays open: the fact was told late, or again.
    """
    if not _has_left(program_id, customer_id):
        return 0
    active = [one for one in _accounts_of(program_id, customer_id) if one.status == ledger.AccountStatus.ACTIVE.value]
    for one in active:
        ledger.freeze_account(account_id=one.public_id, reason="member.left", actor=actor, now=now)
    FrozenLeaver.objects.bulk_create(
        [FrozenLeaver(account_public_id=one.public_id, frozen_at=now) for one in active], ignore_conflicts=True
    )
    return len(active)


@transaction.atomic
def open_returners(*, members: Sequence[tuple[uuid.UUID, uuid.UUID]], actor: Actor, now: datetime) -> int:
    """Open the accounts that were frozen when members (customer, program) left; give how many.

    What was frozen for another reason stays so. Those of one who has left again meanwhile stay frozen: the fact was
    told late, or again.
    """
    rows = sql.fetch_all(FROZEN, [[one for one, _ in members], [program for _, program in members]])
    return sum(_open_returner(row["program_id"], row["customer_id"], actor, now) for row in rows)


def _open_returner(program_id: uuid.UUID, customer_id: uuid.UUID, actor: Actor, now: datetime) -> int:
    if _has_left(program_id, customer_id):
        return 0
    ids = [one.public_id for one in _accounts_of(program_id, customer_id)]
    marks = FrozenLeaver.objects.filter(account_public_id__in=ids)
    frozen = [mark.account_public_id for mark in marks.select_for_update()]
    for account_id in frozen:
        ledger.unfreeze_account(account_id=account_id, reason="member.enrolled", actor=actor, now=now)
    marks.delete()
    return len(frozen)


def _has_left(program_id: uuid.UUID, customer_id: uuid.UUID) -> bool:
    found = programs.find_membership(program_id=program_id, customer_id=customer_id)
    return found is None or found.left_at is not None


def _accounts_of(program_id: uuid.UUID, customer_id: uuid.UUID) -> list[AccountRow]:
    rows = AccountRow.objects.filter(kind="member", customer_public_id=customer_id, program_public_id=program_id)
    return list(rows.order_by("id"))
