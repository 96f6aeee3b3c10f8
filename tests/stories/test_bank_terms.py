"""What programs promise, over HTTP: bases, rules, caps, versions, lifetimes, tiers; the numbers worked out by hand."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.stories.bank import AMOUNT, ONE_FOR_ONE, POINTS, Bank, ago, done, midnight_after, refusal
from tests.stories.running import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
LADDER = [
    {"code": "b", "name": "B", "min_points": 0},
    {"code": "s", "name": "S", "min_points": 100, "multiplier": "1.5"},
    {"code": "g", "name": "G", "min_points": 300, "multiplier": "2"},
]


def share(of: float) -> dict[str, Any]:
    """Give a rule for a share of the amount."""
    return {"*": [AMOUNT, of]}


def granted(answer: Any) -> tuple[int, int]:
    """Give what an earn granted and what its caps took."""
    told = done(answer)
    return told["points_amount"], told["points_lost_to_caps"]


def has_balance(bank: Bank, member: dict[str, Any], points: int) -> bool:
    """Tell whether a member has just so many points."""
    return bank.balance(member) == points


def simulated(bank: Bank, program: dict[str, Any], member: dict[str, Any], amount: str, **more: Any) -> int:
    """Give what a simulation says."""
    body = {"account_id": member["id"], "transaction_amount": amount} | more
    return int(done(bank.post(f"loyaltyPrograms/{program['id']}/simulate/", body))["points_amount"])


def test_base__net_of_all_and_by_line__earns_what_is_left(bank: Bank) -> None:
    base = {
        "net_of_tax": True, "net_of_fees": True, "net_of_points_paid": True, "excluded_categories": ["tobacco"],
        "excluded_channels": ["kiosk"],
    }  # fmt: skip
    program = bank.program(earn_base=base)
    (member,) = bank.members(program)
    net = {"tax_amount": "20", "fee_amount": "5", "points_paid_amount": "10"}
    lines = [
        {"line_id": "a", "amount": "60", "product_category": "food"},
        {"line_id": "b", "amount": "40", "product_category": "tobacco"},
    ]
    # 120 - 20 - 5 - 10; of 100 with 20 tax the food bears 12; nothing of what is excluded whole.
    for amount, context, points in (
        ("120", net, 85),
        ("100", {"tax_amount": "20", "lines": lines}, 48),
        ("100", {"product_category": "tobacco"}, 0),
        ("100", {"channel": "kiosk"}, 0),
    ):
        assert simulated(bank, program, member, amount, transaction_context=context) == points
        assert granted(bank.earn(member, amount, transaction_context=context)) == (points, 0)
    assert bank.balance(member) == 85 + 48


@pytest.mark.parametrize("stacking, points", [("sum", 35), ("best", 25), ("first", 15)])
def test_stacking__of_base_rules__and_the_bonus_on_top(bank: Bank, stacking: str, points: int) -> None:
    rules = [
        {"code": "none", "rule": 0, "priority": 1}, {"code": "ten", "rule": share(0.1), "priority": 2},
        {"code": "twenty", "rule": share(0.2), "priority": 3},
        {"code": "extra", "rule": 5, "kind": "bonus", "priority": 4},
    ]  # fmt: skip
    program = bank.program(stacking=stacking, earn_rules=rules)
    (member,) = bank.members(program)
    assert simulated(bank, program, member, "100") == points
    earned = done(bank.earn(member, "100"))
    assert earned["points_amount"] == points
    assert {one["code"] for one in earned["trace"]["rules"]} == {"none", "ten", "twenty", "extra"}
    stored = bank.get(f"loyaltyTransactions/{earned['transaction_id']}/")
    assert stored["trace"]["exact_points"] == earned["trace"]["exact_points"] == str(points)


def test_multiplier__bonus_and_rounding__happen_in_this_order_and_once(bank: Bank) -> None:
    rules = [
        {"code": "third", "rule": share(0.33)}, {"code": "flat", "rule": share(0.1), "is_multiplied": False},
        {"code": "bit", "rule": 0.4, "kind": "bonus"},
    ]  # fmt: skip
    program = bank.program(tiers=LADDER, earn_rules=rules)
    (member,) = bank.members(program, tier_code="s")
    # 3.333 * 1.5 + 1.01 + 0.4 = 6.4095
    earned = done(bank.earn(member, "10.10"))
    assert (earned["points_amount"], earned["trace"]["exact_points"]) == (6, "6.4095")


def test_windows__of_weekday_hour_and_days__go_by_the_zone_of_the_program(bank: Bank) -> None:
    zone = ZoneInfo("America/New_York")
    night = (datetime.now(zone) - timedelta(days=3)).replace(hour=1, minute=30, second=0)
    evening = (night - timedelta(days=1)).isoweekday()
    rules = [
        {"code": "evening", "rule": 1, "hour_from": 22, "hour_until": 2, "weekdays": [evening]},
        {"code": "morrow", "rule": 10, "hour_from": 22, "hour_until": 2, "weekdays": [night.isoweekday()]},
        {"code": "today", "rule": 100, "starts_on": night.date().isoformat(), "ends_on": night.date().isoformat()},
        {"code": "past", "rule": 1000, "ends_on": (night.date() - timedelta(days=1)).isoformat()},
    ]  # fmt: skip
    (member,) = bank.members(bank.program(timezone="America/New_York", earn_rules=rules))
    earned = bank.earn(member, "1", occurred_at=night.isoformat())
    assert granted(earned) == (101, 0), "the hours after midnight belong to the evening on which they began"


def test_caps__of_every_period__cut_and_are_freed_in_their_own_window(bank: Bank) -> None:
    caps = [
        {"code": "sale", "limit": "80", "period": "transaction"}, {"code": "day", "limit": "100", "period": "day"},
        {"code": "program", "limit": "150", "period": "program"},
    ]  # fmt: skip
    (member,) = bank.members(bank.program(caps=caps))
    first = done(bank.earn(member, "200"))
    assert (first["points_amount"], first["points_lost_to_caps"]) == (80, 120)
    assert granted(bank.earn(member, "50")) == (20, 30)
    assert granted(bank.earn(member, "5")) == (0, 5)
    assert granted(bank.earn(member, "70", occurred_at=ago(days=1))) == (50, 20), "of the program's period 50 are left"
    done(bank.reverse(first["transaction_id"], points=30))
    assert granted(bank.earn(member, "9", occurred_at=ago(days=2))) == (9, 0), (
        "30 are free in the program's period again"
    )
    assert granted(bank.earn(member, "60")) == (21, 39), "and what is left of them today"


def test_caps__shared_by_partner_program_and_money__count_for_all(bank: Bank) -> None:
    partner = {"code": "p", "scope": "partner", "partner_ref": "ACME", "limit": "50", "period": "month"}
    one, two = bank.members(bank.program(caps=[partner]), 2)
    acme = {"partner_ref": "ACME"}
    assert [granted(bank.earn(who, "30", transaction_context=acme)) for who in (one, two)] == [(30, 0), (20, 10)]
    assert granted(bank.earn(two, "30")) == (30, 0)
    money = {"code": "m", "scope": "program", "measure": "money", "limit": "1.555", "period": "program"}
    one, two = bank.members(bank.program(caps=[money], point_value="0.01"), 2)
    assert [granted(bank.earn(who, "100")) for who in (one, two)] == [(100, 0), (55, 45)]
    strict = {"code": "d", "limit": "100", "period": "day", "on_reach": "refuse"}
    (one,) = bank.members(bank.program(caps=[strict]))
    assert granted(bank.earn(one, "100")) == (100, 0)
    assert refusal(bank.earn(one, "1")) == (409, "points.cap_reached")


def test_caps__of_a_day__turn_at_midnight_of_the_zone(bank: Bank) -> None:
    zone = ZoneInfo("Pacific/Auckland")
    midnight = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    caps = [{"code": "d", "limit": "10", "period": "day"}]
    (member,) = bank.members(bank.program(timezone="Pacific/Auckland", caps=caps))
    moments = [midnight - timedelta(minutes=1), midnight, midnight + timedelta(seconds=1)]
    found = [granted(bank.earn(member, "10", occurred_at=at.astimezone(UTC).isoformat())) for at in moments]
    assert found == [(10, 0), (10, 0), (0, 10)]


def test_version__from_an_instant__counts_for_what_happens_from_then_on(bank: Bank) -> None:
    program = bank.program()
    (member,) = bank.members(program)
    # So far away that the change is taken before it, on a busy machine too.
    before = datetime.now(UTC)
    url, at = f"loyaltyPrograms/{program['id']}/", before + timedelta(seconds=10)
    twice = {"earn_rules": [{"code": "base", "rule": share(2)}], "effective_at": at.isoformat()}
    done(bank.http.patch(url, json=twice))
    assert granted(bank.earn(member, "10", occurred_at=before.isoformat())) == (10, 0)
    wait_for("the instant", lambda: datetime.now(UTC) > at)
    later = done(bank.earn(member, "10"))
    assert (later["points_amount"], later["trace"]["program_version"]) == (20, 2)
    assert granted(bank.earn(member, "10", occurred_at=ago(days=1))) == (10, 0)
    assert simulated(bank, program, member, "10", program_version=1) == 10
    (change,) = bank.get(f"{url}versions/diff/", **{"from": 1, "to": 2})["changes"]
    assert change["path"] == "earn_rules.base.rule"


@pytest.mark.parametrize(
    "expiry, ends",
    [
        ({"kind": "age", "days": 10}, lambda today: today + timedelta(days=10)),
        ({"kind": "fixed_date", "month_day": "12-31"}, lambda today: today.replace(month=12, day=31)),
        (
            {"kind": "end_of_period", "period": "year", "periods": 2},
            lambda today: today.replace(year=today.year + 1, month=12, day=31),
        ),
        ({"kind": "age", "days": 10, "tier_overrides": {"b": {"days": 20}}}, lambda today: today + timedelta(days=20)),
    ],
)
def test_lifetime__by_age_date_period_and_tier__ends_with_the_last_day(
    bank: Bank, expiry: dict[str, Any], ends: Any
) -> None:
    (member,) = bank.members(bank.program(expiry=expiry, tiers=LADDER))
    noon = datetime.now(UTC)
    earned = done(bank.earn(member, "10", occurred_at=noon.isoformat()))
    assert earned["expires_at"] == midnight_after(ends(noon.date()))


@pytest.mark.parametrize(
    "qualifier, amounts", [("points", ["99", "1"]), ("spend", ["99.99", "0.01"]), ("count", ["1"] * 100)]
)
def test_tier__reached_exactly__is_given_and_spending_takes_nothing_away(
    bank: Bank, qualifier: str, amounts: list[str]
) -> None:
    policy = {"qualifier": qualifier, "window": "calendar_year"}
    (member,) = bank.members(bank.program(tiers=LADDER, tier_policy=policy))
    items = [{"account_id": member["id"], "transaction_amount": amount} for amount in amounts]
    done(bank.post(f"{POINTS}/earn/batch/", {"items": items[:-1]}))
    wait_for("the count", lambda: float(bank.standing(member)["points_qualifying"]) >= 99)
    assert bank.tier(member) == "b"
    done(bank.post(f"{POINTS}/earn/batch/", {"items": items[-1:]}))
    wait_for("the tier", lambda: bank.tier(member) == "s")
    done(bank.burn(member, bank.balance(member)))
    assert bank.tier(member) == "s"


def test_tier__with_the_next_period__is_projected_with_what_is_gathered(bank: Bank) -> None:
    policy = {"qualifier": "points", "window": "calendar_year", "effect": "next_period"}
    (member,) = bank.members(bank.program(tiers=LADDER, tier_policy=policy))
    done(bank.earn(member, "150"))
    wait_for("the count", lambda: bank.standing(member, "projection")["points_qualifying"] == 150)
    told = bank.standing(member, "projection")
    assert (bank.tier(member), told["projected_tier"]["code"]) == ("b", "s")
    assert (told["next_tier"]["code"], told["points_to_next"]) == ("g", 150)


def test_tier__by_hand__is_a_floor_or_a_pin_and_gifts_come_once(bank: Bank) -> None:
    gift = [LADDER[0], LADDER[1] | {"benefit_grants": [{"code": "gift", "kind": "points", "points": 500}]}, LADDER[2]]
    one, two = bank.members(bank.program(tiers=gift), 2)
    for member, mode in ((one, "floor"), (two, "pin")):
        done(bank.post("services/tier/assign/", {"account_id": member["id"], "tier": "s", "mode": mode, "reason": "x"}))
        wait_for("the gift", partial(has_balance, bank, member, 500))
        assert bank.tier(member) == "s", "a gift lifts nobody to the next tier"
        done(bank.earn(member, "300"))
    wait_for("the rise above the floor", lambda: bank.tier(one) == "g")
    assert bank.tier(two) == "s"
    done(bank.post("services/tier/assign/", {"account_id": two["id"], "mode": "none", "reason": "off"}))
    wait_for("the end of the pin", lambda: bank.tier(two) == "g")
    assert bank.balance(two) == 500 + int(300 * 1.5)


def test_events__of_their_own_kind_and_referrals__earn_once(bank: Bank) -> None:
    rules = [*ONE_FOR_ONE, {"code": "app", "event_type": "customer.app_opened", "rule": 5, "once_per": "member"}]
    program = bank.program(earn_rules=rules, referral={"referrer_points": 100, "referee_points": 30})
    one, two = bank.members(program, 2)

    def tell(kind: str, member: dict[str, Any], name: str, **data: Any) -> None:
        event = {
            "event_id": f"{kind}:{member['id']}:{name}", "event_type": kind, "customer_ref": member["customer_ref"],
            "occurred_at": ago(minutes=1), "event_data": data,
        }  # fmt: skip
        done(bank.http.post("webhooks/customer-events/", json={"events": [event]}))

    for name in ("first", "first", "second"):
        tell("customer.app_opened", one, name)
        tell("customer.referred", two, name, referrer_ref=one["customer_ref"])
    wait_for("both sides", lambda: (bank.balance(one), bank.balance(two)) == (105, 30))
    assert granted(bank.earn(one, event_type="customer.app_opened")) == (0, 0)


def test_late__purchases_that_reach_a_tier__correct_what_came_after_them_and_not_themselves(bank: Bank) -> None:
    ladder = [LADDER[0], LADDER[1] | {"multiplier": "2"}]
    (member,) = bank.members(bank.program(tiers=ladder))
    for amount, days in (("60", 5), ("60", 3)):
        done(bank.earn(member, amount, occurred_at=ago(days=days)))
    wait_for("the tier", lambda: bank.tier(member) == "s")
    assert bank.balance(member) == 120, "the purchase that reaches a tier earns as it would have in time"
    assert granted(bank.earn(member, "10")) == (20, 0)
    done(bank.earn(member, "100", occurred_at=ago(days=10)))
    # The late 100 reach the tier, so both 60 give 120; themselves they give 100.
    wait_for("the corrections", lambda: bank.balance(member) == 100 + 120 + 120 + 20)
    told = bank.get("loyaltyTransactions/", account_id=member["id"], kind="adjust")["results"]
    assert [(one["reason_code"], one["points_change"]) for one in told] == [("backdated_correction", 60)] * 2
    then = bank.get("services/tier/calculate/", account_id=member["id"], as_of=ago(days=8), basis="occurred")
    assert then["tier"]["code"] == "s"
