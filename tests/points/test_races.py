"""The same at once: keys, first purchases, caps and burns from many threads."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from django.db import connection, connections

from loyalty.foundation.audit.models import AuditEntry
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.points.models import NothingEarned
from tests.points.world import ACTOR, World, assert_ledger_holds, count_transactions, key, make_world

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8


def at_once(work: Callable[[int], object]) -> list[object]:
    """Do the work in threads that begin together; give what each returned or raised."""
    ready = threading.Barrier(THREADS)
    outcomes: list[object] = []

    def run(number: int) -> None:
        try:
            ready.wait(timeout=30)
            outcomes.append(work(number))
        except Exception as fault:
            outcomes.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    connections.close_all()
    return outcomes


@pytest.fixture
def world(now: datetime) -> World:
    """A program with a daily cap of 100."""
    return make_world(now, earn_cap_daily=100)


def test_earn__same_key_at_once__earns_once_and_all_hear_the_same(world: World) -> None:
    member, once = world.member(), key()
    heard = at_once(lambda _: world.earn(member, "250", key=once))
    receipts = [one for one in heard if isinstance(one, api.EarnReceipt)]
    assert len(receipts) == THREADS, heard
    assert {receipt.is_replay for receipt in receipts} == {True, False}
    first = replace(receipts[0], is_replay=False)
    assert [replace(receipt, is_replay=False) for receipt in receipts] == [first] * THREADS
    assert (count_transactions(), AuditEntry.objects.filter(act="points.earn").count()) == (1, 1)
    assert_ledger_holds(world.now)


def test_earn__nothing_under_the_same_key_at_once__is_remembered_once(world: World) -> None:
    member, once = world.member(), key()
    heard = at_once(lambda _: world.earn(member, "50", key=once))
    assert [getattr(one, "points_amount", one) for one in heard] == [0] * THREADS
    assert NothingEarned.objects.count() == 1


def test_earn__first_purchases_of_a_stranger_at_once__enrol_once(world: World) -> None:
    ref = api.MemberRef(customer_id=world.customer(), program_id=world.program_id)

    def buy(_: int) -> int:
        request = api.EarnRequest(member=ref, key=key(), occurred_at=world.now, amount=Decimal(110))
        return api.earn(request=request, actor=ACTOR, now=world.now).points_amount

    heard = at_once(buy)
    assert heard == [11] * THREADS
    assert AuditEntry.objects.filter(act="programs.enroll").count() == 1
    assert_ledger_holds(world.now)


def test_earn__at_the_cap_at_once__never_passes_it(world: World) -> None:
    member = world.member()
    heard = at_once(lambda _: world.earn(member, "300").points_amount)
    assert sorted(int(str(one)) for one in heard) == [0, 0, 0, 0, 10, 30, 30, 30]
    assert ledger.get_account(member.account_id).points_posted == 100
    assert_ledger_holds(world.now)


def test_burn__at_once__spends_only_what_is_there(world: World) -> None:
    member = world.member()
    world.earn(member, points=100)
    heard = at_once(lambda _: world.burn(member, 30).points_amount)
    assert heard.count(30) == 3
    assert sum(isinstance(one, ledger.InsufficientPoints) for one in heard) == THREADS - 3
    assert ledger.get_account(member.account_id).points_posted == 10
    assert_ledger_holds(world.now)
