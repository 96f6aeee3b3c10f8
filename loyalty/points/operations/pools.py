"""Households: members of one program who share an account. Points that are in it stay when somebody leaves."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime

from django.db import IntegrityError, transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm import sql
from loyalty.ledger import api as ledger
from loyalty.points import queries
from loyalty.points.contracts import MemberRef, PoolMemberDocument, PoolRole, PoolSeat
from loyalty.points.errors import (
    MemberNotNamed,
    NotAMember,
    PoolClosed,
    PoolMemberNotFound,
    PoolMemberTaken,
    PoolNotFound,
    PoolOwnerStays,
)
from loyalty.points.models import Pool, PoolMember, PoolStatus
from loyalty.points.operations.members import customer_of
from loyalty.points.policy import moving
from loyalty.programs import api as programs

COUNT_SPENDING = """
    INSERT INTO points_pool_spending AS s (member_id, business_date, points_spent)
    SELECT m.id, %(day)s, %(points)s FROM points_pool_member m WHERE m.public_id = %(member)s
    ON CONFLICT (member_id, business_date) DO UPDATE SET points_spent = s.points_spent + excluded.points_spent
    WHERE s.points_spent + excluded.points_spent <= %(limit)s
    RETURNING points_spent
"""


def seat_of(
    *, ref: MemberRef | None, pool_id: uuid.UUID | None = None, account_id: uuid.UUID | None = None
) -> PoolSeat:
    """Give the place of a customer in the household named by itself or its account.

    :raises MemberNotNamed, MemberUnknown: nobody is named.
    :raises PoolNotFound: there is no such household.
    :raises PoolMemberNotFound: the customer is not in it.
    """
    if ref is None:
        raise MemberNotNamed("Name the customer who acts for the household.")
    customer_id = customer_of(ref)
    if pool_id is not None:
        account_id = _pool(pool_id).account_public_id
    found = queries.find_seat(account_id, customer_id) if account_id is not None else None
    if found is None:
        raise PoolMemberNotFound("The customer is not in this household.")
    return found


def count_spending(seat: PoolSeat, points: int, today: date) -> None:
    """Count points against the daily limit of a customer in a household; the row stays locked until the end.

    Called when the posting is known to be new, behind the lock of the household's balance: a call that waited there for
    another one of the same key is a replay and counts nothing. A burn that is taken back later the same day does not
    give the limit back.

    :raises CapReached: the limit has not so much room left.
    """
    limit = moving.spending_limit(seat)
    if limit is None:
        return
    facts = {"member": seat.member_id, "day": today, "points": points, "limit": limit}
    if points > limit or sql.fetch_one(COUNT_SPENDING, facts) is None:
        raise ledger.CapReached("The daily limit in the household is reached.", points_max=limit)


@transaction.atomic
def create_pool(*, name: str, program_id: uuid.UUID, owner: MemberRef, actor: Actor, now: datetime) -> Pool:
    """Make a household with its owner and an account of its own.

    :raises MemberNotNamed, MemberUnknown, ProgramNotFound: nobody or nothing is meant.
    :raises NotAMember: the owner is not a member of the program.
    :raises PoolMemberTaken: the owner has a household in this program already.
    """
    programs.get_plan(program_id, at=now)
    customer_id = _member(owner, program_id)
    public_id = new_public_id()
    opened = ledger.open_accounts(owner_refs=[public_id], program_ref=program_id, kind=ledger.AccountKind.POOL, now=now)
    pool = Pool.objects.create(
        public_id=public_id, program_public_id=program_id, account_public_id=opened[public_id], name=name
    )
    _seat_member(pool, customer_id, PoolMemberDocument(role=PoolRole.OWNER, is_earning_into_pool=True), now)
    _audit(pool, "create", actor, now, {"name": name, "owner": str(customer_id), "account_id": str(opened[public_id])})
    return pool


@transaction.atomic
def add_pool_member(
    *, pool_id: uuid.UUID, customer: MemberRef, document: PoolMemberDocument, actor: Actor, now: datetime
) -> PoolMember:
    """Take a member of the program into a household; a new owner takes the place of the old one, who may spend then.

    :raises PoolNotFound, PoolClosed: there is no such household, or no more.
    :raises MemberNotNamed, MemberUnknown, NotAMember: nobody is meant, or the customer is not in the program.
    :raises PoolMemberTaken: the customer has a household in this program already.
    """
    pool = _open_pool(pool_id)
    customer_id = _member(customer, pool.program_public_id)
    if document.role is PoolRole.OWNER:
        _demote_owner(pool)
    member = _seat_member(pool, customer_id, document, now)
    _audit(pool, "add_member", actor, now, {"customer_id": str(customer_id), **asdict(document)})
    return member


@transaction.atomic
def change_pool_member(
    *,
    pool_id: uuid.UUID,
    member_id: uuid.UUID,
    document: PoolMemberDocument,
    expected_version: int | None,
    actor: Actor,
    now: datetime,
) -> PoolMember:
    """Give somebody in a household another role, limit or choice; handing over makes the old owner a spender.

    :raises PoolNotFound, PoolClosed, PoolMemberNotFound: there is no such household or place in it.
    :raises PoolOwnerStays: the owner would step down without a new one.
    :raises EditConflict: the place was changed meanwhile.
    """
    pool = _open_pool(pool_id)
    member = _place(pool, member_id)
    if expected_version is not None and expected_version != member.version:
        raise programs.EditConflict("Someone else changed this place.", current_version=member.version)
    if member.role == PoolRole.OWNER and document.role is not PoolRole.OWNER:
        raise PoolOwnerStays("Make somebody else the owner first.")
    if document.role is PoolRole.OWNER and member.role != PoolRole.OWNER:
        _demote_owner(pool)
    before = {"role": member.role, "points_daily_max": member.points_daily_max}
    member.role, member.points_daily_max = document.role.value, document.points_daily_max
    member.is_earning_into_pool = document.is_earning_into_pool
    member.version, member.updated_at = member.version + 1, now
    member.save()
    _audit(
        pool, "change_member", actor, now, {"customer_id": str(member.customer_public_id), **asdict(document)}, before
    )
    return member


@transaction.atomic
def leave_pool(*, pool_id: uuid.UUID, member_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> None:
    """Let somebody go; what they earned into the household stays there.

    :raises PoolNotFound, PoolClosed, PoolMemberNotFound: there is no such household or place in it.
    :raises PoolOwnerStays: the owner hands over first, or closes the household.
    """
    pool = _open_pool(pool_id)
    member = _place(pool, member_id)
    if member.role == PoolRole.OWNER:
        raise PoolOwnerStays("The owner hands the household over first, or closes it.")
    member.left_at, member.version, member.updated_at = now, member.version + 1, now
    member.save()
    _audit(pool, "remove_member", actor, now, {"customer_id": str(member.customer_public_id)}, reason=reason)


@transaction.atomic
def close_pool(*, pool_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> Pool:
    """Close an empty household with its account; everybody is free for another one.

    :raises PoolNotFound, PoolClosed: there is no such household, or no more.
    :raises AccountNotEmpty: its account still has points.
    """
    pool = _open_pool(pool_id)
    ledger.close_account(account_id=pool.account_public_id, reason=reason, actor=actor, now=now)
    pool.members.filter(left_at__isnull=True).update(left_at=now, updated_at=now)
    pool.status, pool.version, pool.updated_at = PoolStatus.CLOSED, pool.version + 1, now
    pool.save()
    _audit(pool, "close", actor, now, {"status": pool.status}, reason=reason)
    return pool


def _pool(pool_id: uuid.UUID, *, is_locked: bool = False) -> Pool:
    rows = Pool.objects.select_for_update() if is_locked else Pool.objects.all()
    found = rows.filter(public_id=pool_id).first()
    if found is None:
        raise PoolNotFound("There is no such household.")
    return found


def _open_pool(pool_id: uuid.UUID) -> Pool:
    pool = _pool(pool_id, is_locked=True)
    if pool.status != PoolStatus.ACTIVE:
        raise PoolClosed("The household is closed.")
    return pool


def _place(pool: Pool, member_id: uuid.UUID) -> PoolMember:
    found = pool.members.filter(public_id=member_id, left_at__isnull=True).first()
    if found is None:
        raise PoolMemberNotFound("There is no such place in this household.")
    return found


def _member(ref: MemberRef, program_id: uuid.UUID) -> uuid.UUID:
    customer_id = customer_of(ref)
    if queries.find_member(customer_id=customer_id, program_id=program_id) is None:
        raise NotAMember("Only members of the program share a household.")
    return customer_id


def _demote_owner(pool: Pool) -> None:
    pool.members.filter(role=PoolRole.OWNER.value, left_at__isnull=True).update(role=PoolRole.SPENDER.value)


def _seat_member(pool: Pool, customer_id: uuid.UUID, document: PoolMemberDocument, now: datetime) -> PoolMember:
    try:
        with transaction.atomic():
            return PoolMember.objects.create(
                pool=pool,
                program_public_id=pool.program_public_id,
                customer_public_id=customer_id,
                role=document.role.value,
                points_daily_max=document.points_daily_max,
                is_earning_into_pool=document.is_earning_into_pool,
                joined_at=now,
            )
    except IntegrityError as fault:
        raise PoolMemberTaken("The customer has a household in this program already.") from fault


def _audit(
    pool: Pool,
    change: str,
    actor: Actor,
    now: datetime,
    after: dict[str, object],
    before: Mapping[str, object] | None = None,
    reason: str = "",
) -> None:
    audit.record(
        actor=actor,
        act="pools.manage",
        subject_kind="pool",
        subject_ref=str(pool.public_id),
        at=now,
        before=before,
        after={"change": change, **after},
        reason=reason,
    )
