"""Earning, burning and reversing against the real ledger."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from loyalty.customers.api import overview
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events.models import PublishedEvent
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.points.models import NothingEarned
from loyalty.programs import api as programs
from tests.points.world import (
    ACTOR,
    World,
    assert_ledger_holds,
    count_transactions,
    give_tier,
    key,
    make_world,
    modifier,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(now: datetime) -> World:
    """A program in which more than 100 earn a tenth."""
    return make_world(now)


def test_earn__a_purchase__posts_points_with_trace_and_audit(world: World) -> None:
    member = world.member()
    receipt = world.earn(member, "250.00", context={"channel": "online"})
    assert (receipt.points_amount, receipt.points_balance, receipt.is_replay) == (25, 25, False)
    assert receipt.tier == {"code": "BRONZE", "name": "Bronze"}
    assert receipt.transaction_id is not None
    stored = ledger.get_transaction(receipt.transaction_id)
    assert stored.program_version_ref == receipt.trace["program_version_id"]
    assert stored.trace is not None
    assert stored.trace["base_points"] == "25"
    assert stored.context == {
        "channel": "online", "transaction_amount": "250", "currency": "USD", "counts_purchase": True,
    }  # fmt: skip
    assert AuditEntry.objects.get(act="points.earn").after["points_amount"] == 25
    assert PublishedEvent.objects.get(type="points.earned").data["points_amount"] == 25
    assert_ledger_holds(world.now)


def test_earn__member_of_a_tier__is_multiplied_by_the_version_in_force(world: World) -> None:
    member = world.member()
    give_tier(member, "GOLD", world.now)
    assert world.earn(member, "150").points_amount == 22  # 15 x 1.5 = 22.5, rounded down


def test_earn__late_purchase__goes_by_the_version_of_its_day(world: World) -> None:
    member = world.member()
    world.change(earn_rule={"*": [{"var": "transaction_amount"}, 2]})
    before = world.earn(member, "200", occurred_at=world.now - timedelta(days=1))
    after = world.earn(member, "200")
    assert (before.points_amount, before.trace["program_version"]) == (20, 1)
    assert (after.points_amount, after.trace["program_version"]) == (400, 2)


def test_earn__over_the_daily_cap__is_cut_and_tells_what_was_lost(now: datetime) -> None:
    world = make_world(now, earn_cap_daily=30)
    member = world.member()
    receipts = [world.earn(member, "250") for _ in range(3)]
    assert [(r.points_amount, r.points_lost_to_caps) for r in receipts] == [(25, 0), (5, 20), (0, 25)]
    assert all(receipt.transaction_id for receipt in receipts), "a capped earn is a transaction"
    tomorrow = replace(world, now=now + timedelta(days=1))
    assert tomorrow.earn(member, "250").points_amount == 25
    assert_ledger_holds(now)


def test_earn__below_the_rule__makes_no_transaction_and_is_remembered(world: World) -> None:
    member = world.member()
    once = key()
    receipt = world.earn(member, "50", key=once)
    assert (receipt.transaction_id, receipt.points_amount) == (None, 0)
    assert receipt.trace["reason"] == "rule_gives_nothing"
    assert count_transactions() == 0
    world.change(earn_rule={"*": [{"var": "transaction_amount"}, 2]})
    again = world.earn(member, "50", key=once)
    assert (again.transaction_id, again.is_replay) == (None, True), "the first answer stands"
    assert NothingEarned.objects.get().reason == "rule_gives_nothing"
    with pytest.raises(ledger.IdempotencyKeyReused):
        world.earn(member, "51", key=replace(once, request_hash=b"y" * 32))


def test_earn__same_key__answers_the_same_whatever_changed(world: World) -> None:
    member = world.member()
    once = key()
    first = world.earn(member, "250", key=once)
    world.change(status=programs.ProgramStatus.INACTIVE)
    again = world.earn(member, "250", key=once)
    assert again == replace(first, is_replay=True)
    assert count_transactions() == 1
    assert AuditEntry.objects.filter(act="points.earn").count() == 1


def test_earn__same_key_other_content__is_refused(world: World) -> None:
    member = world.member()
    once = key()
    world.earn(member, "250", key=once)
    with pytest.raises(ledger.IdempotencyKeyReused):
        world.earn(member, "251", key=replace(once, request_hash=b"z" * 32))


def test_earn__directly__skips_rule_and_multiplier_but_not_the_cap(now: datetime) -> None:
    world = make_world(now, earn_cap_daily=100)
    member = world.member()
    give_tier(member, "GOLD", now)
    assert world.earn(member, points=60).points_amount == 60
    second = world.earn(member, points=60)
    assert (second.points_amount, second.points_lost_to_caps) == (40, 20)
    assert AuditEntry.objects.filter(act="points.earn_direct").count() == 2


def test_earn__customer_who_is_no_member__enrols_where_the_program_says_so(world: World, now: datetime) -> None:
    customer_id = world.customer("BSS-1")
    by_ref = api.MemberRef(customer_ref="BSS-1", program_id=world.program_id)
    request = api.EarnRequest(member=by_ref, key=key(), occurred_at=now, amount=Decimal(200))
    assert api.earn(request=request, actor=ACTOR, now=now).customer_id == customer_id
    world.change(enrollment=programs.Enrollment.EXPLICIT)
    stranger = api.MemberRef(customer_id=world.customer(), program_id=world.program_id)
    with pytest.raises(api.NotAMember):
        api.earn(request=replace(request, member=stranger, key=key()), actor=ACTOR, now=now)


@pytest.mark.parametrize(
    "changes, refusal",
    [
        ({"member": api.MemberRef()}, api.MemberNotNamed),
        ({"member": api.MemberRef(account_id=uuid4())}, ledger.AccountNotFound),
        ({"member": api.MemberRef(customer_id=uuid4(), program_id=uuid4())}, api.MemberUnknown),
        ({"member": api.MemberRef(customer_id=uuid4())}, api.MemberNotNamed),
        ({"member": api.MemberRef(customer_ref="x", customer_id=uuid4(), program_id=uuid4())}, api.MemberNotNamed),
        ({"amount": Decimal(-1)}, api.AmountInvalid),
        ({"amount": Decimal(0)}, api.AmountInvalid),
        ({"amount": Decimal("NaN")}, api.AmountInvalid),
        ({"amount": Decimal("1e20")}, api.AmountInvalid),
        ({"currency": "EUR"}, api.CurrencyMismatch),
        ({"occurred_at": datetime.fromisoformat("2030-01-01T00:00:00+00:00")}, api.OccurredAtRefused),
    ],
)
def test_earn__bad_input__is_refused_and_the_ledger_unchanged(
    world: World, changes: dict[str, Any], refusal: type[Exception]
) -> None:
    member = world.member()
    with pytest.raises(refusal):
        world.earn(member, **({"amount": Decimal(200)} | changes))
    assert count_transactions() == 0


def test_earn__inactive_program_or_frozen_account__is_refused(world: World) -> None:
    member = world.member()
    ledger.freeze_account(account_id=member.account_id, reason="fraud", actor=ACTOR, now=world.now)
    with pytest.raises(ledger.AccountNotActive):
        world.earn(member, "200")


def test_earn__program_not_active__is_refused(world: World) -> None:
    member = world.member()
    world.earn(member, "2000")
    world.change(status=programs.ProgramStatus.INACTIVE)
    with pytest.raises(programs.ProgramNotActive):
        world.earn(member, "200")
    with pytest.raises(programs.ProgramNotActive):
        world.burn(member, 10)


def test_earn__a_modifier__adds_to_it(world: World) -> None:
    member = world.member()

    def double(facts: api.EarnFacts, base: Decimal, multiplied: Decimal) -> list[api.Bonus]:
        return [api.Bonus(code="double", points=multiplied)] if facts.context.get("channel") == "online" else []

    with modifier("tests.double", double):
        assert world.earn(member, "200", context={"channel": "online"}).points_amount == 40
        assert world.earn(member, "200").points_amount == 20


def test_burn__points__are_worth_what_the_rule_says(world: World) -> None:
    member = world.member()
    world.earn(member, points=700)
    once = key()
    receipt = world.burn(member, 250, key=once)
    assert (receipt.points_amount, receipt.points_balance, receipt.value.amount) == (250, 450, Decimal("2.50"))
    assert world.burn(member, 250, key=once) == replace(receipt, is_replay=True)
    assert AuditEntry.objects.filter(act="points.burn").count() == 1
    with pytest.raises(ledger.IdempotencyKeyReused):
        world.burn(member, 251, key=replace(once, request_hash=b"z" * 32))
    assert_ledger_holds(world.now)


def test_burn__more_than_there_is__is_refused(world: World) -> None:
    member = world.member()
    world.earn(member, points=10)
    with pytest.raises(ledger.InsufficientPoints) as refused:
        world.burn(member, 11)
    assert refused.value.facts == {"points_requested": 11, "points_available": 10}


def test_burn__program_without_rule__is_refused(now: datetime) -> None:
    world = make_world(now, burn_rule=None)
    member = world.member()
    world.earn(member, points=10)
    with pytest.raises(api.BurnRuleMissing):
        world.burn(member, 1)


def test_reverse__earn_in_parts__gives_the_room_under_the_cap_back(now: datetime) -> None:
    world = make_world(now, earn_cap_daily=100)
    member = world.member()
    earned = world.earn(member, points=100)
    assert earned.transaction_id is not None

    def back(points: int | None) -> api.Movement:
        request = api.ReverseRequest(
            transaction_id=earned.transaction_id or uuid4(), key=key(), points=points, reason="returned",
            occurred_at=now,
        )  # fmt: skip
        return api.reverse(request=request, actor=ACTOR, now=now)

    assert (back(30).points_balance, back(None).points_amount) == (70, 70)
    with pytest.raises(ledger.AlreadyReversed):
        back(1)
    # A refusal within the ledger ends the transaction that a test runs in, so nothing more is asked here.


def test_reverse__then_earn__fits_under_the_cap_again(now: datetime) -> None:
    world = make_world(now, earn_cap_daily=100)
    member = world.member()
    earned = world.earn(member, points=100)
    assert earned.transaction_id is not None
    request = api.ReverseRequest(
        transaction_id=earned.transaction_id, key=key(), points=40, reason="returned", occurred_at=now
    )
    once = api.reverse(request=request, actor=ACTOR, now=now)
    assert api.reverse(request=request, actor=ACTOR, now=now) == replace(once, is_replay=True)
    assert AuditEntry.objects.get(act="points.reverse").reason == "returned"
    assert world.earn(member, points=50).points_amount == 40
    assert_ledger_holds(now)


def test_expire__points_past_their_last_day__go_once(now: datetime) -> None:
    world = make_world(now, expiry_days=30)
    member = world.member()
    world.earn(member, points=100)
    last_day = now + timedelta(days=30)
    assert api.expire_due(actor=ACTOR, now=last_day).lots_expired == 0
    report = api.expire_due(actor=ACTOR, now=last_day + timedelta(days=1))
    assert (report.lots_expired, report.points_expired, report.accounts_touched, report.is_complete) == (
        1,
        100,
        1,
        True,
    )
    assert api.expire_due(actor=ACTOR, now=last_day + timedelta(days=1)).lots_expired == 0
    assert ledger.get_account(member.account_id).points_posted == 0
    assert AuditEntry.objects.filter(act="points.expire").count() == 1


def test_enroll_members__in_a_set__opens_accounts_once(world: World) -> None:
    ids = [world.customer() for _ in range(5)]
    assert world.enroll(ids) == 5
    assert world.enroll([*ids, uuid4()]) == 0
    assert len(ledger.list_accounts(owner_refs=ids)) == 5


def test_overview_part__of_a_customer__tells_accounts(world: World) -> None:
    member = world.member()
    world.earn(member, points=10)
    part = overview(member.customer_id, now=world.now)["account"]
    assert [(one["points_balance"], one["tier"]["code"]) for one in part["accounts"]] == [(10, "BRONZE")]


def test_leaving__member_leaves_and_returns__account_is_frozen_and_opened(world: World) -> None:
    member, suspect = world.member(), world.member()
    for one in (member, suspect):
        world.earn(one, points=10)
    ledger.freeze_account(account_id=suspect.account_id, reason="fraud", actor=ACTOR, now=world.now)

    def leave(one: api.MemberFacts) -> int:
        programs.leave(
            program_id=world.program_id, customer_id=one.customer_id, reason="moved", actor=ACTOR, now=world.now
        )
        return api.freeze_leaver(program_id=world.program_id, customer_id=one.customer_id, actor=ACTOR, now=world.now)

    def come_back(one: api.MemberFacts) -> int:
        world.enroll([one.customer_id])
        return api.open_returners(members=[(one.customer_id, world.program_id)], actor=ACTOR, now=world.now)

    assert [leave(member), leave(member), leave(suspect)] == [1, 0, 0]
    with pytest.raises(ledger.AccountNotActive), transaction.atomic():
        world.earn(member, points=5)
    assert [come_back(member), come_back(member), come_back(suspect)] == [1, 0, 0]
    assert world.earn(member, points=5).points_balance == 15
    # Who was frozen for another reason stays so.
    assert ledger.get_account(suspect.account_id).status is ledger.AccountStatus.FROZEN
