"""Transfers, holds and reversals in sets by chance: each line means a single call, and a replay is its first answer."""

import dataclasses
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from loyalty.foundation.kernel.errors import Refusal
from loyalty.ledger import api
from tests.ledger.book import NOW, SCOPE, Book, broken
from tests.ledger.test_sets import BY_CHANCE, book_key, state_of, two_worlds

Answer = api.Receipt | api.HoldReceipt | str
# What differs between two equal worlds.
NAMES = {
    "transaction_id",
    "account_id",
    "owner_ref",
    "customer_ref",
    "program_ref",
    "hold_id",
    "reverses",
    "counterpart",
}
LATER = NOW + timedelta(hours=1)

TRANSFERS = st.fixed_dictionaries(
    {"which": st.integers(0, 2), "to": st.integers(0, 2), "points": st.integers(1, 60),
     "fee": st.sampled_from([0, 0, 4]), "key": st.integers(0, 12), "most": st.none() | st.integers(20, 90)}
)  # fmt: skip
HOLDS = st.fixed_dictionaries({"which": st.integers(0, 2), "points": st.integers(1, 30), "key": st.integers(0, 9)})
ENDS = st.fixed_dictionaries(
    {"hold": st.integers(0, 7), "points": st.none() | st.integers(1, 30), "key": st.integers(0, 9)}
)


def told(answer: Answer) -> dict[str, Any]:
    """What of an answer is the same in an equal world."""
    if isinstance(answer, str):
        return {"refused": answer}
    facts = {f.name: getattr(answer, f.name) for f in dataclasses.fields(answer) if f.name not in NAMES}
    counterpart = getattr(answer, "counterpart", None)
    return facts | {"counterpart": counterpart and counterpart.points_balance}


def one_by_one(postings: Sequence[Any], verb: Callable[..., Any]) -> list[Answer]:
    """Post singly; what was refused is undone."""
    answers: list[Answer] = []
    for posting in postings:
        try:
            with transaction.atomic():
                answers.append(verb(posting, now=NOW))
        except Refusal as refusal:
            answers.append(str(refusal.code))
    return answers


def of_lines(lines: Sequence[api.BatchLine | api.HoldLine]) -> list[Answer]:
    """What each line answered or refused."""
    return [line.receipt or str(line.refusal_code) for line in lines]


def posted_alike(singles: Sequence[Any], batch: Sequence[Any], verb: Callable[..., Any], set_form: Callable[..., Any]
                 ) -> tuple[list[Answer], list[Answer]]:  # fmt: skip
    """Post singly in one world and as a set in the other; each answer is the same, also when sent again."""
    expected, found = one_by_one(singles, verb), of_lines(set_form(batch, now=NOW))
    assert [told(one) for one in found] == [told(one) for one in expected]
    for postings, answers in ((singles, expected), (batch, found)):
        for posting, answer in zip(postings, answers, strict=True):
            if not isinstance(answer, str):
                assert verb(posting, now=LATER) == dataclasses.replace(answer, is_replay=True)
    return expected, found


def busy_worlds() -> tuple[list[Book], list[Book]]:
    """Two equal worlds: an account with points pending and held, one with lots, one in debt."""
    worlds = two_worlds()
    for first, _, last in worlds:
        first.earn(25, is_pending=True)
        first.hold(7, hours=90)
        earned = last.earn(12)
        last.burn(12)
        last.reverse(earned, policy=api.ReversalPolicy.UNLIMITED)
    return worlds


def figures(books: list[Book]) -> list[Any]:
    """Figures, lots and caps of accounts; a set leaves the caps of a refused line behind, with nothing counted."""
    views, caps, lots = state_of(books)
    assert isinstance(caps, list)
    return [views, [[one for one in of_account if one[2]] for of_account in caps], lots]


def values(books: list[Book], draw: dict[str, Any], verb: str) -> dict[str, Any]:
    """What every posting of a draw says; two draws of one key may differ."""
    return {
        "idempotency_scope": SCOPE,
        "idempotency_key": f"{book_key(books)}{verb}{draw['key']}",
        "request_hash": repr((verb, draw)).encode().ljust(32)[-32:],
        "occurred_at": NOW,
        "context": {"drawn": draw["points"]} if draw["key"] % 2 else None,
    }


def transfer_of(books: list[Book], draw: dict[str, Any]) -> api.TransferPosting:
    """Make the transfer of a draw in one of two equal worlds."""
    cap = api.CapLine(
        cap_ref="transfer:day", window_start=NOW.date(), units_max=draw["most"] or 0, on_reach=api.OnReach.REFUSE
    )
    return api.TransferPosting(
        account_id=books[draw["which"]].account_id, to_account_id=books[draw["to"]].account_id,
        points_amount=draw["points"], fee_points=draw["fee"], caps=(cap,) if draw["most"] else (), reason="gift",
        trace={"fee": draw["fee"]}, **values(books, draw, "t"),
    )  # fmt: skip


@pytest.mark.slow
def test_transfer_batch__any_lines__mean_single_transfers_in_order(db: None) -> None:
    @BY_CHANCE
    @given(draws=st.lists(TRANSFERS, min_size=1, max_size=8))
    def equal(draws: list[dict[str, Any]]) -> None:
        singles, batch = busy_worlds()
        posted_alike(
            [transfer_of(singles, draw) for draw in draws], [transfer_of(batch, draw) for draw in draws],
            api.transfer, api.transfer_batch,
        )  # fmt: skip
        assert figures(singles) == figures(batch)

    equal()
    assert broken() == {}


@pytest.mark.slow
def test_hold_batches__any_lines__mean_single_calls_in_order(db: None) -> None:
    def holds_of(books: list[Book], draws: list[dict[str, Any]]) -> list[api.HoldPosting]:
        return [
            api.HoldPosting(
                account_id=books[draw["which"]].account_id, points_amount=draw["points"], reason="basket",
                expires_at=NOW + timedelta(hours=5), **values(books, draw, "h"),
            )
            for draw in draws
        ]  # fmt: skip

    def ends_of(books: list[Book], held: list[Answer], draws: list[dict[str, Any]], is_capture: bool) -> list[Any]:
        ends: list[Any] = []
        for draw in draws:
            hold = held[draw["hold"] % len(held)]
            if isinstance(hold, api.HoldReceipt) and is_capture:
                ends.append(api.CapturePosting(
                    hold_id=hold.hold_id, points_amount=draw["points"], trace={"till": 3}, **values(books, draw, "c")
                ))  # fmt: skip
            elif isinstance(hold, api.HoldReceipt):
                ends.append(api.ReleasePosting(hold_id=hold.hold_id, reason="left", **values(books, draw, "r")))
        return ends

    def reversals_of(books: list[Book], burned: list[Answer], draws: list[dict[str, Any]]) -> list[Any]:
        receipts = [one for one in burned if isinstance(one, api.Receipt)]
        return [
            api.ReversePosting(
                reverses=receipts[draw["hold"] % len(receipts)].transaction_id, points_amount=draw["points"],
                **values(books, draw, "v"),
            )
            for draw in draws if receipts
        ]  # fmt: skip

    @BY_CHANCE
    @given(
        holds=st.lists(HOLDS, min_size=1, max_size=6), captures=st.lists(ENDS, max_size=5),
        releases=st.lists(ENDS, max_size=5), back=st.lists(ENDS, max_size=4),
    )  # fmt: skip
    def equal(
        holds: list[dict[str, Any]], captures: list[dict[str, Any]], releases: list[dict[str, Any]],
        back: list[dict[str, Any]],
    ) -> None:  # fmt: skip
        singles, batch = busy_worlds()
        held, held_too = posted_alike(holds_of(singles, holds), holds_of(batch, holds), api.hold, api.hold_batch)
        ends, ends_too = ends_of(singles, held, captures, True), ends_of(batch, held_too, captures, True)
        burned, burned_too = posted_alike(ends, ends_too, api.capture, api.capture_batch)
        ends, ends_too = ends_of(singles, held, releases, False), ends_of(batch, held_too, releases, False)
        posted_alike(ends, ends_too, api.release, api.release_batch)
        ends, ends_too = reversals_of(singles, burned, back), reversals_of(batch, burned_too, back)
        posted_alike(ends, ends_too, api.reverse, api.reverse_batch)
        assert figures(singles) == figures(batch)

    equal()
    assert broken() == {}
