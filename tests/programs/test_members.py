"""Members: enrolment in sets, first tiers, and tiers that change only through one function."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.db.utils import IntegrityError

from loyalty.customers.models import Customer
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.programs import api
from loyalty.programs.contracts import Enrolling, ProgramDocument, TierDocument

pytestmark = pytest.mark.django_db

LADDER = (TierDocument(code="BASE", name="Base", min_points=0), TierDocument(code="TOP", name="Top", min_points=100))


@pytest.fixture
def program(actor: Actor, now: datetime) -> UUID:
    """A draft with two tiers."""
    return api.create_program(document=ProgramDocument(name="VIP", tiers=LADDER), actor=actor, now=now)


def customers(count: int) -> list[UUID]:
    """Make customers."""
    made = Customer.objects.bulk_create(Customer(customer_ref=f"C{number}", source="tests") for number in range(count))
    return [customer.public_id for customer in made]


def enrolling(ids: list[UUID]) -> list[Enrolling]:
    """Give each customer an account."""
    return [Enrolling(customer_id=one, account_id=uuid4(), account_row_id=row) for row, one in enumerate(ids, start=1)]


def test_enroll_many__customers__get_the_tier_that_begins_at_zero(program: UUID, actor: Actor, now: datetime) -> None:
    ids = customers(3)
    members = enrolling(ids)
    assert api.enroll_many(program_id=program, members=members, actor=actor, now=now) == 3
    rows = sql.fetch_all("SELECT * FROM programs_membership ORDER BY customer_id")
    assert [(row["customer_public_id"], row["account_id"], row["tier_code"]) for row in rows] == [
        (one, row, "BASE") for row, one in enumerate(ids, start=1)
    ]
    assert {row["program_public_id"] for row in rows} == {program}
    facts = PublishedEvent.objects.filter(type="member.enrolled")
    assert {fact.key for fact in facts} == {str(one) for one in ids}
    assert AuditEntry.objects.filter(act="programs.enroll").count() == 1


def test_enroll_many__again__takes_in_only_the_new_ones(program: UUID, actor: Actor, now: datetime) -> None:
    members = enrolling(customers(3))
    assert api.enroll_many(program_id=program, members=members[:2], actor=actor, now=now) == 2
    assert api.enroll_many(program_id=program, members=members, actor=actor, now=now) == 1
    assert PublishedEvent.objects.filter(type="member.enrolled").count() == 3


def test_enroll__unknown_program_or_customer__is_refused(program: UUID, actor: Actor, now: datetime) -> None:
    stranger = Enrolling(customer_id=uuid4(), account_id=uuid4(), account_row_id=1)
    with pytest.raises(api.MembershipNotFound):
        api.enroll(program_id=program, member=stranger, actor=actor, now=now)
    with pytest.raises(api.ProgramNotFound):
        api.enroll(program_id=uuid4(), member=stranger, actor=actor, now=now)


def test_assign_tiers__in_a_set__moves_only_those_who_differ(program: UUID, actor: Actor, now: datetime) -> None:
    members = enrolling(customers(2))
    api.enroll_many(program_id=program, members=members, actor=actor, now=now)
    top = sql.fetch_all("SELECT tier_id FROM programs_tiers WHERE code = 'TOP'")[0]["tier_id"]
    wanted = [[member.account_id for member in members], [top, None]]
    statement = "SELECT * FROM programs_assign_tiers(%s, %s::bigint[], '', NULL, %s)"
    moved = sql.fetch_all(statement, [*wanted, now])
    assert {(row["account_public_id"], row["from_code"], row["to_code"]) for row in moved} == {
        (members[0].account_id, "BASE", "TOP"),
        (members[1].account_id, "BASE", None),
    }
    assert sql.fetch_all(statement, [*wanted, now]) == []
    assert api.get_membership_of_account(members[0].account_id).tier_code == "TOP"
    assert api.get_membership_of_account(members[1].account_id).tier_code is None


def test_assign_tiers__by_hand__keeps_mode_and_end_even_in_the_same_tier(
    program: UUID, actor: Actor, now: datetime
) -> None:
    [member] = enrolling(customers(1))
    api.enroll(program_id=program, member=member, actor=actor, now=now)
    tiers = {row["code"]: row["tier_id"] for row in sql.fetch_all("SELECT code, tier_id FROM programs_tiers")}
    until, later = now + timedelta(days=90), now + timedelta(days=1)
    statement = "SELECT * FROM programs_assign_tiers(%s, %s::bigint[], %s, %s::timestamptz, %s)"

    def assign(code: str, mode: str, end: datetime | None, at: datetime) -> list[str]:
        rows = sql.fetch_all(statement, [[member.account_id], [tiers[code]], mode, end, at])
        return [row["to_code"] for row in rows]

    assert assign("TOP", "pin", until, now) == ["TOP"]
    assert assign("TOP", "floor", None, later) == []
    view = api.get_membership_of_account(member.account_id)
    assert (view.tier_mode, view.tier_until_at) == (api.TierMode.FLOOR, None)
    row = sql.fetch_one("SELECT * FROM programs_membership") or {}
    assert (row["is_tier_by_hand"], row["tier_since_at"]) == (True, now)
    assert assign("BASE", "", None, later) == ["BASE"]
    with pytest.raises(IntegrityError), transaction.atomic():
        assign("BASE", "", until, later)
    with pytest.raises(IntegrityError), transaction.atomic():
        assign("BASE", "firm", None, later)


def test_enroll_many__from_elsewhere__keeps_dates_and_tiers(program: UUID, actor: Actor, now: datetime) -> None:
    first, second, third = enrolling(customers(3))
    joined = datetime(2019, 5, 1, tzinfo=UTC)
    members = [
        replace(first, enrolled_at=joined, tier_code="TOP"), replace(second, tier_code="GONE"), third
    ]  # fmt: skip
    assert api.enroll_many(program_id=program, members=members, actor=actor, now=now) == 3
    views = [api.get_membership_of_account(member.account_id) for member in members]
    assert [(view.enrolled_at, view.tier_code) for view in views] == [(joined, "TOP"), (now, "BASE"), (now, "BASE")]
    facts = PublishedEvent.objects.filter(type="member.enrolled")
    assert sorted(fact.data["tier_code"] for fact in facts) == ["BASE", "BASE", "TOP"]


def test_enroll__invitation_only_tier_at_zero__is_not_given(actor: Actor, now: datetime) -> None:
    black = TierDocument(code="BLACK", name="Black", min_points=0, is_invitation_only=True)
    program = api.create_program(document=ProgramDocument(name="X", tiers=(black,)), actor=actor, now=now)
    [member] = enrolling(customers(1))
    assert api.enroll(program_id=program, member=member, actor=actor, now=now).tier_code is None


def test_leave__and_enroll_again__leads_back_to_the_account(program: UUID, actor: Actor, now: datetime) -> None:
    [member] = enrolling(customers(1))
    api.enroll(program_id=program, member=member, actor=actor, now=now)
    who: dict[str, Any] = {"program_id": program, "customer_id": member.customer_id, "reason": "moved", "actor": actor}
    assert api.leave(**who, now=now).left_at == now
    assert api.leave(**who, now=now + timedelta(days=1)).left_at == now, "leaving twice leaves once"
    assert PublishedEvent.objects.filter(type="member.left").count() == 1
    assert AuditEntry.objects.get(act="programs.leave").reason == "moved"
    again = replace(member, account_id=uuid4(), account_row_id=99)
    back = api.enroll(program_id=program, member=again, actor=actor, now=now + timedelta(days=2))
    assert (back.left_at, back.account_id, back.enrolled_at) == (None, member.account_id, now)
    with pytest.raises(api.MembershipNotFound):
        api.leave(**{**who, "customer_id": uuid4()}, now=now)


def test_get_plan__of_an_instant__gives_the_version_of_that_instant(actor: Actor, now: datetime) -> None:
    first = now.replace(hour=8)
    document = ProgramDocument(
        name="VIP", status=api.ProgramStatus.ACTIVE, earn_rule={"var": "transaction_amount"}, tiers=LADDER
    )
    program = api.create_program(document=document, actor=actor, now=first)
    api.update_program(program_id=program, changes={"expiry_days": 30}, expected_version=None, actor=actor, now=now)
    assert api.get_plan(program, at=first.replace(minute=30)).expiry_days is None
    assert api.get_plan(program, at=now).expiry_days == 30
    assert api.get_plan(program, at=first.replace(year=2020)).version_number == 1
    assert [plan.code for plan in api.list_active_plans(at=now)] == ["VIP"]
    assert [tier.code for tier in api.get_plan(program, at=now).tiers] == ["BASE", "TOP"]
