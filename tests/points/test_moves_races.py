"""The same at once: transfers that cross, limits, keys, lines, holds, imports from many threads."""

import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel.errors import Refusal
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.points.models import Pool, ReversedLine
from loyalty.programs import contracts as terms
from tests.points.test_races import THREADS, at_once
from tests.points.world import ACTOR, World, assert_ledger_holds, count_transactions, key, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(now: datetime) -> World:
    """A program that lets 100 points a day be transferred."""
    return make_world(now, transfer=terms.TransferPlan(points_daily=100))


def give(world: World, sender: api.MemberFacts, taker: api.MemberFacts, points: int, once: api.Key) -> api.Movement:
    """Transfer points."""
    request = api.TransferRequest(
        from_account_id=sender.account_id, to_account_id=taker.account_id, points=points, key=once
    )
    return api.transfer(request=request, actor=ACTOR, now=world.now)


def balance(member: api.MemberFacts) -> int:
    """Give what the member has."""
    return ledger.get_account(member.account_id).points_posted


def test_transfers__crossing_at_once__end_with_the_same_sum(world: World) -> None:
    one, two = world.member(), world.member()
    for member in (one, two):
        world.earn(member, points=100)
    heard = at_once(lambda number: give(world, *((one, two) if number % 2 else (two, one)), 10, key()))
    assert all(isinstance(answer, api.Movement) for answer in heard), heard
    assert (balance(one), balance(two)) == (100, 100)
    assert_ledger_holds(world.now)


def test_transfers__at_the_daily_limit__never_pass_it(world: World) -> None:
    one, two = world.member(), world.member()
    world.earn(one, points=1000)
    heard = at_once(lambda _: give(world, one, two, 30, key()))
    assert sum(isinstance(answer, api.Movement) for answer in heard) == 3
    assert sum(isinstance(answer, ledger.CapReached) for answer in heard) == THREADS - 3
    assert (balance(one), balance(two)) == (910, 90)
    assert_ledger_holds(world.now)


def test_transfer__same_key_at_once__moves_once(world: World) -> None:
    one, two, once = world.member(), world.member(), key()
    world.earn(one, points=100)
    heard = at_once(lambda _: give(world, one, two, 10, once))
    assert len({answer.transaction_id for answer in heard if isinstance(answer, api.Movement)}) == 1, heard
    assert (balance(two), AuditEntry.objects.filter(act="points.transfer").count()) == (10, 1)


def household(world: World, *, limit: int) -> tuple[api.MemberFacts, Pool]:
    """Make a household of 1000 points with somebody who may spend so many a day; give them and it."""
    owner, spender = world.member(), world.member()
    pool = api.create_pool(
        name="Us", program_id=world.program_id, owner=api.MemberRef(customer_id=owner.customer_id), actor=ACTOR,
        now=world.now,
    )  # fmt: skip
    api.add_pool_member(
        pool_id=pool.public_id, customer=api.MemberRef(customer_id=spender.customer_id),
        document=api.PoolMemberDocument(role=api.PoolRole.SPENDER, points_daily_max=limit), actor=ACTOR, now=world.now,
    )  # fmt: skip
    posting = ledger.EarnPosting(
        idempotency_scope="tests", idempotency_key="filled", occurred_at=world.now,
        account_id=pool.account_public_id, points_amount=1000,
    )  # fmt: skip
    ledger.earn(posting, now=world.now)
    return spender, pool


def spend(world: World, pool: Pool, who: api.MemberFacts, points: int, once: api.Key) -> api.BurnReceipt:
    """Redeem points of a household."""
    request = api.BurnRequest(
        member=api.MemberRef(customer_id=who.customer_id), key=once, points=points, occurred_at=world.now,
        pool_id=pool.public_id,
    )  # fmt: skip
    return api.burn(request=request, actor=ACTOR, now=world.now)


def test_burns_of_a_household__at_the_daily_limit__never_pass_it(world: World) -> None:
    spender, pool = household(world, limit=100)
    heard = at_once(lambda _: spend(world, pool, spender, 30, key()))
    assert sum(isinstance(answer, api.BurnReceipt) for answer in heard) == 3, heard
    assert sum(isinstance(answer, ledger.CapReached) for answer in heard) == THREADS - 3
    assert ledger.get_account(pool.account_public_id).points_posted == 910
    assert spend(world, pool, spender, 10, key()).points_balance == 900
    assert_ledger_holds(world.now)


def test_burn_of_a_household__same_key_at_once__counts_once_against_the_limit(world: World) -> None:
    spender, pool = household(world, limit=100)
    once = key()
    heard = at_once(lambda _: spend(world, pool, spender, 60, once))
    assert len({answer.transaction_id for answer in heard if isinstance(answer, api.BurnReceipt)}) == 1, heard
    assert not [answer for answer in heard if isinstance(answer, Refusal)], heard
    assert spend(world, pool, spender, 40, key()).points_balance == 900
    assert_ledger_holds(world.now)


def test_lines__reversed_at_once__never_exceed_the_line(world: World) -> None:
    member = world.member()
    lines = [{"line_id": "1", "amount": "100", "eligible_amount": "100", "reason": "", "points": "10"}]
    posting = ledger.EarnPosting(
        idempotency_scope="tests",
        idempotency_key="purchase",
        occurred_at=world.now,
        account_id=member.account_id,
        points_amount=10,
        trace={"base": {"amount": "100", "lines": lines}},
    )
    purchase = ledger.earn(posting, now=world.now).transaction_id

    def take_back(_: int) -> api.Movement:
        request = api.ReverseRequest(
            transaction_id=purchase,
            key=key(),
            points=None,
            reason="",
            occurred_at=world.now,
            lines=(api.LineToReverse(line_id="1", amount=Decimal(30)),),
        )
        return api.reverse(request=request, actor=ACTOR, now=world.now)

    heard = at_once(take_back)
    assert sum(isinstance(answer, api.Movement) for answer in heard) == 3, heard
    assert all(isinstance(answer, api.Movement | api.LineExceeded) for answer in heard)
    row = ReversedLine.objects.get()
    assert (int(row.amount_reversed), row.points_reversed, balance(member)) == (90, 9, 1)
    assert_ledger_holds(world.now)


def test_hold__captured_and_released_at_once__ends_once(world: World) -> None:
    member = world.member()
    world.earn(member, points=100)
    request = api.HoldRequest(
        member=api.MemberRef(account_id=member.account_id),
        points=40,
        expires_at=world.now + timedelta(minutes=5),
        key=key(),
    )
    held = api.hold(request=request, actor=ACTOR, now=world.now)

    def end(number: int) -> object:
        ending = api.EndHoldRequest(hold_id=held.hold_id, key=key())
        return (api.capture if number % 2 else api.release)(request=ending, actor=ACTOR, now=world.now)

    heard = at_once(end)
    assert sum(not isinstance(answer, Exception) for answer in heard) == 1, heard
    assert all(isinstance(answer, ledger.HoldNotActive) for answer in heard if isinstance(answer, Exception))
    account = ledger.get_account(member.account_id)
    assert account.points_held == 0 and account.points_posted in (60, 100)
    assert_ledger_holds(world.now)


def test_household__spenders_at_their_limit__never_pass_it(world: World) -> None:
    owner, spender = world.member(), world.member()
    pool = api.create_pool(
        name="Us",
        program_id=world.program_id,
        owner=api.MemberRef(customer_id=owner.customer_id),
        actor=ACTOR,
        now=world.now,
    )
    api.add_pool_member(
        pool_id=pool.public_id,
        customer=api.MemberRef(customer_id=spender.customer_id),
        document=api.PoolMemberDocument(role=api.PoolRole.SPENDER, points_daily_max=50),
        actor=ACTOR,
        now=world.now,
    )
    world.earn(owner, points=100)
    assert ledger.get_account(pool.account_public_id).points_posted == 100, "the owner earns into the household"
    named = api.MemberRef(customer_id=spender.customer_id)

    def spend(_: int) -> api.BurnReceipt:
        request = api.BurnRequest(member=named, key=key(), points=20, occurred_at=world.now, pool_id=pool.public_id)
        return api.burn(request=request, actor=ACTOR, now=world.now)

    heard = at_once(spend)
    assert sum(isinstance(answer, api.BurnReceipt) for answer in heard) == 2, heard
    assert sum(isinstance(answer, ledger.CapReached) for answer in heard) == THREADS - 2
    assert ledger.get_account(pool.account_public_id).points_posted == 60
    assert_ledger_holds(world.now)


def test_household__two_at_once_for_one_customer__is_one(world: World) -> None:
    owner = world.member()
    named = api.MemberRef(customer_id=owner.customer_id)
    heard = at_once(
        lambda _: api.create_pool(name="Us", program_id=world.program_id, owner=named, actor=ACTOR, now=world.now)
    )
    assert sum(isinstance(answer, api.PoolMemberTaken) for answer in heard) == THREADS - 1, heard


def test_import__taken_in_by_many_at_once__counts_each_row_once(world: World) -> None:
    rows = "".join(f"BSS-{number},7\n" for number in range(40))
    made, _ = api.stage_import(
        program_id=world.program_id,
        file=io.BytesIO(f"customer_ref,points_balance\n{rows}".encode()),
        file_name="",
        key="k",
        actor=ACTOR,
        now=world.now,
    )
    heard = at_once(lambda _: api.apply_import(import_id=made.public_id, actor=ACTOR, now=world.now))
    assert {answer.points_imported for answer in heard if isinstance(answer, api.ImportReport)} == {280}, heard
    assert count_transactions() == 40
    assert_ledger_holds(world.now)


def test_burns_and_expiry__at_once__leave_the_book_balanced(world: World) -> None:
    members = [world.member() for _ in range(4)]
    for member in members:
        world.earn(member, points=100)

    def work(number: int) -> object:
        if number % 2:
            return api.expire_due(actor=ACTOR, now=world.now + timedelta(days=4000))
        try:
            return world.burn(members[number % 4], 60)
        except Refusal as refusal:
            return refusal

    at_once(work)
    assert_ledger_holds(world.now + timedelta(days=4000))


def burns(world: World, members: Sequence[api.MemberFacts], mark: str) -> list[api.BurnRequest]:
    """A burn of 10 points of each member, under keys of one mark."""
    refs = [api.MemberRef(account_id=member.account_id) for member in members]
    return [
        api.BurnRequest(member=ref, key=key(f"{mark}-{place}"), points=10, occurred_at=world.now)
        for place, ref in enumerate(refs)
    ]


def test_burn_batch__same_lines_at_once__burns_once(world: World) -> None:
    members = [world.member() for _ in range(5)]
    for member in members:
        world.earn(member, points=100)
    before = count_transactions()
    heard = at_once(
        lambda number: api.burn_batch(
            # Forwards and backwards, so that the accounts are met in either order.
            requests=burns(world, members, "same")[:: 1 if number % 2 else -1],
            actor=ACTOR,
            now=world.now,
        )
    )
    assert all(isinstance(lines, list) for lines in heard), heard
    lines = [line for answers in heard if isinstance(answers, list) for line in answers]
    assert all(line.receipt is not None for line in lines)
    assert sum(not line.receipt.is_replay for line in lines) == len(members)
    assert count_transactions() == before + len(members)
    assert [balance(member) for member in members] == [90] * 5
    assert AuditEntry.objects.filter(act="points.burn").count() == 1
    assert_ledger_holds(world.now)


def test_transfer_batches__crossing_at_once__end_with_the_same_sum(world: World) -> None:
    members = [world.member() for _ in range(4)]
    for member in members:
        world.earn(member, points=100)

    def round_trip(number: int) -> list[api.Line[api.Movement]]:
        ring = members if number % 2 else members[::-1]
        requests = [
            api.TransferRequest(from_account_id=one.account_id, to_account_id=two.account_id, points=10, key=key())
            for one, two in zip(ring, [*ring[1:], ring[0]], strict=True)
        ]
        return api.transfer_batch(requests=requests, actor=ACTOR, now=world.now)

    heard = at_once(round_trip)
    assert all(isinstance(lines, list) and all(line.receipt for line in lines) for lines in heard), heard
    assert [balance(member) for member in members] == [100] * 4
    assert_ledger_holds(world.now)


def test_hold_batches__captured_and_released_at_once__end_each_hold_once(world: World) -> None:
    members = [world.member() for _ in range(4)]
    for member in members:
        world.earn(member, points=100)
    holds = [
        api.HoldRequest(
            member=api.MemberRef(account_id=member.account_id), points=40, key=key(),
            expires_at=world.now + timedelta(hours=1),
        )
        for member in members
    ]  # fmt: skip
    lines = api.hold_batch(requests=holds, actor=ACTOR, now=world.now)
    held = [line.receipt.hold_id for line in lines if line.receipt is not None]

    def end(number: int) -> int:
        requests = [api.EndHoldRequest(hold_id=hold_id, key=key()) for hold_id in held[:: 1 if number % 2 else -1]]
        batch = api.capture_batch if number % 2 else api.release_batch
        return sum(line.receipt is not None for line in batch(requests=requests, actor=ACTOR, now=world.now))

    heard = at_once(end)
    assert sum(count for count in heard if isinstance(count, int)) == len(held), heard
    accounts = [ledger.get_account(member.account_id) for member in members]
    assert {account.points_held for account in accounts} == {0}
    assert {account.points_posted for account in accounts} <= {60, 100}
    assert_ledger_holds(world.now)


def test_batch__that_breaks_before_its_end__has_moved_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    members = [world.member() for _ in range(3)]
    for member in members:
        world.earn(member, points=100)
    requests, before = burns(world, members, "broken"), count_transactions()

    def broken(name: str) -> None:
        raise RuntimeError(name)

    monkeypatch.setattr("loyalty.points.operations.lines.maybe_fail", broken)
    with pytest.raises(RuntimeError, match="batch.posted"):
        api.burn_batch(requests=requests, actor=ACTOR, now=world.now)
    assert count_transactions() == before
    assert [balance(member) for member in members] == [100] * 3
    monkeypatch.undo()
    lines = api.burn_batch(requests=requests, actor=ACTOR, now=world.now)
    assert [line.receipt is not None and line.receipt.is_replay for line in lines] == [False] * 3
    assert [balance(member) for member in members] == [90] * 3
    assert AuditEntry.objects.filter(act="points.burn").count() == 1
    assert_ledger_holds(world.now)


def test_hold_batch__one_key_for_many_accounts_at_once__holds_once(world: World) -> None:
    members, once = [world.member() for _ in range(THREADS)], key()
    for member in members:
        world.earn(member, points=100)

    def hold(number: int) -> list[api.Line[ledger.HoldReceipt]]:
        request = api.HoldRequest(
            member=api.MemberRef(account_id=members[number].account_id), points=40, key=once,
            expires_at=world.now + timedelta(hours=1),
        )  # fmt: skip
        return api.hold_batch(requests=[request], actor=ACTOR, now=world.now)

    heard = at_once(hold)
    receipts = [line.receipt for lines in heard if isinstance(lines, list) for line in lines]
    assert len(receipts) == THREADS, heard
    assert len({receipt.hold_id for receipt in receipts if receipt is not None}) == 1
    assert sum(ledger.get_account(member.account_id).points_held for member in members) == 40
    assert_ledger_holds(world.now)
