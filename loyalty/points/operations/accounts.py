"""The life of an account: frozen, opened again, closed, merged into another."""

import uuid
from datetime import datetime

from django.db import transaction

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.ledger import api as ledger
from loyalty.points import queries
from loyalty.points.contracts import Key, Movement
from loyalty.points.errors import PoolRoleRefused
from loyalty.points.operations.keys import find_earlier, signed


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
