"""Writes of members: enrolment and tiers, each in sets."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.programs.contracts import Enrolling, MembershipView
from loyalty.programs.errors import MembershipNotFound, ProgramNotFound
from loyalty.programs.events import MemberLeft
from loyalty.programs.models import Program
from loyalty.programs.queries import find_membership


@transaction.atomic
def enroll_many(*, program_id: uuid.UUID, members: Sequence[Enrolling], actor: Actor, now: datetime) -> int:
    """Take customers in, in one statement; give how many are new. Those who are members already stay as they are,
    and those who left come back.

    :raises ProgramNotFound: there is no such program.
    """
    if not Program.objects.filter(public_id=program_id).exists():
        raise ProgramNotFound()
    taken = sql.fetch_all(
        "SELECT customer_public_id, account_public_id, tier_code FROM programs_take_in(%s, %s, %s, %s, "
        "%s::timestamptz[], %s::text[], %s)",
        [
            program_id,
            [member.customer_id for member in members],
            [member.account_id for member in members],
            [member.account_row_id for member in members],
            [member.enrolled_at for member in members],
            [member.tier_code for member in members],
            now,
        ],
    )
    if not taken:
        return 0
    after: Mapping[str, object] = {"members": len(taken)}
    if len(taken) == 1:
        after = {"customer_id": str(taken[0]["customer_public_id"]), "account_id": str(taken[0]["account_public_id"])}
    audit.record(
        actor=actor,
        act="programs.enroll",
        subject_kind="program",
        subject_ref=str(program_id),
        at=now,
        after=after,
    )
    return len(taken)


@transaction.atomic
def enroll(*, program_id: uuid.UUID, member: Enrolling, actor: Actor, now: datetime) -> MembershipView:
    """Take one customer in, or give the membership that is there.

    :raises ProgramNotFound: there is no such program.
    :raises MembershipNotFound: there is no such customer.
    """
    enroll_many(program_id=program_id, members=[member], actor=actor, now=now)
    found = find_membership(program_id=program_id, customer_id=member.customer_id)
    if found is None:
        raise MembershipNotFound("There is no such customer.")
    return found


@transaction.atomic
def leave(*, program_id: uuid.UUID, customer_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> MembershipView:
    """Take a member out; the account stays, and enrolling again leads back to it. Leaving twice leaves once.

    :raises MembershipNotFound: the customer is not a member.
    """
    rows = sql.fetch_all("SELECT * FROM programs_leave(%s, %s, %s)", [program_id, [customer_id], now])
    found = find_membership(program_id=program_id, customer_id=customer_id)
    if found is None:
        raise MembershipNotFound()
    if rows:
        customer = str(customer_id)
        fact = MemberLeft(program_id=program_id, customer_id=customer_id, account_id=found.account_id, reason=reason)
        events.publish(fact, key=customer, subject_kind="customer", subject_ref=customer, occurred_at=now)
        audit.record(
            actor=actor,
            act="programs.leave",
            subject_kind="program",
            subject_ref=str(program_id),
            at=now,
            after={"customer_id": customer, "account_id": str(found.account_id)},
            reason=reason,
        )
    return found
