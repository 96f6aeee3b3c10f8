"""Delegations: somebody is away, and somebody else decides in their place."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction

from loyalty.foundation.access import api as access
from loyalty.foundation.approvals import queries
from loyalty.foundation.approvals.errors import DelegationInvalid, NotChecker
from loyalty.foundation.approvals.models import ApprovalDelegation
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor

ACT, MANAGE, SUBJECT = "approvals.delegate", "approvals.manage", "approval_delegation"
# Longer than that somebody is not away but gone.
DAYS_MAX = 366


@transaction.atomic
def create(
    *,
    user_ref: str,
    delegate_ref: str,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    actor: Actor,
    now: datetime,
) -> uuid.UUID:
    """Hand one's decisions over for a time; who manages approvals may do it for others.

    :raises DelegationInvalid: to whom, or for when, does not work.
    :raises NotChecker: they are somebody else's decisions.
    """
    person = access.find_person_behind(actor)
    if person is None or (str(person.id) != user_ref and not access.may_as(actor, MANAGE)):
        raise NotChecker("Everybody hands over their own decisions; those of others who manages approvals does.")
    people = {str(one.id): one for one in access.list_people([user_ref, delegate_ref])}
    if user_ref not in people or delegate_ref not in people:
        raise DelegationInvalid("Both must be active users.")
    if queries.keys_of(people[user_ref]) & queries.keys_of(people[delegate_ref]):
        raise DelegationInvalid("Nobody stands in for themselves.")
    if not access.may(people[delegate_ref], queries.DECIDE):
        raise DelegationInvalid("Whoever stands in must be allowed to decide on requests.")
    if not (starts_at < ends_at and now < ends_at and ends_at - starts_at <= timedelta(days=DAYS_MAX)):
        raise DelegationInvalid(f"It begins before it ends, ends in the future and lasts at most {DAYS_MAX} days.")
    row = ApprovalDelegation.objects.create(
        user_ref=user_ref, user_name=people[user_ref].username, delegate_ref=delegate_ref,
        delegate_name=people[delegate_ref].username, starts_at=starts_at, ends_at=ends_at, reason=reason,
    )  # fmt: skip
    _record(row, actor, now, is_begun=True)
    return row.public_id


@transaction.atomic
def end(*, delegation: ApprovalDelegation, actor: Actor, now: datetime) -> None:
    """Take one's decisions back.

    :raises NotChecker: they are somebody else's decisions.
    """
    person = access.find_person_behind(actor)
    if person is None or (str(person.id) != delegation.user_ref and not access.may_as(actor, MANAGE)):
        raise NotChecker("Everybody takes back their own decisions; those of others who manages approvals does.")
    _record(delegation, actor, now, is_begun=False)
    delegation.delete()


def _record(row: ApprovalDelegation, actor: Actor, now: datetime, *, is_begun: bool) -> None:
    told = {
        "user": row.user_name, "delegate": row.delegate_name, "starts_at": row.starts_at, "ends_at": row.ends_at,
    }  # fmt: skip
    audit.record(
        actor=actor, act=ACT, subject_kind=SUBJECT, subject_ref=str(row.public_id), at=now,
        before=None if is_begun else told, after=told if is_begun else None, reason=row.reason,
    )  # fmt: skip
