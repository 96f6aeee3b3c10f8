"""Programs over HTTP: one test per answer."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.utils import IntegrityError
from rest_framework.test import APIClient

from loyalty.customers.models import Customer
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel.actor import system_actor
from loyalty.programs.api import Enrolling, enroll
from loyalty.programs.models import ProgramVersion
from loyalty.programs.policy.labels import LABELS
from loyalty.programs.policy.rules import SCHEMAS
from tests.conftest import ClientWith
from tests.programs.documents import BURN_RULE, document

URL = "/api/loyalty/v1/loyaltyPrograms/"


def create(client: APIClient, **changes: Any) -> dict[str, Any]:
    """Create a program and give its document."""
    answer = client.post(URL, document(**changes))
    assert answer.status_code == 201, answer.json()
    body: dict[str, Any] = answer.json()
    return body


def test_create__whole_document__answers_it_back(admin_client: APIClient) -> None:
    answer = admin_client.post(URL, document())
    body = answer.json()
    assert answer.status_code == 201
    assert answer["ETag"] == '"1"'
    assert (body["code"], body["status"], body["currency"]) == ("VIP", "ACTIVE", "USD")
    assert (body["member_count"], body["version"], body["program_version"]) == (0, 1, 1)
    assert [tier["code"] for tier in body["tiers"]] == ["BRONZE", "SILVER", "GOLD", "PLATINUM"]
    assert [tier["priority"] for tier in body["tiers"]] == [1, 2, 3, 4]
    assert body["tiers"][1]["multiplier"] == "1.25"
    assert body["burn_rule"] == BURN_RULE
    assert "Amount of the purchase" in body["earn_rule_in_words"]
    assert body["earn_cap_daily"] == 1000
    assert AuditEntry.objects.filter(act="programs.create", subject_ref=body["id"]).count() == 1
    fact = PublishedEvent.objects.get(type="program.changed")
    assert fact.data["program_id"] == body["id"]


def test_create__only_a_name__takes_defaults(admin_client: APIClient) -> None:
    body = admin_client.post(URL, {"name": "Plain"}).json()
    assert (body["code"], body["status"], body["enrollment"]) == ("PLAIN", "DRAFT", "automatic")
    assert (body["tiers"], body["earn_rule"], body["earn_rule_in_words"]) == ([], None, "")


@pytest.mark.parametrize(
    "changes, status, code, place",
    [
        ({"colour": "red"}, 400, "invalid", "colour"),
        ({"tiers": [{"name": "A", "min_points": 0, "rank": 1}]}, 400, "invalid", "tiers.0.rank"),
        ({"tiers": "none"}, 400, "invalid", "tiers"),
        ({"status": "OPEN"}, 400, "invalid", "status"),
        ({"start_date": "yesterday"}, 400, "invalid", "start_date"),
        ({"expiry_days": "365"}, 400, "invalid", "expiry_days"),
        ({"earn_cap_daily": 0}, 400, "invalid", "earn_cap_daily"),
        ({"earn_cap_daily": 1.5}, 400, "invalid", "earn_cap_daily"),
        ({"currency": "ZZZ"}, 422, "program.invalid", "currency"),
        ({"timezone": "Berlin"}, 422, "program.invalid", "timezone"),
        ({"start_date": "2027-01-01", "end_date": "2026-12-31"}, 422, "program.invalid", "end_date"),
        (
            {"tiers": [{"name": "A", "min_points": 0}, {"name": "a", "min_points": 1}]},
            422, "program.invalid", "tiers.1.code",
        ),
        ({"tiers": [{"name": "A", "min_points": 0, "multiplier": 0}]}, 422, "program.invalid", "tiers.0.multiplier"),
        ({"earn_rule": {"frobnicate": [1]}}, 422, "rule.invalid", "earn_rule"),
        ({"earn_rule": {"var": "shoe_size"}}, 422, "rule.invalid", "earn_rule"),
        ({"earn_rule": {"==": [1, 1]}}, 422, "rule.invalid", "earn_rule"),
        ({"burn_rule": "ten"}, 422, "rule.invalid", "burn_rule"),
    ],
)  # fmt: skip
def test_create__bad_input__names_the_place(
    admin_client: APIClient, changes: dict[str, Any], status: int, code: str, place: str
) -> None:
    answer = admin_client.post(URL, document(**changes))
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    assert place in [problem["field"] for problem in body["errors"]]
    assert admin_client.get(URL).json()["count"] == 0


def test_create__code_taken__conflicts(admin_client: APIClient) -> None:
    create(admin_client)
    answer = admin_client.post(URL, document(name="Another"))
    assert (answer.status_code, answer.json()["code"]) == (409, "program.code_taken")


def test_retrieve__unknown__is_not_found(admin_client: APIClient) -> None:
    for name in ("0190b3a0-0000-7000-8000-000000000000", "nonsense"):
        assert admin_client.get(f"{URL}{name}/").status_code == 404


def test_calls__without_permission__are_forbidden(client_with: ClientWith) -> None:
    reader = client_with("programs.view")
    assert reader.get(URL).status_code == 200
    assert reader.post(URL, document()).json()["code"] == "permission.missing"
    assert client_with("points.view").get(URL).status_code == 403
    assert APIClient().get(URL).status_code == 401


def test_change__active_program__begins_a_new_version(admin_client: APIClient) -> None:
    body = create(admin_client)
    place = f"{URL}{body['id']}/"
    renamed = admin_client.patch(place, {"name": "Renamed"}).json()
    assert (renamed["version"], renamed["program_version"]) == (2, 1), "a name is no promise"
    capped = admin_client.patch(place, {"earn_cap_daily": None}).json()
    assert (capped["version"], capped["program_version"], capped["earn_cap_daily"]) == (3, 2, None)
    versions = admin_client.get(f"{place}versions/").json()["results"]
    assert [(one["number"], one["earn_cap_daily"]) for one in versions] == [(2, None), (1, 1000)]
    assert len(versions[0]["tiers"]) == 4


def test_change__draft__rewrites_its_version_until_it_is_active(admin_client: APIClient) -> None:
    body = create(admin_client, status="DRAFT")
    place = f"{URL}{body['id']}/"
    assert admin_client.patch(place, {"expiry_days": 90, "currency": "EUR"}).json()["program_version"] == 1
    assert admin_client.patch(place, {"status": "ACTIVE"}).json()["program_version"] == 1
    assert admin_client.patch(place, {"expiry_days": 30}).json()["program_version"] == 2
    fixed = admin_client.patch(place, {"currency": "USD"})
    assert (fixed.status_code, fixed.json()["errors"][0]["code"]) == (422, "program.field_fixed")
    undone = admin_client.patch(place, {"status": "DRAFT"})
    assert (undone.status_code, undone.json()["code"]) == (409, "program.in_use")


def test_change__same_content__changes_nothing(admin_client: APIClient) -> None:
    body = create(admin_client)
    answer = admin_client.put(f"{URL}{body['id']}/", document())
    assert answer.status_code == 200, answer.json()
    assert (answer.json()["version"], answer.json()["program_version"]) == (1, 1)


def test_change__tiers_swapped_renamed_and_removed__keep_their_ids(admin_client: APIClient) -> None:
    body = create(admin_client)
    bronze, silver, gold, platinum = body["tiers"]
    wanted = [
        {**bronze, "name": "Basic"},
        {**silver, "min_points": 500},
        {**gold, "min_points": 100},
        {"name": "Diamond", "min_points": 9000, "multiplier": "3"},
    ]
    answer = admin_client.patch(f"{URL}{body['id']}/", {"tiers": wanted})
    assert answer.status_code == 200, answer.json()
    tiers = answer.json()["tiers"]
    assert [tier["code"] for tier in tiers] == ["BRONZE", "GOLD", "SILVER", "DIAMOND"]
    assert [tier["id"] for tier in tiers[:3]] == [bronze["id"], gold["id"], silver["id"]]
    listed = admin_client.get("/api/loyalty/v1/loyaltyTiers/", {"program": body["id"]}).json()
    assert listed["count"] == 4
    assert platinum["id"] not in [tier["id"] for tier in listed["results"]]
    again = admin_client.patch(f"{URL}{body['id']}/", {"tiers": [*wanted[:3], platinum]})
    assert again.json()["errors"][0]["code"] == "program.tier_not_found", "a tier that was removed is gone"


def test_change__older_etag__is_refused(admin_client: APIClient) -> None:
    body = create(admin_client)
    place = f"{URL}{body['id']}/"
    assert admin_client.patch(place, {"name": "First"}, headers={"If-Match": '"1"'}).status_code == 200
    late = admin_client.patch(place, {"name": "Second"}, headers={"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"]) == (412, "edit.conflict")
    assert admin_client.get(place).json()["name"] == "First"


def test_destroy__draft__goes_and_active_stays(admin_client: APIClient) -> None:
    draft = create(admin_client, status="DRAFT")
    assert admin_client.delete(f"{URL}{draft['id']}/").status_code == 204
    assert admin_client.get(f"{URL}{draft['id']}/").status_code == 404
    active = create(admin_client)
    answer = admin_client.delete(f"{URL}{active['id']}/")
    assert (answer.status_code, answer.json()["code"]) == (409, "program.in_use")


def test_version__used__cannot_be_changed_behind_our_back(admin_client: APIClient) -> None:
    create(admin_client)
    with pytest.raises(IntegrityError, match="cannot be changed"), connection.cursor() as cursor:
        cursor.execute("UPDATE programs_programversion SET terms = '{}'")


@pytest.mark.parametrize("path", ["loyaltyRules", "earnCaps", "pointsExpiryRules", "loyaltyTiers"])
def test_lists__of_a_program__are_read_and_filtered(admin_client: APIClient, path: str) -> None:
    body = create(admin_client)
    create(admin_client, code="OTHER", name="Other", earn_cap_daily=5, expiry_days=7)
    place = f"/api/loyalty/v1/{path}/"
    rows = admin_client.get(place, {"program": body["id"]}).json()["results"]
    assert rows, "there is something to list"
    assert {row["program"] for row in rows} == {body["id"]}
    assert admin_client.get(f"{place}{rows[0]['id']}/").json() == rows[0]
    assert admin_client.get(place, {"program": "nonsense"}).status_code == 400
    assert admin_client.put(f"{place}{rows[0]['id']}/", {}).status_code == 405


def test_versions__of_many_programs__cost_one_statement(
    admin_client: APIClient, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        create(admin_client, code=f"P{number}", name=f"P{number}")
    with django_assert_max_num_queries(9):
        assert admin_client.get(URL).json()["count"] == 5
    assert ProgramVersion.objects.count() == 5


def test_leave__over_http__answers_the_membership_or_refuses(admin_client: APIClient, client_with: ClientWith) -> None:
    body = create(admin_client)
    customer = Customer.objects.create(customer_ref="C1", source="tests")
    joining = Enrolling(customer_id=customer.public_id, account_id=customer.public_id, account_row_id=1)
    enroll(program_id=UUID(body["id"]), member=joining, actor=system_actor("tests"), now=datetime.now(UTC))
    place = f"{URL}{body['id']}/leave/"
    wanted = {"customer_id": str(customer.public_id), "reason": "asked to"}
    assert client_with("programs.view").post(place, wanted).status_code == 403
    assert admin_client.post(place, {}).status_code == 400
    answer = admin_client.post(place, wanted)
    assert (answer.status_code, answer.json()["tier_code"]) == (200, "BRONZE")
    assert answer.json()["left_at"] is not None
    stranger = admin_client.post(place, {"customer_id": body["id"]})
    assert (stranger.status_code, stranger.json()["code"]) == (404, "program.membership_not_found")


def later(days: int) -> str:
    """Give an instant some days from now on, as a client sends it."""
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def test_schedule__over_http__makes_a_version_that_can_be_read_compared_and_cancelled(
    admin_client: APIClient, client_with: ClientWith
) -> None:
    body = create(admin_client)
    place = f"{URL}{body['id']}/"
    answer = admin_client.patch(place, {"earn_cap_daily": 50, "effective_at": later(3)})
    assert (answer.status_code, answer["ETag"]) == (200, '"2"')
    assert (answer.json()["earn_cap_daily"], answer.json()["program_version"]) == (1000, 1), "as it is now"
    rows = admin_client.get(f"{place}versions/").json()["results"]
    assert [(row["number"], row["status"], row["changed"]) for row in rows] == [
        (2, "scheduled", ["caps"]), (1, "current", []),
    ]  # fmt: skip
    whole = admin_client.get(f"{place}versions/2/").json()
    assert (whole["earn_cap_daily"], whole["caps"][0]["limit"], whole["used_at"]) == (50, "50", None)
    assert len(whole["tiers"]) == 4
    diff = admin_client.get(f"{place}versions/diff/", {"from": 1, "to": 2}).json()
    arabic = admin_client.get(
        f"{place}versions/diff/", {"from": 1, "to": 2}, headers={"Accept-Language": "ar-EG"}
    ).json()
    assert [one["path"] for one in arabic["changes"]] == [one["path"] for one in diff["changes"]]
    assert all(
        " من " in one["words"] and " from " in told["words"]
        for one, told in zip(arabic["changes"], diff["changes"], strict=True)
    )
    assert (diff["from"], diff["to"]) == (1, 2)
    assert [(one["path"], one["before"], one["after"]) for one in diff["changes"]] == [
        ("caps.daily.limit", "1000", "50")
    ]
    assert client_with("programs.view").delete(f"{place}versions/2/").status_code == 403
    stale = admin_client.delete(f"{place}versions/2/", headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "edit.conflict")
    assert admin_client.delete(f"{place}versions/2/", headers={"If-Match": '"2"'}).status_code == 204
    begun = admin_client.delete(f"{place}versions/1/")
    assert (begun.status_code, begun.json()["code"]) == (409, "program.version_begun")
    gone = admin_client.delete(f"{place}versions/2/")
    assert (gone.status_code, gone.json()["code"]) == (404, "program.version_not_found")


def test_schedule__put_whole__refuses_what_cannot_be_later(admin_client: APIClient) -> None:
    body = create(admin_client)
    place = f"{URL}{body['id']}/"
    assert admin_client.put(place, document(expiry_days=30, effective_at=later(3))).status_code == 200
    assert admin_client.get(f"{place}versions/2/").json()["expiry"]["days"] == 30
    for changes, field in (({"name": "Else"}, "name"), ({"effective_at": later(-1)}, "effective_at")):
        answer = admin_client.put(place, document(**{"expiry_days": 5, "effective_at": later(3), **changes}))
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert admin_client.patch(place, {"effective_at": "soon"}).status_code == 400
    assert admin_client.post(URL, document(code="X", effective_at=later(3))).status_code == 400


@pytest.mark.parametrize("query", [{}, {"from": 1}, {"from": "x", "to": 1}, {"from": 1, "to": 1, "by": 2}])
def test_diff__query_that_says_no_two_versions__is_refused(admin_client: APIClient, query: dict[str, Any]) -> None:
    body = create(admin_client)
    assert admin_client.get(f"{URL}{body['id']}/versions/diff/", query).status_code == 400


def test_versions__unknown__are_not_found(admin_client: APIClient) -> None:
    body = create(admin_client)
    assert admin_client.get(f"{URL}{body['id']}/versions/9/").json()["code"] == "program.version_not_found"
    missing = admin_client.get(f"{URL}{body['id']}/versions/diff/", {"from": 1, "to": 9})
    assert (missing.status_code, missing.json()["code"]) == (404, "program.version_not_found")


LONG: dict[str, Any] = {
    "earn_rules": [
        {"code": "base", "rule": {"*": [{"var": "eligible_amount"}, 0.10]}},
        {
            "code": "weekend", "name": "Weekend", "rule": 5, "kind": "bonus", "weekdays": [6, 7], "hour_from": 22,
            "hour_until": 4, "tier_codes": ["GOLD"], "starts_on": "2026-01-01", "wallet": "stars", "once_per": "member",
        },
    ],
    "stacking": "best",
    "caps": [{"code": "budget", "period": "program", "scope": "program", "measure": "money", "limit": "250.50"}],
    "expiry": {"kind": "age", "months": 12, "tier_overrides": {"GOLD": {"months": 24}}, "warn_days_before": [30, 7]},
    "burn": {"consumption": "lifo", "points_min": 100, "points_step": 50},
    "transfer": {"fee_percent": "1.5", "points_daily": 1000},
    "wallets": [{"code": "main", "name": "Main"}, {"code": "stars", "kind": "status", "is_transferable": False}],
    "tier_policy": {"window": "cycle", "cycle_start": "04-01", "cycle_months": 12, "downgrade": "one_step"},
    "adjustment": {"reason_codes": [{"code": "goodwill", "name": "Goodwill"}], "points_max_without_approval": 500},
    "referral": {"referrer_points": 100, "referee_points": 50},
    "point_value": "0.010",
}  # fmt: skip


def long_document(**changes: Any) -> dict[str, Any]:
    """Give a document that is written in its long forms."""
    short = ("earn_rule", "earn_cap_daily", "expiry_days")
    return {name: value for name, value in document(**{**LONG, **changes}).items() if name not in short}


def test_rules__asked_for_in_arabic__are_said_in_arabic(admin_client: APIClient) -> None:
    program = create(admin_client)
    for path in (f"{URL}{program['id']}/", f"{URL}{program['id']}/versions/1/"):
        body = admin_client.get(path, headers={"Accept-Language": "ar"}).json()
        assert "مبلغ عملية الشراء" in body["earn_rule_in_words"], path
        assert "Amount" not in body["earn_rule_in_words"]
    assert "Amount of the purchase" in admin_client.get(f"{URL}{program['id']}/").json()["earn_rule_in_words"]


def test_labels__of_every_fact__are_there_in_every_language() -> None:
    names = {field.name for schema in SCHEMAS.values() for field in schema.fields}
    assert {language: set(labels) for language, labels in LABELS.items()} == {"ar": names}


def test_create__in_long_forms__reads_back_whole_and_can_be_written_back(admin_client: APIClient) -> None:
    answer = admin_client.post(URL, long_document())
    body = answer.json()
    assert answer.status_code == 201, body
    assert body["earn_rule"] == {"*": [{"var": "eligible_amount"}, 0.1]}
    assert (body["earn_cap_daily"], body["expiry_days"]) == (None, None)
    assert "Amount that earns" in body["earn_rules"][0]["rule_in_words"]
    assert body["earn_rules"][1]["weekdays"] == [6, 7]
    assert body["earn_rules"][1]["is_multiplied"] is True
    assert (body["caps"][0]["limit"], body["caps"][0]["on_reach"]) == ("250.5", "truncate")
    assert body["expiry"]["tier_overrides"] == {"GOLD": {"days": None, "months": 24}}
    assert (body["transfer"]["fee_percent"], body["point_value"]) == ("1.5", "0.01")
    names = [*LONG, "earn_base", "activation", "reversal", "burn_rule", "tiers"]
    again = admin_client.patch(f"{URL}{body['id']}/", {name: body[name] for name in names})
    assert again.status_code == 200, again.json()
    assert again.json()["version"] == 1, "nothing changed"


@pytest.mark.parametrize(
    "changes, status, place",
    [
        ({"earn_rules": [{"code": "a"}]}, 400, "earn_rules.0.rule"),
        ({"earn_rules": [{"code": "a", "rule": 1, "colour": "red"}]}, 400, "earn_rules.0.colour"),
        ({"caps": [{"code": "a", "limit": "NaN"}]}, 400, "caps.0.limit"),
        ({"caps": [{"code": "a", "limit": "5", "period": "decade"}]}, 400, "caps.0.period"),
        ({"expiry": {"tier_overrides": {"GOLD": {"years": 1}}}}, 400, "expiry.tier_overrides.GOLD.years"),
        ({"expiry": None}, 400, "expiry"),
        ({"tiers": [{"min_points": 0}]}, 400, "tiers.0.name"),
        ({"wallets": "main"}, 400, "wallets"),
        ({"caps": [{"code": "a", "limit": "1.5"}]}, 422, "caps.0.limit"),
        ({"caps": [{"code": "a", "limit": "5", "rule_code": "gone"}]}, 422, "caps.0.rule_code"),
        ({"expiry": {"kind": "fixed_date", "month_day": "02-30"}}, 422, "expiry.month_day"),
        ({"earn_rules": [{"code": "a", "rule": {"var": "shoe_size"}}]}, 422, "earn_rules.0.rule"),
        ({"earn_rule": 1, "earn_rules": [{"code": "base", "rule": 2}]}, 422, "earn_rule"),
    ],
)  # fmt: skip
def test_change__faulty_term__names_the_place(
    admin_client: APIClient, changes: dict[str, Any], status: int, place: str
) -> None:
    body = create(admin_client)
    answer = admin_client.patch(f"{URL}{body['id']}/", changes)
    assert answer.status_code == status, answer.json()
    assert place in [problem["field"] for problem in answer.json()["errors"]]


CAPS, EXPIRIES = "/api/loyalty/v1/earnCaps/", "/api/loyalty/v1/pointsExpiryRules/"


def test_cap__added_over_http__is_a_new_version_of_its_program(
    admin_client: APIClient, client_with: ClientWith
) -> None:
    body = create(admin_client)
    wanted = {"program": body["id"], "period": "month", "limit": "5000"}
    assert client_with("programs.view").post(CAPS, wanted).status_code == 403
    answer = admin_client.post(CAPS, wanted)
    row = answer.json()
    assert answer.status_code == 201, row
    assert (row["code"], row["points_max"], row["scope"], row["program_version"]) == ("monthly", 5000, "member", 2)
    assert admin_client.get(f"{CAPS}{row['id']}/").json() == row
    whole = admin_client.get(f"{URL}{body['id']}/").json()
    assert [cap["code"] for cap in whole["caps"]] == ["daily", "monthly"]
    again = admin_client.post(CAPS, wanted)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "program.code_duplicate")
    assert admin_client.post(CAPS, {**wanted, "limit": 1.5, "period": "week"}).status_code == 422
    assert admin_client.post(CAPS, {"limit": "5"}).json()["errors"][0]["field"] == "program"
    stranger = admin_client.post(CAPS, {**wanted, "program": whole["tiers"][0]["id"]})
    assert (stranger.status_code, stranger.json()["code"]) == (404, "program.not_found")


def test_expiry_rule__written_over_http__is_a_new_version_of_its_program(
    admin_client: APIClient, client_with: ClientWith
) -> None:
    body = create(admin_client, expiry_days=None)
    assert admin_client.get(EXPIRIES, {"program": body["id"]}).json()["count"] == 0
    wanted = {"program": body["id"], "kind": "end_of_period", "period": "quarter", "grace_days_after": 7}
    assert client_with("programs.view").post(EXPIRIES, wanted).status_code == 403
    answer = admin_client.post(EXPIRIES, wanted)
    row = answer.json()
    assert answer.status_code == 201, row
    assert (row["kind"], row["expiry_days"], row["program_version"]) == ("end_of_period", None, 2)
    assert (row["details"]["period"], row["details"]["grace_days_after"]) == ("quarter", 7)
    assert admin_client.get(f"{EXPIRIES}{row['id']}/").json() == row
    assert admin_client.post(EXPIRIES, {"program": body["id"], "kind": "never"}).status_code == 400
    assert admin_client.post(EXPIRIES, {"program": body["id"], "kind": "age"}).status_code == 422


def test_cap_and_expiry__from_a_future_instant__are_scheduled(admin_client: APIClient) -> None:
    body = create(admin_client)
    later = (datetime.now(UTC) + timedelta(days=30)).isoformat().replace("+00:00", "Z")
    cap = admin_client.post(CAPS, {"program": body["id"], "period": "month", "limit": "5000", "effective_at": later})
    assert (cap.status_code, cap.json()) == (
        202, {"program": body["id"], "program_version": 2, "effective_at": later},
    )  # fmt: skip
    expiry = {"program": body["id"], "kind": "age", "months": 6, "effective_at": later}
    assert admin_client.post(EXPIRIES, expiry).json()["program_version"] == 2, "the same instant, the same version"
    assert [row["code"] for row in admin_client.get(CAPS, {"program": body["id"]}).json()["results"]] == ["daily"]
    version = admin_client.get(f"{URL}{body['id']}/versions/2/").json()
    assert (version["status"], [one["code"] for one in version["caps"]]) == ("scheduled", ["daily", "monthly"])
    assert (version["expiry"]["kind"], version["expiry"]["months"]) == ("age", 6)
    past = admin_client.post(
        CAPS, {"program": body["id"], "period": "week", "limit": "1", "effective_at": "2020-01-01T00:00:00Z"}
    )
    assert (past.status_code, past.json()["errors"][0]["code"]) == (422, "program.effective_at_past")


def test_lists__of_new_things__show_every_way_to_earn_and_every_cap(admin_client: APIClient) -> None:
    body = admin_client.post(URL, long_document()).json()
    rows = admin_client.get("/api/loyalty/v1/loyaltyRules/", {"program": body["id"]}).json()["results"]
    assert [(row["kind"], row["code"]) for row in rows] == [("earn", "base"), ("earn", "weekend"), ("burn", "burn")]
    assert (rows[1]["name"], rows[1]["details"]["weekdays"], rows[1]["rule_in_words"]) == ("Weekend", [6, 7], "5")
    [cap] = admin_client.get(CAPS, {"program": body["id"]}).json()["results"]
    assert (cap["measure"], cap["limit"], cap["points_max"], cap["period"]) == ("money", "250.5", None, "program")
    [expiry] = admin_client.get(EXPIRIES, {"program": body["id"]}).json()["results"]
    assert (expiry["kind"], expiry["expiry_days"], expiry["details"]["months"]) == ("age", None, 12)
    tiers = admin_client.get("/api/loyalty/v1/loyaltyTiers/", {"program": body["id"]}).json()["results"]
    assert tiers[0]["benefit_grants"] == []
    assert tiers[0]["is_invitation_only"] is False
