"""Earning by everything a program can promise, against the real ledger."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.orm import sql
from loyalty.ledger import api as ledger
from loyalty.points import api, queries, registry
from loyalty.points.models import NothingEarned, RuleGiven
from loyalty.points.rest import serializers
from loyalty.programs import api as programs
from tests.points.facts import A_TENTH, cap, rule
from tests.points.world import ACTOR, World, assert_ledger_holds, count_transactions, give_tier, key, make_world

pytestmark = pytest.mark.django_db
BONUS = programs.EarnRuleKind.BONUS
STATUS = (programs.WalletPlan(code="main"), programs.WalletPlan(code="status", kind=programs.WalletKind.STATUS))


def make(now: datetime, *rules: programs.EarnRulePlan, **more: Any) -> World:
    """Make a program of these rules, or of a tenth."""
    return make_world(now, earn_rule=None, earn_rules=rules or (rule("base", A_TENTH),), **more)


def given(receipt: api.EarnReceipt) -> tuple[int, int]:
    """Give what was earned and what caps took."""
    return receipt.points_amount, receipt.points_lost_to_caps


def stored_trace(receipt: api.EarnReceipt) -> dict[str, Any]:
    """Give the trace as the ledger keeps it."""
    assert receipt.transaction_id is not None
    return dict(ledger.get_transaction(receipt.transaction_id).trace or {})


def assert_simulated(world: World, of: api.MemberFacts, amount: str, **more: Any) -> api.EarnReceipt:
    """Earn as a simulation has told, to the letter of the trace."""
    asked = api.SimulateRequest(
        program_id=world.program_id, occurred_at=world.now, amount=Decimal(amount), account_id=of.account_id, **more
    )
    before = count_transactions()
    told = api.simulate(request=asked, now=world.now)
    assert count_transactions() == before
    real = world.earn(of, amount, **more)
    trace = {name: value for name, value in real.trace.items() if name != "other_wallets"}
    assert told.trace == trace
    assert [(one.wallet, one.points_amount, one.points_lost_to_caps) for one in told.wallets[1:]] == [
        (one.wallet, one.points_amount, one.points_lost_to_caps) for one in real.other_wallets
    ]
    if real.transaction_id is not None:
        assert api.trace_of(ledger.get_transaction(real.transaction_id)) == real.trace
    return real


def test_earn__base_and_lines__count_net_and_stay_in_the_trace(now: datetime) -> None:
    base = programs.EarnBasePlan(net_of_tax=True, excluded_categories=("tobacco",))
    world = make(now, earn_base=base)
    lines = [{"line_id": "1", "amount": "60"}, {"line_id": "2", "amount": "60", "product_category": "tobacco"}]
    receipt = world.earn(world.member(), "120", context={"tax_amount": "20", "lines": lines})
    assert given(receipt) == (5, 0)
    told = stored_trace(receipt)["base"]
    assert (told["amount"], told["eligible_amount"]) == ("120", "50")
    assert [(line["line_id"], line["points"]) for line in told["lines"]] == [("1", 5), ("2", 0)]


@pytest.mark.parametrize("context", [{"tax_amount": "-1"}, {"lines": [{"amount": "300"}]}, {"fee_amount": "x"}])
def test_earn__parts_that_do_not_add_up__are_refused(now: datetime, context: dict[str, Any]) -> None:
    world = make(now)
    with pytest.raises(api.PurchaseRefused):
        world.earn(world.member(), "250", context=context)
    assert count_transactions() == 0


def test_earn__several_wallets__one_transaction_each_and_a_replay_of_all(now: datetime) -> None:
    world = make(now, rule("base", A_TENTH), rule("status", 7, wallet="status"), wallets=STATUS)
    member, once = world.member(), key()
    first = world.earn(member, "100", key=once)
    assert given(first) == (10, 0)
    assert [(one.wallet, one.points_amount, one.points_balance) for one in first.other_wallets] == [("status", 7, 7)]
    again = world.earn(member, "100", key=once)
    assert again == replace(first, is_replay=True)
    assert count_transactions() == 2
    counted = [
        bool((one.context or {}).get("counts_purchase"))
        for one in ledger.list_transactions(account_ids=[first.account_id, first.other_wallets[0].account_id])
    ]
    assert sorted(counted) == [False, True]
    assert_ledger_holds(now)


def test_earn__only_another_wallet_gets_something__the_first_answer_is_nothing(now: datetime) -> None:
    world = make(now, rule("status", 7, wallet="status"), wallets=STATUS)
    member, once = world.member(), key()
    first = world.earn(member, "100", key=once)
    assert (first.transaction_id, [one.points_amount for one in first.other_wallets]) == (None, [7])
    assert world.earn(member, "100", key=once) == replace(first, is_replay=True)
    assert count_transactions() == 1
    assert not PublishedEvent.objects.filter(type="points.nothing_earned").exists()
    world.change(earn_rules=(rule("base", A_TENTH),))
    assert world.earn(member, "100", key=once).transaction_id is None, "the key has its answer"


def test_earn__points_directly_into_a_wallet__stay_there(now: datetime) -> None:
    world = make(now, wallets=STATUS)
    member = world.member()
    receipt = world.earn(member, points=50, wallet="status")
    assert (receipt.wallet, receipt.points_balance) == ("status", 50)
    assert ledger.get_account(member.account_id).points_posted == 0
    with pytest.raises(api.WalletUnknown):
        world.earn(member, points=50, wallet="gold")


def test_earn__nothing__is_told_as_a_fact_once(now: datetime) -> None:
    world = make(now, rule("base", 0))
    member, once = world.member(), key()
    world.earn(member, "12.50", key=once, context={"channel": "web"})
    world.earn(member, "12.50", key=once, context={"channel": "web"})
    (fact,) = PublishedEvent.objects.filter(type="points.nothing_earned")
    assert fact.data["context"] == {"channel": "web", "transaction_amount": "12.50", "currency": ""}
    assert (fact.key, fact.data["reason"]) == (str(member.customer_id), "rule_gives_nothing")


def test_earn__once_per_member__gives_once_whatever_happens(now: datetime) -> None:
    world = make(now, rule("base", A_TENTH), rule("welcome", 50, kind=BONUS, once_per=programs.OncePer.MEMBER))
    member = world.member()
    assert [world.earn(member, "100").points_amount for _ in range(3)] == [60, 10, 10]
    assert world.earn(world.member(), "100").points_amount == 60
    assert RuleGiven.objects.count() == 2


def test_earn__rule_given_by_another_transaction__is_decided_again_without_it(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make(now, rule("base", A_TENTH), rule("welcome", 50, kind=BONUS, once_per=programs.OncePer.MEMBER))
    member = world.member()
    RuleGiven.objects.create(account_public_id=member.account_id, rule_code="welcome", given_at=now)
    seen = queries.find_seen(api.MemberRef(account_id=member.account_id), key())
    assert seen is not None
    blind = replace(seen, member=replace(seen.member, rules_given=frozenset()))
    answers: Iterator[Any] = iter([blind])
    real = queries.find_seen
    monkeypatch.setattr(queries, "find_seen", lambda *asked: next(answers, None) or real(*asked))
    assert world.earn(member, "100").points_amount == 10
    assert count_transactions() == 1


def test_caps__of_rule_transaction_and_period__cut_in_order_and_are_told(now: datetime) -> None:
    world = make(
        now, rule("base", A_TENTH), rule("extra", 40, kind=BONUS, priority=1),
        caps=(
            cap("extra-day", "50", rule_code="extra"), cap("tx", "120", period=programs.CapPeriod.TRANSACTION),
            cap("day", "200"),
        ),
    )  # fmt: skip
    member = world.member()
    assert given(world.earn(member, "1000")) == (120, 20)
    second = world.earn(member, "1000")
    # 100 + 20 within the transaction; of the bonus 30 are left; of the day 80.
    assert given(second) == (80, 60)
    assert [(one["code"], one["asked"], one["granted"]) for one in second.trace["caps"]] == [
        ("tx", 140, 120), ("extra-day", 20, 0), ("day", 120, 80),
    ]  # fmt: skip
    assert second.trace["points_lost_to_caps"] == 60
    usage = {one.cap_ref: one.units_used for one in ledger.list_cap_usage(member.account_id)}
    assert usage["day"] == 200
    assert_ledger_holds(now)


def test_caps__that_refuse__leave_everything_as_it_was(now: datetime) -> None:
    world = make(now, caps=(cap("day", "15", on_reach=programs.OnReach.REFUSE),))
    member = world.member()
    world.earn(member, "100")
    with pytest.raises(ledger.CapReached):
        world.earn(member, "100")
    assert world.earn(member, "50").points_amount == 5
    assert_ledger_holds(now)


def test_caps__of_the_program_and_of_money__are_shared_by_members(now: datetime) -> None:
    budget = cap("budget", "1.50", scope=programs.CapScope.PROGRAM, measure=programs.CapMeasure.MONEY,
                 period=programs.CapPeriod.MONTH)  # fmt: skip
    world = make(now, caps=(budget,), point_value=Decimal("0.1"))
    first, second = world.member(), world.member()
    assert given(world.earn(first, "100")) == (10, 0)
    assert given(world.earn(second, "100")) == (5, 5)
    assert given(world.earn(second, "100")) == (0, 10)
    next_month = replace(world, now=now + timedelta(days=31))
    assert given(next_month.earn(first, "100")) == (10, 0)
    assert_ledger_holds(now)


def test_caps__of_a_partner_and_a_tier__count_only_theirs(now: datetime) -> None:
    world = make(
        now, caps=(cap("partner", "5", scope=programs.CapScope.PARTNER), cap("gold", "3", tier_codes=("GOLD",))),
    )  # fmt: skip
    member, gold = world.member(), world.member()
    give_tier(gold, "GOLD", now)
    assert given(world.earn(member, "100")) == (10, 0)
    assert given(world.earn(member, "100", context={"partner_ref": "P"})) == (5, 5)
    assert given(world.earn(world.member(), "100", context={"partner_ref": "P"})) == (0, 10)
    assert given(world.earn(member, "100", context={"partner_ref": "Q"})) == (5, 5)
    assert given(world.earn(gold, "100")) == (3, 12)


def test_caps__a_reversal__frees_room_in_its_own_window(now: datetime) -> None:
    world = make(now, caps=(cap("day", "15"),))
    member = world.member()
    first = world.earn(member, "100")
    assert first.transaction_id is not None
    api.reverse(
        request=api.ReverseRequest(
            transaction_id=first.transaction_id, key=key(), points=None, reason="returned", occurred_at=now
        ),
        actor=ACTOR, now=now,
    )  # fmt: skip
    assert given(world.earn(member, "100")) == (10, 0)
    assert given(world.earn(member, "100")) == (5, 5)


def test_late_purchase__goes_by_version_tier_cap_and_expiry_of_its_day(now: datetime) -> None:
    world = make(now, caps=(cap("day", "100"),), expiry_days=10)
    member = world.member()
    known = registry._Registry.tier_history
    registry.register_tier_history(lambda accounts, at: dict.fromkeys(accounts, ("BRONZE", "Bronze")))
    try:
        give_tier(member, "GOLD", now)
        world.earn(member, "600")
        late = world.earn(member, "100", occurred_at=now - timedelta(days=2))
        assert (late.points_amount, late.tier) == (10, {"code": "BRONZE", "name": "Bronze"})
        assert world.earn(member, "600").points_amount == 10, "90 of today's 100 are gone, none of them by the late one"
    finally:
        registry.register_tier_history(known)
    assert late.expires_at is not None
    assert late.expires_at < now + timedelta(days=9)


def test_segments__of_the_member__reach_the_rules(now: datetime) -> None:
    world = make(
        now, rule("base", A_TENTH), rule("vip", 5, kind=BONUS, segment_codes=("vip",)),
        rule("said", {"if": [{"in": ["vip", {"var": "segment_codes"}]}, 1, 0]}, kind=BONUS),
    )  # fmt: skip
    inside, outside = world.member(), world.member()
    known = registry._Registry.member_facts.pop("segment_codes", None)
    api.register_member_facts("segment_codes", lambda customers, at: {inside.customer_id: ("vip",)})
    try:
        assert world.earn(inside, "100").points_amount == 16
        assert world.earn(outside, "100").points_amount == 10
    finally:
        api.forget_member_facts("segment_codes")
        if known is not None:
            api.register_member_facts("segment_codes", known)


def test_purchase_count__counts_what_was_before__also_what_earned_nothing(now: datetime) -> None:
    above_10 = {"if": [{">": [{"var": "transaction_amount"}, 10]}, 1, 0]}
    third = {"if": [{"==": [{"var": "purchase_count"}, 2]}, 30, above_10]}
    world = make(now, rule("base", third))
    member = world.member()
    amounts = ["20", "5", "20", "20"]
    earned = [
        world.earn(member, amount, occurred_at=now + timedelta(seconds=n)).points_amount
        for n, amount in enumerate(amounts)
    ]
    assert earned == [1, 0, 30, 1]


def household(world: World, *members: api.MemberFacts) -> UUID:
    """Put members into a household that they earn for; give its account."""
    pool, account = (
        uuid4(),
        ledger.open_account(
            owner_ref=uuid4(), program_ref=world.program_id, kind=ledger.AccountKind.POOL, now=world.now
        ),
    )
    sql.execute(
        """
        WITH pool AS (
            INSERT INTO points_pool (public_id, created_at, updated_at, version, program_public_id, account_public_id,
                name, status)
            VALUES (%s, %s, %s, 1, %s, %s, 'The Millers', 'ACTIVE') RETURNING id)
        INSERT INTO points_pool_member (public_id, created_at, updated_at, version, pool_id, program_public_id,
            customer_public_id, role, is_earning_into_pool, joined_at)
        SELECT gen_random_uuid(), %s, %s, 1, pool.id, %s, m.customer, m.role, true, %s
        FROM pool, unnest(%s::uuid[], %s::text[]) AS m (customer, role)
        """,
        [
            *(pool, world.now, world.now, world.program_id, account, world.now, world.now, world.program_id, world.now),
            *([one.customer_id for one in members], ["owner", *["spender"] * (len(members) - 1)]),
        ],
    )  # fmt: skip
    return account


def test_household__of_members_who_earn_for_it__gets_the_points(now: datetime) -> None:
    world = make(now, caps=(cap("own", "12"), cap("house", "15", scope=programs.CapScope.HOUSEHOLD)))
    one, other = world.member(), world.member()
    account = household(world, one, other)
    first = world.earn(one, "100")
    assert (first.account_id, first.customer_id, given(first)) == (account, one.customer_id, (10, 0))
    assert given(world.earn(one, "100")) == (2, 8), "the member's own cap"
    assert given(world.earn(other, "100")) == (3, 7), "the household's"
    assert ledger.get_account(account).points_posted == 15
    assert_ledger_holds(now)


def test_earn_batch__everything_a_program_promises__is_what_single_earns_would_be(now: datetime) -> None:
    world = make(
        now, rule("base", A_TENTH), rule("welcome", 50, kind=BONUS, once_per=programs.OncePer.MEMBER),
        rule("status", 7, wallet="status"), rule("extra", 5, kind=BONUS, priority=2),
        caps=(cap("day", "90"), cap("extra", "12", rule_code="extra")), wallets=STATUS,
    )  # fmt: skip
    first, second = world.member(), world.member()
    amounts = ["100", "1", "250", "400", "80"]
    lines = api.earn_batch(requests=[world.request(first, one) for one in amounts], actor=ACTOR, now=now)
    single = [world.earn(second, one) for one in amounts]

    def told(receipt: api.EarnReceipt | None) -> Any:
        assert receipt is not None
        others = [(one.wallet, one.points_amount, one.points_balance) for one in receipt.other_wallets]
        return (
            receipt.points_amount,
            receipt.points_balance,
            receipt.points_lost_to_caps,
            receipt.trace["rules"],
            others,
        )

    assert [told(line.receipt) for line in lines] == [told(receipt) for receipt in single]
    again = api.earn_batch(requests=[world.request(first, "100", key=key("k"))] * 2, actor=ACTOR, now=now)
    assert [line.receipt.is_replay if line.receipt else None for line in again] == [False, True]
    assert_ledger_holds(now)


def test_earn_batch__lines_that_earn_nothing__are_remembered_with_their_reason(now: datetime) -> None:
    world = make(now, rule("base", A_TENTH, weekdays=(1,)))
    lines = api.earn_batch(requests=[world.request(world.member(), "100")], actor=ACTOR, now=now)
    assert [line.receipt.points_amount if line.receipt else None for line in lines] == [0]
    assert NothingEarned.objects.get().reason == "no_rule_applies"


def test_activation__pending_points__wait_and_are_counted_under_caps(now: datetime) -> None:
    waits = programs.ActivationPlan(kind=programs.ActivationKind.AFTER_DAYS, days=14)
    world = make(now, activation=waits, caps=(cap("day", "15"),), expiry_days=365)
    member = world.member()
    first = world.earn(member, "100")
    assert (first.points_amount, first.points_balance, first.is_pending) == (10, 0, True)
    assert first.activates_at == now + timedelta(days=14)
    assert given(world.earn(member, "100")) == (5, 5)
    account = ledger.get_account(member.account_id)
    assert (account.points_posted, account.points_pending) == (0, 15)
    ledger.activate_due(now=now + timedelta(days=15))
    assert ledger.get_account(member.account_id).points_posted == 15
    assert world.earn(member, points=3).is_pending is False, "points given directly do not wait"
    assert_ledger_holds(now)


def test_activation__by_hand__is_pending_without_a_day(now: datetime) -> None:
    world = make(now, activation=programs.ActivationPlan(kind=programs.ActivationKind.ON_CONFIRMATION))
    once, member = key(), world.member()
    first = world.earn(member, "100", key=once)
    assert (first.is_pending, first.activates_at) == (True, None)
    assert world.earn(member, "100", key=once) == replace(first, is_replay=True)


def test_earn_answer__written_by_hand__is_what_its_description_says(now: datetime) -> None:
    world = make(
        now, rule("base", A_TENTH), rule("status", 7, wallet="status"), wallets=STATUS, expiry_days=30,
        activation=programs.ActivationPlan(kind=programs.ActivationKind.AFTER_DAYS, days=14),
    )  # fmt: skip
    for receipt in (world.earn(world.member(), "100"), world.earn(world.member(), points=5)):
        described = serializers.EarnAnswer(receipt).data
        written = serializers.earn_answer(receipt)
        assert list(written) == list(described)
        assert dumps_exact(written) == dumps_exact(described)


@pytest.mark.parametrize("waits", [programs.ActivationKind.IMMEDIATE, programs.ActivationKind.ON_CONFIRMATION])
def test_simulate__anything__is_what_the_earn_then_gives(now: datetime, waits: programs.ActivationKind) -> None:
    world = make(
        now, rule("base", A_TENTH), rule("welcome", 5, kind=BONUS, once_per=programs.OncePer.MEMBER),
        rule("web", {"if": [{"==": [{"var": "channel"}, "web"]}, 3, 0]}, kind=BONUS), rule("s", 2, wallet="status"),
        wallets=STATUS, expiry_days=30, activation=programs.ActivationPlan(kind=waits), point_value=Decimal("0.1"),
        caps=(
            cap("tx", "40", period=programs.CapPeriod.TRANSACTION), cap("base", "30", rule_code="base"),
            cap("day", "45"),
            cap("money", "7", scope=programs.CapScope.PROGRAM, measure=programs.CapMeasure.MONEY),
        ),
    )  # fmt: skip
    member, other = world.member(), world.member()
    give_tier(member, "GOLD", now)
    for of, amount in [(member, "100"), (other, "200"), (member, "150"), (member, "5"), (other, "900"), (other, "1")]:
        assert_simulated(world, of, amount, context={"channel": "web" if amount != "5" else "shop"})
    assert_ledger_holds(now)


def audit_rows(account_id: UUID) -> list[dict[str, Any]]:
    """Give the audit rows of an account."""
    return sql.fetch_all(
        "SELECT act, actor_ref, after FROM audit_auditentry WHERE act = 'points.earn' AND subject_ref = %s ORDER BY id",
        [str(account_id)],
    )


def test_earn__plain_purchase__is_two_statements_with_its_audit_row(now: datetime) -> None:
    world = make(now)
    member = world.member()
    world.earn(member, "10")  # the program's versions are remembered from here on
    request, seen = world.request(member, "100"), list[str]()

    def keep(execute: Any, statement: str, *rest: Any) -> Any:
        seen.append(statement)
        return execute(statement, *rest)

    # Inside the test's own transaction the posting has a savepoint.
    with connection.execute_wrapper(keep):
        receipt = api.earn(request=request, actor=ACTOR, now=now)

    first, second = [one for one in seen if "SAVEPOINT" not in one]
    assert "points_seen" in first and "ledger_earn" in second and "audit_auditentry" in second
    last = audit_rows(member.account_id)[-1]
    assert (last["act"], last["actor_ref"]) == ("points.earn", ACTOR.ref)
    assert json.loads(last["after"]) == {
        "transaction_id": str(receipt.transaction_id), "points_amount": 10, "points_balance": 11,
        "points_lost_to_caps": 0,
    }  # fmt: skip


def test_earn__replayed__is_recorded_once(now: datetime) -> None:
    world = make(now)
    member = world.member()
    request = world.request(member, "100")
    first = api.earn(request=request, actor=ACTOR, now=now)

    again = api.earn(request=request, actor=ACTOR, now=now)

    assert again == replace(first, is_replay=True)
    assert len(audit_rows(member.account_id)) == 1


def test_earn__refused_by_the_book__leaves_no_audit_row_and_a_usable_transaction(now: datetime) -> None:
    world = make(now)
    member = world.member()
    ledger.freeze_account(account_id=member.account_id, reason="test", actor=ACTOR, now=now)

    with pytest.raises(ledger.AccountNotActive):
        world.earn(member, "100")

    assert audit_rows(member.account_id) == []
    assert count_transactions() == 0
