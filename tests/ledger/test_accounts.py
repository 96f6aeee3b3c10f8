"""Opening, freezing and closing of accounts."""

import pytest
from django.db import transaction

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.ledger import api
from tests.ledger.book import NOW, Book, broken, open_book, run


def test_open_account__again__gives_the_same(book: Book) -> None:
    again = api.open_account(owner_ref=book.owner_ref, program_ref=book.program_ref, now=NOW)
    assert again == book.account_id
    assert run("SELECT count(*) FROM ledger_account WHERE program_ref = %s", book.program_ref) == [(5,)]


def test_open_accounts__some_exist__opens_the_rest(book: Book) -> None:
    others = [new_public_id() for _ in range(3)]
    opened = api.open_accounts(owner_refs=[*others, book.owner_ref, others[0]], program_ref=book.program_ref, now=NOW)
    assert set(opened) == {*others, book.owner_ref}
    assert opened[book.owner_ref] == book.account_id
    assert broken() == {}


def test_account__frozen__refuses_earn_and_burn_but_not_reversal(book: Book, actor: Actor) -> None:
    earned = book.earn(100)
    api.freeze_account(account_id=book.account_id, reason="stolen phone", actor=actor, now=NOW)
    for verb in (book.earn, book.burn):
        with pytest.raises(api.AccountNotActive) as refusal, transaction.atomic():
            verb(1)
        assert refusal.value.facts == {"status": "FROZEN"}
    assert book.reverse(earned).points_balance == 0
    api.unfreeze_account(account_id=book.account_id, reason="", actor=actor, now=NOW)
    assert book.earn(5).points_balance == 5
    assert broken() == {}


def test_account__frozen__is_audited(book: Book, actor: Actor) -> None:
    api.freeze_account(account_id=book.account_id, reason="stolen phone", actor=actor, now=NOW)
    rows = run(
        "SELECT act, reason, after ->> 'status' FROM audit_auditentry WHERE subject_ref = %s", str(book.account_id)
    )
    assert rows == [("ledger.freeze", "stolen phone", "FROZEN")]


def test_account__with_points__cannot_be_closed(book: Book, actor: Actor) -> None:
    book.earn(3)
    with pytest.raises(api.AccountNotEmpty) as refusal:
        api.close_account(account_id=book.account_id, reason="", actor=actor, now=NOW)
    assert refusal.value.facts == {"points_posted": 3}


def test_account__closed__refuses_everything(book: Book, actor: Actor) -> None:
    earned = book.earn(3)
    burned = book.burn(3)
    api.close_account(account_id=book.account_id, reason="left", actor=actor, now=NOW)
    for refused in (
        lambda: book.earn(1),
        lambda: book.reverse(burned),
        lambda: book.reverse(earned),
        lambda: api.unfreeze_account(account_id=book.account_id, reason="", actor=actor, now=NOW),
    ):
        with pytest.raises(api.AccountNotActive), transaction.atomic():
            refused()
    assert broken() == {}


def test_account__unknown__is_refused(book: Book, actor: Actor) -> None:
    with pytest.raises(api.AccountNotFound), transaction.atomic():
        api.freeze_account(account_id=new_public_id(), reason="", actor=actor, now=NOW)
    with pytest.raises(api.AccountNotFound):
        api.get_account(new_public_id())
    assert api.find_account(owner_ref=new_public_id(), program_ref=book.program_ref) is None


def test_account_summary__view__gives_the_figures_of_each_member(book: Book) -> None:
    other = open_book(program_ref=book.program_ref)
    book.earn(70)
    book.burn(20)
    rows = run(
        "SELECT public_id, owner_ref, status, points_posted, points_held, points_available, points_pending, "
        f"lifetime_points_earned, lifetime_points_redeemed FROM {api.ACCOUNT_SUMMARY_VIEW} WHERE program_ref = %s "
        "ORDER BY account_id",
        book.program_ref,
    )
    assert rows == [
        (book.account_id, book.owner_ref, "ACTIVE", 50, 0, 50, 0, 70, 20),
        (other.account_id, other.owner_ref, "ACTIVE", 0, 0, 0, 0, 0, 0),
    ]
    assert [view.points_posted for view in api.list_accounts(owner_refs=[book.owner_ref, other.owner_ref])] == [50, 0]
    assert [view.account_id for view in api.list_accounts(account_ids=[other.account_id])] == [other.account_id]
