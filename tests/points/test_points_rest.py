"""Points over HTTP: one test per answer."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.kernel import clock
from loyalty.ledger import api as ledger
from loyalty.points import api
from tests.conftest import ClientWith
from tests.points.world import ACTOR, World, count_transactions, make_world

V1 = "/api/loyalty/v1"
EARN, BURN, REVERSE = (f"{V1}/services/points/{verb}/" for verb in ("earn", "burn", "reverse"))


@pytest.fixture
def world(db: None) -> World:
    """A program with a cap and an expiry."""
    return make_world(clock.now().replace(microsecond=0), earn_cap_daily=1000, expiry_days=365)


@pytest.fixture
def member(world: World) -> api.MemberFacts:
    """A member."""
    return world.member("BSS-1")


def post(client: APIClient, url: str, body: dict[str, Any], key: str | None = "k-1") -> Any:
    """Post with a key."""
    return client.post(url, body, headers={"Idempotency-Key": key} if key else {})


def earn(client: APIClient, member: api.MemberFacts, **more: Any) -> dict[str, Any]:
    """Earn under a new key."""
    answer = post(client, EARN, {"account_id": str(member.account_id), **more}, uuid4().hex)
    assert answer.status_code in (200, 201), answer.json()
    body: dict[str, Any] = answer.json()
    return body


def test_earn__by_account__is_created(admin_client: APIClient, member: api.MemberFacts) -> None:
    body = {
        "account_id": str(member.account_id),
        "transaction_amount": "250.00",
        "currency": "USD",
        "transaction_context": {"channel": "online", "description": "Shoes"},
    }
    answer = post(admin_client, EARN, body)
    told = answer.json()
    assert answer.status_code == 201
    assert (told["points_amount"], told["points_balance"], told["points_lost_to_caps"]) == (25, 25, 0)
    assert told["tier"] == {"code": "BRONZE", "name": "Bronze"}
    assert told["trace"]["base_points"] == "25"
    assert told["customer_id"] == str(member.customer_id)
    assert told["expires_at"]


def test_earn__replayed__answers_the_same_bytes(admin_client: APIClient, world: World, member: api.MemberFacts) -> None:
    body = {"account_id": str(member.account_id), "transaction_amount": "250.00"}
    first = post(admin_client, EARN, body)
    world.change(earn_rule={"*": [{"var": "transaction_amount"}, 3]})
    again = post(admin_client, EARN, body)
    assert again.content == first.content
    assert (again.status_code, again["Idempotent-Replayed"]) == (200, "true")
    assert "Idempotent-Replayed" not in first
    nothing = {"account_id": str(member.account_id), "transaction_amount": "0.10"}
    zero = post(admin_client, EARN, nothing, "k-2")
    assert (zero.status_code, zero.json()["transaction_id"], zero.json()["points_amount"]) == (200, None, 0)
    assert post(admin_client, EARN, nothing, "k-2").content == zero.content


def test_earn__key_in_the_body_or_missing__is_taken_or_refused(
    admin_client: APIClient, member: api.MemberFacts
) -> None:
    body = {"account_id": str(member.account_id), "transaction_amount": "250.00"}
    missing = post(admin_client, EARN, body, None)
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency.key_missing")
    assert post(admin_client, EARN, {**body, "idempotency_key": "mine"}, None).status_code == 201
    assert post(admin_client, EARN, body, "mine").status_code == 200, "the same key, wherever it stands"


def test_earn__key_reused_with_other_content__is_unprocessable(
    admin_client: APIClient, member: api.MemberFacts
) -> None:
    body = {"account_id": str(member.account_id), "transaction_amount": "250.00"}
    post(admin_client, EARN, body)
    other = post(admin_client, EARN, {**body, "transaction_amount": "251.00"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
    burnt = post(admin_client, BURN, {"account_id": str(member.account_id), "points": 1})
    assert (burnt.status_code, burnt.json()["code"]) == (422, "idempotency.key_reused")
    assert count_transactions() == 1


def test_earn__by_customer_or_reference__names_the_member(
    admin_client: APIClient, world: World, member: api.MemberFacts
) -> None:
    program = str(world.program_id)
    for number, name in enumerate([{"customer_id": str(member.customer_id)}, {"customer_ref": "BSS-1"}]):
        answer = post(admin_client, EARN, {**name, "program_id": program, "transaction_amount": "200"}, f"k{number}")
        assert answer.json()["account_id"] == str(member.account_id)


@pytest.mark.parametrize(
    "change, status, code",
    [
        ({"transaction_amount": "-1"}, 400, "invalid"),
        ({"transaction_amount": 0}, 400, "invalid"),
        ({"transaction_amount": "1e30"}, 400, "invalid"),
        ({"transaction_amount": "NaN"}, 400, "invalid"),
        ({"transaction_amount": "ten"}, 400, "invalid"),
        ({"transaction_amount": True}, 400, "invalid"),
        ({"transaction_amount": "1.1234567"}, 400, "invalid"),
        ({"points": 5}, 400, "invalid"),
        ({"amount": "5"}, 400, "invalid"),
        ({"account_id": "nonsense"}, 400, "invalid"),
        ({"transaction_context": "online"}, 400, "invalid"),
        ({"transaction_context": {"note": "x" * 9000}}, 400, "invalid"),
        ({"occurred_at": "yesterday"}, 400, "invalid"),
        ({"customer_ref": "BSS-1"}, 400, "points.member_not_named"),
        ({"account_id": str(uuid4())}, 404, "account.not_found"),
        ({"currency": "EUR"}, 422, "points.currency_mismatch"),
        ({"occurred_at": "2001-01-01T00:00:00Z"}, 422, "points.occurred_at_refused"),
    ],
)
def test_earn__bad_input__is_refused_and_the_ledger_unchanged(
    admin_client: APIClient, member: api.MemberFacts, change: dict[str, Any], status: int, code: str
) -> None:
    body = {"account_id": str(member.account_id), "transaction_amount": "250.00", **change}
    answer = post(admin_client, EARN, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert count_transactions() == 0


@pytest.mark.parametrize("points", [0, -5, 1.5, "10", None, True, 10**13])
@pytest.mark.parametrize("url", [EARN, BURN])
def test_points__not_a_positive_whole_number__are_refused(
    admin_client: APIClient, member: api.MemberFacts, url: str, points: Any
) -> None:
    answer = post(admin_client, url, {"account_id": str(member.account_id), "points": points})
    assert answer.status_code == 400
    assert count_transactions() == 0


def test_earn__inactive_program_unknown_program_frozen_account__are_refused(
    admin_client: APIClient, world: World, member: api.MemberFacts
) -> None:
    body = {"account_id": str(member.account_id), "transaction_amount": "250.00"}
    ledger.freeze_account(account_id=member.account_id, reason="fraud", actor=ACTOR, now=world.now)
    frozen = post(admin_client, EARN, body)
    assert (frozen.status_code, frozen.json()["code"]) == (409, "account.not_active")
    unknown = {"customer_ref": "BSS-1", "program_id": str(uuid4()), "transaction_amount": "250.00"}
    assert post(admin_client, EARN, unknown, "k3").json()["code"] == "program.not_found"
    admin_client.patch(f"{V1}/loyaltyPrograms/{world.program_id}/", {"status": "INACTIVE"})
    inactive = post(admin_client, EARN, body, "k2")
    assert (inactive.status_code, inactive.json()["code"]) == (409, "program.not_active")
    assert count_transactions() == 0


def test_earn__points_directly__need_a_permission_of_their_own(
    client_with: ClientWith, member: api.MemberFacts
) -> None:
    body = {"account_id": str(member.account_id), "points": 50}
    refused = post(client_with("points.earn"), EARN, body)
    assert (refused.status_code, refused.json()["permission"]) == (403, "points.earn_direct")
    assert post(client_with("points.earn", "points.earn_direct"), EARN, body).json()["points_amount"] == 50
    assert post(client_with("points.view"), EARN, body).status_code == 403
    assert post(APIClient(), EARN, body).status_code == 401


def test_burn__points__answers_their_value(admin_client: APIClient, member: api.MemberFacts) -> None:
    earn(admin_client, member, points=700)
    body = {"account_id": str(member.account_id), "points": 500, "transaction_context": {"description": "Voucher"}}
    answer = post(admin_client, BURN, body)
    told = answer.json()
    assert answer.status_code == 201
    assert (told["points_amount"], told["points_balance"]) == (500, 200)
    assert told["value"] == {"amount": "5.00", "currency": "USD"}
    again = post(admin_client, BURN, body)
    assert (again.content, again["Idempotent-Replayed"]) == (answer.content, "true")
    short = post(admin_client, BURN, {**body, "points": 201}, "k-9")
    assert (short.status_code, short.json()["code"], short.json()["points_available"]) == (
        409, "points.insufficient", 200,
    )  # fmt: skip


def test_reverse__a_burn__restores_and_refuses_more(admin_client: APIClient, member: api.MemberFacts) -> None:
    earn(admin_client, member, points=100)
    burnt = post(admin_client, BURN, {"account_id": str(member.account_id), "points": 60}).json()
    body = {"transaction_id": burnt["transaction_id"], "points": 20, "reason": "returned"}
    answer = post(admin_client, REVERSE, body, "r-1")
    assert (answer.status_code, answer.json()["points_balance"]) == (201, 60)
    again = post(admin_client, REVERSE, body, "r-1")
    assert (again.content, again["Idempotent-Replayed"]) == (answer.content, "true")
    above = post(admin_client, REVERSE, {**body, "points": 41}, "r-2")
    assert (above.status_code, above.json()["code"]) == (409, "transaction.reversal_exceeds")
    rest = post(admin_client, REVERSE, {"transaction_id": burnt["transaction_id"], "reason": "all"}, "r-3")
    assert rest.json()["points_amount"] == 40
    over = post(admin_client, REVERSE, {"transaction_id": burnt["transaction_id"]}, "r-4")
    assert (over.status_code, over.json()["code"]) == (409, "transaction.already_reversed")
    nobody = post(admin_client, REVERSE, {"transaction_id": str(uuid4())}, "r-5")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "transaction.not_found")


def test_earn_batch__lines__are_told_one_by_one(admin_client: APIClient, member: api.MemberFacts) -> None:
    account = str(member.account_id)
    body = {
        "items": [
            {"account_id": account, "transaction_amount": "250"},
            {"account_id": account, "transaction_amount": "50"},
            {"account_id": str(uuid4()), "transaction_amount": "250"},
            {"account_id": account, "points": 5, "idempotency_key": "mine"},
        ]
    }
    answer = post(admin_client, f"{EARN}batch/", body)
    told = answer.json()
    assert answer.status_code == 200
    assert (told["earned"], told["nothing"], told["refused"], told["points_amount"]) == (2, 1, 1, 30)
    assert [line["code"] for line in told["results"]] == ["", "", "account.not_found", ""]
    assert post(admin_client, f"{EARN}batch/", body).content == answer.content
    assert post(admin_client, f"{EARN}batch/", {"items": []}, "k2").status_code == 400
    bad = post(admin_client, f"{EARN}batch/", {"items": [{"account_id": account, "points": -1}]}, "k3")
    assert [problem["field"] for problem in bad.json()["errors"]] == ["items.0.points"]
    assert count_transactions() == 2


def test_expire__what_is_due__is_counted(admin_client: APIClient, member: api.MemberFacts) -> None:
    earn(admin_client, member, points=40)
    url = f"{V1}/services/points/expire/"
    assert admin_client.post(url, {}).json() == {
        "lots_expired": 0, "points_expired": 0, "accounts_touched": 0, "is_complete": True,
    }  # fmt: skip
    with clock.use(clock.FixedClock(datetime.now(UTC) + timedelta(days=367))):
        api.expire_due(actor=ACTOR, now=clock.now())
    events = admin_client.get(f"{V1}/pointsExpiryEvents/", {"account_id": str(member.account_id)}).json()
    assert [(event["kind"], event["points_amount"]) for event in events["results"]] == [("expire", 40)]


def test_accounts__of_a_customer__are_listed_with_their_figures(
    admin_client: APIClient, world: World, member: api.MemberFacts
) -> None:
    world.member()
    earn(admin_client, member, points=40)
    for name in ({"customer_id": str(member.customer_id)}, {"customer_ref": "BSS-1"}):
        rows = admin_client.get(f"{V1}/loyaltyAccounts/", {**name, "program": str(world.program_id)}).json()
        assert rows["count"] == 1
        row = rows["results"][0]
        assert (row["points_balance"], row["lifetime_points_earned"], row["points_expiring"]) == (40, 40, 0)
        assert (row["tier"], row["status"]) == ({"code": "BRONZE", "name": "Bronze"}, "ACTIVE")
        assert (row["points_pending"], row["points_held"], row["lifetime_points_redeemed"]) == (0, 0, 0)
    assert admin_client.get(f"{V1}/loyaltyAccounts/").json()["count"] == 2
    assert admin_client.get(f"{V1}/loyaltyAccounts/", {"customer_id": "x"}).status_code == 400
    one = admin_client.get(f"{V1}/loyaltyAccounts/{member.account_id}/", {"as_of": "2020-01-01T00:00:00Z"}).json()
    assert (one["points_balance"], one["points_balance_as_of"]) == (40, 0)
    bad = admin_client.get(f"{V1}/loyaltyAccounts/{member.account_id}/", {"as_of": "soon"})
    assert (bad.status_code, bad.json()["code"]) == (400, "filter.invalid")


def test_accounts__posted__enrol_a_customer_once(admin_client: APIClient, world: World) -> None:
    customer_id = world.customer("BSS-7")
    body = {"customer_ref": "BSS-7", "program_id": str(world.program_id)}
    first = admin_client.post(f"{V1}/loyaltyAccounts/", body)
    again = admin_client.post(f"{V1}/loyaltyAccounts/", body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["customer_id"] == str(customer_id)
    assert first.json()["id"] == again.json()["id"]
    nobody = admin_client.post(f"{V1}/loyaltyAccounts/", {**body, "customer_ref": "nobody"})
    assert (nobody.status_code, nobody.json()["code"]) == (404, "points.member_unknown")


def test_statement__in_pages__goes_from_newest_to_oldest(admin_client: APIClient, member: api.MemberFacts) -> None:
    for points in (1, 2, 3):
        earn(admin_client, member, points=points)
    url: str | None = f"{V1}/loyaltyAccounts/{member.account_id}/statement/?page_size=2"
    seen: list[tuple[int, int]] = []
    while url:
        page = admin_client.get(url).json()
        assert (page["count"], page["count_is_exact"]) == (3, True)
        seen += [(line["points_change"], line["balance_after"]) for line in page["results"]]
        url = page["next"]
    assert seen == [(3, 6), (2, 3), (1, 1)]
    for query in ("cursor=x", "cursor=-1", "page_size=0", "page_size=501"):
        assert admin_client.get(f"{V1}/loyaltyAccounts/{member.account_id}/statement/?{query}").status_code == 400


def test_expiring__within_days__sums_and_lists(admin_client: APIClient, member: api.MemberFacts) -> None:
    earn(admin_client, member, points=40)
    url = f"{V1}/loyaltyAccounts/{member.account_id}/expiring/"
    assert admin_client.get(url).json()["points_expiring"] == 0
    year = admin_client.get(url, {"days": 400}).json()
    assert (year["points_expiring"], [lot["points_remaining"] for lot in year["results"]]) == (40, [40])


def test_transactions__filtered_and_paged__and_one_with_its_trace(
    admin_client: APIClient, world: World, member: api.MemberFacts
) -> None:
    other = world.member()
    first = earn(admin_client, member, transaction_amount="250")
    earn(admin_client, other, points=10)
    post(admin_client, BURN, {"account_id": str(member.account_id), "points": 5})
    url = f"{V1}/loyaltyTransactions/"
    rows = admin_client.get(url, {"customer_ref": "BSS-1"}).json()
    assert [row["kind"] for row in rows["results"]] == ["burn", "earn"]
    assert (rows["count"], rows["count_is_exact"], rows["next"]) == (2, True, None)
    assert "trace" not in rows["results"][0]
    assert admin_client.get(url, {"kind": "burn"}).json()["count"] == 1
    assert admin_client.get(url, {"program": str(uuid4())}).json()["results"] == []
    page = admin_client.get(url, {"page_size": 2}).json()
    assert len(admin_client.get(page["next"]).json()["results"]) == 1
    one = admin_client.get(f"{url}{first['transaction_id']}/").json()
    assert (one["points_amount"], one["trace"]["base_points"]) == (25, "25")
    assert admin_client.get(f"{url}{uuid4()}/").status_code == 404
    for query in ({"kind": "gift"}, {"account_id": "x"}, {"cursor": "x"}, {"page_size": "many"}):
        assert admin_client.get(url, query).json()["code"] == "filter.invalid"


def test_transactions__posted_by_kind__are_the_verbs(
    client_with: ClientWith, admin_client: APIClient, member: api.MemberFacts
) -> None:
    url, account = f"{V1}/loyaltyTransactions/", str(member.account_id)
    body = {"kind": "earn", "account_id": account, "transaction_amount": "250"}
    earned = post(admin_client, url, body)
    assert (earned.status_code, earned.json()["points_amount"]) == (201, 25)
    same = post(admin_client, EARN, {"account_id": account, "transaction_amount": "250"})
    assert (same.content, same["Idempotent-Replayed"]) == (earned.content, "true"), "one space of keys"
    foreign = post(client_with("points.earn"), EARN, {"account_id": account, "transaction_amount": "250"})
    assert (foreign.status_code, foreign.json()["code"]) == (422, "idempotency.key_reused"), "and nobody sees another's"
    assert post(admin_client, url, {"kind": "burn", "account_id": account, "points": 5}, "k2").status_code == 201
    undo = {"kind": "reverse", "transaction_id": earned.json()["transaction_id"], "points": 1}
    assert post(admin_client, url, undo, "k3").json()["points_balance"] == 19
    assert post(admin_client, url, {**body, "kind": "gift"}, "k4").json()["errors"][0]["field"] == "kind"
    assert post(admin_client, url, {"account_id": account}, "k5").status_code == 400
    reader = post(client_with("points.view"), url, body, "k6")
    assert (reader.status_code, reader.json()["permission"]) == (403, "points.earn")


def test_cap_usages__of_a_member__tell_window_and_room(admin_client: APIClient, member: api.MemberFacts) -> None:
    earn(admin_client, member, points=40)
    rows = admin_client.get(f"{V1}/capUsages/", {"customer_id": str(member.customer_id)}).json()["results"]
    assert [(row["cap"], row["points_used"], row["points_max"]) for row in rows] == [("daily", 40, 1000)]
    assert admin_client.get(f"{V1}/capUsages/").status_code == 400


def test_reconcile_and_proof__after_movements__balance(admin_client: APIClient, member: api.MemberFacts) -> None:
    earn(admin_client, member, points=40)
    post(admin_client, BURN, {"account_id": str(member.account_id), "points": 15})
    told = admin_client.get(f"{V1}/services/points/reconcile/{member.account_id}/").json()
    assert told == {
        "account_id": str(member.account_id), "is_balanced": True, "balance": 25, "sum_of_entries": 25,
        "sum_of_lots": 25, "discrepancies": [],
    }  # fmt: skip
    for name in (str(uuid4()), "nonsense"):
        assert admin_client.get(f"{V1}/services/points/reconcile/{name}/").json()["code"] == "account.not_found"
    proof = admin_client.get(f"{V1}/services/points/proof/").json()
    assert proof["is_balanced"] is True
    assert proof["totals"] == {"issued": 40, "redeemed": 15, "expired": 0, "adjusted": 0, "outstanding": 25}
    assert all(one["violations"] == 0 for one in proof["invariants"])


def test_simulate__a_purchase__tells_what_an_earn_would_and_writes_nothing(
    admin_client: APIClient, world: World, member: api.MemberFacts
) -> None:
    url = f"{V1}/loyaltyPrograms/{world.program_id}/simulate/"
    sample = {"transaction_amount": "990", "tier_code": "SILVER", "points_to_burn": 250}
    told = admin_client.post(url, sample).json()
    assert (told["points_amount"], told["tier_code"], told["tier_code_after"]) == (123, "SILVER", "SILVER")
    assert told["value"] == {"amount": "2.50", "currency": "USD"}
    assert told["trace"]["multiplier"] == "1.25"
    earn(admin_client, member, points=990)
    capped = admin_client.post(url, {"transaction_amount": "500", "account_id": str(member.account_id)}).json()
    assert (capped["points_amount"], capped["points_lost_to_caps"]) == (10, 40)
    tried = admin_client.post(url, {"transaction_amount": "500", "earn_rule": {"var": "transaction_amount"}}).json()
    assert tried["points_amount"] == 500
    assert count_transactions() == 1
    broken = admin_client.post(url, {"transaction_amount": "500", "earn_rule": {"var": "shoe_size"}})
    assert (broken.status_code, broken.json()["code"]) == (422, "rule.invalid")
    assert admin_client.post(url, {"transaction_amount": "500", "tier_code": "NONE"}).status_code == 404
    ends = [{"transaction_amount": "5", "occurred_at": f"{year}-01-01T00:00:00Z"} for year in ("0001", "9999")]
    assert [admin_client.post(url, body).status_code for body in ends] == [400, 400]
    assert admin_client.post(url, {"transaction_amount": "500", "earn_rule": None}).json()["points_amount"] == 0
    assert admin_client.post(f"{V1}/loyaltyPrograms/{uuid4()}/simulate/", sample).status_code == 404


def test_analytics__of_a_program__sums_its_members(
    admin_client: APIClient, world: World, member: api.MemberFacts
) -> None:
    world.member()
    earn(admin_client, member, points=400)
    post(admin_client, BURN, {"account_id": str(member.account_id), "points": 100})
    taken = ledger.AdjustPosting(
        account_id=member.account_id,
        points_change=-50,
        reason_code="mistake",
        idempotency_scope="tests",
        idempotency_key="taken",
        occurred_at=world.now,
    )
    ledger.adjust(taken, now=world.now)
    told = admin_client.get(f"{V1}/loyaltyPrograms/{world.program_id}/analytics/").json()
    assert told["members"] == 2
    assert told["tiers"] == [{"code": "BRONZE", "name": "Bronze", "members": 2}]
    assert told["points"] == {"earned": 400, "burned": 100, "expired": 0, "outstanding": 250}
    assert told["redemption_rate"] == "0.2500"
    assert [month["new_members"] for month in told["growth"]] == [2]
    assert admin_client.get(f"{V1}/loyaltyPrograms/nonsense/analytics/").status_code == 404


def test_simulate__an_unsaved_document__gives_what_saving_it_would(
    admin_client: APIClient, world: World, member: api.MemberFacts
) -> None:
    url = f"{V1}/loyaltyPrograms/{world.program_id}/simulate/"
    amount = {"var": "transaction_amount"}
    document: dict[str, Any] = {
        "earn_rules": [
            {"code": "base", "name": "Base", "rule": {"*": [amount, "0.5"]}, "rule_in_words": "half"},
            {"code": "vip", "rule": 7, "kind": "bonus", "segment_codes": ["vip"]},
            {"code": "status", "rule": 9, "wallet": "status", "is_multiplied": False},
        ],
        "stacking": "best",
        "earn_base": {"net_of_tax": True},
        "activation": {"kind": "after_days", "days": 14},
        "caps": [{"code": "tx", "period": "transaction", "limit": "55"}, {"code": "day", "limit": "50"}],
        "expiry": {"kind": "age", "months": 3, "grace_days_after": 5},
        "wallets": [{"code": "main"}, {"code": "status", "kind": "status"}],
        "tiers": [{"code": "TOP", "name": "Top", "min_points": 0, "multiplier": "2"}],
    }
    document["earn_rules"][0]["rule"] = {"*": [amount, 0.5]}
    purchase = {
        "transaction_amount": "60", "transaction_context": {"tax_amount": "10"}, "segment_codes": ["vip"],
        "account_id": str(member.account_id),
    }  # fmt: skip
    told = admin_client.post(url, document | purchase).json()
    # 50 net, half of it, doubled, and 7 more; 55 a purchase and 50 a day.
    assert (told["points_amount"], told["points_lost_to_caps"], told["is_pending"]) == (50, 7, True)
    assert [(one["wallet"], one["points_amount"]) for one in told["wallets"]] == [("main", 50), ("status", 9)]
    assert [(cap["code"], cap["asked"], cap["granted"]) for cap in told["trace"]["caps"]] == [
        ("tx", 57, 55), ("day", 55, 50),
    ]  # fmt: skip
    assert count_transactions() == 0
    saved = admin_client.patch(f"{V1}/loyaltyPrograms/{world.program_id}/", document)
    assert saved.status_code == 200, saved.json()
    real = earn(admin_client, member, transaction_amount="60", transaction_context={"tax_amount": "10"})
    assert (real["points_amount"], real["is_pending"]) == (50, True)
    assert [(one["wallet"], one["points_amount"]) for one in real["other_wallets"]] == [("status", 9)]


@pytest.mark.parametrize(
    "body, status, place",
    [
        ({"earn_rules": [{"code": "base"}, 5]}, 422, "earn_rules.1"),
        ({"stacking": "most"}, 422, "stacking"),
        ({"caps": {"code": "x"}}, 422, "caps"),
        ({"transaction_amount": "-5"}, 400, "transaction_amount"),
        ({"segment_codes": "vip"}, 400, "segment_codes"),
        ({"program_version": 0}, 400, "program_version"),
        ({"unknown": 1}, 400, "unknown"),
    ],
)
def test_simulate__what_cannot_be_read__is_refused_by_place(
    admin_client: APIClient, world: World, body: dict[str, Any], status: int, place: str
) -> None:
    url = f"{V1}/loyaltyPrograms/{world.program_id}/simulate/"
    answer = admin_client.post(url, {"transaction_amount": "50", **body})
    assert answer.status_code == status, answer.json()
    assert place in [problem["field"] for problem in answer.json()["errors"]]


def test_simulate__another_version_or_an_event__is_tried(admin_client: APIClient, world: World) -> None:
    url = f"{V1}/loyaltyPrograms/{world.program_id}/simulate/"
    world.change(earn_rule={"var": "transaction_amount"})
    sample = {"transaction_amount": "200"}
    assert admin_client.post(url, sample).json()["points_amount"] == 200
    assert admin_client.post(url, {**sample, "program_version": 1}).json()["points_amount"] == 20
    assert admin_client.post(url, {**sample, "program_version": 9}).status_code == 404
    rules = [{"code": "login", "rule": 5, "event_type": "app.login"}]
    told = admin_client.post(url, {"event_type": "app.login", "earn_rules": rules}).json()
    assert (told["points_amount"], told["trace"]["rules"][0]["code"]) == (5, "login")
    assert admin_client.post(url, {}).status_code == 400
