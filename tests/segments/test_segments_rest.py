"""The segment routes: one test per outcome."""

import uuid
from datetime import datetime
from typing import Any

import psycopg
import pytest
from rest_framework.test import APIClient

from loyalty.foundation.kernel import clock
from loyalty.foundation.work import api as work
from loyalty.segments import registry
from loyalty.segments.contracts import Usage
from loyalty.segments.models import Segment
from tests.conftest import ClientWith
from tests.segments.people import PEOPLE
from tests.segments.test_recalculation import WARM

V1 = "/api/loyalty/v1"
Warehouse = psycopg.Connection[tuple[object, ...]]
pytestmark = pytest.mark.usefixtures("warehouse", "people")


def create(client: APIClient, **changes: Any) -> Any:
    """Post a segment."""
    body = {"name": "warm", "kind": "dynamic", "rules": WARM, **changes}
    return client.post(f"{V1}/segments/", body)


def test_create__dynamic__answers_words_and_etag(admin_client: APIClient) -> None:
    answer = create(admin_client, description="Still warm")
    body = answer.json()
    assert (answer.status_code, answer["ETag"]) == (201, '"1"')
    assert body["rules_in_words"] == "Total revenue is more than 1000 and Days since last purchase is less than 30"
    assert (body["member_count"], body["last_calculated_at"], body["rules"]) == (0, None, WARM)
    arabic = admin_client.get(f"{V1}/segments/{body['id']}/", headers={"Accept-Language": "ar"}).json()
    assert arabic["rules_in_words"] == "إجمالي الإيرادات أكثر من 1000 والأيام منذ آخر عملية شراء أقل من 30"
    again = create(admin_client)
    assert (again.status_code, again.json()["code"]) == (409, "segment.name_taken")


@pytest.mark.parametrize(
    "rules, code",
    [
        ({"frobnicate": [1, 2]}, "rule.unknown_operator"),
        ({">": [{"var": "shoe_size"}, 40]}, "rule.unknown_field"),
        ({">": [{"var": "city"}, 40]}, "rule.type_mismatch"),
        ({"+": [{"var": "total_revenue"}, 1]}, "rule.not_boolean"),
    ],
)
def test_create__bad_rules__names_what_is_wrong(admin_client: APIClient, rules: Any, code: str) -> None:
    answer = create(admin_client, rules=rules)
    assert (answer.status_code, answer.json()["code"]) == (422, "rule.invalid")
    assert code in [problem["code"] for problem in answer.json()["errors"]]
    assert Segment.objects.count() == 0


def test_create__rules_forty_deep__are_refused(admin_client: APIClient) -> None:
    rules: Any = WARM
    for _ in range(40):
        rules = {"!": [rules]}
    answer = create(admin_client, rules=rules)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "rule.too_deep")


def test_create__without_rules_or_static_with__is_refused(admin_client: APIClient) -> None:
    assert create(admin_client, rules=None).json()["code"] == "segment.rules_missing"
    assert create(admin_client, kind="static").json()["code"] == "segment.kind_wrong"
    assert create(admin_client, kind="elastic").json()["code"] == "invalid"
    assert create(admin_client, colour="red").json()["errors"][0]["code"] == "unknown_field"


def test_change__with_old_etag__is_refused(admin_client: APIClient) -> None:
    made = create(admin_client).json()
    url = f"{V1}/segments/{made['id']}/"
    changed = admin_client.patch(url, {"name": "hot"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["name"], changed["ETag"]) == (200, "hot", '"2"')
    late = admin_client.patch(url, {"name": "cold"}, headers={"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"]) == (412, "edit.conflict")


def test_recalculate__over_http__run_members_snapshots_metrics(admin_client: APIClient, now: datetime) -> None:
    made = create(admin_client).json()
    url = f"{V1}/segments/{made['id']}"
    started = admin_client.post(f"{url}/recalculate/", {})
    assert started.status_code == 202
    again = admin_client.post(f"{url}/recalculate/", {})
    assert (again.status_code, again.json()["code"]) == (409, "run.already_active")
    assert work.execute_next(now=now)
    run = admin_client.get(f"{V1}/runs/{started.json()['run']['id']}/").json()
    check = {"checked": 7, "disagreements": 0}
    assert (run["status"], run["result"]) == ("SUCCEEDED", {"added": 2, "removed": 0, "members": 2, "check": check})
    listed = admin_client.get(f"{url}/members/").json()
    assert sorted(row["customer_ref"] for row in listed["results"]) == ["P1", "P4"]
    assert admin_client.get(f"{url}/members/", {"page_size": 1}).json()["next"]
    snapshots = admin_client.get(f"{V1}/segmentSnapshots/", {"segment": made["id"]}).json()
    assert snapshots["results"][0]["member_count"] == 2
    assert admin_client.get(f"{url}/metrics/").json()["largest"] == 2
    assert admin_client.get(f"{url}/").json()["member_count"] == 2


def test_preview__saved_and_unsaved__count_without_writing(admin_client: APIClient) -> None:
    made = create(admin_client).json()
    saved = admin_client.post(f"{V1}/segments/{made['id']}/preview/", {}).json()
    unsaved = admin_client.post(f"{V1}/segments/preview/", {"rules": WARM}).json()
    assert saved == unsaved
    assert (saved["count"], saved["total"]) == (2, 7)
    assert sorted(row["customer_ref"] for row in saved["sample"]) == ["P1", "P4"]
    assert admin_client.post(f"{V1}/segments/preview/", {}).json()["code"] == "segment.rules_missing"


def test_explain__in_and_out__tells_each_condition(admin_client: APIClient) -> None:
    made = create(admin_client).json()
    url = f"{V1}/segments/{made['id']}/explain/"
    out = admin_client.get(url, {"customer_id": str(PEOPLE[4].id)}).json()
    assert (out["is_member"], out["matches"]) == (False, False)
    decisive = [step for step in out["trace"] if step["decisive"]]
    assert any(step["facts"] == {"last_purchase_days_ago": None} for step in decisive)
    assert admin_client.get(url, {"customer_id": "nobody"}).status_code == 400
    assert admin_client.get(url, {"customer_id": str(uuid.uuid4())}).json()["code"] == "customer.not_found"


def test_static__members__are_added_once_and_removed(admin_client: APIClient) -> None:
    made = create(admin_client, kind="static", rules=None).json()
    body = {"segment": made["id"], "customers": ["P1", str(PEOPLE[1].id), "P1"]}
    added = admin_client.post(f"{V1}/segmentMembers/", body)
    assert (added.status_code, added.json()["added"]) == (201, 2)
    assert admin_client.post(f"{V1}/segmentMembers/", body).json()["added"] == 0
    unknown = admin_client.post(f"{V1}/segmentMembers/", {"segment": made["id"], "customer_ref": "P99"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "customer.not_found")
    name = f"{made['id']}:{PEOPLE[0].id}"
    assert admin_client.delete(f"{V1}/segmentMembers/{name}/").status_code == 204
    assert admin_client.delete(f"{V1}/segmentMembers/{name}/").status_code == 404
    assert admin_client.get(f"{V1}/segments/{made['id']}/").json()["member_count"] == 1
    recalculated = admin_client.post(f"{V1}/segments/{made['id']}/recalculate/", {})
    assert recalculated.json()["code"] == "segment.kind_wrong"


def test_members__of_a_dynamic_segment__are_not_changed_by_hand(admin_client: APIClient) -> None:
    made = create(admin_client).json()
    answer = admin_client.post(f"{V1}/segmentMembers/", {"segment": made["id"], "customer_ref": "P1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "segment.kind_wrong")


def test_delete__in_use__is_refused_and_named(admin_client: APIClient) -> None:
    made = create(admin_client).json()
    before = dict(registry._Registry.finders)
    registry.register_usage("tests", lambda one: [Usage("campaign", "1", "Spring")])
    try:
        refused = admin_client.delete(f"{V1}/segments/{made['id']}/")
        assert (refused.status_code, refused.json()["code"]) == (409, "segment.in_use")
        assert "Spring" in refused.json()["detail"]
        assert admin_client.get(f"{V1}/segments/{made['id']}/").json()["used_by"][-1]["name"] == "Spring"
    finally:
        registry._Registry.finders.clear()
        registry._Registry.finders.update(before)
    assert admin_client.delete(f"{V1}/segments/{made['id']}/").status_code == 204


def test_routes__without_permission__are_forbidden(client_with: ClientWith) -> None:
    clerk = client_with("segments.view")
    assert create(clerk).json()["permission"] == "segments.create"
    assert clerk.get(f"{V1}/segments/").status_code == 200


def test_columns__listed_described_and_read(admin_client: APIClient) -> None:
    fields = {field["name"]: field for field in admin_client.get(f"{V1}/dwh/columns/").json()["results"]}
    assert fields["churn_score"]["type"] == "decimal"
    assert fields["total_revenue"]["label"] == "Total revenue"
    assert "customer_id" not in fields
    changed = admin_client.patch(f"{V1}/dwh/columns/city/", {"label": "Home town"})
    assert changed.json()["label"] == "Home town"
    assert admin_client.patch(f"{V1}/dwh/columns/nothing/", {"label": "x"}).status_code == 404
    one = admin_client.get(f"{V1}/dwh/customers/{PEOPLE[0].id}/features/").json()
    assert (one["features"]["total_revenue"], one["features"]["churn_score"]) == (1500, 0.1)
    batch = {"customer_ids": [str(PEOPLE[0].id), str(uuid.uuid4())], "fields_wanted": ["city"]}
    assert admin_client.post(f"{V1}/dwh/batch/features/", batch).json()["results"] == [
        {"customer_id": str(PEOPLE[0].id), "features": {"city": "Beirut"}}
    ]


def test_recalculate__warehouse_lost_its_rows__says_so_until_it_is_accepted(
    admin_client: APIClient, warehouse: Warehouse
) -> None:
    made = create(admin_client).json()
    path = f"{V1}/segments/{made['id']}"

    def recalculate(**body: Any) -> Any:
        assert admin_client.post(f"{path}/recalculate/", body).status_code == 202
        work.execute_next(now=clock.now())
        return admin_client.get(f"{path}/").json()

    assert recalculate()["member_count"] == 2
    warehouse.execute("DELETE FROM customer_features_view")
    shrunk = recalculate()
    assert (shrunk["member_count"], shrunk["last_run"]["status"]) == (2, "FAILED")
    assert shrunk["last_run"]["error"]["code"] == "segment.warehouse_shrunk"
    accepted = recalculate(accept_shrinkage=True)
    assert (accepted["member_count"], accepted["last_run"]["status"]) == (0, "SUCCEEDED")
