"""Opening, freezing, reopening and closing of accounts."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.ledger.contracts import MAIN_WALLET, AccountKind, AccountStatus
from loyalty.ledger.operations.calls import call

OPEN = """
    SELECT owner_ref, account_id
    FROM ledger_open_accounts(%s::uuid[], %s::uuid[], %s, %s, %s, %s::ledger_account_kind)
"""
SET_STATUS = "SELECT ledger_set_status(%s, %s) AS status"


def open_accounts(
    *,
    owner_refs: Sequence[uuid.UUID],
    program_ref: uuid.UUID,
    now: datetime,
    wallet: str = MAIN_WALLET,
    kind: AccountKind = AccountKind.MEMBER,
) -> dict[uuid.UUID, uuid.UUID]:
    """Open the account of each owner (for one wallet) in a program in one statement; give account ids by owner.

    An account that exists is given back as it stands. The caller audits the enrolment that this belongs to.
    """
    owners = list(dict.fromkeys(owner_refs))
    if not owners:
        return {}
    rows = call(OPEN, [[new_public_id() for _ in owners], owners, program_ref, now, wallet, kind.value])
    return {row["owner_ref"]: row["account_id"] for row in rows}


def open_account(
    *,
    owner_ref: uuid.UUID,
    program_ref: uuid.UUID,
    now: datetime,
    wallet: str = MAIN_WALLET,
    kind: AccountKind = AccountKind.MEMBER,
) -> uuid.UUID:
    """Open the account of an owner (for one wallet) in a program, or find it; give its id."""
    opened = open_accounts(owner_refs=[owner_ref], program_ref=program_ref, now=now, wallet=wallet, kind=kind)
    return opened[owner_ref]


def freeze_account(*, account_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> None:
    """Refuse earns and burns from now on; reversals and expiry go on.

    :raises AccountNotFound: no such account.
    :raises AccountNotActive: the account is closed.
    """
    _set_status(account_id, AccountStatus.FROZEN, "ledger.freeze", reason, actor, now)


def unfreeze_account(*, account_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> None:
    """Take postings again.

    :raises AccountNotFound: no such account.
    :raises AccountNotActive: the account is closed.
    """
    _set_status(account_id, AccountStatus.ACTIVE, "ledger.freeze", reason, actor, now)


def close_account(*, account_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> None:
    """Close an empty account for good.

    :raises AccountNotFound: no such account.
    :raises AccountNotEmpty: it still holds points.
    """
    _set_status(account_id, AccountStatus.CLOSED, "ledger.close", reason, actor, now)


@transaction.atomic
def _set_status(
    account_id: uuid.UUID, status: AccountStatus, act: str, reason: str, actor: Actor, now: datetime
) -> None:
    before = call(SET_STATUS, [account_id, status.value])[0]["status"]
    audit.record(
        actor=actor,
        act=act,
        subject_kind="account",
        subject_ref=str(account_id),
        at=now,
        before={"status": before},
        after={"status": status.value},
        reason=reason,
    )
