"""Versions: scheduled, carried along, cancelled, begun, compared."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest

from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.rules.api import RuleInvalid, evaluate
from loyalty.programs import api, contracts, policy, queries, tasks
from loyalty.programs.contracts import (
    CapPeriod,
    CapPlan,
    Consumption,
    EarnRulePlan,
    ExpiryKind,
    ExpiryPlan,
    ProgramDocument,
    TierExpiry,
)
from loyalty.programs.models import Program, ProgramVersion
from loyalty.programs.policy.difference_words import DIFF_WORDS
from tests.programs.plans import LADDER, tier

pytestmark = pytest.mark.django_db

AMOUNT = {"var": "transaction_amount"}
LATER = timedelta(days=10)


@pytest.fixture
def program(actor: Actor, now: datetime) -> UUID:
    """An active program with three tiers, a cap and an expiry."""
    document = ProgramDocument(
        name="VIP", status=api.ProgramStatus.ACTIVE, earn_rule=AMOUNT, earn_cap_daily=100, expiry_days=365,
        tiers=LADDER,
    )  # fmt: skip
    return api.create_program(document=document, actor=actor, now=now)


@pytest.fixture
def change(program: UUID, actor: Actor, now: datetime) -> Any:
    """Change the program, at once or from an instant on."""

    def make(changes: dict[str, Any], effective_at: datetime | None = None, at: datetime = now) -> None:
        api.update_program(
            program_id=program, changes=changes, expected_version=None, actor=actor, now=at, effective_at=effective_at
        )

    return make


def shown(program: UUID) -> list[tuple[int, str, tuple[str, ...]]]:
    """Give the versions: number, status, changed fields."""
    row = Program.objects.get(public_id=program)
    return [(one.version.number, one.status.value, one.changed) for one in queries.list_versions(row)]


def facts() -> list[dict[str, Any]]:
    """Give what was told about programs, oldest first."""
    return [entry.data for entry in PublishedEvent.objects.filter(type="program.changed").order_by("recorded_at")]


def test_schedule__future_change__counts_from_its_instant_on(program: UUID, change: Any, now: datetime) -> None:
    change({"earn_cap_daily": 50}, now + LATER)
    assert shown(program) == [(2, "scheduled", ("caps",)), (1, "current", ())]
    assert api.get_plan(program, at=now + LATER - timedelta(microseconds=1)).earn_cap_daily == 100
    assert api.get_plan(program, at=now + LATER).earn_cap_daily == 50, "no sweep is needed for the promise to count"
    assert [starts_at for starts_at, _ in api.list_plan_history(program)] == [now, now + LATER]
    told = facts()[-1]
    assert (told["version_number"], told["has_begun"], told["are_tiers_changed"]) == (2, False, False)
    assert datetime.fromisoformat(told["starts_at"]) == now + LATER
    assert AuditEntry.objects.filter(act="programs.schedule").count() == 1


def test_schedule__at_the_instant_of_a_scheduled_version__changes_that_one(
    program: UUID, change: Any, now: datetime
) -> None:
    change({"earn_cap_daily": 50}, now + LATER)
    change({"expiry_days": 30}, now + LATER)
    assert shown(program) == [(2, "scheduled", ("caps", "expiry")), (1, "current", ())]
    change({"earn_cap_daily": 100, "expiry_days": 365}, now + 2 * LATER)
    assert shown(program)[0] == (3, "scheduled", ("caps", "expiry"))


def test_schedule__nothing_different__makes_no_version(program: UUID, change: Any, now: datetime) -> None:
    change({"earn_cap_daily": 100}, now + LATER)
    assert shown(program) == [(1, "current", ())]


@pytest.mark.parametrize(
    "changes, days, place, code",
    [
        ({"earn_cap_daily": 5}, 0, "effective_at", "program.effective_at_past"),
        ({"earn_cap_daily": 5}, -1, "effective_at", "program.effective_at_past"),
        ({"name": "Renamed", "earn_cap_daily": 5}, 1, "name", "program.field_not_scheduled"),
        ({"status": api.ProgramStatus.INACTIVE}, 1, "status", "program.field_not_scheduled"),
        ({"caps": (CapPlan(code="x"),)}, 1, "caps.0.limit", "out_of_range"),
    ],
)
def test_schedule__what_cannot_be__names_its_place(
    change: Any, now: datetime, changes: dict[str, Any], days: int, place: str, code: str
) -> None:
    with pytest.raises(api.ProgramInvalid) as refusal:
        change(changes, now + timedelta(days=days))
    assert [(problem.field, problem.code) for problem in refusal.value.problems] == [(place, code)]


def test_schedule__of_a_draft__is_refused(actor: Actor, now: datetime) -> None:
    draft = api.create_program(document=ProgramDocument(name="Draft"), actor=actor, now=now)
    with pytest.raises(api.ProgramInvalid) as refusal:
        api.update_program(
            program_id=draft, changes={"expiry_days": 3}, expected_version=None, actor=actor, now=now,
            effective_at=now + LATER,
        )  # fmt: skip
    assert refusal.value.problems[0].code == "program.schedule_needs_active"


def test_change__now__is_carried_into_what_is_scheduled(program: UUID, change: Any, now: datetime) -> None:
    weekend = EarnRulePlan(code="weekend", rule=5, weekdays=(6, 7))
    base = api.get_plan(program, at=now).earn_rules
    change({"earn_rules": (*base, weekend), "earn_cap_daily": 50}, now + LATER)
    change({"earn_rule": 7, "earn_cap_daily": 200, "expiry_days": 30}, at=now + timedelta(days=1))
    later = api.get_plan(program, at=now + LATER)
    assert {rule.code: rule.rule for rule in later.earn_rules} == {"base": 7, "weekend": 5}, "row by row"
    assert later.earn_cap_daily == 50, "what the version changed itself stays"
    assert later.expiry_days == 30
    assert shown(program)[0] == (2, "scheduled", ("earn_rules", "caps"))
    assert api.get_plan(program, at=now + timedelta(days=2)).earn_cap_daily == 200


def test_change__that_breaks_what_is_scheduled__is_refused(program: UUID, change: Any, now: datetime) -> None:
    gold = ExpiryPlan(kind=ExpiryKind.AGE, days=365, tier_overrides={"GOLD": TierExpiry(days=700)})
    change({"expiry": gold}, now + LATER)
    with pytest.raises(api.ProgramInvalid) as refusal:
        change({"tiers": (tier("BRONZE", 0),)}, at=now + timedelta(days=1))
    problem = refusal.value.problems[0]
    assert (problem.field, problem.code) == ("versions.2.expiry.tier_overrides.GOLD", "program.tier_unknown")


def test_begin__due_version__moves_the_tiers_and_tells(program: UUID, change: Any, actor: Actor, now: datetime) -> None:
    ladder = tuple(replace(one, min_points=one.min_points * 2) for one in LADDER if one.code != "GOLD")
    change({"tiers": (*ladder, tier("DIAMOND", 5000))}, now + LATER)
    codes = "SELECT code FROM programs_tiers ORDER BY min_points"
    assert [row["code"] for row in sql.fetch_all(codes)] == ["BRONZE", "SILVER", "GOLD"]
    assert api.begin_due_versions(now=now + LATER - timedelta(seconds=1)) == 0
    diamond = api.get_plan(program, at=now + LATER).tiers_by_code["DIAMOND"]
    assert api.begin_due_versions(now=now + LATER) == 1
    assert api.begin_due_versions(now=now + LATER) == 0, "once"
    rows = sql.fetch_all("SELECT code, min_points, tier_public_id FROM programs_tiers ORDER BY min_points")
    assert [(row["code"], row["min_points"]) for row in rows] == [("BRONZE", 0), ("SILVER", 200), ("DIAMOND", 5000)]
    assert rows[2]["tier_public_id"] == diamond.id
    told = facts()[-1]
    assert (told["version_number"], told["has_begun"], told["are_tiers_changed"]) == (2, True, True)
    assert shown(program) == [(2, "current", ("tiers",)), (1, "past", ())]
    assert AuditEntry.objects.filter(act="programs.begin_version").count() == 1


def test_begin__rung_by_the_beat__looks_at_the_clock(program: UUID, change: Any, now: datetime) -> None:
    change({"earn_cap_daily": 50}, now + LATER)
    with clock.use(clock.FixedClock(now)):
        assert tasks.begin_due() == 0
    with clock.use(clock.FixedClock(now + LATER)):
        assert tasks.begin_due() == 1
    assert shown(program)[0] == (2, "current", ("caps",))


def test_change__when_a_version_is_due__begins_it_first(program: UUID, change: Any, now: datetime) -> None:
    change({"earn_cap_daily": 50}, now + LATER)
    change({"expiry_days": 30}, at=now + 2 * LATER)
    plan = api.get_plan(program, at=now + 2 * LATER)
    assert (plan.version_number, plan.earn_cap_daily, plan.expiry_days) == (3, 50, 30)
    assert [status for _, status, _ in shown(program)] == ["current", "past", "past"]


def test_cancel__scheduled_version__goes_and_later_ones_lose_its_changes(
    program: UUID, change: Any, actor: Actor, now: datetime
) -> None:
    change({"earn_cap_daily": 50}, now + LATER)
    change({"expiry_days": 30}, now + 2 * LATER)
    assert api.get_plan(program, at=now + 2 * LATER).earn_cap_daily == 50
    who: dict[str, Any] = {"program_id": program, "expected_version": None, "actor": actor, "now": now}
    api.cancel_version(number=2, **who)
    assert shown(program) == [(3, "scheduled", ("expiry",)), (1, "current", ())]
    assert api.get_plan(program, at=now + 2 * LATER).earn_cap_daily == 100
    for number, error in ((1, api.VersionBegun), (2, api.VersionNotFound)):
        with pytest.raises(error):
            api.cancel_version(number=number, **who)
    with pytest.raises(api.EditConflict):
        api.cancel_version(number=3, **{**who, "expected_version": 1})
    with pytest.raises(api.VersionBegun):
        api.cancel_version(number=3, **{**who, "now": now + 3 * LATER})
    assert AuditEntry.objects.filter(act="programs.cancel_version").count() == 1


def test_change__clock_gone_backwards__still_follows_the_version_before(
    program: UUID, change: Any, now: datetime
) -> None:
    change({"earn_cap_daily": 50}, at=now - timedelta(days=1))
    assert api.get_plan(program, at=now).earn_cap_daily == 50
    assert [status for _, status, _ in shown(program)] == ["current", "past"]


def test_tier__removed_now_but_kept_by_a_scheduled_version__comes_back_as_itself(
    program: UUID, change: Any, now: datetime
) -> None:
    gold = api.get_plan(program, at=now).tiers_by_code["GOLD"]
    raised = tuple(replace(one, min_points=900) if one.code == "GOLD" else one for one in LADDER)
    change({"tiers": raised}, now + LATER)
    change({"tiers": tuple(one for one in LADDER if one.code != "GOLD")}, at=now + timedelta(days=1))
    assert sql.fetch_all("SELECT 1 FROM programs_tiers WHERE code = 'GOLD'") == []
    api.begin_due_versions(now=now + LATER)
    back = sql.fetch_one("SELECT tier_public_id, min_points FROM programs_tiers WHERE code = 'GOLD'")
    assert back == {"tier_public_id": gold.id, "min_points": 900}


def test_schedule__twenty_waiting__no_more(change: Any, now: datetime) -> None:
    for number in range(1, 21):
        change({"earn_cap_daily": number}, now + timedelta(days=number))
    with pytest.raises(api.ProgramInvalid) as refusal:
        change({"earn_cap_daily": 21}, now + timedelta(days=21))
    assert refusal.value.problems[0].code == "program.too_many"
    assert ProgramVersion.objects.count() == 21


def test_differences__between_documents__have_places_and_words() -> None:
    before = policy.complete(
        ProgramDocument(name="x", earn_rule={"*": [AMOUNT, 1]}, earn_cap_daily=1000, expiry_days=30, tiers=LADDER)
    )
    expiry = replace(before.expiry, tier_overrides={"GOLD": TierExpiry(months=24)}, warn_days_before=(7, 1))
    after = policy.amend(
        before,
        {
            "earn_rules": (*before.earn_rules, EarnRulePlan(code="weekend", rule=5, weekdays=(6, 7))),
            "earn_cap_daily": 500,
            "expiry": expiry,
            "tiers": tuple(one for one in before.tiers if one.code != "SILVER"),
            "point_value": Decimal("0.010"),
            "transfer": replace(before.transfer, is_allowed=False),
        },
    )
    found = {one.path: one for one in policy.list_differences(before, after)}
    assert set(found) == {
        "earn_rules.weekend", "caps.daily.limit", "expiry.tier_overrides.GOLD", "expiry.warn_days_before",
        "tiers.SILVER", "point_value", "transfer.is_allowed",
    }  # fmt: skip
    limit = found["caps.daily.limit"]
    assert (limit.before, limit.after, limit.words) == ("1000", "500", "Cap daily: limit: from 1000 to 500")
    assert found["tiers.SILVER"].words == "Tier SILVER: removed"
    assert found["tiers.SILVER"].after is None
    assert found["earn_rules.weekend"].after["weekdays"] == [6, 7]
    assert found["transfer.is_allowed"].words == "Transfers: is allowed: from yes to no"
    assert found["point_value"].after == "0.01"
    assert policy.changed_names(before, after) == ["earn_rules", "caps", "expiry", "transfer", "point_value", "tiers"]
    assert policy.list_differences(after, after) == []


def test_differences__of_a_rule__are_said_by_the_rule_engine() -> None:
    before = policy.complete(ProgramDocument(name="x", earn_rule=AMOUNT))
    [found] = policy.list_differences(before, policy.amend(before, {"earn_rule": {"*": [AMOUNT, 2]}}))
    assert found.path == "earn_rules.base.rule"
    assert found.after == {"*": [AMOUNT, 2]}
    assert "Amount of the purchase" in found.words


def test_differences__in_arabic__say_parts_fields_values_and_rules_in_it() -> None:
    before = policy.complete(ProgramDocument(name="x", earn_rule=AMOUNT, earn_cap_daily=10))
    changes = {
        "earn_rule": {"*": [AMOUNT, 2]},
        "transfer": replace(before.transfer, is_allowed=False),
        "burn": replace(before.burn, consumption=Consumption.LIFO),
        "caps": (*before.caps, CapPlan(code="month", period=CapPeriod.MONTH, limit=Decimal(5))),
    }
    after = policy.amend(before, changes)
    found = {one.path: one.words for one in policy.list_differences(before, after, "ar")}
    assert found["transfer.is_allowed"] == "التحويل: مسموح: من نعم إلى لا"
    assert found["burn.consumption"] == "الاستبدال: أيها أولًا: من التي تنتهي أولًا إلى التي تنتهي أخيرًا"
    assert found["caps.month"] == "حد month: إضافة"
    assert "مبلغ عملية الشراء" in found["earn_rules.base.rule"]
    english = [one.path for one in policy.list_differences(before, after)]
    assert list(found) == english
    # A language that nobody speaks is answered in English.
    assert policy.list_differences(before, after, "xx") == policy.list_differences(before, after)


# Whatever a version may say in fields of its own.
WRITTEN_PARTS = (
    contracts.EarnRulePlan, contracts.EarnBasePlan, contracts.ActivationPlan, contracts.CapPlan, contracts.TierExpiry,
    contracts.ExpiryPlan, contracts.BurnPlan, contracts.TransferPlan, contracts.ReversalPlan, contracts.AdjustmentPlan,
    contracts.ReasonPlan, contracts.WalletPlan, contracts.TierPolicyPlan, contracts.ReferralPlan,
    contracts.BenefitGrant, contracts.TierDocument,
)  # fmt: skip


def test_difference_words__of_every_field_and_choice__are_there_in_arabic() -> None:
    parts = set(policy.PROMISES)
    assert set(DIFF_WORDS["ar"].parts) == set(DIFF_WORDS["en"].parts) == parts
    written = [field for part in WRITTEN_PARTS for field in fields(part)]
    assert set(DIFF_WORDS["ar"].fields) == {field.name for field in written} - {"id"}
    kinds = {type(field.default) for field in written if isinstance(field.default, StrEnum)} | {contracts.Stacking}
    assert {one.value for kind in kinds for one in kind if one.value} == set(DIFF_WORDS["ar"].values)


def test_carry__any_two_edits_of_different_rows__commute() -> None:
    base = policy.complete(ProgramDocument(name="x", earn_cap_daily=10, tiers=LADDER))
    added = policy.amend(base, {"caps": (*base.caps, CapPlan(code="weekly", limit=Decimal(5)))})
    raised = policy.amend(base, {"earn_cap_daily": 20})
    first, second = policy.carry(added, base, raised), policy.carry(raised, base, added)
    assert policy.terms_of(first) == policy.terms_of(second)
    assert first.earn_cap_daily == 20
    assert policy.carry(added, base, base) == added


def test_starts_at__of_a_program_made_in_the_past__is_its_own(actor: Actor) -> None:
    past = datetime(2020, 1, 1, tzinfo=UTC)
    program = api.create_program(
        document=ProgramDocument(name="Old", status=api.ProgramStatus.ACTIVE, earn_rule=1), actor=actor, now=past
    )
    assert api.list_plan_history(program)[0][0] == past


SAME_DAY: dict[str, Any] = {"if": [{"==": [{"var": "occurred_on"}, {"today": []}]}, 10, 1]}
# Shortly after midnight in Dubai it is still the day before in UTC.
NIGHT = datetime(2026, 11, 20, 21, 30, tzinfo=UTC)
IN_DUBAI = {"occurred_on": datetime(2026, 11, 21, tzinfo=UTC).date()}


def meaning(program: UUID, number: int) -> tuple[int, Any]:
    """Give a version's profile and what its rule gives for a purchase of this very night in Dubai."""
    version = ProgramVersion.objects.get(program__public_id=program, number=number)
    plan = queries.plan_of(version.program, version)
    (rule,) = plan.earn_rules
    return plan.rules_profile, evaluate(api.earn_rule_read(plan, rule), IN_DUBAI, now=NIGHT)


def test_rules__of_new_and_of_stored_versions__keep_what_they_meant(actor: Actor, now: datetime) -> None:
    document = ProgramDocument(
        name="Dubai", timezone="Asia/Dubai", status=api.ProgramStatus.ACTIVE, earn_rule=SAME_DAY, tiers=LADDER
    )
    program = api.create_program(document=document, actor=actor, now=now)
    assert meaning(program, 1) == (2, 10), "a new program's days are those of its zone"
    # A version as it was stored before profiles were kept.
    sql.execute("SET LOCAL session_replication_role = replica")
    sql.execute("UPDATE programs_programversion SET terms = terms - 'rules_profile'")
    sql.execute("SET LOCAL session_replication_role = DEFAULT")
    assert meaning(program, 1) == (1, 1), "in UTC it is another day"

    def change(day: int, **changes: Any) -> None:
        api.update_program(
            program_id=program, changes=changes, expected_version=None, actor=actor, now=now + timedelta(days=day)
        )

    change(1, earn_cap_daily=500)
    assert meaning(program, 2) == (1, 1), "a change of anything else leaves the rules what they meant"
    change(2, earn_rule={"+": [SAME_DAY, 0]})
    assert meaning(program, 3) == (2, 10), "a rule that is written anew means what the language means now"
    assert meaning(program, 1) == (1, 1)
    change(3, earn_cap_daily=600)
    assert meaning(program, 4) == (2, 10)


def test_rules__ambiguous_since_the_second_profile__are_kept_but_not_written_again(actor: Actor, now: datetime) -> None:
    doubtful: dict[str, Any] = {"if": [{"<": [{"var": "channel"}, "10"]}, 2, 1]}
    document = ProgramDocument(name="Old", status=api.ProgramStatus.ACTIVE, earn_rule=AMOUNT, tiers=LADDER)
    program = api.create_program(document=document, actor=actor, now=now)
    with pytest.raises(RuleInvalid) as refused:
        api.update_program(
            program_id=program, changes={"earn_rule": doubtful}, expected_version=None, actor=actor, now=now
        )
    assert {problem.code for problem in refused.value.problems} == {"rule.ambiguous"}
    version = ProgramVersion.objects.get(program__public_id=program)
    plan = queries.plan_of(version.program, version)
    (rule,) = plan.earn_rules
    stored = replace(plan, rules_profile=1, earn_rules=(replace(rule, rule=doubtful),))
    assert evaluate(api.earn_rule_read(stored, stored.earn_rules[0]), {"channel": "05"}, now=now) == 2
    assert policy.say_earn_rule(stored.earn_rules[0]), "it is still said in words"
