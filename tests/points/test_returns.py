"""Purchases taken back over HTTP: by line as the program lets, and out of every wallet that they brought points to."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.kernel import clock
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.programs import contracts as terms
from tests.points.world import World, assert_ledger_holds, make_world

V1 = "/api/loyalty/v1"
SERVICES = f"{V1}/services/points"
AMOUNT = {"var": "transaction_amount"}
WALLETS = (
    terms.WalletPlan("main"),
    terms.WalletPlan("status", kind=terms.WalletKind.STATUS),
    terms.WalletPlan("air", kind=terms.WalletKind.PARTNER),
)
RULES = (
    terms.EarnRulePlan(code="base", rule=AMOUNT),
    terms.EarnRulePlan(code="status", rule={"*": [AMOUNT, 2]}, wallet="status"),
    terms.EarnRulePlan(code="miles", rule={"*": [AMOUNT, Decimal("0.5")]}, wallet="air"),
)
BASKET = {"lines": [{"line_id": "1", "amount": "70"}, {"line_id": "2", "amount": "30"}]}


@pytest.fixture
def world(db: None) -> World:
    """A program of three wallets that gives 1, 2 and a half point for one."""
    return make_world(clock.now().replace(microsecond=0), wallets=WALLETS, earn_rule=None, earn_rules=RULES)


@pytest.fixture
def member(world: World) -> api.MemberFacts:
    """A member without points."""
    return world.member()


def post(client: APIClient, path: str, body: dict[str, Any], key: str = "") -> Any:
    """Post under a key of its own, or the one given."""
    return client.post(f"{SERVICES}/{path}", body, headers={"Idempotency-Key": key or uuid4().hex})


def buy(client: APIClient, member: api.MemberFacts) -> dict[str, Any]:
    """Have a member buy the basket for 100; give the answer with the accounts of all wallets."""
    body = {"account_id": str(member.account_id), "transaction_amount": "100", "transaction_context": BASKET}
    told: dict[str, Any] = post(client, "earn/", body).json()
    others = {one["wallet"]: one["account_id"] for one in told["other_wallets"]}
    return told | {"accounts": {"main": str(member.account_id), **others}}


def balances(told: dict[str, Any]) -> dict[str, int]:
    """Give what each wallet has."""
    return {name: ledger.get_account(UUID(account)).points_posted for name, account in told["accounts"].items()}


def test_reverse__a_purchase__empties_every_wallet_that_it_filled(
    admin_client: APIClient, member: api.MemberFacts
) -> None:
    bought = buy(admin_client, member)
    assert balances(bought) == {"main": 100, "status": 200, "air": 50}
    body = {"transaction_id": bought["transaction_id"]}
    answer = post(admin_client, "reverse/", body, "r-1")
    assert answer.status_code == 201, answer.json()
    told = answer.json()
    assert (told["wallet"], told["points_amount"]) == ("main", 100)
    assert {one["wallet"]: one["points_amount"] for one in told["other_wallets"]} == {"status": 200, "air": 50}
    assert balances(bought) == {"main": 0, "status": 0, "air": 0}
    again = post(admin_client, "reverse/", body, "r-1")
    assert (again.status_code, again.content, again["Idempotent-Replayed"]) == (200, answer.content, "true")
    assert_ledger_holds(clock.now())


def test_reverse__a_line__takes_its_share_of_every_wallet(admin_client: APIClient, member: api.MemberFacts) -> None:
    bought = buy(admin_client, member)
    body = {"transaction_id": bought["transaction_id"], "lines": [{"line_id": "2"}]}
    assert post(admin_client, "reverse/", body).status_code == 201
    assert balances(bought) == {"main": 70, "status": 140, "air": 35}
    assert post(admin_client, "reverse/", body).json()["code"] == "reversal.line_exceeded"
    points = {"transaction_id": bought["transaction_id"], "points": 10}
    assert post(admin_client, "reverse/", points).json()["other_wallets"] == []
    assert balances(bought) == {"main": 60, "status": 140, "air": 35}, "a number of points means those of one wallet"
    assert_ledger_holds(clock.now())


def test_reverse__another_wallet_that_is_empty__does_not_stop_the_purchase(
    admin_client: APIClient, member: api.MemberFacts
) -> None:
    bought = buy(admin_client, member)
    spent = post(admin_client, "burn/", {"account_id": bought["accounts"]["air"], "points": 50})
    assert spent.status_code == 201, spent.json()
    told = post(admin_client, "reverse/", {"transaction_id": bought["transaction_id"]}).json()
    assert [one["wallet"] for one in told["other_wallets"]] == ["status"]
    assert balances(bought) == {"main": 0, "status": 0, "air": 0}
    assert_ledger_holds(clock.now())


@pytest.mark.parametrize(
    "clawback, status, amount, unrecovered, debt, left",
    [
        (terms.Clawback.ONLY_PENDING, 409, None, None, 0, 20),
        (terms.Clawback.WITHIN_BALANCE, 201, 20, 10, 0, 0),
        (terms.Clawback.UNLIMITED, 201, 30, 0, 10, -10),
    ],
)
def test_reverse__a_line_whose_points_were_spent__goes_by_the_program(
    admin_client: APIClient,
    world: World,
    member: api.MemberFacts,
    clawback: terms.Clawback,
    status: int,
    amount: int | None,
    unrecovered: int | None,
    debt: int,
    left: int,
) -> None:
    world.change(reversal=terms.ReversalPlan(clawback=clawback))
    bought = buy(admin_client, member)
    world.burn(member, 80)
    answer = post(admin_client, "reverse/", {"transaction_id": bought["transaction_id"], "lines": [{"line_id": "2"}]})
    told = answer.json()
    assert (answer.status_code, told.get("points_amount"), told.get("points_unrecovered")) == (
        status, amount, unrecovered,
    )  # fmt: skip
    account = ledger.get_account(member.account_id)
    assert (account.points_posted, account.points_debt) == (left, debt)
    assert_ledger_holds(clock.now())


@pytest.mark.parametrize("verb", ["burn/", "hold/"])
def test_status_points__count_for_tiers__and_are_not_spent(
    admin_client: APIClient, member: api.MemberFacts, verb: str
) -> None:
    bought = buy(admin_client, member)
    answer = post(admin_client, verb, {"account_id": bought["accounts"]["status"], "points": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "wallet.not_redeemable")
    assert balances(bought)["status"] == 200


def test_merged__account_or_customer__earns_and_spends_on_the_account_that_stands_for_it(
    admin_client: APIClient, world: World, member: api.MemberFacts
) -> None:
    gone = world.member()
    world.earn(gone, points=40)
    merged = admin_client.post(
        f"{V1}/loyaltyAccounts/{gone.account_id}/merge/",
        {"into_account_id": str(member.account_id)},
        headers={"Idempotency-Key": "m-1"},
    )
    assert merged.status_code == 200, merged.json()
    named = {"customer_ref": gone.customer_ref, "program_id": str(world.program_id)}
    old = {"account_id": str(gone.account_id)}
    bodies = [{**who, "transaction_amount": "10"} for who in (named, old)]
    for body in bodies:
        assert post(admin_client, "earn/", body).json()["account_id"] == str(member.account_id)
    batch = post(admin_client, "earn/batch/", {"items": bodies}).json()
    assert [one["account_id"] for one in batch["results"]] == [str(member.account_id)] * 2
    for who in (named, old):
        assert post(admin_client, "burn/", {**who, "points": 5}).json()["account_id"] == str(member.account_id)
    third = world.member()
    world.earn(third, points=7)
    given = {"from_account_id": str(third.account_id), "to_account_id": str(gone.account_id), "points": 7}
    assert post(admin_client, "transfer/", given).json()["to"]["account_id"] == str(member.account_id)
    assert ledger.get_account(member.account_id).points_posted == 40 + 4 * 10 - 2 * 5 + 7
    assert_ledger_holds(clock.now())


def test_as_of__by_basis__tells_what_was_known_or_what_had_happened(
    admin_client: APIClient, world: World, member: api.MemberFacts
) -> None:
    now = clock.now()
    early = world.request(member, points=30, occurred_at=now - timedelta(days=20))
    api.earn(request=early, actor=world.actor, now=now)
    url, then = f"{V1}/loyaltyAccounts/{member.account_id}/", (now - timedelta(days=10)).isoformat()
    for basis, points in (("", 0), ("recorded", 0), ("occurred", 30)):
        query = {"as_of": then} | ({"basis": basis} if basis else {})
        assert admin_client.get(url, query).json()["points_balance_as_of"] == points
        lots = admin_client.get(f"{url}lots/", query).json()["results"]
        assert sum(lot["points_remaining"] for lot in lots) == points
    refused = admin_client.get(url, {"as_of": then, "basis": "told"})
    assert (refused.status_code, refused.json()["code"]) == (400, "filter.invalid")


@pytest.mark.parametrize(
    "end, left",
    [("confirm", {"main": 100, "status": 200, "air": 50}), ("cancel", dict.fromkeys(("main", "status", "air"), 0))],
)
def test_pending__of_a_purchase_of_several_wallets__is_ended_whole(
    admin_client: APIClient, world: World, member: api.MemberFacts, end: str, left: dict[str, int]
) -> None:
    world.change(activation=terms.ActivationPlan(kind=terms.ActivationKind.ON_CONFIRMATION))
    bought = buy(admin_client, member)
    assert bought["is_pending"] and set(balances(bought).values()) == {0}
    url = f"pending/{bought['transaction_id']}/{end}/"
    first = post(admin_client, url, {}, "p-1")
    assert first.status_code == 201, first.json()
    assert balances(bought) == left
    assert {ledger.get_account(UUID(one)).points_pending for one in bought["accounts"].values()} == {0}
    assert post(admin_client, url, {}, "p-1").content == first.content
    assert_ledger_holds(clock.now())


@pytest.mark.parametrize("part", [{}, {"lines": [{"line_id": "2"}]}])
def test_reverse__first_wallet_all_spent__takes_back_what_the_others_have(
    admin_client: APIClient, member: api.MemberFacts, part: dict[str, Any]
) -> None:
    bought = buy(admin_client, member)
    post(admin_client, "burn/", {"account_id": bought["accounts"]["main"], "points": 100})
    share = 30 if part else 100
    body = {"transaction_id": bought["transaction_id"], **part}
    answer = post(admin_client, "reverse/", body, "r-1")
    told = answer.json()
    assert answer.status_code == 201, told
    assert (told["points_amount"], told["points_unrecovered"], told["points_balance"]) == (0, share, 0)
    moved = {one["wallet"]: one["points_amount"] for one in told["other_wallets"]}
    assert moved == {"status": 2 * share, "air": share // 2}
    assert balances(bought) == {"main": 0, "status": 200 - 2 * share, "air": 50 - share // 2}
    again = post(admin_client, "reverse/", body, "r-1")
    assert (again.status_code, again.content, again["Idempotent-Replayed"]) == (200, answer.content, "true")
    # The points that were not there can be taken back when they are.
    post(admin_client, "earn/", {"account_id": bought["accounts"]["main"], "points": 500})
    later = post(admin_client, "reverse/", {"transaction_id": bought["transaction_id"], "points": 100}).json()
    assert (later["points_amount"], later["points_unrecovered"], later["points_balance"]) == (100, 0, 400)
    assert_ledger_holds(clock.now())


def test_reverse__every_wallet_all_spent__is_refused(admin_client: APIClient, member: api.MemberFacts) -> None:
    bought = buy(admin_client, member)
    for wallet, points in (("main", 100), ("air", 50)):
        post(admin_client, "burn/", {"account_id": bought["accounts"][wallet], "points": points})
    adjust = {"account_id": bought["accounts"]["status"], "points": -200, "reason_code": "mistake"}
    assert post(admin_client, "adjust/", adjust).status_code == 201
    before = ledger.count_transactions()
    answer = post(admin_client, "reverse/", {"transaction_id": bought["transaction_id"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "points.insufficient")
    assert (answer.json()["points_requested"], answer.json()["points_available"]) == (100, 0)
    assert ledger.count_transactions() == before
    assert_ledger_holds(clock.now())
