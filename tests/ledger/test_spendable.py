"""What can still be spent: before the end of lots, in their grace, and after it while the expiry has not come by."""

import uuid
from datetime import date, timedelta

import pytest
from django.db import transaction

from loyalty.ledger import api
from tests.ledger.book import NOW, Book, broken, open_book


def lots_around(book: Book) -> None:
    """Earn lots that end ahead, that are in their grace, and whose grace is over; and one for ever."""
    past = book.at(days=-40)
    for points, expires, spendable in ((100, 10, 20), (20, -5, 5), (7, -20, -1), (1, None, None)):
        ends = None if expires is None else NOW + timedelta(days=expires)
        until = None if spendable is None else NOW + timedelta(days=spendable)
        past.earn(points, expires_at=ends, spendable_until=until)


def can_burn(book: Book, points: int) -> bool:
    """Tell whether a burn takes so many points; nothing is left of the try."""
    try:
        with transaction.atomic():
            book.burn(points)
            transaction.set_rollback(True)
    except api.InsufficientPoints:
        return False
    return True


def available(book: Book, *, now_days: float = 0) -> int:
    """The available points less those that no burn takes."""
    account = api.get_account(book.account_id)
    overdue = api.list_points_overdue([book.account_id], now=book.at(days=now_days).now)
    return account.points_available - overdue.get(book.account_id, 0)


def test_points_expiring__sum_list_and_groups__mean_the_same(book: Book) -> None:
    lots_around(book)
    until = NOW + timedelta(days=30)
    for days, points in ((-30, 127), (-10, 127), (0, 120), (4, 120), (5, 100), (19, 100), (20, 0)):
        now = NOW + timedelta(days=days)
        total = api.list_points_expiring([book.account_id], now=now, until=until).get(book.account_id, 0)
        lots = api.list_expiring(book.account_id, now=now, until=until)
        groups = api.list_expiring_groups(book.account_id, period="day", now=now, until=until)
        assert total == points == sum(lot.points_remaining for lot in lots) == sum(one.points for one in groups)
        assert sum(one.lots for one in groups) == len(lots)
    in_grace = api.list_expiring_groups(book.account_id, period="day", now=NOW, until=until)
    assert [(one.period_start, one.points) for one in in_grace] == [(date(2026, 11, 15), 20), (date(2026, 11, 30), 100)]


def test_points_overdue__between_the_grace_and_the_sweep__are_what_no_burn_takes(book: Book) -> None:
    lots_around(book)
    other = open_book(program_ref=book.program_ref)
    other.earn(9)
    both = [book.account_id, other.account_id, uuid.uuid4()]
    assert api.list_points_overdue(both, now=NOW - timedelta(days=2)) == {}
    assert api.list_points_overdue(both, now=NOW) == {book.account_id: 7}
    assert api.list_points_overdue(both, now=NOW + timedelta(days=6)) == {book.account_id: 27}
    assert api.list_points_overdue([], now=NOW) == {}
    assert (available(book), api.get_account(book.account_id).points_available) == (121, 128)
    assert can_burn(book, 121)
    assert not can_burn(book, 122)
    api.expire_due_lots(now=NOW)
    assert api.list_points_overdue(both, now=NOW) == {}
    assert available(book) == 121
    assert can_burn(book, 121)
    assert broken() == {}


def test_points_overdue__held_or_owed__are_not_told_twice(book: Book) -> None:
    past = book.at(days=-10)
    past.earn(50, days=9)
    past.hold(30, hours=9000)
    assert api.list_points_overdue([book.account_id], now=NOW) == {book.account_id: 20}
    assert available(book) == 0
    earned = book.earn(40)
    book.burn(35)
    # 5 of the 40 are left and 20 are overdue: an unlimited claw-back leaves 35 owed, more than is overdue.
    book.reverse(earned, policy=api.ReversalPolicy.UNLIMITED)
    account = api.get_account(book.account_id)
    assert (account.points_debt, account.points_available) == (35, -15)
    assert api.list_points_overdue([book.account_id], now=NOW) == {}
    assert broken() == {}


def test_points_overdue__owed_in_part__leave_what_a_burn_takes(book: Book) -> None:
    book.at(days=-10).earn(50, days=9)
    earned = book.earn(40)
    book.burn(10)
    book.reverse(earned, policy=api.ReversalPolicy.UNLIMITED)
    account = api.get_account(book.account_id)
    assert (account.points_debt, account.points_available) == (10, 40)
    assert available(book) == 0
    assert not can_burn(book, 1)
    assert broken() == {}


@pytest.mark.parametrize("kind", ["earn", "burn", "transfer"])
def test_expire_inactive__told_late__goes_by_the_day_on_which_it_happened(book: Book, kind: str) -> None:
    other = open_book(program_ref=book.program_ref)
    for each in (book, other):
        each.at(days=-90).earn(100)
    told, since = book.at(days=-2), NOW - timedelta(days=30)
    for each, days in ((book, -60), (other, -29)):
        at = NOW + timedelta(days=days)
        late = Book(each.account_id, each.owner_ref, each.program_ref, told.now)
        if kind == "earn":
            late.earn(10, occurred_at=at)
        elif kind == "burn":
            late.burn(10, occurred_at=at)
        else:
            late.transfer(open_book(program_ref=each.program_ref), 10, occurred_at=at)
    chunk = api.expire_inactive(program_ref=book.program_ref, inactive_since=since, now=NOW, limit=2)
    assert (chunk.accounts_touched, book.balance) == (1, 0)
    assert other.balance == {"earn": 110, "burn": 90, "transfer": 90}[kind]
    assert broken() == {}


def test_expire_inactive__told_just_ahead_of_its_time__counts_when_it_happens(book: Book) -> None:
    book.at(days=-90).earn(100)
    since = NOW - timedelta(days=30)
    (book.at(days=-30, minutes=-4)).burn(10, occurred_at=since + timedelta(minutes=1))
    chunk = api.expire_inactive(program_ref=book.program_ref, inactive_since=since, now=NOW)
    assert (chunk.accounts_touched, book.balance) == (0, 90)
    later = since + timedelta(minutes=2)
    chunk = api.expire_inactive(program_ref=book.program_ref, inactive_since=later, now=NOW)
    assert (chunk.accounts_touched, book.balance) == (1, 0)
