"""Reconciliation whole and since an instant; the closing of days; liability by month; the past of an account."""

from datetime import UTC, date, datetime, timedelta

import pytest

from loyalty.ledger import api
from tests.ledger.book import NOW, Book, broken, open_book, run


@pytest.fixture
def books(book: Book) -> list[Book]:
    """Five accounts of one program with a bit of everything."""
    books = [book, *(open_book(program_ref=book.program_ref) for _ in range(4))]
    for number, each in enumerate(books):
        each.earn(100 + number, days=20)
        each.burn(30)
    books[0].transfer(books[1], 20, fee=2)
    books[2].hold(5)
    earned = books[3].earn(50)
    books[3].burn(120)
    books[3].reverse(earned, policy=api.ReversalPolicy.UNLIMITED)
    books[4].merge_into(books[2])
    return books


def chunks(limit: int, since: datetime | None = None) -> list[api.ReconciliationChunk]:
    """Walk through all accounts."""
    found = [api.list_discrepancies(limit=limit, touched_since=since)]
    while (after := found[-1].next_after) is not None:
        found.append(api.list_discrepancies(after_account=after, limit=limit, touched_since=since))
    return found


@pytest.mark.parametrize("since", [None, NOW - timedelta(days=1)])
def test_discrepancies__sound_book__are_none_and_everything_was_looked_at(
    books: list[Book], since: datetime | None
) -> None:
    found = chunks(2, since)
    assert [one for chunk in found for one in chunk.discrepancies] == []
    assert sum(chunk.accounts_checked for chunk in found) == 5
    assert sum(chunk.entries_checked for chunk in found) == run(
        "SELECT count(*) FROM ledger_entry"
    )[0][0]  # fmt: skip


def test_suspects__of_a_range__are_found_along_two_indexes_without_the_rows(books: list[Book]) -> None:
    # The few rows of a test lie as well by any index; this one is not asked for the account alone.
    run("DROP INDEX ledger_entry_as_of")
    for kind in ("seqscan", "bitmapscan"):
        run(f"SET LOCAL enable_{kind} = off")
    body = run("SELECT prosrc FROM pg_proc WHERE proname = 'ledger_suspects'")[0][0]
    plan = "\n".join(row[0] for row in run("EXPLAIN " + body.replace("p_first", "1").replace("p_last", "1000000")))
    assert "Index Only Scan using ledger_entry_sequence" in plan
    assert "Index Only Scan using ledger_lot_open_pkey" in plan


# What is broken behind the book's back, and the codes told of it by the whole history and by what came since.
FAULTS = [
    ("UPDATE ledger_balance SET points_posted = points_posted + 1 WHERE account_id = {id}",
     {"entries", "lots"}, {"entries", "lots"}),
    ("UPDATE ledger_balance SET last_sequence = 99 WHERE account_id = {id}", {"sequence"}, {"sequence"}),
    ("UPDATE ledger_balance SET lifetime_points_redeemed = 1 WHERE account_id = {id}", {"lifetime_redeemed"}, set()),
    ("UPDATE ledger_balance SET points_held = 1 WHERE account_id = {id}", {"held", "held_lots"}, {"held", "held_lots"}),
    ("UPDATE ledger_balance SET points_pending = 1 WHERE account_id = {id}", {"pending"}, {"pending"}),
    ("UPDATE ledger_balance SET points_debt = 1 WHERE account_id = {id}", {"lots", "debt"}, {"lots", "debt"}),
    ("UPDATE ledger_lot_open SET points_remaining = points_remaining - 1 WHERE account_id = {id}", {"lots"}, {"lots"}),
    ("UPDATE ledger_entry SET points_change = points_change - 1 WHERE account_id = {id} AND account_sequence = 2",
     {"entries", "lifetime_redeemed"}, {"balance_after"}),
    ("DELETE FROM ledger_entry WHERE account_id = {id} AND account_sequence = 1",
     {"entries", "sequence", "lifetime_earned"}, {"balance_after", "sequence"}),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "whole", "recent"), FAULTS)
def test_discrepancies__planted__are_told_of_that_account(
    books: list[Book], fault: str, whole: set[str], recent: set[str]
) -> None:
    ((internal,),) = run("SELECT id FROM ledger_account WHERE public_id = %s", books[1].account_id)
    run("SET LOCAL session_replication_role = replica")
    run(fault.format(id=internal))
    for since, codes in ((None, whole), (NOW - timedelta(hours=1), recent)):
        found = [one for chunk in chunks(2, since) for one in chunk.discrepancies]
        assert {one.code for one in found} == codes
        assert {one.account_id for one in found} <= {books[1].account_id}


# The same of an account with a hold and of one whose earn was reversed into debt, by their places among the books.
OTHER_FAULTS = [
    (2, "UPDATE ledger_hold SET points_amount = points_amount + 1 WHERE account_id = {id}", {"held"}, {"held"}),
    (2, "UPDATE ledger_lot_open SET points_held = 0 WHERE account_id = {id}", {"held_lots"}, {"held_lots"}),
    (3, "UPDATE ledger_balance SET lifetime_points_earned = lifetime_points_earned + 1 WHERE account_id = {id}",
     {"lifetime_earned"}, set()),
    (3, "UPDATE ledger_entry SET points_change = points_change + 1 WHERE account_id = {id} AND kind = 'reverse'",
     {"entries", "lifetime_earned"}, {"balance_after"}),
    (3, "UPDATE ledger_entry SET account_sequence = 9 WHERE account_id = {id} AND account_sequence = 2",
     {"sequence"}, {"entries", "sequence", "balance_after"}),
    (3, "DELETE FROM ledger_debt_change WHERE account_id = {id}", {"debt"}, {"debt"}),
]  # fmt: skip


@pytest.mark.parametrize(("which", "fault", "whole", "recent"), OTHER_FAULTS)
def test_discrepancies__planted_beside_holds_and_reversals__are_told_of_that_account(
    books: list[Book], which: int, fault: str, whole: set[str], recent: set[str]
) -> None:
    ((internal,),) = run("SELECT id FROM ledger_account WHERE public_id = %s", books[which].account_id)
    run("SET LOCAL session_replication_role = replica")
    run(fault.format(id=internal))
    for since, codes in ((None, whole), (NOW - timedelta(hours=1), recent)):
        found = [one for chunk in chunks(3, since) for one in chunk.discrepancies]
        assert {one.code for one in found} == codes
        assert {one.account_id for one in found} == ({books[which].account_id} if codes else set())


def test_discrepancies__recent__begin_with_the_entry_before_the_instant(books: list[Book]) -> None:
    later = books[1].at(days=1)
    later.earn(7)
    later.burn(3)
    assert chunks(10, later.now)[0].discrepancies == ()
    ((internal,),) = run("SELECT id FROM ledger_account WHERE public_id = %s", books[1].account_id)
    run("SET LOCAL session_replication_role = replica")
    # The last entry before the instant: the first since then no longer continues it, whatever came before.
    run("UPDATE ledger_entry SET balance_after = balance_after - 5 WHERE account_id = %s AND account_sequence = "
        "(SELECT max(account_sequence) - 2 FROM ledger_entry WHERE account_id = %s)", internal, internal)  # fmt: skip
    (found,) = chunks(10, later.now)[0].discrepancies
    assert (found.code, found.expected - found.found) == ("balance_after", 5)


def test_discrepancies__since_an_instant__look_only_at_accounts_posted_to_since(books: list[Book]) -> None:
    later = books[0].at(days=1)
    later.earn(1)
    (chunk,) = chunks(10, later.now)
    # The account with points on hold is looked at too.
    assert (chunk.accounts_checked, chunk.entries_checked) == (2, 1)


def test_days__closed__give_the_same_totals_and_reproduce(book: Book) -> None:
    for day in range(4):
        book.at(days=day).earn(100, days=2)
        book.at(days=day, hours=1).burn(10)
        api.expire_due_lots(now=book.at(days=day, hours=2).now)
    before = api.get_totals()
    at = book.at(days=4).now
    closed = api.close_days(until=date(2026, 11, 22), now=at)
    assert (closed.days_closed, closed.closed_until) == (3, date(2026, 11, 22))
    assert api.get_totals() == before
    assert broken(at) == {}
    again = api.close_days(until=date(2030, 1, 1), now=at)
    assert (again.days_closed, again.closed_until) == (1, date(2026, 11, 23))
    assert api.close_days(until=date(2030, 1, 1), now=at).days_closed == 0
    assert api.get_totals() == before
    assert broken(at) == {}


def test_days__not_over_for_an_hour__stay_open(book: Book) -> None:
    book.earn(5)
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    assert api.close_days(until=date(2026, 11, 20), now=midnight + timedelta(minutes=59)).closed_until is None
    assert api.close_days(until=date(2026, 11, 20), now=midnight + timedelta(hours=1)).days_closed == 1


def test_entry__recorded_in_a_closed_day__is_found(book: Book) -> None:
    book.earn(5)
    api.close_days(until=date(2026, 11, 20), now=book.at(days=1).now)
    open_book(program_ref=book.program_ref).earn(7)
    assert set(broken(book.at(days=1).now)) == {"L26"}


@pytest.mark.parametrize("is_closed", [False, True])
def test_liability__by_month__rolls_forward(book: Book, is_closed: bool) -> None:
    other = open_book(program_ref=book.program_ref)
    stranger = open_book()
    stranger.earn(999)
    book.earn(100, days=40)
    book.burn(30)
    december = book.at(days=30)
    earned = december.earn(50)
    december.transfer(other, 20, fee=5)
    december.reverse(earned, 10)
    january = book.at(days=60)
    api.expire_due_lots(now=january.now)
    if is_closed:
        api.close_days(until=january.now.date(), now=book.at(days=50).now)
    months = api.list_liability(
        program_ref=book.program_ref, first_month=date(2026, 10, 1), last_month=date(2027, 1, 1)
    )
    assert [one.month for one in months] == [date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)]
    figures = [
        (
            one.points_opening,
            one.points_issued,
            one.points_redeemed,
            one.points_expired,
            one.points_adjusted,
            one.points_closing,
        )
        for one in months
    ]
    held = book.balance + other.balance
    assert figures == [
        (0, 0, 0, 0, 0, 0),
        (0, 100, 30, 0, 0, 70),
        (70, 40, 0, 0, -5, 105),
        (105, 0, 0, 105 - held, 0, held),
    ]
    assert all(one.is_reconciled for one in months)


def test_past__recorded_late__differs_by_what_the_book_knew(book: Book) -> None:
    book.earn(100, days=50)
    book.at(days=1).burn(30)
    late = book.at(days=5)
    late.earn(40, days=50, occurred_at=NOW + timedelta(hours=2))
    at = NOW + timedelta(days=2)
    assert api.get_balance_as_of(book.account_id, as_of=at) == 70
    assert api.get_balance_as_of(book.account_id, as_of=at, basis=api.AsOfBasis.OCCURRED) == 110
    assert api.get_balance_as_of(book.account_id, as_of=NOW - timedelta(days=1)) == 0
    lots = api.list_lots_as_of(book.account_id, as_of=at)
    assert [(lot.points_original, lot.points_remaining) for lot in lots] == [(100, 70)]
    lots = api.list_lots_as_of(book.account_id, as_of=at, basis=api.AsOfBasis.OCCURRED)
    assert [(lot.points_original, lot.points_remaining) for lot in lots] == [(100, 70), (40, 40)]


def test_lots_as_of__every_step_of_a_history__are_those_of_then(book: Book) -> None:
    other = open_book(program_ref=book.program_ref)
    first = book.earn(100, days=30)
    seen = []

    def note(at: Book) -> None:
        seen.append((at.now, api.list_lots(book.account_id), book.balance))

    note(book)
    burned = book.at(days=1).burn(120 - 50)
    note(book.at(days=1))
    book.at(days=2).earn(30, days=5)
    hold = book.at(days=2).hold(40, hours=200)
    note(book.at(days=2))
    book.at(days=3).reverse(burned, 25)
    note(book.at(days=3))
    book.at(days=4).transfer(other, 12)
    note(book.at(days=4))
    book.at(days=5).capture(hold, 33)
    note(book.at(days=5))
    book.at(days=6).reverse(first, 9)
    note(book.at(days=6))
    api.expire_due_lots(now=book.at(days=9).now)
    note(book.at(days=9))
    for at, lots, balance in seen:
        assert api.list_lots_as_of(book.account_id, as_of=at) == lots
        assert api.get_balance_as_of(book.account_id, as_of=at) == balance


def test_expiring__by_day_and_month__are_summed_up(book: Book) -> None:
    for days in (1, 1, 5, 15, 400):
        book.earn(10, days=days)
    until = NOW + timedelta(days=60)
    groups = api.list_expiring_groups(book.account_id, period="month", now=NOW, until=until)
    assert [(group.period_start, group.points, group.lots) for group in groups] == [
        (date(2026, 11, 1), 30, 3),
        (date(2026, 12, 1), 10, 1),
    ]
    daily = api.list_expiring_groups(book.account_id, period="day", now=NOW, until=until)
    assert [(group.period_start.day, group.points) for group in daily] == [(21, 20), (25, 10), (5, 10)]


def test_holds_and_pending__of_an_account__are_listed(book: Book) -> None:
    book.earn(50)
    first, second = book.hold(5, "h"), book.hold(6)
    captured = book.capture(first, 3)
    holds = api.list_holds(book.account_id)
    assert [(hold.hold_id, hold.state, hold.points_captured, hold.captured_by) for hold in holds] == [
        (second.hold_id, "ACTIVE", 0, None),
        (first.hold_id, "CAPTURED", 3, captured.transaction_id),
    ]
    assert api.list_holds(book.account_id, state=api.HoldState.ACTIVE) == holds[:1]
    assert api.get_hold(first.hold_id) == holds[1]
    found = api.find_hold_receipt(idempotency_scope="tests", idempotency_key="h")
    assert found is not None
    assert (found.hold_id, found.is_replay) == (first.hold_id, True)
    assert api.find_hold_receipt(idempotency_scope="tests", idempotency_key="x") is None
    with pytest.raises(api.IdempotencyKeyReused):
        api.find_hold_receipt(idempotency_scope="tests", idempotency_key="h", request_hash=b"x" * 32)
    with pytest.raises(api.HoldNotFound):
        api.get_hold(book.account_id)
    pending = book.earn(70, is_pending=True, activates_at=NOW + timedelta(days=9))
    (one,) = api.list_pending(book.account_id)
    assert (one.transaction_id, one.points_amount, one.state) == (pending.transaction_id, 70, "PENDING")
    book.reverse(pending)
    assert api.list_pending(book.account_id) == []
    assert [each.state for each in api.list_pending(book.account_id, is_any_state=True)] == ["CANCELLED"]
    assert broken() == {}


def test_expire_inactive__accounts_without_activity__lose_everything_free_in_chunks(book: Book) -> None:
    books = [book, *(open_book(program_ref=book.program_ref) for _ in range(5))]
    for each in books:
        each.earn(100)
    books[1].at(days=90).burn(10)
    books[2].hold(30, hours=9000)
    books[3].at(days=90).transfer(books[4], 5)
    open_book().earn(50)
    later = book.at(days=100)
    after, totals = None, [0, 0, 0]
    while True:
        chunk = api.expire_inactive(
            program_ref=book.program_ref, inactive_since=book.at(days=30).now, now=later.now, after=after, limit=2
        )
        totals = [
            total + figure
            for total, figure in zip(
                totals, (chunk.lots_expired, chunk.points_expired, chunk.accounts_touched), strict=True
            )
        ]
        after = chunk.next_after
        if after is None:
            break
    assert totals == [3, 270, 3]
    assert [each.balance for each in books] == [0, 90, 30, 95, 105, 0]
    assert broken(later.now) == {}
