"""What points keeps of a customer, taken over by another one who turned out to be the same person."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from loyalty.customers.api import MergeSide
from loyalty.foundation.kernel.actor import Actor
from loyalty.ledger import api as ledger
from loyalty.points.contracts import Key
from loyalty.points.errors import HouseholdsDiffer
from loyalty.points.models import AccountRow, FrozenLeaver, PoolMember, RuleGiven
from loyalty.points.operations.accounts import merge_accounts
from loyalty.points.operations.members import enroll_members
from loyalty.programs import api as programs

SCOPE = "customers.merge"
REASON = "customers merged"


def merge(*, gone: MergeSide, into: MergeSide, actor: Actor, now: datetime) -> Mapping[str, int]:
    """Take accounts and places in households over (``customers.register_merging``); tiers follow the accounts.

    Each account is merged by the ledger's own verb into that of who stays, who is taken into the program for it. An
    account that was frozen stays as shut as it was: the one that it was merged into is frozen too.

    :raises HouseholdsDiffer: the two are in different households of one program.
    :raises AccountNotActive: the one who stays has closed an account that would be merged into.
    """
    seats = _take_seats(gone, into, now)
    rows = AccountRow.objects.filter(kind="member", customer_public_id=gone.id).exclude(
        status=ledger.AccountStatus.CLOSED.value
    )
    accounts = list(rows.order_by("id"))
    for one in accounts:
        _take_account(one, into, actor, now)
    programs_left = sorted({one.program_public_id for one in accounts})
    for program in programs_left:
        programs.leave(program_id=program, customer_id=gone.id, reason=REASON, actor=actor, now=now)
    return {"accounts": len(accounts), "memberships": len(programs_left), "seats": seats}


def _take_account(row: AccountRow, into: MergeSide, actor: Actor, now: datetime) -> None:
    enroll_members(program_id=row.program_public_id, customer_ids=[into.id], actor=actor, now=now)
    ledger.open_account(owner_ref=into.id, program_ref=row.program_public_id, wallet=row.wallet, now=now)
    standing = ledger.find_account(owner_ref=into.id, program_ref=row.program_public_id, wallet=row.wallet)
    if standing is None or standing.account_id == row.public_id:
        # The account of who stays was merged into this one before, and would be merged into itself.
        raise ledger.AccountNotActive("The account of the one who stays was merged into the other one's.")
    was_frozen = row.status == ledger.AccountStatus.FROZEN.value
    was_left = FrozenLeaver.objects.filter(account_public_id=row.public_id).exists()
    name = f"{row.public_id}:{standing.account_id}"
    key = Key(scope=SCOPE, key=name, request_hash=hashlib.sha256(name.encode()).digest())
    merge_accounts(
        account_id=row.public_id, into_account_id=standing.account_id, key=key, reason=REASON, actor=actor, now=now
    )
    # What a rule gives once it gives once to the person, and not once to each of two records.
    given = RuleGiven.objects.filter(account_public_id=standing.account_id).values_list("rule_code", flat=True)
    RuleGiven.objects.filter(account_public_id=row.public_id).exclude(rule_code__in=list(given)).update(
        account_public_id=standing.account_id
    )
    if was_frozen and not was_left and standing.status != ledger.AccountStatus.FROZEN.value:
        ledger.freeze_account(account_id=standing.account_id, reason=REASON, actor=actor, now=now)


def _take_seats(gone: MergeSide, into: MergeSide, now: datetime) -> int:
    """Have who stays sit where the one who goes sat; of two places in one household the greater one stays.

    :raises HouseholdsDiffer: they sit in two of one program; somebody has to say which one it is to be.
    """
    seats = list(PoolMember.objects.select_for_update().filter(customer_public_id=gone.id, left_at=None).order_by("pk"))
    for seat in seats:
        other = PoolMember.objects.filter(
            program_public_id=seat.program_public_id, customer_public_id=into.id, left_at=None
        ).first()
        if other is None:
            seat.customer_public_id = into.id
        elif other.pool_id != seat.pool_id:
            raise HouseholdsDiffer("The two are in different households of one program; one of them leaves first.")
        else:
            seat.left_at = now
        role = seat.role
        seat.version, seat.updated_at = seat.version + 1, now
        seat.save()
        if other is not None and role == "owner":
            other.role, other.version, other.updated_at = role, other.version + 1, now
            other.save()
    return len(seats)
