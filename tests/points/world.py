"""A small world for tests of points: a program, customers, members."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from loyalty.customers.models import Customer
from loyalty.foundation.kernel.actor import Actor, system_actor
from loyalty.foundation.orm import sql
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.points.contracts import EarnModifier
from loyalty.programs import api as programs
from tests.programs.documents import BURN_RULE, EARN_RULE

ACTOR = system_actor("tests")
LADDER = (
    programs.TierDocument(code="BRONZE", name="Bronze", min_points=0),
    programs.TierDocument(code="SILVER", name="Silver", min_points=100, multiplier=Decimal("1.25")),
    programs.TierDocument(code="GOLD", name="Gold", min_points=500, multiplier=Decimal("1.5")),
)


@dataclass(frozen=True)
class World:
    """A program and the instant at which it stands."""

    program_id: UUID
    now: datetime
    actor: Actor = ACTOR

    def customer(self, ref: str = "") -> UUID:
        """Make a customer."""
        return Customer.objects.create(customer_ref=ref or f"C-{uuid4().hex[:10]}", source="tests").public_id

    def member(self, ref: str = "") -> api.MemberFacts:
        """Make a customer and enrol it."""
        customer_id = self.customer(ref)
        api.enroll_members(program_id=self.program_id, customer_ids=[customer_id], actor=self.actor, now=self.now)
        found = api.find_member(customer_id=customer_id, program_id=self.program_id)
        assert found is not None
        return found

    def enroll(self, customer_ids: list[UUID]) -> int:
        """Enrol customers."""
        return api.enroll_members(program_id=self.program_id, customer_ids=customer_ids, actor=self.actor, now=self.now)

    def change(self, **changes: Any) -> None:
        """Change the program."""
        programs.update_program(
            program_id=self.program_id, changes=changes, expected_version=None, actor=self.actor, now=self.now
        )

    def earn(self, of: api.MemberFacts, amount: Decimal | str = "", **more: Any) -> api.EarnReceipt:
        """Earn for a purchase, or the ``points`` given, under a new key."""
        return api.earn(request=self.request(of, amount, **more), actor=self.actor, now=self.now)

    def request(self, of: api.MemberFacts, amount: Decimal | str = "", **more: Any) -> api.EarnRequest:
        """Make an earn request under a new key."""
        given: dict[str, Any] = {
            "member": api.MemberRef(account_id=of.account_id),
            "key": key(),
            "occurred_at": self.now,
            "amount": None if amount == "" else Decimal(amount),
        }
        return api.EarnRequest(**{**given, **more})

    def burn(self, member: api.MemberFacts, points: int, **more: Any) -> api.BurnReceipt:
        """Burn points under a new key."""
        given: dict[str, Any] = {
            "member": api.MemberRef(account_id=member.account_id),
            "key": key(),
            "points": points,
            "occurred_at": self.now,
        }
        return api.burn(request=api.BurnRequest(**{**given, **more}), actor=self.actor, now=self.now)


def key(text: str = "", content: str = "x") -> api.Key:
    """Make a key."""
    return api.Key(scope="tests", key=text or uuid4().hex, request_hash=content.encode().ljust(32, b"."))


def make_world(now: datetime, **changes: Any) -> World:
    """Make an active program with three tiers that has run since January."""
    given: dict[str, Any] = {
        "name": "VIP",
        "code": f"VIP-{uuid4().hex[:8]}",
        "status": programs.ProgramStatus.ACTIVE,
        "timezone": "Europe/Berlin",
        "tiers": LADDER,
        "earn_rule": EARN_RULE,
        "burn_rule": BURN_RULE,
    }
    began = now.replace(month=1, day=1)
    document = programs.ProgramDocument(**{**given, **changes})
    return World(programs.create_program(document=document, actor=ACTOR, now=began), now)


@contextmanager
def modifier(name: str, function: EarnModifier) -> Iterator[None]:
    """Register an earn modifier for the time of the block."""
    api.register_earn_modifier(name, function)
    try:
        yield
    finally:
        api.forget_earn_modifier(name)


def assert_ledger_holds(now: datetime) -> None:
    """Check every invariant of the ledger."""
    proof = ledger.prove(now=now)
    assert [one.code for one in proof.invariants if one.violations] == []


def count_transactions() -> int:
    """Count what the ledger holds."""
    return ledger.count_transactions()[0]


def give_tier(member: api.MemberFacts, code: str, now: datetime) -> None:
    """Give a member a tier as the tiers domain does."""
    tier = sql.fetch_one(
        "SELECT tier_id FROM programs_tiers WHERE program_public_id = %s AND code = %s", [member.program_id, code]
    )
    assert tier is not None
    sql.fetch_all(
        "SELECT * FROM programs_assign_tiers(%s, %s::bigint[], 'floor', NULL, %s)",
        [[member.account_id], [tier["tier_id"]], now],
    )
