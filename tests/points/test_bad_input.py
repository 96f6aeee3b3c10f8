"""What cannot be earned, over HTTP: each is refused with its code, and the ledger stays as it was."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.kernel import clock
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.programs import api as programs
from tests.points.world import ACTOR, World, assert_ledger_holds, count_transactions, make_world

V1 = "/api/loyalty/v1"
EARN = f"{V1}/services/points/earn/"
HUGE = "9" * 40
# Sent as they stand, for JSON numbers that Python would not write.
RAW_NUMBERS = ["NaN", "Infinity", "-Infinity", "1e400", "1e-7", "-0", "01", "0x10", "1_000"]


@pytest.fixture
def world(db: None) -> World:
    """A program that gives a tenth."""
    return make_world(clock.now().replace(microsecond=0), earn_rule={"*": [{"var": "transaction_amount"}, 0.1]})


@pytest.fixture
def member(world: World) -> Iterator[api.MemberFacts]:
    """A member, whose account is as it was when the test is over."""
    made = world.member()
    yield made
    account = ledger.get_account(made.account_id)
    assert (account.points_posted, account.points_pending, account.lifetime_points_earned) == (0, 0, 0)
    assert count_transactions() == 0
    assert_ledger_holds(world.now)


def post(client: APIClient, body: Any, url: str = EARN) -> Any:
    """Post under a new key."""
    return client.post(url, body, headers={"Idempotency-Key": uuid4().hex})


def refusal(answer: Any) -> tuple[int, str]:
    """Give status and code of a refusal."""
    assert answer["Content-Type"] == "application/problem+json", answer.content
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    "amount",
    [
        "-1", "-0.01", -5, 0, "0", "0.00", "0.0000001", "1.1234567", HUGE, "1e30", 10**16, "NaN", "Infinity", "-inf",
        "ten", "", " ", "1,50", "1 000", "\u0663", True, None, [], {},
    ],
)  # fmt: skip
def test_amount__that_is_no_price__is_refused(admin_client: APIClient, member: api.MemberFacts, amount: Any) -> None:
    body = {"account_id": str(member.account_id), "transaction_amount": amount}
    assert refusal(post(admin_client, body)) == (400, "invalid")
    told = post(admin_client, {"items": [body]}, f"{EARN}batch/")
    assert refusal(told) == (400, "invalid")
    assert told.json()["errors"][0]["field"].startswith("items.0.transaction_amount")


@pytest.mark.parametrize("number", RAW_NUMBERS)
@pytest.mark.parametrize("name", ["transaction_amount", "points"])
def test_number__that_json_or_the_field_does_not_know__is_refused(
    admin_client: APIClient, member: api.MemberFacts, name: str, number: str
) -> None:
    text = f'{{"account_id": "{member.account_id}", "{name}": {number}}}'
    answer = admin_client.generic(
        "POST", EARN, text, content_type="application/json", headers={"Idempotency-Key": uuid4().hex}
    )
    assert answer.status_code == 400, answer.content


@pytest.mark.parametrize("value", [10**40, "5\x00"])
@pytest.mark.parametrize("name", ["transaction_amount", "points"])
def test_body__beyond_what_is_read_at_all__is_refused(
    admin_client: APIClient, member: api.MemberFacts, name: str, value: Any
) -> None:
    answer = post(admin_client, {"account_id": str(member.account_id), name: value})
    assert refusal(answer) == (400, "request.malformed")


@pytest.mark.parametrize("points", [0, -5, 1.5, "10", None, True, 10**12 + 1, 10**18, [], {}])
def test_points__not_a_positive_whole_number__are_refused(
    admin_client: APIClient, member: api.MemberFacts, points: Any
) -> None:
    body = {"account_id": str(member.account_id), "points": points}
    assert refusal(post(admin_client, body)) == (400, "invalid")
    assert refusal(post(admin_client, {"items": [body]}, f"{EARN}batch/")) == (400, "invalid")


@pytest.mark.parametrize(
    "context, field",
    [
        ({"tax_amount": "-1"}, "tax_amount"),
        ({"fee_amount": "NaN"}, "fee_amount"),
        ({"points_paid_amount": "lots"}, "points_paid_amount"),
        ({"tax_amount": "251"}, "tax_amount"),
        ({"lines": {"line_id": "1"}}, "lines"),
        ({"lines": ["milk"]}, "lines.0"),
        ({"lines": [{"line_id": "1", "amount": "251"}]}, "lines"),
        ({"lines": [{"line_id": "1", "amount": 1}, {"line_id": "1", "amount": 1}]}, "lines.1.line_id"),
    ],
)
def test_purchase__whose_parts_do_not_add_up__is_refused(
    admin_client: APIClient, member: api.MemberFacts, context: dict[str, Any], field: str
) -> None:
    body = {"account_id": str(member.account_id), "transaction_amount": "250", "transaction_context": context}
    answer = post(admin_client, body)
    assert refusal(answer) == (400, "points.purchase_refused")
    assert answer.json()["field"] == field
    told = post(admin_client, {"items": [body]}, f"{EARN}batch/").json()
    assert [line["code"] for line in told["results"]] == ["points.purchase_refused"]


@pytest.mark.parametrize(
    "rule, code",
    [
        ("ten", "rule.invalid"),
        ({"cat": ["1", {"var": "channel"}]}, "rule.invalid"),
        ({"==": [1, 1]}, "rule.invalid"),
        ([1, 2], "rule.invalid"),
        ({"var": "shoe_size"}, "rule.invalid"),
        ({"explode": [1]}, "rule.invalid"),
    ],
)
def test_rule__that_gives_no_number__is_not_even_stored(
    admin_client: APIClient, world: World, member: api.MemberFacts, rule: Any, code: str
) -> None:
    answer = admin_client.patch(f"{V1}/loyaltyPrograms/{world.program_id}/", {"earn_rule": rule})
    assert refusal(answer) == (422, code)


@pytest.mark.parametrize(
    "rule",
    [
        10**18,
        -1,
        {"*": [{"var": "transaction_amount"}, 10**18]},
        {"-": [{"var": "transaction_amount"}, 10**6]},
        {"*": [{"*": [10**30, 10**30]}, {"var": "transaction_amount"}]},
    ],
)
def test_rule__that_gives_an_impossible_number__refuses_the_purchase(
    admin_client: APIClient, world: World, member: api.MemberFacts, rule: Any
) -> None:
    world.change(earn_rule=rule)
    body = {"account_id": str(member.account_id), "transaction_amount": "250"}
    assert refusal(post(admin_client, body)) == (422, "points.rule_result_invalid")
    told = post(admin_client, {"items": [body]}, f"{EARN}batch/").json()
    assert [line["code"] for line in told["results"]] == ["points.rule_result_invalid"]
    tried = admin_client.post(f"{V1}/loyaltyPrograms/{world.program_id}/simulate/", {"transaction_amount": "250"})
    assert refusal(tried) == (422, "points.rule_result_invalid")


def test_rule__of_infinity__is_unknown_and_earns_nothing(
    admin_client: APIClient, world: World, member: api.MemberFacts
) -> None:
    world.change(earn_rule={"/": [{"var": "transaction_amount"}, 0]})
    answer = post(admin_client, {"account_id": str(member.account_id), "transaction_amount": "250"})
    assert (answer.status_code, answer.json()["points_amount"]) == (200, 0)
    assert answer.json()["trace"]["reason"] == "rule_gives_nothing"


def test_clock__going_backwards__refuses_the_future_and_keeps_the_order(admin_client: APIClient, world: World) -> None:
    member, now = world.member(), world.now
    body = {"account_id": str(member.account_id), "transaction_amount": "250"}
    with clock.use(clock.FixedClock(now)):
        assert post(admin_client, body).status_code == 201
    with clock.use(clock.FixedClock(now - timedelta(days=1))):
        ahead = post(admin_client, {**body, "occurred_at": now.isoformat()})
        assert refusal(ahead) == (422, "points.occurred_at_refused")
        assert ledger.get_account(member.account_id).points_posted == 25
        assert post(admin_client, body).json()["points_balance"] == 50
    recorded = [line.recorded_at for line in ledger.list_statement(member.account_id)]
    assert recorded == sorted(recorded, reverse=True)
    assert_ledger_holds(now)


@pytest.mark.parametrize(
    "change, status, code",
    [
        ({"account_id": str(uuid4())}, 404, "account.not_found"),
        ({"account_id": "x"}, 400, "invalid"),
        ({"account_id": None, "customer_ref": "nobody", "program_id": str(uuid4())}, 404, "points.member_unknown"),
        ({"occurred_at": "2001-01-01T00:00:00Z"}, 422, "points.occurred_at_refused"),
        ({"occurred_at": "9999-12-31T23:59:59Z"}, 422, "points.occurred_at_refused"),
        ({"occurred_at": "yesterday"}, 400, "invalid"),
        ({"currency": "EUR"}, 422, "points.currency_mismatch"),
        ({"event_type": "app.login", "transaction_amount": None, "points": 5}, 400, "invalid"),
        ({"wallet": "main"}, 400, "invalid"),
        ({"transaction_amount": None, "points": 5, "wallet": "gold"}, 422, "wallet.unknown"),
        ({"amount": "5"}, 400, "invalid"),
    ],
)
def test_request__that_means_nobody_or_nothing__is_refused(
    admin_client: APIClient, member: api.MemberFacts, change: dict[str, Any], status: int, code: str
) -> None:
    body = {"account_id": str(member.account_id), "transaction_amount": "250", **change}
    answer = post(admin_client, {name: value for name, value in body.items() if value is not None})
    assert refusal(answer) == (status, code), answer.json()


def test_account_or_program__that_is_not_active__takes_nothing(
    admin_client: APIClient, world: World, member: api.MemberFacts
) -> None:
    body = {"account_id": str(member.account_id), "transaction_amount": "250"}
    unknown = {"customer_id": str(member.customer_id), "program_id": str(uuid4()), "transaction_amount": "250"}
    assert refusal(post(admin_client, unknown)) == (404, "program.not_found")
    ledger.freeze_account(account_id=member.account_id, reason="fraud", actor=ACTOR, now=world.now)
    assert refusal(post(admin_client, body)) == (409, "account.not_active")
    told = post(admin_client, {"items": [body]}, f"{EARN}batch/").json()
    assert [line["code"] for line in told["results"]] == ["account.not_active"]
    ledger.unfreeze_account(account_id=member.account_id, reason="", actor=ACTOR, now=world.now)
    world.change(status=programs.ProgramStatus.INACTIVE)
    assert refusal(post(admin_client, body)) == (409, "program.not_active")
    ledger.close_account(account_id=member.account_id, reason="left", actor=ACTOR, now=world.now)
    assert refusal(post(admin_client, body)) == (409, "program.not_active")


def test_account__that_is_closed__takes_nothing(admin_client: APIClient, world: World, member: api.MemberFacts) -> None:
    ledger.close_account(account_id=member.account_id, reason="left", actor=ACTOR, now=world.now)
    body = {"account_id": str(member.account_id), "transaction_amount": "250"}
    assert refusal(post(admin_client, body)) == (409, "account.not_active")


def test_cap__that_refuses__is_a_conflict(admin_client: APIClient, world: World) -> None:
    member = world.member()
    cap = {"code": "day", "limit": "30", "on_reach": "refuse"}
    assert admin_client.patch(f"{V1}/loyaltyPrograms/{world.program_id}/", {"caps": [cap]}).status_code == 200
    body = {"account_id": str(member.account_id), "transaction_amount": "250"}
    assert post(admin_client, body).status_code == 201
    assert refusal(post(admin_client, body)) == (409, "points.cap_reached")
    assert ledger.get_account(member.account_id).points_posted == 25


def test_body__that_names_a_member_twice__is_refused(admin_client: APIClient, member: api.MemberFacts) -> None:
    body = f'{{"account_id": "{member.account_id}", "transaction_amount": "1.00", "transaction_amount": "1000.00"}}'
    answer = admin_client.generic(
        "POST", EARN, body, content_type="application/json", headers={"Idempotency-Key": uuid4().hex}
    )
    assert refusal(answer) == (400, "request.member_repeated")
    assert answer.json()["member"] == "transaction_amount"
