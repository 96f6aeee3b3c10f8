"""Bad input and crowds over HTTP: a refusal has a code and leaves the book as it was, and what meets counts once."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.stories.bank import AMOUNT, CROWD, ONE_FOR_ONE, POINTS, Bank, ago, all_at_once, done, refusal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
NO_POINTS = [-1, 0, 1.5, "10", "ten", "", True, 10**13, 10**18, 10**40, [], {}, "NaN"]
NO_NUMBERS = ["NaN", "Infinity", "-Infinity", "1e400", "0x10", "01", "--1"]
NO_AMOUNTS = [
    "-1",
    "0",
    "0.00",
    "NaN",
    "Infinity",
    "1e30",
    "ten",
    "",
    "1,5",
    "1" * 20,
    "0.0000001",
    -5,
    0,
    True,
    [],
    {},
]
REASONS = {"reason_codes": [{"code": "goodwill", "name": "Goodwill"}]}
Pair = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def pair(bank: Bank) -> Pair:
    """Two members, the first with 100 points."""
    one, two = bank.members(bank.program(adjustment=REASONS), 2)
    done(bank.earn(one, "100"))
    return one, two


@pytest.fixture
def unmoved(bank: Bank) -> Iterator[None]:
    """See that the totals of the book stay as they were."""
    before = bank.totals()
    yield
    assert bank.totals() == before


def bodies(bank: Bank, pair: Pair) -> dict[str, dict[str, Any]]:
    """Give what each verb needs beside its points."""
    one, two = pair
    bought = bank.get("loyaltyTransactions/", account_id=one["id"], kind="earn")["results"][0]["id"]
    return {
        "earn": {"account_id": one["id"]},
        "burn": {"account_id": one["id"]},
        "hold": {"account_id": one["id"]},
        "adjust": {"account_id": one["id"], "reason_code": "goodwill"},
        "transfer": {"from_account_id": one["id"], "to_account_id": two["id"]},
        "reverse": {"transaction_id": bought},
    }


@pytest.mark.usefixtures("unmoved")
def test_points__that_are_no_number_of_points__are_refused_by_each_verb(bank: Bank, pair: Pair) -> None:
    for verb, body in bodies(bank, pair).items():
        for points in NO_POINTS:
            if verb == "adjust" and points == -1:
                continue
            status, _ = refusal(bank.post(f"{POINTS}/{verb}/", body | {"points": points}))
            assert status == 400, (verb, points)
        for number in NO_NUMBERS:
            text = f'{json.dumps(body)[:-1]}, "points": {number}}}'
            headers = {"Content-Type": "application/json", "Idempotency-Key": uuid4().hex}
            status, _ = refusal(bank.http.post(f"{POINTS}/{verb}/", content=text, headers=headers))
            assert status == 400, (verb, number)


@pytest.mark.usefixtures("unmoved")
def test_purchase__that_is_none__is_refused(bank: Bank, pair: Pair) -> None:
    one, _ = pair
    for amount in NO_AMOUNTS:
        body = {"account_id": one["id"], "transaction_amount": amount}
        assert refusal(bank.post(f"{POINTS}/earn/", body))[0] == 400, amount
    who = one["id"]
    for body, status, code in (
        ({"account_id": who, "transaction_amount": "5", "currency": "EUR"}, 422, "points.currency_mismatch"),
        ({"account_id": who, "transaction_amount": "5", "surprise": 1}, 400, "invalid"),
        (
            {"account_id": who, "transaction_amount": "5", "occurred_at": ago(days=91)},
            422,
            "points.occurred_at_refused",
        ),
        (
            {"account_id": who, "transaction_amount": "5", "occurred_at": ago(minutes=-9)},
            422,
            "points.occurred_at_refused",
        ),
        ({"account_id": who, "points": 5, "wallet": "none"}, 422, "wallet.unknown"),
        ({"account_id": str(uuid4()), "transaction_amount": "5"}, 404, "account.not_found"),
        (
            {"customer_ref": "nobody", "program_id": one["program"], "transaction_amount": "5"},
            404,
            "points.member_unknown",
        ),
        (
            {"customer_ref": one["customer_ref"], "program_id": str(uuid4()), "transaction_amount": "5"},
            404,
            "program.not_found",
        ),
        ({"transaction_amount": "5"}, 400, "points.member_not_named"),
        ({"account_id": "x", "transaction_amount": "5"}, 400, "invalid"),
    ):
        assert refusal(bank.post(f"{POINTS}/earn/", body)) == (status, code), body
    for text in ("", "[]", "null", "{", '{"account_id": "\\u0000"}', "[" * 500):
        headers = {"Content-Type": "application/json", "Idempotency-Key": uuid4().hex}
        assert refusal(bank.http.post(f"{POINTS}/earn/", content=text, headers=headers))[0] == 400, text


@pytest.mark.usefixtures("unmoved")
def test_moves__that_lead_nowhere__are_refused(bank: Bank, pair: Pair) -> None:
    one, two = pair
    (foreign,) = bank.members(bank.program())
    bought = bodies(bank, pair)["reverse"]["transaction_id"]
    adjust = {"account_id": one["id"], "points": 5}
    cases: list[tuple[httpx.Response, tuple[int, str]]] = [
        (bank.transfer(one, one, 5), (400, "points.transfer_to_self")),
        (bank.transfer(one, foreign, 5), (409, "account.other_program")),
        (bank.transfer(one, {"id": str(uuid4())}, 5), (404, "account.not_found")),
        (bank.burn(one, 101), (409, "points.insufficient")),
        (bank.burn(two, 1), (409, "points.insufficient")),
        (bank.reverse(bought, points=101), (409, "transaction.reversal_exceeds")),
        (bank.reverse(bought, lines=[{"line_id": "1"}]), (422, "reversal.line_unknown")),
        (bank.reverse(str(uuid4())), (404, "transaction.not_found")),
        (bank.post(f"{POINTS}/adjust/", adjust), (400, "invalid")),
        (bank.post(f"{POINTS}/adjust/", adjust | {"reason_code": "none"}), (422, "adjustment.reason_unknown")),
        (bank.post(f"{POINTS}/hold/", adjust | {"expires_at": ago(minutes=1)}), (422, "hold.time_invalid")),
        (bank.post(f"{POINTS}/reinstate/", {"transaction_id": bought}), (409, "transaction.not_reversible")),
    ]
    for answer, expected in cases:
        assert refusal(answer) == expected


@pytest.mark.parametrize(
    "rule", [{"cat": ["a", "b"]}, {"==": [1, 1]}, "Infinity", {"merge": [[1], [2]]}, {"var": "secret"}]
)
def test_rule__that_gives_no_number__is_refused_when_it_is_saved(bank: Bank, rule: Any) -> None:
    code = f"BAD-{uuid4().hex[:10]}"
    body = {"name": code, "code": code, "currency": "USD", "earn_rules": [{"code": "base", "rule": rule}]}
    assert refusal(bank.post("loyaltyPrograms/", body)) == (422, "rule.invalid")


@pytest.mark.parametrize("rule", [-5, 10**18, {"*": [AMOUNT, 10**18]}])
def test_rule__that_gives_an_impossible_number__moves_nothing(bank: Bank, rule: Any) -> None:
    program = bank.program(earn_rules=[{"code": "base", "rule": rule}])
    (member,) = bank.members(program)
    assert refusal(bank.earn(member, "10")) == (422, "points.rule_result_invalid")
    body = {"account_id": member["id"], "transaction_amount": "10"}
    answer = bank.post(f"loyaltyPrograms/{program['id']}/simulate/", body)
    assert refusal(answer) == (422, "points.rule_result_invalid")
    assert bank.balance(member) == 0


def test_program__draft_inactive_or_over__takes_nothing(bank: Bank) -> None:
    for document in (
        {"status": "DRAFT"},
        {"start_date": "2999-01-01"},
        {"start_date": "2020-01-01", "end_date": "2020-12-31"},
    ):
        program = bank.program(**document)
        (stranger,) = bank.members(bank.program())
        body = {"program_id": program["id"], "customer_ref": stranger["customer_ref"], "transaction_amount": "5"}
        assert refusal(bank.post(f"{POINTS}/earn/", body)) == (409, "program.not_active")
    program = bank.program()
    (member,) = bank.members(program)
    done(bank.earn(member, "10"))
    done(bank.http.patch(f"loyaltyPrograms/{program['id']}/", json={"status": "INACTIVE"}))
    for answer in (bank.earn(member, "5"), bank.burn(member, 5)):
        assert refusal(answer) == (409, "program.not_active")
    assert bank.balance(member) == 10


def outcomes(answers: list[httpx.Response]) -> Counter[str]:
    """Count the answers by their code."""
    return Counter(refusal(one)[1] if one.status_code >= 400 else "done" for one in answers)


def crowd(call: Callable[[], httpx.Response], size: int = CROWD) -> Counter[str]:
    """Have many do the same at once."""
    return outcomes(all_at_once([call] * size))


def test_crowd__spending_the_same_points__spends_them_once(bank: Bank) -> None:
    one, two = bank.members(bank.program(), 2)
    done(bank.earn(one, "1000"))
    assert crowd(lambda: bank.burn(one, 30)) == {"done": 33, "points.insufficient": CROWD - 33}
    assert bank.balance(one) == 10
    done(bank.earn(two, "500"))
    key = uuid4().hex
    answers = all_at_once([lambda: bank.burn(two, 100, key)] * CROWD)
    assert (len({one.content for one in answers}), bank.balance(two)) == (1, 400)
    assert Counter(one.status_code for one in answers) == {201: 1, 200: CROWD - 1}


def test_crowd__at_a_cap__fills_it_and_no_more(bank: Bank) -> None:
    cap = {"code": "d", "limit": "1000", "period": "day"}
    (member,) = bank.members(bank.program(caps=[cap]))
    answers = all_at_once([lambda: bank.earn(member, "30")] * CROWD)
    assert sum(done(one)["points_amount"] for one in answers) == bank.balance(member) == 1000
    one, two = bank.members(bank.program(caps=[cap | {"scope": "program", "on_reach": "refuse"}]), 2)
    answers = all_at_once([partial(bank.earn, who, "30") for who in (one, two) * (CROWD // 2)])
    assert outcomes(answers) == {"done": 33, "points.cap_reached": CROWD // 2 * 2 - 33}
    assert bank.balance(one) + bank.balance(two) == 990


def test_crowd__giving_to_each_other__keeps_the_sum(bank: Bank) -> None:
    one, two = bank.members(bank.program(), 2)
    for member in (one, two):
        done(bank.earn(member, "1000"))
    ways = [(one, two), (two, one)] * CROWD
    assert outcomes(all_at_once([partial(bank.transfer, giver, taker, 17) for giver, taker in ways])) == {
        "done": len(ways)
    }
    assert (bank.balance(one), bank.balance(two)) == (1000, 1000)


def test_crowd__ending_a_hold_or_an_earn__ends_it_once(bank: Bank) -> None:
    (member,) = bank.members(bank.program(earn_rules=ONE_FOR_ONE))
    bought = done(bank.earn(member, "100"))["transaction_id"]
    held = done(bank.post(f"{POINTS}/hold/", {"account_id": member["id"], "points": 60}))["hold_id"]
    ends = [f"{POINTS}/hold/{held}/{verb}/" for verb in ("capture", "release")] * (CROWD // 2)
    assert outcomes(all_at_once([partial(bank.post, end, {}) for end in ends]))["done"] == 1
    left = bank.balance(member)
    assert left in (40, 100)
    calls = [lambda: bank.reverse(bought), lambda: bank.burn(member, 40)] * (CROWD // 2)
    told = outcomes(all_at_once(calls))
    account = bank.account(member)
    assert told["done"] >= 1 and account["points_balance"] >= 0
    assert account["points_held"] == account["points_debt"] == 0
    bank.totals()
