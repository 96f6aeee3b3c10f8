"""The set forms of burn and adjust, the orders of consumption, and batches against singles by chance."""

import dataclasses
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.ledger import api
from tests.ledger.book import NOW, SCOPE, Book, broken, event_of, open_book, run
from tests.ledger.parallel import all_at_once

Lots = list[tuple[int, int]]


def three_lots(book: Book) -> None:
    """Lots of 10, 20 and 31 points that expire in this order."""
    for points, days in ((10, 1), (20, 2), (31, None)):
        book.earn(points, days=days)


def burn_posting(book: Book, points: int, key: str = "", **fields: Any) -> api.BurnPosting:
    """Say what to burn."""
    values = {"idempotency_scope": SCOPE, "idempotency_key": key or str(new_public_id()), "occurred_at": book.now}
    return api.BurnPosting(**{**values, "account_id": book.account_id, "points_amount": points, **fields})


@pytest.mark.parametrize(
    ("consumption", "points", "left"),
    [
        (api.Consumption.FIFO, 25, [(20, 5), (31, 31)]),
        (api.Consumption.LIFO, 40, [(10, 10), (20, 11)]),
        # Shares of 25 among 61 points: 4.09, 8.19, 12.70; the point that is left goes to the largest remainder.
        (api.Consumption.PROPORTIONAL, 25, [(10, 6), (20, 12), (31, 18)]),
        (api.Consumption.PROPORTIONAL, 61, []),
    ],
)
def test_burn__in_each_order__takes_from_the_lots_it_says(
    book: Book, consumption: api.Consumption, points: int, left: Lots
) -> None:
    twin = open_book(program_ref=book.program_ref)
    three_lots(book)
    three_lots(twin)
    burned = book.burn(points, consumption=consumption)
    (line,) = api.burn_batch([burn_posting(twin, points, consumption=consumption)], now=NOW)
    assert book.lots == twin.lots == left
    assert line.receipt is not None
    for each, receipt in ((book, burned), (twin, line.receipt)):
        each.reverse(receipt)
        assert each.lots == [(10, 10), (20, 20), (31, 31)]
    assert broken() == {}


@pytest.mark.parametrize("consumption", list(api.Consumption))
def test_burn__held_and_due_lots__are_left_alone(book: Book, consumption: api.Consumption) -> None:
    book.earn(10, days=1)
    book.earn(20, days=5)
    book.earn(30)
    book.hold(15)
    later = book.at(days=1)
    with pytest.raises(api.InsufficientPoints), transaction.atomic():
        later.burn(46, consumption=consumption)
    later.burn(35, consumption=consumption)
    (line,) = api.burn_batch([burn_posting(later, 10, consumption=consumption)], now=later.now)
    assert line.receipt is not None
    assert (line.receipt.points_balance, line.receipt.points_held) == (15, 15)
    assert broken(later.now) == {}


def test_burn_batch__refusals_and_replays__are_told_by_line(book: Book, actor: Actor) -> None:
    frozen, other = open_book(program_ref=book.program_ref), open_book(program_ref=book.program_ref)
    for each in (book, frozen, other):
        three_lots(each)
    api.freeze_account(account_id=frozen.account_id, reason="", actor=actor, now=NOW)
    used = book.burn(1, "used")
    postings = [
        burn_posting(book, 50, "a", trace={"t": 1}, context={"c": 1}),
        burn_posting(book, 50, "b"),
        burn_posting(frozen, 1),
        burn_posting(other, 61),
        burn_posting(book, 1, account_id=new_public_id()),
        burn_posting(book, 1, "used"),
        burn_posting(book, 2, "used"),
        burn_posting(book, 50, "a", context={"c": 1}),
        burn_posting(book, 10, "b", request_hash=b"z" * 32),
    ]
    lines = api.burn_batch(postings, now=NOW)
    assert [line.refusal_code for line in lines] == [
        None, "points.insufficient", "account.not_active", None, "account.not_found", None, "idempotency.key_reused",
        None, None,
    ]  # fmt: skip
    answers = [line.receipt for line in lines]
    assert answers[0] is not None
    assert answers[7] is not None
    assert answers[5] == dataclasses.replace(used, is_replay=True)
    assert (answers[0].points_balance, answers[0].trace, answers[0].context) == (10, {"t": 1}, {"c": 1})
    assert dataclasses.replace(answers[7], is_replay=False) == answers[0]
    assert (book.balance, other.balance, frozen.balance) == (0, 0, 61)
    assert event_of(answers[0].transaction_id)[0] == "points.burned"
    again = api.burn_batch(postings[:1], now=NOW + timedelta(days=1))
    assert again[0].receipt == answers[7]
    assert broken() == {}


def test_adjust_batch__thousands_of_opening_lots__are_one_statement(db: None) -> None:
    program = new_public_id()
    books = [open_book(program_ref=program) for _ in range(20)]
    postings = [
        book.adjust_posting(1 + number, days=number + 1, occurred_at=NOW - timedelta(days=number))
        for number in range(100)
        for book in books
    ]
    lines = api.adjust_batch(postings, now=NOW)
    assert all(line.receipt for line in lines)
    assert [book.balance for book in books] == [5050] * 20
    assert broken() == {}
    with pytest.raises(api.BatchInvalid):
        api.adjust_batch([books[0].adjust_posting(1)] * 5001, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_burn_batches__crossed_at_once__spend_exactly_what_is_there() -> None:
    program = open_book().program_ref
    books = [open_book(program_ref=program) for _ in range(5)]
    for book in books:
        book.earn(60, days=4)
        book.earn(40)

    def batch(order: list[Book]) -> int:
        lines = api.burn_batch([burn_posting(book, 9) for book in order * 2], now=NOW)
        return sum(line.receipt is not None for line in lines)

    singles = [partial(book.burn, 9) for book in books * 2]
    answers = all_at_once([*singles, *(partial(batch, books[n:] + books[:n]) for n in range(5))])
    paid = sum(one if isinstance(one, int) else isinstance(one, api.Receipt) for one in answers)
    assert paid == 5 * 11
    assert {book.balance for book in books} == {1}
    assert broken() == {}
    assert run("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [(0,)]


def told(answer: api.Receipt | str) -> tuple[object, ...]:
    """What of an answer does not depend on ids."""
    if isinstance(answer, str):
        return (answer,)
    hits = [(hit.cap_ref, hit.asked, hit.granted) for hit in answer.caps]
    return (
        answer.points_amount, answer.points_balance, answer.points_pending, answer.points_held, answer.points_debt,
        answer.points_lost_to_caps, answer.is_pending, answer.is_replay, answer.expires_at, hits,
        answer.trace, answer.context,
    )  # fmt: skip


POINTS = st.integers(1, 60)
ONE_CAP = st.builds(
    lambda ref, most, each, shared: {"cap_ref": ref, "units_max": most, "units_per_point": each, "is_shared": shared},
    st.sampled_from(["day", "month"]), st.integers(0, 120), st.sampled_from([1, 1, 3]), st.booleans(),
)  # fmt: skip
EARNS = st.fixed_dictionaries(
    {
        "which": st.integers(0, 2),
        "points": POINTS,
        "key": st.integers(0, 12),
        "caps": st.one_of(
            st.just([]),
            st.just([{"cap_ref": "day", "units_max": 90}]),
            st.lists(ONE_CAP, max_size=2, unique_by=lambda one: one["cap_ref"]),
        ),
        "is_pending": st.sampled_from([False, False, False, True]),
        "split": st.none() | st.integers(0, 60),
        "days": st.none() | st.integers(1, 5),
        "refuses": st.sampled_from([False] * 9 + [True]),
    }
)
CHANGES = st.fixed_dictionaries(
    {"which": st.integers(0, 2), "change": st.integers(-60, 40).filter(bool), "key": st.integers(0, 12),
     "consumption": st.sampled_from(list(api.Consumption)), "days": st.none() | st.integers(-1, 5)}
)  # fmt: skip


def earn_of(books: list[Book], world: str, draw: dict[str, Any]) -> api.EarnPosting:
    """Make the posting of a draw in one of two equal worlds."""
    book: Book = books[draw["which"]]
    points = draw["points"]
    first = None if draw["split"] is None else min(draw["split"], points)
    refuses = api.OnReach.REFUSE if draw["refuses"] else api.OnReach.TRUNCATE
    caps = tuple(
        api.CapLine(
            **{**one, "cap_ref": f"{one['cap_ref']}:{world if one.get('is_shared') else ''}"}, window_start=NOW.date(),
            on_reach=refuses, part="a" if first is not None and one["cap_ref"] == "month" else None,
        )
        for one in draw["caps"]
    )  # fmt: skip
    split = () if first is None else (("a", first), ("b", points - first))
    posting: api.EarnPosting = book.earn_posting(
        points, f"{world}{draw['key']}", days=draw["days"], caps=caps, is_pending=draw["is_pending"],
        parts=tuple(api.EarnPart(code=code, points_amount=each) for code, each in split),
        request_hash=bytes(31) + bytes([draw["key"]]), context={"points": points}, trace={"key": draw["key"]},
    )  # fmt: skip
    return posting


def one_by_one(postings: list[Any], verb: Any) -> list[tuple[object, ...]]:
    """Post singly, each in a subtransaction; what each answered or refused."""
    answers = []
    for posting in postings:
        try:
            with transaction.atomic():
                answers.append(told(verb(posting, now=NOW)))
        except Refusal as refusal:
            answers.append(told(refusal.code))
    return answers


def all_in_one(lines: list[api.BatchLine]) -> list[tuple[object, ...]]:
    """What each line of a batch answered or refused."""
    return [told(line.receipt or str(line.refusal_code)) for line in lines]


def state_of(books: list[Book]) -> list[object]:
    """Figures, lots and caps of accounts, without ids."""
    views = [api.get_account(book.account_id) for book in books]
    caps = [[dataclasses.astuple(u)[1:] for u in api.list_cap_usage(book.account_id)] for book in books]
    return [
        [(v.points_posted, v.points_pending, v.lifetime_points_earned) for v in views],
        caps,
        [b.lots for b in books],
    ]


def two_worlds() -> tuple[list[Book], list[Book]]:
    """Three accounts each in two equal worlds, with something to spend."""
    worlds = []
    for _ in range(2):
        program = new_public_id()
        books = [open_book(program_ref=program) for _ in range(3)]
        for book in books[:2]:
            three_lots(book)
        worlds.append(books)
    return worlds[0], worlds[1]


BY_CHANCE = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.mark.slow
def test_earn_batch__any_lines__mean_single_earns_in_order(db: None) -> None:
    @BY_CHANCE
    @given(draws=st.lists(EARNS, min_size=1, max_size=10))
    def equal(draws: list[dict[str, Any]]) -> None:
        singles, batch = two_worlds()
        expected = one_by_one([earn_of(singles, book_key(singles), draw) for draw in draws], api.earn)
        found = all_in_one(api.earn_batch([earn_of(batch, book_key(batch), draw) for draw in draws], now=NOW))
        worlds = {book_key(books): "w" for books in (singles, batch)}
        assert _unnamed(found, worlds) == _unnamed(expected, worlds)
        assert state_of(singles) == state_of(batch)

    equal()
    assert broken() == {}


@pytest.mark.slow
def test_change_batch__any_lines__mean_single_calls_in_order(db: None) -> None:
    @BY_CHANCE
    @given(draws=st.lists(CHANGES, min_size=1, max_size=10), is_burn=st.booleans())
    def equal(draws: list[dict[str, Any]], is_burn: bool) -> None:
        singles, batch = two_worlds()
        ours, theirs = ([change_of(books, draw, is_burn) for draw in draws] for books in (batch, singles))
        if is_burn:
            expected, found = one_by_one(theirs, api.burn), all_in_one(api.burn_batch(ours, now=NOW))
        else:
            expected, found = one_by_one(theirs, api.adjust), all_in_one(api.adjust_batch(ours, now=NOW))
        assert found == expected
        assert state_of(singles) == state_of(batch)

    equal()
    assert broken() == {}


def change_of(books: list[Book], draw: dict[str, Any], is_burn: bool) -> Any:
    """Make the burn or the adjustment of a draw in one of two equal worlds."""
    book, key = books[draw["which"]], f"{book_key(books)}{draw['key']}"
    if not is_burn:
        return book.adjust_posting(draw["change"], key, days=draw["days"], context={"p": draw["change"]})
    points = abs(draw["change"])
    return burn_posting(book, points, key, consumption=draw["consumption"], context={"p": points})


def book_key(books: list[Book]) -> str:
    """A prefix of keys that belongs to one world."""
    return str(books[0].program_ref)


def _unnamed(answers: list[tuple[object, ...]], worlds: dict[str, str]) -> list[str]:
    texts = []
    for answer in answers:
        text = repr(answer)
        for name, instead in worlds.items():
            text = text.replace(name, instead)
        texts.append(text)
    return texts
