"""The seven verbs over HTTP, as an auditor tries them who worked out every number by hand first."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.stories.bank import ONE_FOR_ONE, POINTS, Bank, ago, day, done, refusal
from tests.stories.running import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
GOODWILL = {"reason_codes": [{"code": "goodwill", "name": "Goodwill"}]}


def test_key__repeated_reused_or_missing__has_one_effect(bank: Bank) -> None:
    (member,) = bank.members(bank.program())
    body = {
        "account_id": member["id"],
        "transaction_amount": "100.99",
        "transaction_context": {"channel": "app", "quantity": 1.5},
    }
    key = uuid4().hex
    first = bank.post(f"{POINTS}/earn/", body, key)
    assert (first.status_code, first.json()["points_amount"]) == (201, 100), "rounded down once"
    # A retry that writes the same anew, in another order and 1.50 for 1.5.
    context = '{"quantity": 1.50, "channel": "app"}'
    text = f'{{"transaction_context": {context}, "transaction_amount": "100.99", "account_id": "{member["id"]}"}}'
    again = bank.http.post(
        f"{POINTS}/earn/",
        content=text,
        headers={"Idempotency-Key": key, "Content-Type": "application/json"},
    )
    assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (200, first.content, "true")
    assert refusal(bank.post(f"{POINTS}/earn/", body | {"transaction_amount": "101"}, key)) == (
        422,
        "idempotency.key_reused",
    )
    assert refusal(bank.burn(member, 1, key)) == (422, "idempotency.key_reused")
    assert refusal(bank.http.post(f"{POINTS}/earn/", json=body)) == (400, "idempotency.key_missing")
    assert refusal(bank.post(f"{POINTS}/earn/", body, "x" * 201)) == (400, "idempotency.key_invalid")
    foreign = bank.of_another_user().post(f"{POINTS}/earn/", body, key)
    assert refusal(foreign) == (422, "idempotency.key_reused"), "nobody sees the answer to another's key"
    two = bank.post(f"{POINTS}/earn/", body | {"idempotency_key": "another"})
    assert refusal(two) == (400, "idempotency.key_invalid")
    assert bank.balance(member) == 100


@pytest.mark.parametrize("end, left, other", [("confirm", 60, "cancel"), ("cancel", 0, "confirm")])
def test_pending__ended_once__counts_or_is_gone(bank: Bank, end: str, left: int, other: str) -> None:
    (member,) = bank.members(bank.program(activation={"kind": "on_confirmation"}))
    earned = done(bank.earn(member, "80"))
    assert earned["is_pending"] and bank.account(member)["points_pending"] == 80
    assert refusal(bank.burn(member, 1)) == (409, "points.insufficient")
    done(bank.reverse(earned["transaction_id"], points=20))
    url = f"{POINTS}/pending/{earned['transaction_id']}"
    done(bank.post(f"{url}/{end}/", {}))
    for verb in (end, other):
        assert refusal(bank.post(f"{url}/{verb}/", {})) == (409, "pending.not_pending")
    account = bank.account(member)
    assert (account["points_balance"], account["points_pending"]) == (left, 0)


@pytest.mark.parametrize(
    "order, left",
    [("fifo", [0, 5, 40]), ("lifo", [10, 20, 5]), ("proportional", [5, 10, 20])],
)
def test_burn__in_the_order_of_the_program__and_reversed_into_the_same_lots(
    bank: Bank, order: str, left: list[int]
) -> None:
    (member,) = bank.members(bank.program(burn={"consumption": order}, adjustment=GOODWILL))
    lots = {}
    for points, days in ((20, 60), (40, 90), (10, 30)):
        body = {"account_id": member["id"], "points": points, "reason_code": "goodwill", "expires_on": day(days)}
        lots[days] = done(bank.post(f"{POINTS}/adjust/", body))["transaction_id"]
    spent = done(bank.burn(member, 25 if order == "fifo" else 35))
    before = dict(zip(lots.values(), (20, 40, 10), strict=True))
    assert [bank.lots(member).get(lots[days], 0) for days in (30, 60, 90)] == left
    done(bank.reverse(spent["transaction_id"], points=15))
    over = bank.reverse(spent["transaction_id"], points=25)
    assert refusal(over) == (409, "transaction.reversal_exceeds")
    done(bank.reverse(spent["transaction_id"]))
    assert bank.lots(member) == before
    assert refusal(bank.reverse(spent["transaction_id"])) == (409, "transaction.already_reversed")


def test_transfer__with_fee_and_limits__keeps_the_dates(bank: Bank) -> None:
    terms = {"points_min": 10, "points_max": 500, "points_daily": 600, "fee_percent": "5", "fee_points": 2}
    giver, taker = bank.members(bank.program(transfer=terms, expiry={"kind": "age", "days": 90}), 2)
    done(bank.earn(giver, "1000", occurred_at=ago(days=30)))
    (lot,) = bank.get(f"loyaltyAccounts/{giver['id']}/lots/")["results"]
    for points in (9, 501):
        assert refusal(bank.transfer(giver, taker, points)) == (422, "transfer.limit")
    moved = done(bank.transfer(giver, taker, 219))
    # 5 % of 219 is 10.95, rounded down once, and 2.
    assert (moved["points_fee"], bank.balance(giver), bank.balance(taker)) == (12, 1000 - 219 - 12, 219)
    (given,) = bank.get(f"loyaltyAccounts/{taker['id']}/lots/")["results"]
    assert (given["expires_at"], given["earned_at"]) == (lot["expires_at"], lot["earned_at"])
    assert refusal(bank.transfer(giver, taker, 382)) == (409, "points.cap_reached")
    done(bank.transfer(giver, taker, 381))
    done(bank.reverse(moved["transaction_id"]))
    assert bank.balance(taker) == 381
    assert refusal(bank.transfer(giver, giver, 10)) == (400, "points.transfer_to_self")


@pytest.mark.parametrize(
    "policy, taken, missing, balance, debt",
    [("only_pending", None, None, 20, 0), ("within_balance", 20, 10, 0, 0), ("unlimited", 30, 0, -10, 10)],
)
def test_return__of_a_line_whose_points_were_spent__goes_by_the_policy(
    bank: Bank, policy: str, taken: int | None, missing: int | None, balance: int, debt: int
) -> None:
    (member,) = bank.members(bank.program(reversal={"clawback": policy}))
    basket = {"lines": [{"line_id": "1", "amount": "70"}, {"line_id": "2", "amount": "30"}]}
    bought = done(bank.earn(member, "100", transaction_context=basket))
    done(bank.burn(member, 80))
    answer = bank.reverse(bought["transaction_id"], lines=[{"line_id": "2"}])
    if taken is None:
        assert refusal(answer) == (409, "transaction.clawback_refused")
    else:
        told = done(answer)
        assert (told["points_amount"], told["points_unrecovered"]) == (taken, missing)
        again = bank.reverse(bought["transaction_id"], lines=[{"line_id": "2"}])
        assert refusal(again) == (409, "reversal.line_exceeded")
    account = bank.account(member)
    assert (account["points_balance"], account["points_debt"]) == (balance, debt)
    done(bank.earn(member, "15"))
    account = bank.account(member)
    assert (account["points_balance"], account["points_debt"]) == (balance + 15, max(0, debt - 15))


def test_return__of_a_purchase_of_several_wallets__empties_each(bank: Bank) -> None:
    wallets = [{"code": "main"}, {"code": "status", "kind": "status"}]
    rules = [*ONE_FOR_ONE, {"code": "status", "rule": {"*": [{"var": "transaction_amount"}, 2]}, "wallet": "status"}]
    tiers = [{"code": "b", "name": "B", "min_points": 0}, {"code": "s", "name": "S", "min_points": 300}]
    (member,) = bank.members(bank.program(wallets=wallets, earn_rules=rules, tiers=tiers))
    bought = done(bank.earn(member, "100"))
    (status,) = bought["other_wallets"]
    spend = bank.post(f"{POINTS}/burn/", {"account_id": status["account_id"], "points": 1})
    assert refusal(spend) == (409, "wallet.not_redeemable")
    wait_for("the count", lambda: bank.standing(member)["points_qualifying"] == 200)
    done(bank.reverse(bought["transaction_id"]))
    assert bank.balance(member) == bank.balance({"id": status["account_id"]}) == 0
    wait_for("the count of the return", lambda: bank.standing(member)["points_qualifying"] == 0)
    done(bank.earn(member, "100"))
    wait_for("the count of what stands", lambda: bank.standing(member)["points_qualifying"] == 200)
    assert bank.tier(member) == "b", "goods that went back lift nobody"


def test_hold__captured_released_or_out_of_time__ends_once(bank: Bank) -> None:
    (member,) = bank.members(bank.program())
    done(bank.earn(member, "100"))

    def hold(points: int, **until: Any) -> str:
        return str(
            done(bank.post(f"{POINTS}/hold/", {"account_id": member["id"], "points": points} | until))["hold_id"]
        )

    held = hold(60, expires_in_minutes=30)
    assert refusal(bank.burn(member, 41)) == (409, "points.insufficient")
    done(bank.post(f"{POINTS}/hold/{held}/capture/", {"points": 45}))
    account = bank.account(member)
    assert (account["points_balance"], account["points_held"], account["points_available"]) == (55, 0, 55)
    assert refusal(bank.post(f"{POINTS}/hold/{held}/release/", {})) == (409, "hold.not_active")
    released = hold(55)
    done(bank.post(f"{POINTS}/hold/{released}/release/", {}))
    short = hold(5, expires_at=(datetime.now(UTC) + timedelta(seconds=10)).isoformat())
    wait_for("the sweep", lambda: bank.account(member)["points_available"] == 55)
    assert refusal(bank.post(f"{POINTS}/hold/{short}/capture/", {})) == (409, "hold.not_active")


def test_expiry__swept_and_reinstated__takes_what_is_over_and_no_more(bank: Bank) -> None:
    terms = {"kind": "age", "days": 30, "grace_days_after": 5, "warn_days_before": [7, 1]}
    (member,) = bank.members(bank.program(expiry=terms))
    for points, days in (("70", 45), ("50", 33), ("100", 25)):
        done(bank.earn(member, points, occurred_at=ago(days=days)))
    assert refusal(bank.burn(member, 151)) == (409, "points.insufficient"), "what is over is not spent before the sweep"
    before = bank.totals()
    done(bank.post(f"{POINTS}/expire/", {}))
    wait_for("the expiry", lambda: bank.balance(member) == 150)
    assert bank.totals()["expired"] >= before["expired"]
    (expiry,) = bank.get("pointsExpiryEvents/", account_id=member["id"])["results"]
    assert (expiry["kind"], expiry["points_change"]) == ("expire", -70)
    back = {"transaction_id": expiry["id"], "points": 30, "expires_on": day(20)}
    done(bank.post(f"{POINTS}/reinstate/", back))
    assert bank.balance(member) == 180
    assert refusal(bank.post(f"{POINTS}/reinstate/", back | {"points": 41})) == (409, "transaction.reversal_exceeds")


def test_accounts__frozen_closed_and_merged__take_what_they_may(bank: Bank) -> None:
    program = bank.program(adjustment=GOODWILL)
    one, two, three = bank.members(program, 3)
    for member in (one, two):
        done(bank.earn(member, "50"))
    done(bank.post(f"loyaltyAccounts/{one['id']}/freeze/", {"reason": "fraud"}))
    refused: list[Callable[[], Any]] = [
        lambda: bank.earn(one, "1"), lambda: bank.burn(one, 1), lambda: bank.transfer(one, two, 1),
        lambda: bank.transfer(two, one, 1), lambda: bank.earn(one, points=1),
    ]  # fmt: skip
    for call in refused:
        assert refusal(call()) == (409, "account.not_active")
    assert refusal(bank.post(f"loyaltyAccounts/{one['id']}/close/", {"reason": "x"})) == (409, "account.not_empty")
    done(bank.post(f"loyaltyAccounts/{one['id']}/unfreeze/", {"reason": "cleared"}))
    done(bank.post(f"loyaltyAccounts/{one['id']}/merge/", {"into_account_id": two["id"], "reason": "one person"}))
    assert (bank.balance(two), bank.account(one)["merged_into"]) == (100, two["id"])
    named = {"customer_ref": one["customer_ref"], "program_id": program["id"], "transaction_amount": "7"}
    assert done(bank.post(f"{POINTS}/earn/", named))["account_id"] == two["id"]
    done(bank.post(f"loyaltyAccounts/{three['id']}/close/", {"reason": "asked for"}))
    adjust = {"account_id": three["id"], "points": 1, "reason_code": "goodwill"}
    for answer in (bank.earn(three, "1"), bank.transfer(two, three, 1), bank.post(f"{POINTS}/adjust/", adjust)):
        assert refusal(answer) == (409, "account.not_active")


def test_household__roles_and_limits__are_kept(bank: Bank) -> None:
    program = bank.program()
    owner, spender, viewer, stranger = bank.members(program, 4)
    pool = done(
        bank.post("pools/", {"name": "Family", "program_id": program["id"], "customer_ref": owner["customer_ref"]})
    )
    places = f"pools/{pool['id']}/members/"
    limit = {"role": "spender", "points_daily_max": 20, "is_earning_into_pool": True}
    done(bank.post(places, {"customer_ref": spender["customer_ref"]} | limit))
    done(bank.post(places, {"customer_ref": viewer["customer_ref"], "role": "viewer"}))
    assert done(bank.earn(spender, "100"))["account_id"] == pool["account_id"]

    def spend(member: dict[str, Any], points: int) -> Any:
        return bank.post(
            f"{POINTS}/burn/", {"pool_id": pool["id"], "customer_ref": member["customer_ref"], "points": points}
        )

    done(spend(spender, 15))
    assert refusal(spend(spender, 6)) == (409, "points.cap_reached")
    done(spend(spender, 5))
    done(spend(owner, 30))
    assert refusal(spend(viewer, 1)) == (403, "pool.role_refused")
    assert refusal(spend(stranger, 1)) == (404, "pool.member_not_found")
    assert bank.get(f"pools/{pool['id']}/")["points_balance"] == 50


def test_past__by_either_basis__is_told(bank: Bank) -> None:
    (member,) = bank.members(bank.program())
    began = datetime.now(UTC).isoformat()
    done(bank.earn(member, "100", occurred_at=ago(days=20)))
    between = datetime.now(UTC).isoformat()
    done(bank.burn(member, 30))
    url = f"loyaltyAccounts/{member['id']}/"
    cases = [
        (began, "recorded", 0),
        (between, "recorded", 100),
        (ago(days=10), "recorded", 0),
        (ago(days=10), "occurred", 100),
    ]
    for instant, basis, points in cases:
        told = bank.get(url, as_of=instant, basis=basis)
        assert told["points_balance_as_of"] == points, (instant, basis)
        lots = bank.get(f"{url}lots/", as_of=instant, basis=basis)["results"]
        assert sum(lot["points_remaining"] for lot in lots) == points
