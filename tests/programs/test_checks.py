"""What is wrong with the terms of a program, and how short and long forms stay one truth."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.foundation.kernel.exact_json import ExactDecoder, ExactEncoder
from loyalty.programs import policy
from loyalty.programs.contracts import (
    ActivationKind,
    ActivationPlan,
    AdjustmentPlan,
    BenefitGrant,
    BenefitKind,
    BurnPlan,
    CapMeasure,
    CapPeriod,
    CapPlan,
    CapScope,
    EarnBasePlan,
    EarnRuleKind,
    EarnRulePlan,
    ExpiryKind,
    ExpiryPlan,
    OncePer,
    OnReach,
    ProgramDocument,
    ProgramTerms,
    ReasonPlan,
    ReferralPlan,
    ReversalPlan,
    Stacking,
    TierEffect,
    TierExpiry,
    TierPolicyPlan,
    TierQualifier,
    TierWindow,
    TransferPlan,
    WalletKind,
    WalletPlan,
)
from tests.programs.plans import document, plan, tier

AMOUNT = {"var": "transaction_amount"}
BASE = EarnRulePlan(code="base", rule=AMOUNT)
MAIN = WalletPlan(code="main")


def rules(**fields: Any) -> dict[str, Any]:
    """Make a change to one way to earn."""
    return {"earn_rules": (EarnRulePlan(**{"code": "base", "rule": AMOUNT, **fields}),)}


def cap(**fields: Any) -> dict[str, Any]:
    """Make a change to one cap."""
    return {"caps": (CapPlan(**{"code": "c", "limit": Decimal(10), **fields}),)}


def expiry(**fields: Any) -> dict[str, Any]:
    """Make a change to the expiry."""
    return {"expiry": ExpiryPlan(**fields)}


def tiers_by(**fields: Any) -> dict[str, Any]:
    """Make a change to the tier policy."""
    return {"tier_policy": TierPolicyPlan(**fields)}


AGE: dict[str, Any] = {"kind": ExpiryKind.AGE, "days": 30}
CYCLE: dict[str, Any] = {"window": TierWindow.CYCLE, "cycle_start": "04-01", "cycle_months": 12}
MONEY: dict[str, Any] = {"measure": CapMeasure.MONEY, "limit": Decimal("0.5")}


@pytest.mark.parametrize(
    "changes, place, code",
    [
        (rules(code="no way"), "earn_rules.0.code", "program.code_invalid"),
        ({"earn_rules": (BASE, EarnRulePlan(code="BASE", rule=1))}, "earn_rules.1.code", "program.code_duplicate"),
        (rules(code="other", rule=None), "earn_rules.0.rule", "program.rule_missing"),
        (rules(event_type="Not An Event"), "earn_rules.0.event_type", "program.event_type_invalid"),
        (rules(event_type=""), "earn_rules.0.event_type", "program.event_type_invalid"),
        (rules(wallet="stars"), "earn_rules.0.wallet", "program.wallet_unknown"),
        (rules(priority=-1), "earn_rules.0.priority", "out_of_range"),
        (rules(tier_codes=("GOLD", "IRON")), "earn_rules.0.tier_codes.1", "program.tier_unknown"),
        (rules(weekdays=(1, 8)), "earn_rules.0.weekdays.1", "program.weekday_invalid"),
        (rules(weekdays=(0,)), "earn_rules.0.weekdays.0", "program.weekday_invalid"),
        (rules(weekdays=(1, 1)), "earn_rules.0.weekdays", "program.weekday_duplicate"),
        (rules(hour_from=24), "earn_rules.0.hour_from", "program.hour_invalid"),
        (rules(hour_until=-1), "earn_rules.0.hour_until", "program.hour_invalid"),
        (rules(hour_until=0), "earn_rules.0.hour_until", "program.hours_empty"),
        (
            rules(starts_on=date(2026, 2, 1), ends_on=date(2026, 1, 1)),
            "earn_rules.0.ends_on", "program.dates_out_of_order",
        ),
        ({"earn_rules": tuple(EarnRulePlan(code=f"r{n}", rule=1) for n in range(201))},
         "earn_rules", "program.too_many"),
        ({"earn_base": EarnBasePlan(excluded_categories=("a", " "))}, "earn_base.excluded_categories.1", "blank"),
        ({"activation": ActivationPlan(kind=ActivationKind.AFTER_DAYS)}, "activation.days", "program.days_missing"),
        ({"activation": ActivationPlan(kind=ActivationKind.AFTER_DAYS, days=0)}, "activation.days", "out_of_range"),
        (cap(limit=Decimal("1.5")), "caps.0.limit", "program.limit_not_whole"),
        (cap(limit=Decimal(0)), "caps.0.limit", "out_of_range"),
        (cap(limit=Decimal("NaN")), "caps.0.limit", "out_of_range"),
        (cap(**MONEY), "point_value", "program.point_value_missing"),
        ({**cap(**{**MONEY, "limit": Decimal(0)}), "point_value": Decimal(1)}, "caps.0.limit", "out_of_range"),
        (cap(rule_code="gone"), "caps.0.rule_code", "program.rule_unknown"),
        (cap(period=CapPeriod.TRANSACTION, scope=CapScope.PROGRAM), "caps.0.scope", "program.scope_invalid"),
        (cap(tier_codes=("IRON",)), "caps.0.tier_codes.0", "program.tier_unknown"),
        (expiry(kind=ExpiryKind.AGE), "expiry.days", "program.days_missing"),
        (expiry(kind=ExpiryKind.INACTIVITY), "expiry.days", "program.days_missing"),
        (expiry(kind=ExpiryKind.AGE, days=1, months=1), "expiry.months", "program.days_and_months"),
        (expiry(kind=ExpiryKind.AGE, months=1201), "expiry.months", "out_of_range"),
        (expiry(kind=ExpiryKind.END_OF_PERIOD, periods=0), "expiry.periods", "out_of_range"),
        (expiry(kind=ExpiryKind.FIXED_DATE), "expiry.month_day", "program.month_day_missing"),
        (expiry(kind=ExpiryKind.FIXED_DATE, month_day="02-30"), "expiry.month_day", "program.month_day_invalid"),
        (expiry(kind=ExpiryKind.FIXED_DATE, month_day="4-1"), "expiry.month_day", "program.month_day_invalid"),
        (expiry(warn_days_before=(0,)), "expiry.warn_days_before.0", "out_of_range"),
        (expiry(warn_days_before=(7, 7)), "expiry.warn_days_before", "program.days_duplicate"),
        (expiry(grace_days_after=-1), "expiry.grace_days_after", "out_of_range"),
        (expiry(**AGE, tier_overrides={"IRON": TierExpiry(days=1)}),
         "expiry.tier_overrides.IRON", "program.tier_unknown"),
        (expiry(**AGE, tier_overrides={"GOLD": TierExpiry()}),
         "expiry.tier_overrides.GOLD.days", "program.days_missing"),
        (expiry(tier_overrides={"GOLD": TierExpiry(days=1)}),
         "expiry.tier_overrides.GOLD", "program.override_useless"),
        ({"burn": BurnPlan(points_min=0)}, "burn.points_min", "out_of_range"),
        ({"burn": BurnPlan(points_step=0)}, "burn.points_step", "out_of_range"),
        ({"burn": BurnPlan(points_min=10, points_max=5)}, "burn.points_max", "program.points_out_of_order"),
        ({"burn": BurnPlan(points_min=5, points_step=100, points_max=50)},
         "burn.points_step", "program.step_fits_never"),
        ({"transfer": TransferPlan(points_min=10, points_daily=5)},
         "transfer.points_daily", "program.points_out_of_order"),
        ({"transfer": TransferPlan(fee_percent=Decimal(101))}, "transfer.fee_percent", "out_of_range"),
        ({"transfer": TransferPlan(fee_percent=Decimal("-0.1"))}, "transfer.fee_percent", "out_of_range"),
        ({"transfer": TransferPlan(fee_points=-1)}, "transfer.fee_points", "out_of_range"),
        ({"transfer": TransferPlan(account_age_days_min=-1)}, "transfer.account_age_days_min", "out_of_range"),
        ({"reversal": ReversalPlan(reinstate_days=-1)}, "reversal.reinstate_days", "out_of_range"),
        ({"adjustment": AdjustmentPlan(reason_codes=(ReasonPlan("a"), ReasonPlan("A")))},
         "adjustment.reason_codes.1.code", "program.code_duplicate"),
        ({"adjustment": AdjustmentPlan(points_max_without_approval=-1)},
         "adjustment.points_max_without_approval", "out_of_range"),
        ({"wallets": ()}, "wallets", "program.wallet_main_missing"),
        ({"wallets": (WalletPlan(code="main", kind=WalletKind.STATUS),)},
         "wallets.0.kind", "program.wallet_main_kind"),
        (tiers_by(qualifier=TierQualifier.RULE), "tier_policy.rule", "program.rule_missing"),
        (tiers_by(window=TierWindow.ROLLING), "tier_policy.rolling_months", "program.months_missing"),
        (tiers_by(**{**CYCLE, "cycle_months": None}), "tier_policy.cycle_months", "program.months_missing"),
        (tiers_by(**{**CYCLE, "cycle_start": ""}), "tier_policy.cycle_start", "program.month_day_missing"),
        (tiers_by(**{**CYCLE, "cycle_start": "13-01"}), "tier_policy.cycle_start", "program.month_day_invalid"),
        (tiers_by(effect=TierEffect.NEXT_PERIOD), "tier_policy.effect", "program.effect_needs_period"),
        (tiers_by(grace_days=-1), "tier_policy.grace_days", "out_of_range"),
        ({"referral": ReferralPlan(referrer_points=-1)}, "referral.referrer_points", "out_of_range"),
        ({"point_value": Decimal(0)}, "point_value", "out_of_range"),
        ({"tiers": (tier("A", 0, benefit_grants=(BenefitGrant("gift", BenefitKind.POINTS),)),)},
         "tiers.0.benefit_grants.0.points", "out_of_range"),
        ({"earn_rule": 1, "earn_rules": (BASE,)}, "earn_rule", "program.forms_differ"),
        ({"expiry_days": 5, **expiry(**AGE)}, "expiry_days", "program.forms_differ"),
    ],
)  # fmt: skip
def test_find_problems__one_fault_in_the_terms__names_its_place(changes: dict[str, Any], place: str, code: str) -> None:
    problems = policy.find_problems(policy.complete(document(**changes)))
    assert [(problem.field, problem.code) for problem in problems] == [(place, code)]


FULL: dict[str, Any] = {
    "earn_rules": (
        BASE,
        EarnRulePlan(
            code="weekend", name="Weekend", rule={"*": [AMOUNT, Decimal("0.10")]}, kind=EarnRuleKind.BONUS, priority=5,
            weekdays=(6, 7), hour_from=22, hour_until=4, segment_codes=("s",), tier_codes=("GOLD",),
            starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), wallet="stars", is_multiplied=False,
            partner_ref="P", once_per=OncePer.MEMBER,
        ),
        EarnRulePlan(code="signup", rule=100, event_type="customer.signup", once_per=OncePer.MEMBER),
    ),
    "stacking": Stacking.BEST,
    "caps": (
        CapPlan(code="daily", limit=Decimal(1000)),
        CapPlan(
            code="budget", period=CapPeriod.PROGRAM, scope=CapScope.PROGRAM, measure=CapMeasure.MONEY,
            limit=Decimal("250.50"), rule_code="weekend", tier_codes=("GOLD",), on_reach=OnReach.REFUSE,
        ),
    ),
    "expiry": ExpiryPlan(
        kind=ExpiryKind.AGE, days=365, tier_overrides={"GOLD": TierExpiry(months=24)}, warn_days_before=(30, 7)
    ),
    "burn_rule": {"/": [{"var": "points_requested"}, 100]},
    "wallets": (MAIN, WalletPlan(code="stars", kind=WalletKind.STATUS, is_transferable=False)),
    "tier_policy": TierPolicyPlan(qualifier=TierQualifier.RULE, rule={"var": "spend"}, **CYCLE),
    "point_value": Decimal("0.010"),
}  # fmt: skip


def test_terms__full__are_sound_and_survive_storing_digit_for_digit() -> None:
    whole = policy.complete(document(**FULL))
    assert policy.find_problems(whole) == []
    assert policy.check_rules(whole) == []
    text = ExactEncoder().encode(policy.store_terms(whole))
    assert policy.read_terms(ExactDecoder().decode(text)) == policy.terms_of(whole)
    assert '"limit":250.50' in text


def test_terms__of_an_old_version__mean_what_they_meant() -> None:
    assert policy.read_terms({}) == ProgramTerms()
    assert policy.read_terms({"burn_rule": 1}).burn_rule == 1
    with pytest.raises(TypeError):
        policy.read_terms({"shoe_size": 1})


def test_forms__short_ones__make_the_long_ones_and_are_read_back() -> None:
    whole = policy.complete(document(earn_rule=AMOUNT, earn_cap_daily=10, expiry_days=30))
    assert whole.earn_rules == (EarnRulePlan(code="base", name="Base", rule=AMOUNT),)
    assert whole.caps == (CapPlan(code="daily", limit=Decimal(10)),)
    assert whole.expiry == ExpiryPlan(kind=ExpiryKind.AGE, days=30)
    long = policy.complete(document(earn_rules=whole.earn_rules, caps=whole.caps, expiry=whole.expiry))
    assert long == whole
    subject = plan(**{name: getattr(whole, name) for name in policy.TERMS})
    assert (subject.earn_rule, subject.earn_cap_daily, subject.expiry_days) == (AMOUNT, 10, 30)


def test_amend__a_short_form__changes_its_part_and_leaves_the_rest() -> None:
    whole = policy.complete(document(**FULL))
    changed = policy.amend(whole, {"earn_cap_daily": None, "expiry_days": 30, "earn_rule": 5})
    assert [one.code for one in changed.caps] == ["budget"]
    assert changed.expiry.tier_overrides == whole.expiry.tier_overrides
    assert [rule.rule for rule in changed.earn_rules if rule.code == "base"] == [5]
    assert len(changed.earn_rules) == 3
    assert policy.find_problems(changed) == []
    forgotten = policy.amend(changed, {"expiry_days": None, "earn_rule": None})
    assert forgotten.expiry.kind is ExpiryKind.NEVER
    assert [rule.code for rule in forgotten.earn_rules] == ["weekend", "signup"]


def test_amend__a_long_form__takes_the_short_one_along() -> None:
    whole = policy.complete(document(**FULL))
    changed = policy.amend(whole, {"expiry": ExpiryPlan(kind=ExpiryKind.FIXED_DATE, month_day="12-31"), "caps": ()})
    assert (changed.expiry_days, changed.earn_cap_daily) == (None, None)
    same = policy.amend(changed, {"expiry_days": None})
    assert same.expiry.kind is ExpiryKind.FIXED_DATE, "no days by age is what it says already"
    both = policy.amend(whole, {"caps": (), "earn_cap_daily": 5})
    assert [problem.code for problem in policy.find_problems(both)] == ["program.forms_differ"]


@given(st.one_of(st.none(), st.integers(1, 10**9)), st.one_of(st.none(), st.integers(1, 36_600)), st.booleans())
def test_forms__written_in_any_order__agree(cap_daily: int | None, days: int | None, is_full: bool) -> None:
    start = policy.complete(document(**(FULL if is_full else {})))
    first = policy.amend(policy.amend(start, {"earn_cap_daily": cap_daily}), {"expiry_days": days})
    second = policy.amend(start, {"expiry_days": days, "earn_cap_daily": cap_daily})
    assert first == second
    assert (first.earn_cap_daily, first.expiry_days) == (cap_daily, days)
    assert policy.find_disagreements(first) == []
    assert policy.amend(first, {name: getattr(first, name) for name in policy.TERMS}) == first


def test_check_rules__of_events_and_tiers__go_by_their_own_facts() -> None:
    wrong = document(
        earn_rules=(EarnRulePlan(code="a", rule={"var": "spend"}), EarnRulePlan(code="b", rule=AMOUNT, event_type="x")),
        tier_policy=TierPolicyPlan(qualifier=TierQualifier.RULE, rule=AMOUNT),
        burn_rule=AMOUNT,
    )
    places = [problem.field for problem in policy.check_rules(policy.complete(wrong))]
    assert places == ["earn_rules.0.rule", "burn_rule", "tier_policy.rule"]


def test_check_rules__the_base_rule__is_told_under_both_of_its_names() -> None:
    wrong = policy.complete(ProgramDocument(name="x", earn_rules=(EarnRulePlan(code="base", rule={"var": "spend"}),)))
    assert [problem.field for problem in policy.check_rules(wrong)] == ["earn_rule", "earn_rules.0.rule"]
