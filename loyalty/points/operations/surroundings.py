"""What the lines of a batch need to be decided, read in a few statements for all of them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from loyalty.customers import api as customers
from loyalty.ledger import api as ledger
from loyalty.points import queries
from loyalty.points.contracts import MemberFacts, MemberRef
from loyalty.points.errors import MemberUnknown, NotAMember
from loyalty.points.operations.members import check_named_once
from loyalty.programs import api as programs


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Members, of merged accounts those that stand for them, and what their programs promise."""

    by_account: dict[uuid.UUID, MemberFacts]
    by_customer: dict[tuple[uuid.UUID, uuid.UUID], MemberFacts]
    customer_ids: dict[str, uuid.UUID]
    histories: dict[uuid.UUID, queries.History]

    def member_of(self, ref: MemberRef) -> MemberFacts:
        """Give the member that a line means.

        :raises MemberNotNamed, MemberUnknown, NotAMember, AccountNotFound, ProgramNotFound: nobody is meant.
        """
        check_named_once(ref)
        if ref.account_id is not None:
            found = self.account(ref.account_id)
            if ref.program_id not in (None, found.program_id):
                raise ledger.AccountNotFound("There is no such account.", account_id=str(ref.account_id))
            return found
        customer_id, program_id = self.customer_ids.get(ref.customer_ref or str(ref.customer_id)), ref.program_id
        if customer_id is None:
            raise MemberUnknown("There is no such customer.")
        if program_id is None or program_id not in self.histories:
            raise programs.ProgramNotFound()
        member = self.by_customer.get((customer_id, program_id))
        if member is None:
            raise NotAMember("The customer is not a member of this program.")
        return member

    def account(self, account_id: uuid.UUID) -> MemberFacts:
        """Give whose an account is.

        :raises AccountNotFound: there is no such account.
        """
        found = self.by_account.get(account_id)
        if found is None:
            raise ledger.AccountNotFound("There is no such account.", account_id=str(account_id))
        return found

    def plan_of(self, program_id: uuid.UUID, at: datetime) -> programs.ProgramPlan:
        """Give what a program promises at an instant.

        :raises ProgramNotFound: there is no such program.
        """
        if program_id not in self.histories:
            raise programs.ProgramNotFound()
        return programs.plan_at(self.histories[program_id], at)


def look_around(
    *,
    now: datetime,
    refs: Sequence[MemberRef] = (),
    account_ids: Sequence[uuid.UUID] = (),
    program_ids: Sequence[uuid.UUID] = (),
    is_following: bool = True,
) -> Surroundings:
    """Read what the lines name; with ``is_following`` the account that stands for one that was merged."""
    ids = customer_ids_of(refs)
    pairs = [
        (ids[name], ref.program_id)
        for ref in refs
        if ref.program_id is not None and (name := ref.customer_ref or str(ref.customer_id)) in ids
    ]
    named = {*account_ids, *(ref.account_id for ref in refs if ref.account_id is not None)}
    by_account = queries.list_members(list(named)) if named else {}
    by_customer = queries.list_members_of(pairs) if pairs else {}
    if is_following:
        heirs = {one.account_id: heir for one in (*by_account.values(), *by_customer.values())
                 if (heir := queries.find_heir(one))}  # fmt: skip
        standing = queries.list_members(list(heirs.values())) if heirs else {}
        by_account = {name: standing.get(heirs.get(name, name), one) for name, one in by_account.items()}
        by_customer = {
            name: standing.get(heirs.get(one.account_id, one.account_id), one) for name, one in by_customer.items()
        }
    spendable = {
        one.account_id: one
        for one in queries.read_overdue(
            list({one.account_id: one for one in (*by_account.values(), *by_customer.values())}.values()), now=now
        )
    }
    wanted = {*program_ids, *(ref.program_id for ref in refs if ref.program_id is not None)}
    wanted |= {one.program_id for one in spendable.values()}
    return Surroundings(
        by_account={name: spendable[one.account_id] for name, one in by_account.items()},
        by_customer={name: spendable[one.account_id] for name, one in by_customer.items()},
        customer_ids=ids,
        histories=queries.get_histories(wanted),
    )


def customer_ids_of(refs: Sequence[MemberRef]) -> dict[str, uuid.UUID]:
    """Give the ids of the customers that are named, by the name that was used."""
    by_id = [ref.customer_id for ref in refs if ref.customer_id is not None]
    found = {str(view.id): view.id for view in customers.list_customers(by_id)} if by_id else {}
    names = sorted({ref.customer_ref for ref in refs if ref.customer_ref})
    return found | queries.list_customer_ids(names) if names else found
