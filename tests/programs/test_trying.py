"""Plans with changes that nobody has saved."""

from decimal import Decimal
from typing import Any

import pytest

from loyalty.foundation.rules.api import RuleInvalid
from loyalty.programs import policy
from loyalty.programs.contracts import CapPeriod, ExpiryKind, Stacking
from loyalty.programs.errors import ProgramInvalid
from tests.programs.plans import plan

RULE: Any = {"*": [{"var": "transaction_amount"}, 2]}


def test_try_changes__terms_and_tiers__are_read_as_they_are_written() -> None:
    tried = policy.try_changes(
        plan(),
        {
            "earn_rules": [{"code": "base", "rule": RULE, "rule_in_words": "told", "weekdays": [6, 7]}],
            "stacking": "best",
            "caps": [{"code": "c", "period": "month", "limit": "12.50", "measure": "money"}],
            "point_value": "0.01",
            "expiry": {"kind": "age", "months": 3, "tier_overrides": {"GOLD": {"days": 7}}},
            "tiers": [{"code": "GOLD", "name": "Gold", "min_points": 5, "multiplier": "1.5"}],
        },
    )
    assert (tried.earn_rules[0].weekdays, tried.stacking, tried.earn_rule) == ((6, 7), Stacking.BEST, RULE)
    assert (tried.caps[0].period, tried.caps[0].limit) == (CapPeriod.MONTH, Decimal("12.50"))
    assert (tried.expiry.kind, tried.expiry.tier_overrides["GOLD"].days) == (ExpiryKind.AGE, 7)
    assert (tried.tiers[0].multiplier, tried.tiers[0].priority) == (Decimal("1.5"), 1)
    again = policy.try_changes(tried, {"tiers": [{"code": "GOLD", "name": "Gold", "min_points": 5}]})
    assert again.tiers[0].id == tried.tiers[0].id


def test_try_changes__short_forms__change_the_long_ones() -> None:
    tried = policy.try_changes(plan(), {"earn_rule": RULE, "earn_cap_daily": 50, "expiry_days": 30})
    assert (tried.earn_rules[0].rule, tried.earn_cap_daily, tried.expiry.days) == (RULE, 50, 30)
    assert policy.try_changes(tried, {"earn_cap_daily": None}).caps == ()


@pytest.mark.parametrize(
    "raw, place",
    [
        ({"nonsense": 1}, "nonsense"),
        ({"earn_rules": 5}, "earn_rules"),
        ({"earn_rules": [5]}, "earn_rules.0"),
        ({"earn_rules": [{"rule": RULE}]}, "earn_rules.0.code"),
        ({"earn_rules": [{"code": "base", "rule": RULE, "priority": "1"}]}, "earn_rules.0.priority"),
        ({"earn_rules": [{"code": "base", "rule": RULE, "is_multiplied": 1}]}, "earn_rules.0.is_multiplied"),
        ({"earn_rules": [{"code": "base", "rule": RULE, "starts_on": "soon"}]}, "earn_rules.0.starts_on"),
        ({"stacking": "most"}, "stacking"),
        ({"caps": [{"code": "c", "limit": "NaN"}]}, "caps.0.limit"),
        ({"caps": [{"code": "c", "limit": 1.5}]}, "caps.0.limit"),
        ({"expiry": {"kind": "age", "unit": 1}}, "expiry.unit"),
        ({"tiers": [{"code": "G", "name": "G", "min_points": 1, "id": "x"}]}, "tiers.0.id"),
        ({"expiry": {"kind": "age"}}, "expiry.days"),
    ],
)
def test_try_changes__what_cannot_be_read_or_stored__names_its_place(raw: dict[str, Any], place: str) -> None:
    with pytest.raises(ProgramInvalid) as refused:
        policy.try_changes(plan(earn_rules=()), {"earn_rule": RULE} | raw if "earn_rules" not in raw else raw)
    assert place in [problem.field for problem in refused.value.problems]


def test_try_changes__a_rule_of_another_type__is_refused_by_place() -> None:
    with pytest.raises(RuleInvalid) as refused:
        policy.try_changes(plan(), {"earn_rules": [{"code": "other", "rule": "ten"}]})
    assert refused.value.problems[0].field.startswith("earn_rules.0.rule")
