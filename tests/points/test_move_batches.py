"""Batches of burns, transfers, adjustments, holds and reversals: the meaning of single calls, line by line."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.errors import Refusal
from loyalty.ledger import api as ledger
from loyalty.points import api
from loyalty.programs import contracts as terms
from tests.conftest import ClientWith
from tests.points.world import ACTOR, World, assert_ledger_holds, count_transactions, key, make_world

SERVICES = "/api/loyalty/v1/services/points"
NOBODY = UUID("01890000-0000-7000-8000-000000000000")
# What a line came to: code, sentence and facts of a refusal, or the figures of an answer.
Outcome = tuple[Any, ...]


@pytest.fixture
def world(db: None) -> World:
    """A program whose burn rule reads the balance, with limits on everything and two wallets."""
    return make_world(
        clock.now().replace(microsecond=0),
        expiry_days=365,
        burn_rule={"/": [{"+": [{"var": "points_requested"}, {"var": "points_balance"}]}, 100]},
        burn=terms.BurnPlan(points_min=2, points_max=500),
        transfer=terms.TransferPlan(points_max=500, points_daily=60, fee_percent=Decimal(10)),
        adjustment=terms.AdjustmentPlan(reason_codes=(terms.ReasonPlan("goodwill"),), points_max_without_approval=1000),
    )


def member_with(world: World, points: int) -> api.MemberFacts:
    """A member with points."""
    made = world.member()
    if points:
        world.earn(made, points=points)
    return made


def of(member: api.MemberFacts) -> api.MemberRef:
    """Name a member by account."""
    return api.MemberRef(account_id=member.account_id)


def outcome(receipt: Any) -> Outcome:
    """What an answer says beyond ids that differ from call to call."""
    names = ("account_id", "points_amount", "points_balance", "points_held", "points_fee", "points_unrecovered",
             "points_change", "to_points_balance", "value", "state", "is_replay")  # fmt: skip
    return tuple(getattr(receipt, name, None) for name in names)


def singly(call: Callable[[Any], Any], requests: Sequence[Any]) -> list[Outcome]:
    """Do the lines by single calls and take all of it back; give what each came to."""
    found: list[Outcome] = []
    with transaction.atomic():
        for request in requests:
            try:
                with transaction.atomic():
                    found.append(outcome(call(request)))
            except Refusal as refusal:
                found.append((refusal.code, refusal.detail, dict(refusal.facts)))
        transaction.set_rollback(True)
    return found


def together(lines: Sequence[api.Line[Any]]) -> list[Outcome]:
    """What the lines of a batch came to."""
    return [
        (line.code, line.message, dict(line.facts)) if line.receipt is None else outcome(line.receipt) for line in lines
    ]


def agree(single: Any, batch: Any, requests: Sequence[Any], now: datetime) -> list[Outcome]:
    """Hold a batch against single calls, then repeat what was done: replays, all of it; give what the lines came to."""
    apart = singly(lambda request: single(request=request, actor=ACTOR, now=now), requests)
    lines = batch(requests=requests, actor=ACTOR, now=now)
    assert together(lines) == apart
    before, done = count_transactions(), [n for n, line in enumerate(lines) if line.receipt is not None]
    again = batch(requests=[requests[n] for n in done], actor=ACTOR, now=now)
    for place, second in zip(done, again, strict=True):
        assert second.receipt is not None
        assert second.receipt.is_replay
        assert outcome(second.receipt)[:-1] == outcome(lines[place].receipt)[:-1]
    assert count_transactions() == before
    assert_ledger_holds(now)
    return together(lines)


def codes(found: Sequence[Outcome]) -> list[str]:
    """The codes of the refusals; an empty text where there is none."""
    return [one[0] if isinstance(one[0], str) else "" for one in found]


def test_burn_batch__lines_of_all_kinds__mean_what_single_burns_mean(world: World) -> None:
    one, two, frozen = (member_with(world, points) for points in (100, 50, 40))
    ledger.freeze_account(account_id=frozen.account_id, reason="test", actor=ACTOR, now=world.now)
    owner = member_with(world, 0)
    pool = api.create_pool(
        name="Us", program_id=world.program_id, owner=api.MemberRef(customer_id=owner.customer_id), actor=ACTOR,
        now=world.now,
    )  # fmt: skip
    account = api.find_member(account_id=pool.account_public_id)
    assert account is not None
    for target, points in ((account, 30),):
        adjust(world, target, points)
    once = key("once")

    def burning(who: api.MemberFacts, points: int, **more: Any) -> api.BurnRequest:
        return api.BurnRequest(**{"member": of(who), "key": key(), "points": points, "occurred_at": world.now, **more})

    requests = [
        burning(one, 30),
        # The rule reads the balance, which the line before has changed.
        burning(one, 30),
        burning(one, 41),
        burning(two, 10, key=once),
        burning(two, 10, key=once),
        burning(two, 11, key=api.Key(scope="tests", key="once", request_hash=b"other".ljust(32, b"."))),
        burning(frozen, 5),
        burning(two, 1),
        burning(owner, 20, member=api.MemberRef(customer_id=owner.customer_id), pool_id=pool.public_id),
        burning(two, 5, member=api.MemberRef(account_id=NOBODY)),
        burning(two, 5, member=api.MemberRef(customer_ref="nobody", program_id=world.program_id)),
        burning(two, 5, occurred_at=world.now + timedelta(days=1)),
        burning(two, 40, member=api.MemberRef(customer_id=two.customer_id, program_id=world.program_id)),
        burning(account, 5),
    ]
    found = agree(api.burn, api.burn_batch, requests, world.now)
    assert codes(found) == [
        *("", "", "points.insufficient", "", "", "idempotency.key_reused", "account.not_active", "burn.limit", ""),
        *("account.not_found", "points.member_unknown", "points.occurred_at_refused", "", "pool.role_refused"),
    ]  # fmt: skip
    assert found[2][2] == {"points_requested": 41, "points_available": 40}
    assert [str(found[place][8].amount) for place in (0, 1)] == ["1.30", "1.00"]


def adjust(world: World, member: api.MemberFacts, points: int) -> None:
    """Bring points into an account."""
    posting = ledger.AdjustPosting(
        account_id=member.account_id, points_change=points, reason_code="goodwill", occurred_at=world.now,
        idempotency_scope="tests", idempotency_key=uuid4().hex,
    )  # fmt: skip
    ledger.adjust(posting, now=world.now)


def test_transfer_batch__lines_of_all_kinds__mean_what_single_transfers_mean(world: World) -> None:
    one, two, poor = (member_with(world, points) for points in (100, 50, 5))

    def giving(sender: api.MemberFacts, taker: api.MemberFacts, points: int, **more: Any) -> api.TransferRequest:
        asked = {
            "from_account_id": sender.account_id,
            "to_account_id": taker.account_id,
            "points": points,
            "key": key(),
        }
        return api.TransferRequest(**{**asked, **more})

    requests = [
        giving(one, two, 40),
        giving(one, poor, 21),
        giving(one, poor, 20),
        giving(poor, one, 25),
        giving(two, two, 1),
        giving(one, two, 501),
        giving(one, two, 1, to_account_id=NOBODY),
        giving(two, one, 10),
    ]
    found = agree(api.transfer, api.transfer_batch, requests, world.now)
    assert codes(found) == [
        *("", "points.cap_reached", "", "points.insufficient", "points.transfer_to_self", "transfer.limit"),
        *("account.not_found", ""),
    ]  # fmt: skip


def test_adjust_batch__lines_of_all_kinds__mean_what_single_adjustments_mean(world: World) -> None:
    one, closed = member_with(world, 100), member_with(world, 0)
    ledger.close_account(account_id=closed.account_id, reason="test", actor=ACTOR, now=world.now)

    def adjusting(who: api.MemberFacts, points: int, **more: Any) -> api.AdjustRequest:
        asked = {"account_id": who.account_id, "points_change": points, "reason_code": "goodwill", "key": key()}
        return api.AdjustRequest(**{**asked, **more})

    requests = [
        adjusting(one, -60),
        adjusting(one, -60),
        adjusting(one, 30),
        adjusting(one, -1001),
        adjusting(one, 1001, is_unlimited=True),
        adjusting(one, 5, reason_code="unknown"),
        adjusting(one, 5, expires_on=world.now.date() - timedelta(days=3)),
        adjusting(closed, 5),
        adjusting(one, 5, account_id=NOBODY),
    ]
    found = agree(api.adjust, api.adjust_batch, requests, world.now)
    assert codes(found) == [
        *("", "points.insufficient", "", "points.approval_required", "", "adjustment.reason_unknown"),
        *("points.occurred_at_refused", "account.not_active", "account.not_found"),
    ]  # fmt: skip
    assert found[0][6] == -60
    assert found[3][2]["points_change"] == -1001


def test_hold_batches__held_captured_and_released__mean_what_single_calls_mean(world: World) -> None:
    one, two = member_with(world, 100), member_with(world, 50)
    until = world.now + timedelta(hours=1)

    def holding(who: api.MemberFacts, points: int, **more: Any) -> api.HoldRequest:
        asked = {"member": of(who), "points": points, "expires_at": until, "key": key()}
        return api.HoldRequest(**{**asked, **more})

    requests = [
        holding(one, 60),
        holding(one, 60),
        holding(one, 20),
        holding(two, 50),
        holding(two, 5, expires_at=world.now),
        holding(two, 5, member=api.MemberRef(account_id=NOBODY)),
    ]
    found = agree(api.hold, api.hold_batch, requests, world.now)
    assert codes(found) == ["", "points.insufficient", "", "", "hold.time_invalid", "account.not_found"]
    lines = api.hold_batch(requests=requests, actor=ACTOR, now=world.now)
    held = [line.receipt.hold_id for line in lines if line.receipt is not None]
    ends = [
        api.EndHoldRequest(hold_id=held[0], points=61, key=key()),
        api.EndHoldRequest(hold_id=held[0], points=50, key=key()),
        api.EndHoldRequest(hold_id=held[1], key=key()),
        api.EndHoldRequest(hold_id=held[0], key=key()),
        api.EndHoldRequest(hold_id=NOBODY, key=key()),
    ]
    captured = agree(api.capture, api.capture_batch, ends, world.now)
    assert codes(captured) == ["points.insufficient", "", "", "hold.not_active", "hold.not_found"]
    frees = [api.EndHoldRequest(hold_id=one_of, key=key()) for one_of in (held[2], held[2], held[0], NOBODY)]
    released = agree(api.release, api.release_batch, frees, world.now)
    assert codes(released) == ["", "hold.not_active", "hold.not_active", "hold.not_found"]
    assert ledger.get_account(two.account_id).points_held == 0


def test_reverse_batch__lines_of_all_kinds__mean_what_single_reversals_mean(world: World) -> None:
    one, two = member_with(world, 0), member_with(world, 0)
    parts = [{"line_id": "a", "amount": "600"}, {"line_id": "b", "amount": "400"}]
    earned, other = world.earn(one, points=100), world.earn(two, points=30)
    bought = world.earn(two, "1000", context={"lines": parts})
    burned = world.burn(one, 80)
    assert earned.transaction_id and other.transaction_id and bought.transaction_id

    def undoing(transaction_id: UUID, points: int | None = None, **more: Any) -> api.ReverseRequest:
        asked = {
            "transaction_id": transaction_id,
            "key": key(),
            "points": points,
            "reason": "",
            "occurred_at": world.now,
        }
        return api.ReverseRequest(**{**asked, **more})

    lines = (api.LineToReverse(line_id="a"),)
    requests = [
        undoing(earned.transaction_id, 50),
        undoing(burned.transaction_id, 30),
        undoing(earned.transaction_id),
        undoing(earned.transaction_id, 1000),
        undoing(bought.transaction_id, lines=lines),
        undoing(bought.transaction_id, lines=lines),
        undoing(other.transaction_id),
        undoing(other.transaction_id),
        undoing(NOBODY),
    ]
    found = agree(api.reverse, api.reverse_batch, requests, world.now)
    assert codes(found) == [
        *("", "", "", "transaction.reversal_exceeds", "", "reversal.line_exceeded", ""),
        *("transaction.already_reversed", "transaction.not_found"),
    ]  # fmt: skip
    # 20 were there of the 50 that were asked for, and 30 more came back before the rest was.
    assert [(found[place][1], found[place][5]) for place in (0, 2)] == [(20, 30), (30, 50)]


@pytest.mark.parametrize("verb", ["burn", "transfer", "adjust", "reverse", "hold", "hold/capture", "hold/release"])
def test_batch__over_http__answers_line_by_line_and_once(
    admin_client: APIClient, client_with: ClientWith, world: World, verb: str
) -> None:
    members = [member_with(world, 100) for _ in range(3)]
    items = [item_of(world, verb, one, members[0]) for one in members[1:]]
    items.append(broken_item(verb, items[0]))
    items[1]["idempotency_key"] = "mine"
    url = f"{SERVICES}/{verb}/batch/"
    answer = admin_client.post(url, {"items": items}, headers={"Idempotency-Key": "b-1"})
    told = answer.json()
    assert answer.status_code == 200, told
    assert (told["done"], told["refused"]) == (2, 1), told
    assert [line["index"] for line in told["results"]] == [0, 1, 2]
    assert told["points_amount"] == sum(line["points_amount"] for line in told["results"])
    assert told["results"][2]["code"] in ("account.not_found", "hold.not_found", "transaction.not_found")
    assert told["results"][2]["facts"]
    assert told["results"][2]["answer"] is None
    assert all(line["answer"]["points_amount"] == line["points_amount"] for line in told["results"][:2])
    audited = AuditEntry.objects.filter(subject_ref="batch", act=f"points.{verb.split('/', maxsplit=1)[0]}").count()
    assert audited == 1
    # The whole batch again, and one of its lines by a single call with its own key: the first answers.
    again = admin_client.post(url, {"items": items}, headers={"Idempotency-Key": "b-1"})
    assert again.json() == told
    single, path = dict(items[1]), f"{SERVICES}/{verb}/"
    if "hold_id" in single and verb != "hold":
        path = f"{SERVICES}/hold/{single['hold_id']}/{verb.split('/')[1]}/"
        single.pop("hold_id")
    alone = admin_client.post(path, single, headers={"Idempotency-Key": "mine"})
    assert (alone.status_code, alone.json()) == (200, told["results"][1]["answer"]), alone.json()
    assert alone["Idempotent-Replayed"] == "true"
    nobody = client_with("points.view").post(url, {"items": items}, headers={"Idempotency-Key": "b-2"})
    assert nobody.status_code == 403
    assert admin_client.post(url, {"items": []}, headers={"Idempotency-Key": "b-3"}).status_code == 400
    assert admin_client.post(url, {"items": items}).json()["code"] == "idempotency.key_missing"
    wrong = admin_client.post(url, {"items": [{**items[0], "odd": 1}]}, headers={"Idempotency-Key": "b-4"}).json()
    assert wrong["errors"][0]["field"] == "items.0.odd"
    assert_ledger_holds(clock.now())


def item_of(world: World, verb: str, member: api.MemberFacts, other: api.MemberFacts) -> dict[str, Any]:
    """A line that can be done."""
    account = str(member.account_id)
    if verb == "transfer":
        return {"from_account_id": account, "to_account_id": str(other.account_id), "points": 10}
    if verb == "adjust":
        return {"account_id": account, "points": -10, "reason_code": "goodwill"}
    if verb == "reverse":
        return {"transaction_id": str(world.burn(member, 10).transaction_id)}
    if verb in ("burn", "hold"):
        return {"account_id": account, "points": 10}
    asked = api.HoldRequest(member=of(member), points=10, expires_at=clock.now() + timedelta(hours=1), key=key())
    return {"hold_id": str(api.hold(request=asked, actor=ACTOR, now=clock.now()).hold_id)}


def broken_item(verb: str, item: dict[str, Any]) -> dict[str, Any]:
    """The same of what does not exist."""
    name = {"transfer": "to_account_id", "reverse": "transaction_id"}.get(verb, "account_id")
    return {**item, name if name in item else "hold_id": str(NOBODY)}
