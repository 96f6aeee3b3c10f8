"""Transfers, adjustments, reversals, holds and pending points over HTTP: one test per answer."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel import clock
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.programs import api as programs
from loyalty.programs import contracts as terms
from tests.conftest import ClientWith
from tests.points.world import ACTOR, World, assert_ledger_holds, count_transactions, make_world

V1 = "/api/loyalty/v1"
SERVICES = f"{V1}/services/points"
BAD_POINTS = [0, -5, 1.5, "10", None, True, 10**13, "NaN", [1]]


@pytest.fixture
def world(db: None) -> World:
    """A program with limits on everything."""
    return make_world(
        clock.now().replace(microsecond=0),
        expiry_days=365,
        transfer=terms.TransferPlan(points_max=500, points_daily=600, fee_percent=Decimal(1)),
        adjustment=terms.AdjustmentPlan(
            reason_codes=(terms.ReasonPlan("goodwill"), terms.ReasonPlan("mistake")), points_max_without_approval=1000
        ),
    )


@pytest.fixture
def member(world: World) -> api.MemberFacts:
    """A member with 1,000 points."""
    made = world.member("BSS-1")
    world.earn(made, points=1000)
    return made


@pytest.fixture
def other(world: World) -> api.MemberFacts:
    """Another member."""
    return world.member("BSS-2")


def post(client: APIClient, path: str, body: dict[str, Any], key: str | None = "k-1") -> Any:
    """Post with a key."""
    return client.post(f"{SERVICES}/{path}", body, headers={"Idempotency-Key": key} if key else {})


def balance(member: api.MemberFacts) -> int:
    """Give what the member has."""
    return ledger.get_account(member.account_id).points_posted


def last_event() -> PublishedEvent:
    """Give the fact that was published last."""
    found = PublishedEvent.objects.order_by("-recorded_at").first()
    assert found is not None
    return found


def giving(member: api.MemberFacts, other: api.MemberFacts, points: Any, **more: Any) -> dict[str, Any]:
    """Make the body of a transfer."""
    return {
        "from_account_id": str(member.account_id),
        "to_account_id": str(other.account_id),
        "points": points,
        **more,
    }


def test_transfer__within_the_limits__moves_points_and_takes_the_fee(
    admin_client: APIClient, member: api.MemberFacts, other: api.MemberFacts
) -> None:
    body = giving(member, other, 250, reason="a gift")
    answer = post(admin_client, "transfer/", body)
    told = answer.json()
    assert answer.status_code == 201, told
    assert (told["points_amount"], told["points_fee"]) == (250, 2)
    assert told["from"] == {"account_id": str(member.account_id), "points_balance": 748}
    assert told["to"] == {"account_id": str(other.account_id), "points_balance": 250}
    assert AuditEntry.objects.filter(act="points.transfer").count() == 1
    assert last_event().type == "points.transferred"
    again = post(admin_client, "transfer/", body)
    assert (again.status_code, again.content, again["Idempotent-Replayed"]) == (200, answer.content, "true")
    reused = post(admin_client, "transfer/", {**body, "points": 251})
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency.key_reused")
    assert post(admin_client, "transfer/", body, None).json()["code"] == "idempotency.key_missing"
    assert (balance(member), balance(other)) == (748, 250)
    assert_ledger_holds(clock.now())


def test_transfer__dates_of_the_points__are_kept(
    admin_client: APIClient, member: api.MemberFacts, other: api.MemberFacts
) -> None:
    post(admin_client, "transfer/", giving(member, other, 10))
    mine = admin_client.get(f"{V1}/loyaltyAccounts/{member.account_id}/lots/").json()["results"]
    theirs = admin_client.get(f"{V1}/loyaltyAccounts/{other.account_id}/lots/").json()["results"]
    assert [(lot["expires_at"], lot["earned_at"]) for lot in theirs] == [(mine[0]["expires_at"], mine[0]["earned_at"])]


@pytest.mark.parametrize("points", BAD_POINTS)
def test_transfer__no_number_of_points__is_refused(
    admin_client: APIClient, member: api.MemberFacts, other: api.MemberFacts, points: Any
) -> None:
    before = count_transactions()
    answer = post(admin_client, "transfer/", giving(member, other, points))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert count_transactions() == before


def test_transfer__to_whom_it_may_not__is_refused_and_the_ledger_unchanged(
    admin_client: APIClient, world: World, member: api.MemberFacts, other: api.MemberFacts
) -> None:
    elsewhere = make_world(world.now).member()
    frozen = world.member()
    ledger.freeze_account(account_id=frozen.account_id, reason="", actor=ACTOR, now=world.now)
    closed = world.member()
    ledger.close_account(account_id=closed.account_id, reason="", actor=ACTOR, now=world.now)
    before = count_transactions()
    cases = [
        (giving(member, member, 1), 400, "points.transfer_to_self"),
        (giving(member, elsewhere, 1), 409, "account.other_program"),
        (giving(frozen, other, 1), 409, "account.not_active"),
        (giving(member, closed, 1), 409, "account.not_active"),
        ({**giving(member, other, 1), "to_account_id": str(uuid4())}, 404, "account.not_found"),
        ({**giving(member, other, 1), "from_account_id": str(uuid4())}, 404, "account.not_found"),
        (giving(member, other, 501), 422, "transfer.limit"),
        (giving(other, member, 1), 409, "points.insufficient"),
        ({**giving(member, other, 1), "fee": 0}, 400, "invalid"),
    ]
    for number, (body, status, code) in enumerate(cases):
        answer = post(admin_client, "transfer/", body, f"t-{number}")
        assert (answer.status_code, answer.json()["code"]) == (status, code), (body, answer.json())
        assert answer["Content-Type"] == "application/problem+json"
    assert count_transactions() == before


def test_transfer__beyond_the_day__is_refused_whole(
    admin_client: APIClient, member: api.MemberFacts, other: api.MemberFacts
) -> None:
    assert post(admin_client, "transfer/", giving(member, other, 400), "a").status_code == 201
    beyond = post(admin_client, "transfer/", giving(member, other, 201), "b")
    assert (beyond.status_code, beyond.json()["code"]) == (409, "points.cap_reached")
    assert post(admin_client, "transfer/", giving(member, other, 200), "c").status_code == 201


def test_transfer__not_allowed_by_the_program__is_a_conflict(
    admin_client: APIClient, world: World, member: api.MemberFacts, other: api.MemberFacts
) -> None:
    world.change(transfer=terms.TransferPlan(is_allowed=False))
    answer = post(admin_client, "transfer/", giving(member, other, 1))
    assert (answer.status_code, answer.json()["code"]) == (409, "transfer.not_allowed")


def adjusting(member: api.MemberFacts, points: Any, **more: Any) -> dict[str, Any]:
    """Make the body of an adjustment."""
    return {"account_id": str(member.account_id), "points": points, "reason_code": "goodwill", **more}


def test_adjust__both_ways__is_created_and_replayed(admin_client: APIClient, member: api.MemberFacts) -> None:
    body = adjusting(member, 100, reason="sorry")
    answer = post(admin_client, "adjust/", body)
    told = answer.json()
    assert answer.status_code == 201, told
    assert (told["points_amount"], told["points_balance"], told["reason_code"]) == (100, 1100, "goodwill")
    assert post(admin_client, "adjust/", body).content == answer.content
    less = post(admin_client, "adjust/", adjusting(member, -300, reason_code="mistake"), "k-2")
    assert (less.status_code, less.json()["points_balance"], less.json()["points_amount"]) == (201, 800, 300)
    assert AuditEntry.objects.filter(act="points.adjust").count() == 2
    assert last_event().type == "points.adjusted"
    assert_ledger_holds(clock.now())


def test_adjust__last_day__is_that_of_the_new_points(
    admin_client: APIClient, world: World, other: api.MemberFacts
) -> None:
    day = programs.business_date("Europe/Berlin", clock.now()) + timedelta(days=10)
    post(admin_client, "adjust/", adjusting(other, 100, expires_on=day.isoformat()))
    lots = ledger.list_lots(other.account_id)
    assert [lot.expires_at and lot.expires_at.astimezone().date() >= day for lot in lots] == [True]
    over = post(admin_client, "adjust/", adjusting(other, 100, expires_on="2020-01-01"), "k-2")
    assert (over.status_code, over.json()["code"]) == (422, "points.occurred_at_refused")


@pytest.mark.parametrize("points", [point for point in BAD_POINTS if point != -5])
def test_adjust__no_number_of_points__is_refused(admin_client: APIClient, member: api.MemberFacts, points: Any) -> None:
    before = count_transactions()
    answer = post(admin_client, "adjust/", adjusting(member, points))
    assert answer.status_code == 400
    assert answer.json()["code"] in ("invalid", "points.amount_invalid")
    assert count_transactions() == before


def test_adjust__above_the_limit__needs_the_permission(client_with: ClientWith, member: api.MemberFacts) -> None:
    small, big = client_with("points.adjust"), client_with("points.adjust", "points.adjust_unlimited")
    refused = post(small, "adjust/", adjusting(member, 1001))
    assert (refused.status_code, refused.json()["code"]) == (403, "points.approval_required")
    assert post(small, "adjust/", adjusting(member, 1000), "k-2").status_code == 201
    assert post(big, "adjust/", adjusting(member, 1001), "k-3").status_code == 201
    assert (
        post(client_with("points.earn"), "adjust/", adjusting(member, 1), "k-4").json()["code"] == "permission.missing"
    )


def test_adjust__what_is_not_there__is_refused(
    admin_client: APIClient, world: World, member: api.MemberFacts, other: api.MemberFacts
) -> None:
    ledger.freeze_account(account_id=other.account_id, reason="", actor=ACTOR, now=world.now)
    cases = [
        (adjusting(member, 1, reason_code="because"), 422, "adjustment.reason_unknown"),
        (adjusting(member, -1000, reason_code=""), 400, "invalid"),
        ({**adjusting(member, 1), "account_id": str(uuid4())}, 404, "account.not_found"),
        (adjusting(other, -1), 409, "account.not_active"),
    ]
    for number, (body, status, code) in enumerate(cases):
        answer = post(admin_client, "adjust/", body, f"a-{number}")
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
    world.burn(member, 1)
    short = post(admin_client, "adjust/", adjusting(member, -1000), "a-9")
    assert (short.status_code, short.json()["code"]) == (409, "points.insufficient")


def holding(member: api.MemberFacts, points: Any, **more: Any) -> dict[str, Any]:
    """Make the body of a hold."""
    return {"account_id": str(member.account_id), "points": points, **more}


def test_hold__captured_in_part__frees_the_rest(admin_client: APIClient, member: api.MemberFacts) -> None:
    body = holding(member, 300, expires_in_minutes=10, reason="basket 7")
    held = post(admin_client, "hold/", body)
    told = held.json()
    assert held.status_code == 201, told
    assert (told["points_amount"], told["points_available"], told["points_held"], told["state"]) == (
        *(300, 700, 300),
        "ACTIVE",
    )
    assert post(admin_client, "hold/", body).content == held.content
    short = admin_client.post(
        f"{SERVICES}/burn/", {"account_id": str(member.account_id), "points": 701}, headers={"Idempotency-Key": "b"}
    )
    assert short.json()["code"] == "points.insufficient"
    captured = post(admin_client, f"hold/{told['hold_id']}/capture/", {"points": 200}, "c-1")
    assert captured.status_code == 201, captured.json()
    assert (captured.json()["points_amount"], captured.json()["points_balance"]) == (200, 800)
    assert captured.json()["value"]["currency"] == "USD"
    assert post(admin_client, f"hold/{told['hold_id']}/capture/", {"points": 200}, "c-1").content == captured.content
    twice = post(admin_client, f"hold/{told['hold_id']}/capture/", {}, "c-2")
    assert (twice.status_code, twice.json()["code"]) == (409, "hold.not_active")
    listed = admin_client.get(f"{V1}/loyaltyAccounts/{member.account_id}/holds/").json()["results"]
    assert [(one["state"], one["points_captured"], one["reason"]) for one in listed] == [("CAPTURED", 200, "basket 7")]
    assert ledger.get_account(member.account_id).points_held == 0
    assert_ledger_holds(clock.now())


def test_hold__released__is_free_again(admin_client: APIClient, member: api.MemberFacts) -> None:
    held = post(admin_client, "hold/", holding(member, 300)).json()
    freed = post(admin_client, f"hold/{held['hold_id']}/release/", {"reason": "basket left"}, "r-1")
    assert (freed.status_code, freed.json()["state"], freed.json()["points_held"]) == (200, "RELEASED", 0)
    again = post(admin_client, f"hold/{held['hold_id']}/release/", {}, "r-2")
    assert (again.status_code, again.json()["code"]) == (409, "hold.not_active")
    assert AuditEntry.objects.filter(act="points.hold").count() == 2


def test_hold__bad_input__is_refused(
    admin_client: APIClient, world: World, member: api.MemberFacts, other: api.MemberFacts
) -> None:
    over = (clock.now() - timedelta(minutes=1)).isoformat()
    ledger.freeze_account(account_id=other.account_id, reason="", actor=ACTOR, now=world.now)
    cases = [
        ("hold/", holding(member, 1, expires_at=over), 422, "hold.time_invalid"),
        ("hold/", holding(member, 1, expires_at=over, expires_in_minutes=3), 400, "invalid"),
        ("hold/", holding(member, 1, expires_in_minutes=0), 400, "invalid"),
        ("hold/", holding(member, 1001), 409, "points.insufficient"),
        ("hold/", holding(other, 1), 409, "account.not_active"),
        (f"hold/{uuid4()}/capture/", {}, 404, "hold.not_found"),
        ("hold/nonsense/release/", {}, 404, "hold.not_found"),
    ]
    for number, (path, body, status, code) in enumerate(cases):
        answer = post(admin_client, path, body, f"h-{number}")
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
    for points in BAD_POINTS:
        assert post(admin_client, "hold/", holding(member, points), "h").status_code == 400
    held = post(admin_client, "hold/", holding(member, 10), "h-ok").json()
    more = post(admin_client, f"hold/{held['hold_id']}/capture/", {"points": 11}, "h-more")
    assert more.status_code in (400, 409), more.json()
    assert ledger.get_account(member.account_id).points_held == 10


def test_hold__out_of_time__is_freed_by_the_sweep(admin_client: APIClient, member: api.MemberFacts) -> None:
    held = post(admin_client, "hold/", holding(member, 300, expires_in_minutes=1)).json()
    assert api.release_due_holds(now=clock.now()) == 0
    assert api.release_due_holds(now=clock.now() + timedelta(minutes=2)) == 1
    listed = admin_client.get(f"{V1}/loyaltyAccounts/{member.account_id}/holds/").json()["results"]
    assert [one["state"] for one in listed] == ["EXPIRED"]
    late = post(admin_client, f"hold/{held['hold_id']}/capture/", {}, "late")
    assert late.json()["code"] == "hold.not_active"


def make_pending(world: World, member: api.MemberFacts, points: int) -> str:
    """Make a pending earn; give its id."""
    posting = ledger.EarnPosting(
        idempotency_scope="tests",
        idempotency_key=uuid4().hex,
        occurred_at=world.now,
        account_id=member.account_id,
        points_amount=points,
        is_pending=True,
        activates_at=world.now + timedelta(days=14),
    )
    return str(ledger.earn(posting, now=world.now).transaction_id)


def test_pending__confirmed_or_cancelled__is_over(
    admin_client: APIClient, world: World, other: api.MemberFacts
) -> None:
    first, second = make_pending(world, other, 50), make_pending(world, other, 70)
    listed = admin_client.get(f"{V1}/loyaltyAccounts/{other.account_id}/pending/").json()["results"]
    assert {(one["points_amount"], one["state"]) for one in listed} == {(50, "PENDING"), (70, "PENDING")}
    done = post(admin_client, f"pending/{first}/confirm/", {}, "p-1")
    assert (done.status_code, done.json()["points_amount"], done.json()["points_balance"]) == (201, 50, 50)
    assert post(admin_client, f"pending/{first}/confirm/", {}, "p-1").content == done.content
    gone = post(admin_client, f"pending/{second}/cancel/", {"reason": "returned"}, "p-2")
    assert (gone.status_code, gone.json()["points_balance"]) == (201, 50)
    for number, (path, status, code) in enumerate(
        [
            (f"pending/{first}/confirm/", 409, "pending.not_pending"),
            (f"pending/{second}/cancel/", 409, "pending.not_pending"),
            (f"pending/{uuid4()}/cancel/", 404, "transaction.not_found"),
            ("pending/nonsense/confirm/", 404, "transaction.not_found"),
        ]
    ):
        answer = post(admin_client, path, {}, f"p-again-{number}")
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
    assert AuditEntry.objects.filter(act="points.confirm").count() == 2
    assert_ledger_holds(clock.now())


def test_pending__whose_time_has_come__is_activated_by_the_sweep(world: World, other: api.MemberFacts) -> None:
    make_pending(world, other, 50)
    assert api.activate_due(now=world.now + timedelta(days=13)) == 0
    assert api.activate_due(now=world.now + timedelta(days=14)) == 1
    assert balance(other) == 50


def post_purchase(world: World, member: api.MemberFacts) -> str:
    """Post a purchase of three lines as the earn decision stores it; give its id."""
    lines = [
        {"line_id": "1", "amount": "100.00", "eligible_amount": "100.00", "reason": "", "points": "10"},
        {"line_id": "2", "amount": "50.00", "eligible_amount": "50.00", "reason": "", "points": "5"},
        {"line_id": "3", "amount": "9.00", "eligible_amount": "0", "reason": "category", "points": "0"},
    ]
    posting = ledger.EarnPosting(
        idempotency_scope="tests",
        idempotency_key=uuid4().hex,
        occurred_at=world.now,
        account_id=member.account_id,
        points_amount=15,
        trace={"base": {"amount": "159.00", "lines": lines}},
    )
    return str(ledger.earn(posting, now=world.now).transaction_id)


def test_reverse__by_line__takes_back_what_the_line_earned(
    admin_client: APIClient, world: World, other: api.MemberFacts
) -> None:
    purchase = post_purchase(world, other)
    half = {"transaction_id": purchase, "lines": [{"line_id": "1", "amount": "50.00"}], "reason": "returned"}
    first = post(admin_client, "reverse/", half, "r-1")
    assert first.status_code == 201, first.json()
    assert (first.json()["points_amount"], first.json()["points_balance"]) == (5, 10)
    assert post(admin_client, "reverse/", half, "r-1").content == first.content, "a retry takes nothing more"
    beyond = {"transaction_id": purchase, "lines": [{"line_id": "1", "amount": "50.01"}]}
    refused = post(admin_client, "reverse/", beyond, "r-2")
    assert (refused.status_code, refused.json()["code"]) == (409, "reversal.line_exceeded")
    rest = {"transaction_id": purchase, "lines": [{"line_id": "1"}, {"line_id": "2"}]}
    last = post(admin_client, "reverse/", rest, "r-3")
    assert (last.json()["points_amount"], last.json()["points_balance"]) == (10, 0)
    assert_ledger_holds(clock.now())


@pytest.mark.parametrize(
    "change, status, code",
    [
        ({"lines": [{"line_id": "9"}]}, 422, "reversal.line_unknown"),
        ({"lines": []}, 400, "invalid"),
        ({"lines": [{"line_id": "1"}, {"line_id": "1"}]}, 400, "invalid"),
        ({"lines": [{"line_id": "1", "amount": "-1"}]}, 400, "invalid"),
        ({"lines": [{"line_id": "1", "amount": "NaN"}]}, 400, "invalid"),
        ({"lines": [{"line_id": "1"}], "points": 3}, 400, "invalid"),
        ({"lines": [{"line_id": "3"}]}, 422, "reversal.nothing"),
        ({"points": 16}, 409, "transaction.reversal_exceeds"),
        ({"transaction_id": str(uuid4())}, 404, "transaction.not_found"),
    ],
)
def test_reverse__bad_lines__are_refused(
    admin_client: APIClient, world: World, other: api.MemberFacts, change: dict[str, Any], status: int, code: str
) -> None:
    purchase = post_purchase(world, other)
    before = count_transactions()
    answer = post(admin_client, "reverse/", {"transaction_id": purchase, **change})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
    assert count_transactions() == before


@pytest.mark.parametrize(
    "clawback, status, code, left",
    [
        (terms.Clawback.ONLY_PENDING, 409, "transaction.clawback_refused", 0),
        (terms.Clawback.WITHIN_BALANCE, 409, "points.insufficient", 0),
        (terms.Clawback.UNLIMITED, 201, None, 0),
    ],
)
def test_reverse__points_that_were_spent__goes_by_the_program(
    admin_client: APIClient,
    world: World,
    other: api.MemberFacts,
    clawback: terms.Clawback,
    status: int,
    code: str | None,
    left: int,
) -> None:
    world.change(reversal=terms.ReversalPlan(clawback=clawback))
    purchase = post_purchase(world, other)
    world.burn(other, 15)
    answer = post(admin_client, "reverse/", {"transaction_id": purchase})
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.json()
    account = ledger.get_account(other.account_id)
    assert account.points_debt == (15 if code is None else 0)
    assert_ledger_holds(clock.now())


def test_reinstate__expired_points__come_back_with_a_new_day(
    admin_client: APIClient, world: World, member: api.MemberFacts
) -> None:
    later = clock.now() + timedelta(days=400)
    api.expire_due(actor=ACTOR, now=later)
    expiry = ledger.list_transactions(account_ids=[member.account_id], kind=ledger.TransactionKind.EXPIRE)[0]
    assert balance(member) == 0
    back = post(admin_client, "reinstate/", {"transaction_id": str(expiry.transaction_id), "points": 400}, "e-1")
    assert back.status_code == 201, back.json()
    assert (back.json()["points_amount"], back.json()["points_balance"]) == (400, 400)
    burn = world.burn(member, 1)
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"transaction_id": str(expiry.transaction_id), "points": 601}, 409, "transaction.reversal_exceeds"),
        ({"transaction_id": str(burn.transaction_id)}, 409, "transaction.not_reversible"),
        ({"transaction_id": str(uuid4())}, 404, "transaction.not_found"),
    ]
    for number, (body, status, code) in enumerate(cases):
        answer = post(admin_client, "reinstate/", body, f"e-bad-{number}")
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()


def test_account__frozen_closed_and_merged__is_told(
    admin_client: APIClient, client_with: ClientWith, world: World, member: api.MemberFacts, other: api.MemberFacts
) -> None:
    mine, theirs = (f"{V1}/loyaltyAccounts/{one.account_id}" for one in (member, other))
    assert admin_client.post(f"{mine}/freeze/", {"reason": "fraud"}).json()["status"] == "FROZEN"
    burn = {"account_id": str(member.account_id), "points": 1}
    assert post(admin_client, "burn/", burn, "b-1").json()["code"] == "account.not_active"
    assert admin_client.post(f"{mine}/unfreeze/", {}).json()["status"] == "ACTIVE"
    full = admin_client.post(f"{mine}/close/", {})
    assert (full.status_code, full.json()["code"]) == (409, "account.not_empty")
    assert client_with("points.view").post(f"{mine}/freeze/", {}).status_code == 403
    merging = {"into_account_id": str(other.account_id), "reason": "the same person"}
    merged = admin_client.post(f"{mine}/merge/", merging, headers={"Idempotency-Key": "m-1"})
    assert merged.status_code == 200, merged.json()
    assert (merged.json()["points_amount"], merged.json()["into_points_balance"]) == (1000, 1000)
    told = admin_client.get(f"{mine}/").json()
    assert (told["status"], told["merged_into"]) == ("CLOSED", str(other.account_id))
    assert admin_client.get(f"{theirs}/").json()["points_balance"] == 1000
    itself = admin_client.post(
        f"{theirs}/merge/", {"into_account_id": str(other.account_id)}, headers={"Idempotency-Key": "m-2"}
    )
    assert (itself.status_code, itself.json()["code"]) == (400, "points.transfer_to_self")
    assert_ledger_holds(clock.now())


def test_burn__limits_of_the_program__are_kept(admin_client: APIClient, world: World, member: api.MemberFacts) -> None:
    world.change(burn=terms.BurnPlan(points_min=10, points_step=5, points_max=100))
    for number, points in enumerate((5, 12, 105)):
        body = {"account_id": str(member.account_id), "points": points}
        answer = post(admin_client, "burn/", body, f"b-{number}")
        assert (answer.status_code, answer.json()["code"]) == (422, "burn.limit")
    body = {"account_id": str(member.account_id), "points": 15}
    assert post(admin_client, "burn/", body, "b-ok").status_code == 201


def test_expiring__by_month__sums_up_the_last_days(admin_client: APIClient, member: api.MemberFacts) -> None:
    url = f"{V1}/loyaltyAccounts/{member.account_id}/expiring/"
    told = admin_client.get(url, {"days": "400", "by": "month"}).json()
    last = (programs.business_date("Europe/Berlin", clock.now()) + timedelta(days=365)).strftime("%Y-%m")
    assert told["groups"] == [{"period": last, "points": 1000}]
    assert admin_client.get(url, {"by": "week"}).json()["code"] == "filter.invalid"


def test_transactions__posted_by_kind__go_to_their_verbs(
    admin_client: APIClient, client_with: ClientWith, member: api.MemberFacts, other: api.MemberFacts
) -> None:
    url = f"{V1}/loyaltyTransactions/"
    moved = admin_client.post(
        url, {"kind": "transfer", **giving(member, other, 10)}, headers={"Idempotency-Key": "k-t"}
    )
    assert (moved.status_code, moved.json()["to"]["points_balance"]) == (201, 10)
    taken = admin_client.post(url, {"kind": "adjust", **adjusting(other, -4)}, headers={"Idempotency-Key": "k-a"})
    assert (taken.status_code, taken.json()["points_balance"]) == (201, 6)
    refused = client_with("points.earn").post(
        url, {"kind": "adjust", **adjusting(other, -4)}, headers={"Idempotency-Key": "k-b"}
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "permission.missing")


@pytest.mark.parametrize("order, left", [("fifo", [30, 100]), ("lifo", [100, 30]), ("proportional", [65, 65])])
def test_burn__order_of_the_program__says_which_lots_go(
    admin_client: APIClient, world: World, other: api.MemberFacts, order: str, left: list[int]
) -> None:
    world.change(burn=terms.BurnPlan(consumption=terms.Consumption(order)))
    today = programs.business_date("Europe/Berlin", clock.now())
    for days in (10, 20):
        body = adjusting(other, 100, expires_on=(today + timedelta(days=days)).isoformat())
        post(admin_client, "adjust/", body, f"a-{days}")
    assert post(admin_client, "burn/", {"account_id": str(other.account_id), "points": 70}).status_code == 201
    assert [lot.points_remaining for lot in ledger.list_lots(other.account_id)] == left


@pytest.mark.parametrize("kind", [terms.ActivationKind.IMMEDIATE, terms.ActivationKind.ON_CONFIRMATION])
def test_reverse__line_of_a_purchase_that_earned__takes_its_share(
    admin_client: APIClient, world: World, other: api.MemberFacts, kind: terms.ActivationKind
) -> None:
    world.change(activation=terms.ActivationPlan(kind=kind))
    purchase = {
        "account_id": str(other.account_id),
        "transaction_amount": "300.00",
        "transaction_context": {"lines": [{"line_id": "a", "amount": "200.00"}, {"line_id": "b", "amount": "100.00"}]},
    }
    earned = post(admin_client, "earn/", purchase, "e-1").json()
    assert earned["points_amount"] == 30, earned
    back = {"transaction_id": earned["transaction_id"], "lines": [{"line_id": "b"}]}
    answer = post(admin_client, "reverse/", back, "r-1")
    assert (answer.status_code, answer.json()["points_amount"]) == (201, 10), answer.json()
    rest = {"transaction_id": earned["transaction_id"], "lines": [{"line_id": "a"}]}
    assert post(admin_client, "reverse/", rest, "r-2").json()["points_amount"] == 20
    account = ledger.get_account(other.account_id)
    assert (account.points_posted, account.points_pending) == (0, 0)
    assert_ledger_holds(clock.now())
