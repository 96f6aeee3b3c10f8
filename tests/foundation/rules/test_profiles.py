"""A rule means what the profile says under which it was saved."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty.foundation.rules.api import PROFILE_FIRST, PROFILE_LATEST, RuleInvalid, check, compile_predicate, evaluate
from loyalty.foundation.rules.api import fingerprint as name_of
from loyalty.programs.policy.rules import SCHEMAS
from tests.foundation.rules.differential import COLUMNS
from tests.foundation.rules.world import NOW, SCHEMA, TODAY

# Past midnight in Berlin, not yet in UTC.
LATE = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "facts", "now", "first", "second"),
    [
        # The first day of the window counted, and no longer does.
        ({"within_days": [{"var": "joined_on"}, 30]}, {"joined_on": TODAY - timedelta(days=30)}, NOW, True, False),
        ({"within_days": [{"var": "seen_at"}, 30]}, {"seen_at": NOW - timedelta(days=30)}, NOW, True, False),
        # Days were days in UTC, and are days in the zone of the schema.
        ({"==": [{"var": "joined_on"}, {"today": []}]}, {"joined_on": LATE.date()}, LATE, True, False),
        ({"==": [{"days_since": [{"var": "seen_at"}]}, 0]}, {"seen_at": NOW}, LATE, True, False),
        (
            {"<": [{"var": "seen_at"}, {"days_ago": [0]}]},
            {"seen_at": datetime(2026, 11, 20, 5, tzinfo=UTC)},
            LATE,
            0,
            1,
        ),
        # A time without an offset was one in UTC, and is one on the clocks of the zone.
        (
            {">=": [{"var": "seen_at"}, "2026-11-20T12:00:00"]},
            {"seen_at": datetime(2026, 11, 20, 11, tzinfo=UTC)},
            NOW,
            False,
            True,
        ),
    ],
)
def test_rule__under_each_profile__keeps_its_meaning(
    rule: object, facts: dict[str, Any], now: datetime, first: bool, second: bool
) -> None:
    old, new = check(rule, SCHEMA, profile=PROFILE_FIRST), check(rule, SCHEMA, profile=PROFILE_LATEST)
    assert old != new
    assert evaluate(old, facts, now=now) == bool(first)
    assert evaluate(new, facts, now=now) == bool(second)
    assert evaluate(old, facts, now=now) == bool(first), "the one does not remember the other's closures"
    texts = [str(compile_predicate(one, COLUMNS, now=now).compile().params) for one in (old, new)]
    shapes = [str(compile_predicate(one, COLUMNS, now=now)) for one in (old, new)]
    assert texts[0] != texts[1] or shapes[0] != shapes[1]


def test_within_no_days__was_today_and_is_refused_now_with_its_repair() -> None:
    rule = {"within_days": [{"var": "joined_on"}, 0]}
    assert evaluate(check(rule, SCHEMA, profile=PROFILE_FIRST), {"joined_on": TODAY}, now=NOW) is True
    with pytest.raises(RuleInvalid, match="today"):
        check(rule, SCHEMA)


def test_time_that_the_clocks_skipped_or_showed_twice__is_refused_with_its_repair() -> None:
    for text in ("2026-03-29T02:30:00", "2026-10-25T02:30:00"):
        with pytest.raises(RuleInvalid, match="offset"):
            check({">=": [{"var": "seen_at"}, text]}, SCHEMA)
        check({">=": [{"var": "seen_at"}, f"{text}+02:00"]}, SCHEMA)
        check({">=": [{"var": "seen_at"}, text]}, SCHEMA, profile=PROFILE_FIRST)


def test_schema__names_the_profile_of_rules_stored_without_one() -> None:
    assert check({"==": [1, 1]}, SCHEMA).profile == PROFILE_LATEST
    assert check({"==": [1, 1]}, replace(SCHEMA, profile=PROFILE_FIRST)).profile == PROFILE_FIRST
    # The facts of a tier rule are numbers alone; the others keep the profile with the program's version.
    profiles = {name: schema.profile for name, schema in SCHEMAS.items()}
    assert profiles == {"earn": None, "event": None, "burn": None, "tier": PROFILE_FIRST}
    with pytest.raises(ValueError, match="no profile 7"):
        check({"==": [1, 1]}, SCHEMA, profile=7)


def test_fingerprint__same_text_under_two_profiles__differs() -> None:
    assert name_of({"==": [1, 1]}, PROFILE_FIRST) != name_of({"==": [1, 1]})
