"""Routes that ask about segments: uploads, comparisons, overlaps, trends, explanations, schedules."""

from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from rest_framework.test import APIClient

from loyalty.foundation.work import api as work
from tests.conftest import ClientWith
from tests.segments.people import PEOPLE
from tests.segments.test_recalculation import WARM
from tests.segments.test_segments_rest import V1, Warehouse, create

pytestmark = pytest.mark.usefixtures("warehouse", "people")


def upload(client: APIClient, segment: str, content: bytes, **fields: Any) -> Any:
    """Upload a file."""
    body = {"file": SimpleUploadedFile("people.csv", content), **fields}
    encoded = encode_multipart(BOUNDARY, body)
    return client.post(f"{V1}/segments/{segment}/upload/", encoded, content_type=MULTIPART_CONTENT)


def test_upload__csv__reports_every_line(admin_client: APIClient) -> None:
    made = create(admin_client, name="guests", kind="static", rules=None).json()
    admin_client.post(f"{V1}/segmentMembers/", {"segment": made["id"], "customer_ref": "P1"})
    lines = ["name;customer_ref", "a;P1", "b;P2", f"c;{PEOPLE[2].id}", "d;P2", "e;", 'f;"P9; O\'Hara"', "g;Zoë", "h"]
    answer = upload(admin_client, made["id"], "\r\n".join(lines).encode())
    assert answer.status_code == 200, answer.content
    assert answer.json() == {
        "column": "customer_ref", "lines": 8, "matched": 3, "added": 2, "already_members": 1, "duplicates": 1,
        "unmatched": 2, "invalid": 2,
        "unmatched_sample": [{"line": 7, "value": "P9; O'Hara"}, {"line": 8, "value": "Zoë"}],
    }  # fmt: skip
    listed = admin_client.get(f"{V1}/segments/{made['id']}/members/").json()
    assert sorted(row["customer_ref"] for row in listed["results"]) == ["P1", "P2", "P3"]
    again = upload(admin_client, made["id"], b"who,id\n1,P4\n", column="ID").json()
    assert (again["column"], again["added"]) == ("id", 1)


@pytest.mark.parametrize(
    "content, column",
    [(b"", ""), (b"\xff\xfe\x00", ""), (b"id\nP1\n", "phone"), (b"id\n\x00\n", "")],
)
def test_upload__no_csv__is_refused_and_changes_nothing(admin_client: APIClient, content: bytes, column: str) -> None:
    made = create(admin_client, name="guests", kind="static", rules=None).json()
    answer = upload(admin_client, made["id"], content, column=column)
    assert answer.status_code in (400, 422), answer.content
    assert admin_client.get(f"{V1}/segments/{made['id']}/").json()["member_count"] == 0


def test_upload__into_a_dynamic_segment__is_refused(admin_client: APIClient) -> None:
    made = create(admin_client).json()
    assert upload(admin_client, made["id"], b"id\nP1\n").json()["code"] == "segment.kind_wrong"


def test_compare_trend_and_as_of__two_recalculations__tell_who_moved(
    admin_client: APIClient, warehouse: Warehouse, now: datetime
) -> None:
    made = create(admin_client).json()
    url = f"{V1}/segments/{made['id']}"
    for hour in (12, 15):
        assert admin_client.post(f"{url}/recalculate/", {}).status_code == 202
        assert work.execute_next(now=now.replace(hour=hour))
        warehouse.execute(
            "UPDATE customer_features_view SET last_purchase_days_ago = 99 WHERE customer_id = %s", (PEOPLE[0].id,)
        )
    snapshots = admin_client.get(f"{V1}/segmentSnapshots/", {"segment": made["id"]}).json()["results"]
    assert [(one["cause"], one["has_members"], one["member_count"]) for one in snapshots] == [
        ("recalculation", True, 1), ("recalculation", True, 2),
    ]  # fmt: skip
    told = admin_client.get(f"{url}/compare/", {"from": snapshots[1]["id"], "to": snapshots[0]["id"]}).json()
    assert (told["added_count"], told["removed_count"], told["stayed_count"]) == (0, 1, 1)
    assert told["removed"] == [{"customer_id": str(PEOPLE[0].id), "customer_ref": "P1"}]
    by_time = admin_client.get(f"{url}/compare/", {"from": "2026-11-20T13:00:00Z", "to": "2026-11-20"}).json()
    assert by_time == told
    before = admin_client.get(f"{url}/members/", {"as_of": "2026-11-20T13:00:00Z"}).json()
    assert (before["count"], sorted(row["customer_ref"] for row in before["results"])) == (2, ["P1", "P4"])
    points = admin_client.get(f"{url}/trend/").json()["points"]
    assert [(one["member_count"], one["added_count"], one["removed_count"]) for one in points] == [(2, 2, 0), (1, 0, 1)]
    missing = admin_client.get(f"{url}/compare/", {"from": "2020-01-01", "to": snapshots[0]["id"]})
    assert (missing.status_code, missing.json()["code"]) == (404, "segment.snapshot_not_found")
    assert admin_client.get(f"{url}/members/", {"as_of": "yesterday"}).status_code == 400


def test_overlap__two_segments__counts_regions(admin_client: APIClient) -> None:
    ids = []
    for name, people in (("one", ["P1", "P2", "P3"]), ("two", ["P3", "P4"])):
        made = create(admin_client, name=name, kind="static", rules=None).json()
        admin_client.post(f"{V1}/segmentMembers/", {"segment": made["id"], "customers": people})
        ids.append(made["id"])
    told = admin_client.get(f"{V1}/segments/overlap/", {"segments": ",".join(ids)}).json()
    regions = {tuple(one["segments"]): one["count"] for one in told["regions"]}
    assert regions == {(ids[0],): 2, (ids[1],): 1, (ids[0], ids[1]): 1}
    assert [one["member_count"] for one in told["segments"]] == [3, 2]
    assert admin_client.get(f"{V1}/segments/overlap/", {"segments": "x"}).status_code == 400
    assert admin_client.get(f"{V1}/segments/overlap/").json()["code"] == "segment.too_many"


def test_explain__leaves_and_smallest_change__saved_and_unsaved(admin_client: APIClient) -> None:
    made = create(admin_client).json()
    told = admin_client.get(f"{V1}/segments/{made['id']}/explain/", {"customer_id": str(PEOPLE[1].id)}).json()
    assert (told["is_member"], told["matches"]) == (False, False)
    assert [(one["value"], one["facts"]) for one in told["leaves"]] == [
        (True, {"total_revenue": 1500.0}), (False, {"last_purchase_days_ago": 40}),
    ] or [one["value"] for one in told["leaves"]] == [True, False]  # fmt: skip
    assert [one["facts"] for one in told["smallest_change"]] == [{"last_purchase_days_ago": 40}]
    assert "30" in told["smallest_change"][0]["words"]
    body = {"rules": WARM, "customer_id": str(PEOPLE[0].id)}
    unsaved = admin_client.post(f"{V1}/segments/explain/", body).json()
    assert (unsaved["is_member"], unsaved["matches"], len(unsaved["smallest_change"])) == (None, True, 1)
    assert admin_client.post(f"{V1}/segments/explain/", {**body, "rules": None}).status_code in (400, 422)


def test_definition__schedule_limit_and_switches__are_kept_and_changed(admin_client: APIClient) -> None:
    made = create(
        admin_client, schedule={"kind": "daily", "at": "03:00"}, limit={"count": 1, "by": {"var": "total_revenue"}},
        refreshes_on_features=True,
    )  # fmt: skip
    body = made.json()
    assert made.status_code == 201, body
    assert body["schedule"] == {"kind": "daily", "at": "03:00", "time_zone": "UTC"}
    assert (body["limit"]["order"], body["refreshes_on_features"], body["is_stale"]) == ("descending", True, True)
    assert body["due_at"] is not None and body["check"]["state"] is None and body["last_run"] is None
    url = f"{V1}/segments/{body['id']}/"
    refused = admin_client.patch(url, {"is_event_driven": True})
    assert refused.json()["code"] == "segment.not_by_event"
    changed = admin_client.patch(url, {"is_event_driven": True, "limit": None, "schedule": None}).json()
    assert (changed["is_event_driven"], changed["limit"], changed["schedule"], changed["due_at"]) == (
        True, None, None, None,
    )  # fmt: skip
    assert admin_client.patch(url, {"schedule": {"kind": "yearly"}}).json()["code"] == "segment.schedule_invalid"


def test_together__several__one_run(admin_client: APIClient, now: datetime) -> None:
    ids = [create(admin_client, name=name).json()["id"] for name in ("one", "two")]
    answer = admin_client.post(f"{V1}/segments/recalculate/", {"segments": ids})
    assert answer.status_code == 202
    assert work.execute_next(now=now)
    run = admin_client.get(f"{V1}/runs/{answer.json()['run']['id']}/").json()
    assert {run["result"]["segments"][one]["members"] for one in ids} == {2}
    shown = admin_client.get(f"{V1}/segments/{ids[0]}/").json()
    assert (shown["check"]["state"], shown["is_stale"], shown["member_count"]) == ("agrees", False, 2)
    unknown = [*ids, str(PEOPLE[0].id)]
    assert admin_client.post(f"{V1}/segments/recalculate/", {"segments": unknown}).status_code == 404


def test_cycle__over_http__names_the_way(admin_client: APIClient) -> None:
    inner = create(admin_client, name="inner").json()
    outer = create(admin_client, name="outer", rules={"in_segment": [inner["id"]]}).json()
    assert [one["name"] for one in outer["depends_on"]] == ["inner"]
    refused = admin_client.patch(f"{V1}/segments/{inner['id']}/", {"rules": {"in_segment": [outer["id"]]}})
    assert (refused.status_code, refused.json()["code"]) == (400, "segment.cycle")
    used = admin_client.get(f"{V1}/segments/{inner['id']}/").json()["used_by"]
    assert used == [{"kind": "segment", "id": outer["id"], "name": "outer"}]


def test_routes__without_permission__are_forbidden(client_with: ClientWith, admin_client: APIClient) -> None:
    made = create(admin_client, name="guests", kind="static", rules=None).json()
    clerk = client_with("segments.view")
    assert upload(clerk, made["id"], b"id\nP1\n").status_code == 403
    assert clerk.post(f"{V1}/segments/recalculate/", {"segments": [made["id"]]}).status_code == 403
    assert clerk.get(f"{V1}/segments/{made['id']}/trend/").status_code == 200
