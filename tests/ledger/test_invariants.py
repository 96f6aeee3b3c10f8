"""Every invariant finds the violation it is there for, planted behind the back of triggers and constraints."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from loyalty.ledger import api
from loyalty.ledger.queries.proof import list_invariants
from tests.ledger.book import NOW, Book, broken, open_book, run

# Each plant breaks what its invariant says; some must break others too, because the book is tied together.
PLANTS = {
    "L1": "UPDATE ledger_entry SET counter_id = {other} WHERE transaction_id = {earn}",
    "L2": "UPDATE ledger_entry SET points_change = points_change + 1 WHERE transaction_id = {earn}",
    "L3": "DELETE FROM ledger_entry WHERE transaction_id = {earn}",
    "L4": "UPDATE ledger_balance SET points_posted = points_posted + 1 WHERE account_id = {account}",
    "L5": "UPDATE ledger_lot_open SET points_remaining = points_remaining - 1 WHERE account_id = {account}",
    "L6": "ALTER TABLE ledger_balance DROP CONSTRAINT ledger_balance_bounds; "
          "UPDATE ledger_balance SET points_posted = -1 WHERE account_id = {account}",
    "L7": "UPDATE ledger_allocation SET points_consumed = points_consumed + 1 WHERE transaction_id = {burn}",
    "L8": "UPDATE ledger_allocation SET transaction_id = {earn}, line = 9 WHERE transaction_id = {burn} AND line = 1",
    "L9": "UPDATE ledger_transaction SET recorded_at = recorded_at + interval '40 days' WHERE id = {burn}",
    "L10": "UPDATE ledger_transaction SET recorded_at = recorded_at - interval '90 days'; "
           "UPDATE ledger_lot_open SET spendable_until = spendable_until - interval '80 days' "
           "WHERE account_id = {account}",
    "L11": "UPDATE ledger_entry SET points_change = points_change * 50 WHERE transaction_id = {reverse}",
    "L12": "UPDATE ledger_entry SET account_sequence = account_sequence + 9 WHERE transaction_id = {burn} AND line = 1",
    "L13": "UPDATE ledger_entry SET points_change = -500 WHERE transaction_id = {burn} AND line = 1",
    "L14": "UPDATE ledger_balance SET points_held = 1 WHERE account_id = {account}",
    "L15": "UPDATE ledger_entry SET balance_after = balance_after + 1 WHERE transaction_id = {burn} AND line = 1",
    "L16": "UPDATE ledger_entry SET points_change = points_change - 7 WHERE transaction_id = {burn}",
    "L17": "UPDATE ledger_entry SET recorded_at = recorded_at - interval '1 day' WHERE transaction_id = {burn}",
    "L18": "UPDATE ledger_balance SET lifetime_points_earned = lifetime_points_earned + 1 WHERE account_id = {account}",
    "L19": "UPDATE ledger_lot_open SET expires_at = expires_at + interval '1 day' WHERE account_id = {account}",
    "L20": "INSERT INTO ledger_debt_change VALUES ({earn}, {account}, 3)",
    "L21": "UPDATE ledger_hold_lot SET points_amount = points_amount + 1 WHERE hold_id = {hold}",
    "L22": "UPDATE ledger_hold SET points_captured = 1 WHERE id = {hold}",
    "L23": "UPDATE ledger_balance SET points_pending = 7 WHERE account_id = {account}",
    "L24": "UPDATE ledger_lot_apart SET expires_at = expires_at + interval '9 days' WHERE transaction_id = {transfer}",
    "L25": "UPDATE ledger_account SET wallet = 'status' WHERE id = {other}",
    "L26": "UPDATE ledger_day_close SET points_change = points_change + 1",
    "L27": "UPDATE ledger_balance SET status = 'ACTIVE' WHERE account_id = {merged}",
    "R1": "UPDATE ledger_entry SET account_id = 999999 WHERE transaction_id = {burn}",
    "R2": "UPDATE ledger_lot_apart SET transaction_id = 999999 WHERE transaction_id = {transfer}",
    "R3": "DELETE FROM ledger_balance WHERE account_id = {other}",
    "I1": "ALTER TABLE ledger_transaction DROP CONSTRAINT ledger_transaction_once; "
          "UPDATE ledger_transaction SET idempotency_scope = 'x', idempotency_key = 'x' WHERE id IN ({earn}, {burn})",
    "I2": "UPDATE ledger_transaction SET account_id = {other} WHERE id = {burn}",
    "I3": "UPDATE ledger_transaction SET program_ref = gen_random_uuid() WHERE id = {burn}",
    "I4": "UPDATE ledger_hold SET request_hash = 'x' WHERE id = {hold}",
    "R4": "UPDATE ledger_transaction SET kind = 'adjust' WHERE id = {burn}",
    "E3": "DELETE FROM events_outbox WHERE type = 'points.held'",
    "E1": "DELETE FROM events_outbox WHERE type = 'points.burned'",
    "E2": "UPDATE events_outbox SET data = jsonb_set(data, '{{points_amount}}', '4000') WHERE type = 'points.burned'",
    "C1": "UPDATE ledger_cap_usage SET units_used = units_used - 1",
    "C2": "INSERT INTO ledger_answer VALUES ({earn}, 40, 1, 0, 0, 0, 0, 0)",
    "C3": "UPDATE ledger_cap_hit SET units_counted = units_counted - 95 WHERE transaction_id = {taken_back}",
}  # fmt: skip
# The same laws, broken from the other side.
MORE_PLANTS = [
    ("L6", "UPDATE ledger_balance SET status = 'CLOSED' WHERE account_id = {account}"),
    ("R1", "UPDATE ledger_entry SET counter_id = 999999 WHERE transaction_id = {burn}"),
    ("R2", "UPDATE ledger_transaction SET reverses_id = NULL WHERE id = {reverse}"),
    ("I3", "UPDATE ledger_transaction SET request_hash = 'x' WHERE id = {burn}"),
    ("L3", "DELETE FROM ledger_transaction WHERE id = {earn}"),
    ("L4", "DELETE FROM ledger_entry WHERE account_id = {account}"),
    ("L12", "UPDATE ledger_balance SET last_sequence = 9 WHERE account_id = {other}"),
    ("L14", "INSERT INTO ledger_hold (public_id, account_id, points_amount, state, held_at, expires_at, occurred_at, "
            "idempotency_scope, idempotency_key, request_hash, points_balance, points_held) "
            "VALUES (gen_random_uuid(), {account}, 1, 'ACTIVE', now(), '2026-01-01', now(), 'x', 'x', 'x', 0, 1)"),
    ("R2", "UPDATE ledger_transaction SET reverses_id = 999999 WHERE id = {reverse}"),
    ("E1", "INSERT INTO events_outbox (event_id, type, subject_kind, subject_ref, occurred_at, data) "
           "VALUES (gen_random_uuid(), 'points.earned', 'transaction', gen_random_uuid()::text, now(), '{{}}')"),
    ("E1", "INSERT INTO events_outbox (event_id, type, key, subject_kind, subject_ref, occurred_at, data) "
           "SELECT event_id, type, key, subject_kind, subject_ref, occurred_at, data FROM events_outbox "
           "WHERE subject_kind = 'transaction' LIMIT 1"),
    ("C1", "DELETE FROM ledger_cap_usage"),
    ("C3", "UPDATE ledger_cap_hit SET units_counted = units_counted + 1 WHERE transaction_id = {all_taken_back}"),
    ("L11", "UPDATE ledger_entry SET points_change = points_change * 50 "
            "WHERE line = 2 AND transaction_id = {transfer_back}"),
    ("L13", "UPDATE ledger_debt_change SET points_change = points_change - 500 WHERE account_id = {debtor}"),
    ("L20", "UPDATE ledger_balance SET points_debt = points_debt - 1, points_posted = points_posted + 1 "
            "WHERE account_id = {debtor}"),
    ("L8", "UPDATE ledger_debt_change SET points_change = points_change + 1 WHERE account_id = {debtor}"),
    ("L21", "UPDATE ledger_lot_open SET points_held = points_held - 1 WHERE points_held > 0"),
    ("L21", "UPDATE ledger_hold SET account_id = {other} WHERE id = {hold}"),
    ("L22", "UPDATE ledger_hold SET ended_at = now() WHERE id = {hold}"),
    ("L22", "UPDATE ledger_transaction SET hold_id = {hold} WHERE id = {burn}"),
    ("L23", "INSERT INTO ledger_pending (transaction_id, account_id, points_original, points_amount, earned_at) "
            "VALUES ({earn}, {account}, 5, 5, now())"),
    ("L23", "UPDATE ledger_transaction SET confirms_id = {burn} WHERE id = {earn}"),
    ("L24", "UPDATE ledger_lot_apart SET source_lot_id = 999999 WHERE transaction_id = {transfer}"),
    ("L25", "UPDATE ledger_entry SET account_id = {account}, account_sequence = 77 "
            "WHERE line = 2 AND transaction_id = {transfer}"),
    ("L26", "UPDATE ledger_day_close SET points_closing = points_closing + 1"),
    ("L26", "UPDATE ledger_entry SET recorded_at = recorded_at - interval '1 day' "
            "WHERE transaction_id = {burn}"),
    ("L26", "DELETE FROM ledger_day_close WHERE account_id <> 0"),
    ("L27", "UPDATE ledger_account SET merged_into_id = {account} WHERE id = {other}"),
    ("L6", "UPDATE ledger_entry SET spendable_until = expires_at - interval '1 day' WHERE transaction_id = {earn}"),
    ("I2", "INSERT INTO ledger_answer VALUES ({burn}, 40, 1, 0, 0, 0, 0, 0)"),
    ("I4", "UPDATE ledger_hold SET ended_key = 'k' WHERE id = {hold}"),
    ("E2", "UPDATE events_outbox SET data = jsonb_set(data, '{{customer_id}}', '\"x\"') WHERE type = 'points.burned'"),
    ("E2", "UPDATE events_outbox SET data = jsonb_set(data, '{{account_sequence}}', '77') "
           "WHERE type = 'points.burned'"),
    ("E3", "INSERT INTO events_outbox (event_id, type, subject_kind, subject_ref, occurred_at, data) "
           "VALUES (gen_random_uuid(), 'points.held', 'hold', gen_random_uuid()::text, now(), '{{}}')"),
    ("R4", "UPDATE ledger_transaction t SET customer_ref = a.owner_ref FROM ledger_account a "
           "WHERE a.id = t.account_id AND t.id = {burn}"),
    ("R2", "UPDATE ledger_allocation SET lot_id = 999999 WHERE transaction_id = {burn} AND line = 1"),
    ("C1", "DELETE FROM ledger_cap_hit"),
    ("C1", "UPDATE ledger_entry SET cap_ref = NULL"),
    ("C2", "INSERT INTO ledger_cap_hit SELECT id, 'x', '2026-01-01', account_id, 7, 7, 7 "
           "FROM ledger_transaction WHERE id = {earn}"),
]  # fmt: skip


@pytest.fixture
def ids(book: Book) -> dict[str, int]:
    """A sound book with every kind of row; the internal ids to plant with."""
    other, merged, debtor = (open_book(program_ref=book.program_ref) for _ in range(3))
    receipts = {"earn": book.earn(100, caps=book.cap(100), days=20)}
    receipts["burn"] = book.at(minutes=1).burn(40)
    receipts["reverse"] = book.at(minutes=2).reverse(receipts["burn"], 10)
    more = book.at(minutes=3).earn(5, caps=book.cap(105))
    receipts["taken_back"] = book.at(minutes=3).reverse(receipts["earn"], 10)
    receipts["all_taken_back"] = book.at(minutes=3).reverse(more)
    receipts["transfer"] = book.at(minutes=4).transfer(other, 12, fee=2)
    receipts["transfer_back"] = book.at(minutes=4).reverse(receipts["transfer"], 3)
    spent = debtor.earn(30)
    debtor.burn(25)
    debtor.reverse(spent, policy=api.ReversalPolicy.UNLIMITED)
    merged.earn(3)
    merged.merge_into(book)
    hold = book.at(minutes=5).hold(20, hours=72)
    other.earn(7, days=1)
    api.expire_due_lots(now=other.at(days=1).now)
    api.close_days(until=NOW.date(), now=NOW + timedelta(days=1))
    assert broken(NOW + timedelta(days=1)) == {}
    accounts = {"account": book, "other": other, "merged": merged, "debtor": debtor}
    ids = {
        name: run("SELECT id FROM ledger_account WHERE public_id = %s", each.account_id)[0][0]
        for name, each in accounts.items()
    }
    for name, receipt in receipts.items():
        ids[name] = run("SELECT id FROM ledger_transaction WHERE public_id = %s", receipt.transaction_id)[0][0]
    ids["hold"] = run("SELECT id FROM ledger_hold WHERE public_id = %s", hold.hold_id)[0][0]
    # From here on no trigger fires in this transaction, as for one who edits the tables behind the platform's back.
    run("SET LOCAL session_replication_role = replica")
    return ids


@pytest.mark.parametrize(("code", "plant"), [*PLANTS.items(), *MORE_PLANTS])
def test_invariant__violation_planted__is_found(ids: dict[str, int], code: str, plant: str) -> None:
    run(plant.format(**ids))
    found = broken(NOW + timedelta(days=1))
    assert code in found, found


@pytest.mark.parametrize("code", ["E1", "E3"])
def test_invariant__events_of_dropped_months__are_asked_for_no_more(ids: dict[str, int], code: str) -> None:
    run(PLANTS[code].format(**ids))
    assert broken(NOW + timedelta(days=1))
    run("INSERT INTO events_kept (since) VALUES (%s)", NOW)
    assert broken(NOW + timedelta(days=1)) == {}
    run("UPDATE events_kept SET since = %s", NOW - timedelta(days=2))
    assert code in broken(NOW + timedelta(days=1))


def test_plants__cover__every_invariant() -> None:
    assert set(PLANTS) == {invariant.code for invariant in list_invariants()}
    assert len(PLANTS) >= 20


def verify(*arguments: str) -> tuple[int, str]:
    """Run the command; give its exit code and what it printed."""
    out = StringIO()
    try:
        call_command("verify_ledger", *arguments, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_verify_ledger__sound_book__is_silent(book: Book) -> None:
    book.earn(5)
    assert verify() == (0, "")
    code, text = verify("--verbose")
    assert code == 0
    assert len(text.splitlines()) == len(list_invariants())


def test_verify_ledger__broken_book__tells_what_and_where(ids: dict[str, int]) -> None:
    run(PLANTS["C1"])
    code, text = verify()
    assert code == 1
    assert text.startswith("C1")
    assert f"account_id={ids['account']}" in text
    code, text = verify("--json", "--only", "C1", "L2")
    assert code == 1
    assert [(result["code"], result["violations"]) for result in json.loads(text)] == [("C1", 1), ("L2", 0)]


def test_verify_ledger__unknown_code__is_refused(book: Book) -> None:
    with pytest.raises(CommandError):
        verify("--only", "Z9")
