"""The routes of campaigns, one test per answer."""

import uuid
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rest_framework.test import APIClient

from loyalty.delivery.models import Send
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel import clock
from tests.campaigns.scene import CONTENT, SCHEDULE, make_audience, work_off
from tests.conftest import ClientWith
from tests.delivery.post import Post, left_out, make_customers

pytestmark = pytest.mark.django_db
URL = "/api/loyalty/v1/campaigns/"
EXECUTIONS = "/api/loyalty/v1/campaignExecutions/"


@pytest.fixture
def body(now: datetime) -> dict[str, Any]:
    """A campaign that can be created."""
    segment = str(make_audience(now))
    return {"name": "News", "segment": segment, "trigger": SCHEDULE, "channels": ["email"], "content": CONTENT}


def create(client: APIClient, body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Create a campaign and give the answer."""
    answer = client.post(URL, {**body, **changes})
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def test_campaign__created__is_a_draft_with_an_etag(admin_client: APIClient, body: dict[str, Any]) -> None:
    answer = admin_client.post(URL, body)
    made = answer.json()
    assert (answer.status_code, answer["ETag"], made["status"], made["due_at"]) == (201, '"1"', "DRAFT", None)
    assert (made["trigger"], made["channels"], made["content"]) == (SCHEDULE, ["email"], CONTENT)
    assert admin_client.get(f"{URL}{made['id']}/").json() == made
    assert admin_client.get(URL, {"status": "DRAFT"}).json()["count"] == 1
    assert admin_client.get(URL, {"status": "ACTIVE"}).json()["count"] == 0
    assert AuditEntry.objects.get(act="campaigns.create").after["name"] == "News"


def test_campaign__created_active__has_its_next_slot(admin_client: APIClient, body: dict[str, Any]) -> None:
    made = create(admin_client, body, status="ACTIVE")
    assert made["status"] == "ACTIVE"
    assert made["due_at"] is not None


@pytest.mark.parametrize(
    ("cron", "slots", "cut"), [("0 * * * *", 24, 0), ("* * * * *", 24, 40), ("0 9,18 * * *", 2, 0)]
)
def test_calendar__of_a_line_that_fires_often__tells_every_day_to_the_end(
    admin_client: APIClient, body: dict[str, Any], cron: str, slots: int, cut: int
) -> None:
    create(admin_client, body, trigger={"kind": "schedule", "cron": cron, "timezone": "Asia/Beirut"})
    beirut = ZoneInfo("Asia/Beirut")
    # A stretch of next summer in which no clock changes.
    since = datetime(datetime.now(tz=beirut).year + 1, 6, 1, tzinfo=beirut)
    until = since + timedelta(days=40)
    span = {"since": (since - timedelta(seconds=1)).isoformat(), "until": until.isoformat()}
    entries = admin_client.get(f"{URL}calendar/", span).json()
    days = Counter(datetime.fromisoformat(one["at"]).astimezone(beirut).date() for one in entries)
    assert (len(days), set(days.values())) == (40, {slots})
    assert sum(one["is_cut"] for one in entries) == cut


def test_calendar__of_a_schedule__foretells_nothing_before_now(admin_client: APIClient, body: dict[str, Any]) -> None:
    made = create(admin_client, body, status="ACTIVE", trigger={"kind": "schedule", "cron": "0 9 * * *"})
    now = clock.now()
    span = {"since": (now - timedelta(days=9)).isoformat(), "until": (now + timedelta(days=9)).isoformat()}

    entries = admin_client.get(f"{URL}calendar/", span).json()

    assert {(one["campaign"], one["is_past"]) for one in entries} == {(made["id"], False)}
    assert len(entries) == 9
    assert min(datetime.fromisoformat(one["at"]) for one in entries) > now


def test_campaign__created_active_without_that_permission__is_forbidden(
    client_with: ClientWith, body: dict[str, Any]
) -> None:
    client = client_with("campaigns.create")
    assert client.post(URL, {**body, "status": "ACTIVE"}).status_code == 403
    assert client.post(URL, body).status_code == 201


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"name": ""}, 400, "invalid"),
        ({"nme": "x"}, 400, "invalid"),
        ({"trigger": []}, 400, "invalid"),
        ({"trigger": {"kind": "moon"}}, 400, "campaign.trigger_invalid"),
        ({"trigger": {"kind": "schedule", "cron": "x"}}, 400, "campaign.trigger_invalid"),
        ({"channels": []}, 400, "invalid"),
        ({"channels": ["email", "email"]}, 400, "campaign.channels_invalid"),
        ({"channels": ["sms"], "content": {"sms": {}}}, 422, "channel.not_available"),
        ({"channels": ["pigeon"], "content": {"pigeon": {}}}, 400, "channel.unknown"),
        ({"content": {}}, 400, "campaign.channels_invalid"),
        ({"content": {"email": {"subject": "s"}}}, 400, "content.invalid"),
        ({"content": {"email": {"subject": "s", "body": "{{ tier_nam }}"}}}, 400, "template.invalid"),
        ({"segment": str(uuid.uuid4())}, 422, "campaign.segment_unknown"),
        ({"program": str(uuid.uuid4())}, 422, "campaign.program_unknown"),
        ({"status": "ENDED"}, 400, "invalid"),
    ],
)
def test_campaign__unfit__is_refused_with_its_code(
    admin_client: APIClient, body: dict[str, Any], changes: dict[str, Any], status: int, code: str
) -> None:
    answer = admin_client.post(URL, {**body, **changes})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"


SLOTS = {"kind": "schedule", "cron": "0 9 * * *", "timezone": "recipient"}
SIZE = {"kind": "threshold", "measure": "segment_size", "operator": ">", "value": 1}
BOUGHT = {"kind": "event", "event_type": "customer.purchase"}
GOAL = {"event_type": "customer.purchase", "window_hours": 24}
# The free JSON of a campaign, place by place: the whole in which one value is replaced.
ODD_PLACES: dict[str, Any] = {
    "trigger.kind": SLOTS, "trigger.cron": SLOTS, "trigger.past": SLOTS, "trigger.timezone": SLOTS,
    "trigger.measure": SIZE, "trigger.operator": SIZE, "trigger.value": SIZE, "trigger.reset": SIZE,
    "trigger.event_type": BOUGHT, "trigger.filter": BOUGHT, "trigger.filter_profile": BOUGHT,
    "trigger.look_back_hours": BOUGHT, "goal.event_type": GOAL, "goal.window_hours": GOAL, "goal.value_field": GOAL,
    "goal.filter": GOAL, "goal.filter_profile": {**GOAL, "filter": {">": [{"var": "amount"}, 1]}},
    "fallback.when": {"minutes": 5}, "fallback.minutes": {"when": "undelivered"},
    "variants.code": {"weight": 1}, "variants.weight": {"code": "a"}, "variants.content": {"code": "a", "weight": 1},
    "variants.content.email": {"code": "a", "weight": 1},
    "offers.code": {"title": "t"}, "offers.title": {"code": "a"}, "offers.segment": {"code": "a", "title": "t"},
}  # fmt: skip


@pytest.mark.parametrize("place", ODD_PLACES)
def test_campaign__odd_value_at_any_place__is_refused_and_nothing_is_kept(
    admin_client: APIClient, body: dict[str, Any], place: str
) -> None:
    field, name, *inner = place.split(".")
    for value in ([[1]], True, "a\x00b"):
        odd = {**ODD_PLACES[place], name: {inner[0]: value} if inner else value}
        answer = admin_client.post(URL, {**body, field: [odd] if field in ("variants", "offers") else odd})
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json"), value
    assert admin_client.get(URL).json()["count"] == 0


def test_campaign__unknown_variable__names_it_and_its_place(admin_client: APIClient, body: dict[str, Any]) -> None:
    answer = admin_client.post(URL, {**body, "content": {"email": {"subject": "{{ shoe_size }}", "body": "b"}}})
    (problem,) = answer.json()["errors"]
    assert (problem["field"], problem["code"]) == ("content.email.subject", "template.variable_unknown")
    assert "shoe_size" in problem["message"]


def test_campaign__changed_on_an_old_version__is_refused(admin_client: APIClient, body: dict[str, Any]) -> None:
    address = f"{URL}{create(admin_client, body)['id']}/"
    changed = admin_client.patch(address, {"name": "New"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed["ETag"], changed.json()["name"]) == (200, '"2"', "New")
    assert admin_client.patch(address, {"name": "Old"}, headers={"If-Match": '"1"'}).status_code == 412


def test_campaign__unknown_or_no_id__is_not_found(admin_client: APIClient) -> None:
    for name in (str(uuid.uuid4()), "7"):
        assert admin_client.get(f"{URL}{name}/").status_code == 404
        assert admin_client.post(f"{URL}{name}/trigger/").status_code == 404


def test_campaign__nobody_signed_in__is_unauthenticated(client: APIClient) -> None:
    assert client.get(URL).status_code == 401


def test_campaign__without_the_permission__is_forbidden(client_with: ClientWith, body: dict[str, Any]) -> None:
    made = create(client_with("*"), body)
    viewer = client_with("campaigns.view")
    for step in ("activate", "pause", "end", "trigger", "test-send"):
        assert viewer.post(f"{URL}{made['id']}/{step}/", {}).status_code == 403
    assert viewer.get(f"{URL}{made['id']}/preview/").status_code == 200


def test_campaign__its_life__goes_by_its_steps(admin_client: APIClient, body: dict[str, Any]) -> None:
    made = create(admin_client, body)
    address = f"{URL}{made['id']}/"
    assert admin_client.post(f"{address}pause/").status_code == 409
    for step, status in (("activate", "ACTIVE"), ("pause", "PAUSED"), ("activate", "ACTIVE"), ("end", "ENDED")):
        assert admin_client.post(f"{address}{step}/").json()["status"] == status
    assert admin_client.post(f"{address}activate/").json()["code"] == "campaign.state_wrong"
    assert admin_client.patch(address, {"name": "x"}).status_code == 409


def test_campaign__never_triggered__can_be_deleted(admin_client: APIClient, body: dict[str, Any]) -> None:
    address = f"{URL}{create(admin_client, body)['id']}/"
    assert admin_client.delete(address).status_code == 204
    assert admin_client.get(address).status_code == 404


def test_trigger__over_http__answers_202_then_200_with_the_same_body(
    post: Post, admin_client: APIClient, body: dict[str, Any], now: datetime
) -> None:
    made = create(admin_client, body, status="ACTIVE")
    address = f"{URL}{made['id']}/trigger/"
    first = admin_client.post(address, {"occurrence": "launch"})
    again = admin_client.post(address, {"occurrence": "launch"})
    assert (first.status_code, again.status_code, again.json()) == (202, 200, first.json())
    answer = first.json()
    assert (answer["occurrence"], answer["audience"]) == ("launch", 2)
    assert answer["excluded"] == left_out(no_consent=1, no_address=1)
    assert admin_client.get(f"/api/loyalty/v1/runs/{answer['run']['id']}/").json()["status"] == "PENDING"
    work_off(datetime.fromisoformat(made["created_at"]))
    assert admin_client.delete(f"{URL}{made['id']}/").json()["code"] == "campaign.in_use"
    assert admin_client.get(f"{URL}{made['id']}/").json()["last_triggered_at"] is not None


def test_trigger__a_draft__is_a_conflict(admin_client: APIClient, body: dict[str, Any]) -> None:
    answer = admin_client.post(f"{URL}{create(admin_client, body)['id']}/trigger/", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "campaign.not_active")


def test_trigger__unfit_occurrence__is_refused(admin_client: APIClient, body: dict[str, Any]) -> None:
    address = f"{URL}{create(admin_client, body, status='ACTIVE')['id']}/trigger/"
    assert admin_client.post(address, {"occurrence": "a\u0007b"}).status_code == 400
    assert admin_client.post(address, {"occurence": "a"}).status_code == 400


def test_executions__of_a_campaign__are_listed_with_reasons(
    post: Post, admin_client: APIClient, body: dict[str, Any], now: datetime
) -> None:
    made = create(admin_client, body, status="ACTIVE")
    admin_client.post(f"{URL}{made['id']}/trigger/", {"occurrence": "o"})
    work_off(datetime.now(tz=now.tzinfo))
    page = admin_client.get(EXECUTIONS, {"campaign": made["id"]}).json()
    assert (page["count"], page["count_is_exact"], len(page["results"])) == (4, True, 4)
    row = next(one for one in page["results"] if one["status"] == "SENT")
    assert (row["campaign"], row["occurrence"], row["channel"], row["reason"]) == (made["id"], "o", "email", "")
    assert row["sent_at"] is not None
    assert admin_client.get(f"{EXECUTIONS}{row['id']}/").json() == row
    for narrowed, count in (
        ({"status": "SKIPPED"}, 2),
        ({"reason": "no_consent"}, 1),
        ({"occurrence": "other"}, 0),
        ({"customer_id": row["customer_id"]}, 1),
        ({"customer_ref": row["customer_ref"]}, 1),
        ({"campaign": str(uuid.uuid4())}, 0),
    ):
        assert admin_client.get(EXECUTIONS, narrowed).json()["count"] == count, narrowed
    assert admin_client.get(EXECUTIONS, {"campaign": "x"}).status_code == 400
    assert admin_client.get(EXECUTIONS, {"status": "x"}).status_code == 400


def test_executions__pages__are_whole(post: Post, admin_client: APIClient, body: dict[str, Any], now: datetime) -> None:
    made = create(admin_client, body, status="ACTIVE")
    admin_client.post(f"{URL}{made['id']}/trigger/", {})
    work_off(now)
    seen, address = [], f"{EXECUTIONS}?campaign={made['id']}&page_size=3"
    while address:
        page = admin_client.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
    assert len(set(seen)) == len(seen) == 4


def test_preview__of_a_campaign__counts_and_shows_it_for_one(
    admin_client: APIClient, body: dict[str, Any], now: datetime
) -> None:
    address = f"{URL}{create(admin_client, body)['id']}/preview/"
    shown = admin_client.get(address).json()
    assert (shown["audience"], shown["sendable"], shown["total"]) == (2, 2, 4)
    assert shown["excluded"] == left_out(no_consent=1, no_address=1)
    (eve,) = make_customers(["Eve"], now, prefix="e")
    named = admin_client.post(address, {"customer_ref": "e-0"}).json()["sample"]
    assert (named["customer_id"], named["content"]["email"]["subject"]) == (str(eve), "Hi Eve")
    assert "Unsubscribe" in named["content"]["email"]["html"]
    assert admin_client.post(address, {"customer_ref": "nobody"}).status_code == 404
    assert admin_client.post(address, {"customer_id": str(uuid.uuid4())}).status_code == 422


def test_preview__variable_without_a_value__names_it(
    admin_client: APIClient, body: dict[str, Any], now: datetime
) -> None:
    made = create(admin_client, body, content={"email": {"subject": "S", "body": "Dear {{ first_name }}"}})
    make_customers([""], now, prefix="e")
    shown = admin_client.post(f"{URL}{made['id']}/preview/", {"customer_ref": "e-0"}).json()
    assert shown["sample"]["content"]["email"]["missing"] == "first_name"


def test_test_send__to_an_own_address__counts_nowhere_and_needs_no_consent(
    post: Post, admin_client: APIClient, body: dict[str, Any], now: datetime
) -> None:
    made = create(admin_client, body)
    address = f"{URL}{made['id']}/test-send/"
    answer = admin_client.post(address, {"to": "me@operator.test", "customer_ref": "n-0"})
    assert (answer.status_code, answer.json()["customer_ref"]) == (202, "n-0")
    work_off(datetime.now(tz=now.tzinfo))
    (mail,) = post.mails()
    assert (str(mail["To"]), mail["Subject"]) == ("me@operator.test", "Hi Cid")
    assert admin_client.get(f"{URL}{made['id']}/performance/").json()["total_sent"] == 0
    assert admin_client.get(EXECUTIONS, {"campaign": made["id"]}).json()["count"] == 0
    assert Send.objects.get().state == "SENT"


def test_test_send__to_no_address__is_refused(admin_client: APIClient, body: dict[str, Any]) -> None:
    address = f"{URL}{create(admin_client, body)['id']}/test-send/"
    for unfit in ("me", "a@b.test\r\nBcc: c@d.test", ""):
        assert admin_client.post(address, {"to": unfit}).status_code == 400


def test_performance__of_a_new_campaign__is_all_zero(admin_client: APIClient, body: dict[str, Any]) -> None:
    figures = admin_client.get(f"{URL}{create(admin_client, body)['id']}/performance/").json()
    assert figures == {
        **dict.fromkeys(("total_sent", "delivered", "opened", "clicked", "converted", "failed", "bounced"), 0),
        **dict.fromkeys(("unknown", "queued", "skipped", "occurrences", "placed", "customers_sent"), 0),
        **dict.fromkeys(("unsubscribed", "points"), 0),
        "revenue": "0.00",
        "cost": "0.00",
        "breakdown": [],
        "incremental": None,
        "conversion_rate": 0.0,
        "excluded": left_out(),
        "last_sent_at": None,
    }


def test_segment__used_by_a_campaign__says_so(admin_client: APIClient, body: dict[str, Any]) -> None:
    create(admin_client, body)
    answer = admin_client.delete(f"/api/loyalty/v1/segments/{body['segment']}/")
    assert answer.status_code == 409


def test_estimate__of_a_draft__counts_prices_and_runs_and_keeps_nothing(
    admin_client: APIClient, body: dict[str, Any]
) -> None:
    asked = {"segments": [body["segment"]], "channels": ["email", "carrier_pig"[:10]], "trigger": SCHEDULE}
    told = admin_client.post(f"{URL}estimate/", asked).json()
    made = create(admin_client, body)
    preview = admin_client.post(f"{URL}{made['id']}/preview/", {}).json()
    assert (told["audience"], told["total"]) == (preview["audience"], preview["total"])
    assert told["channels"] == {"email": told["audience"]}
    assert (told["prices"], told["currency"]) == ({"email": "0"}, "USD")
    assert len(told["next_runs"]) == 5
    assert told["next_runs"] == sorted(set(told["next_runs"]))
    assert admin_client.get(URL).json()["count"] == 1


def test_estimate__trigger_half_written__counts_all_the_same_and_says_what_is_wrong(
    admin_client: APIClient, body: dict[str, Any]
) -> None:
    asked = {"segments": [body["segment"]], "channels": ["email"], "trigger": {"kind": "schedule", "cron": "nonsense"}}
    told = admin_client.post(f"{URL}estimate/", asked).json()
    assert told["total"] > 0
    assert (told["next_runs"], told["trigger_problem"] != "") == ([], True)


def test_estimate__without_the_permission__is_forbidden(client_with: ClientWith) -> None:
    assert client_with("programs.view").post(f"{URL}estimate/", {"channels": ["email"]}).status_code == 403
