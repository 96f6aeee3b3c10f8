"""Who is meant, and taking customers in: a ledger account and a membership in one transaction."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from loyalty.customers import api as customers
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.ledger import api as ledger
from loyalty.points import queries
from loyalty.points.contracts import MemberFacts, MemberRef
from loyalty.points.errors import MemberNotNamed, MemberUnknown, NotAMember
from loyalty.programs import api as programs

KNOWN = "SELECT public_id FROM customers_directory WHERE public_id = ANY(%s::uuid[])"


@transaction.atomic
def enroll_members(*, program_id: uuid.UUID, customer_ids: Sequence[uuid.UUID], actor: Actor, now: datetime) -> int:
    """Open accounts for customers and take them into a program, in sets; give how many are new.

    Customers who are members already and ids that nobody has are passed over.

    :raises ProgramNotFound: there is no such program.
    """
    programs.get_plan(program_id, at=now)
    known = [row["public_id"] for row in sql.fetch_all(KNOWN, [list(customer_ids)])]
    if not known:
        return 0
    ledger.open_accounts(owner_refs=known, program_ref=program_id, now=now)
    members = [
        programs.Enrolling(customer_id=row["owner_ref"], account_id=row["public_id"], account_row_id=row["account_id"])
        for row in queries.list_account_rows(program_id, known)
    ]
    return programs.enroll_many(program_id=program_id, members=members, actor=actor, now=now)


@transaction.atomic
def enroll_customer(*, ref: MemberRef, actor: Actor, now: datetime) -> tuple[MemberFacts, bool]:
    """Take one customer into a program because someone asked; tell whether the membership is new.

    :raises MemberNotNamed, MemberUnknown, ProgramNotFound: nobody or nothing is meant.
    """
    check_named_once(ref)
    customer_id, program_id = customer_of(ref), ref.program_id
    if program_id is None:
        raise MemberNotNamed("Name the program.")
    count = enroll_members(program_id=program_id, customer_ids=[customer_id], actor=actor, now=now)
    found = queries.find_member(customer_id=customer_id, program_id=program_id)
    if found is None:
        raise MemberUnknown("There is no such customer.")
    return found, count > 0


def customer_of(ref: MemberRef) -> uuid.UUID:
    """Give the customer that a reference names.

    :raises MemberNotNamed: none is named.
    :raises MemberUnknown: there is no such customer.
    """
    if ref.customer_id is None and not ref.customer_ref:
        raise MemberNotNamed("Name an account, or a customer and a program.")
    found = customers.find_customer(customer_id=ref.customer_id, customer_ref=ref.customer_ref)
    if found is None:
        raise MemberUnknown("There is no such customer.")
    return found.id


def check_named_once(ref: MemberRef) -> None:
    """Refuse a reference that names nobody, or the same member in two ways that could differ.

    :raises MemberNotNamed: it does.
    """
    by_customer = ref.customer_id is not None or bool(ref.customer_ref)
    if (ref.account_id is not None) == by_customer or (ref.customer_id is not None and ref.customer_ref):
        raise MemberNotNamed("Name an account, or a customer by one of its names and a program.")
    if by_customer and ref.program_id is None:
        raise MemberNotNamed("A customer is a member of a program; name the program too.")


def resolve_member(ref: MemberRef, *, may_enroll: bool, actor: Actor, now: datetime) -> MemberFacts:
    """Give the member that is meant; a customer who is none yet is taken in where the program does that by itself.

    Of an account that was merged, the member that it was merged into.

    :raises MemberNotNamed, MemberUnknown, NotAMember: nobody is meant.
    :raises AccountNotFound, ProgramNotFound: the account or program named does not exist.
    """
    return queries.follow_merge(_named(ref, may_enroll=may_enroll, actor=actor, now=now))


def _named(ref: MemberRef, *, may_enroll: bool, actor: Actor, now: datetime) -> MemberFacts:
    check_named_once(ref)
    if ref.account_id is not None:
        found = queries.find_member(account_id=ref.account_id)
        if found is None or ref.program_id not in (None, found.program_id):
            raise ledger.AccountNotFound("There is no such account.", account_id=str(ref.account_id))
        return found
    customer_id, program_id = customer_of(ref), ref.program_id
    found = queries.find_member(customer_id=customer_id, program_id=program_id)
    if found is None and program_id is not None:
        plan = programs.get_plan(program_id, at=now)
        if may_enroll and plan.enrollment is programs.Enrollment.AUTOMATIC:
            enroll_members(program_id=program_id, customer_ids=[customer_id], actor=actor, now=now)
            found = queries.find_member(customer_id=customer_id, program_id=program_id)
    if found is None:
        raise NotAMember("The customer is not a member of this program.")
    return found
