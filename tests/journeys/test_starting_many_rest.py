"""People led in at once over HTTP: every way of naming them, who may, and every refusal with its code and place."""

import uuid
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from rest_framework.test import APIClient

from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.clock import FixedClock
from loyalty.journeys.models import Execution
from loyalty.journeys.operations import naming_many
from loyalty.journeys.rest import starting
from tests.campaigns.scene import make_segment
from tests.conftest import ClientWith
from tests.journeys import ground
from tests.journeys.test_journeys_rest import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fixed_clock(now: datetime) -> Any:
    """The instant of these tests."""
    with clock.use(FixedClock(now)) as held:
        yield held


def send(client: APIClient, place: str, body: dict[str, Any], *, key: str = "k1", form: str = "json") -> Any:
    """Have people led in."""
    headers = {"Idempotency-Key": key} if key else {}
    if form == "json":
        return client.post(f"{place}start-many/", body, format="json", headers=headers)
    content = encode_multipart(BOUNDARY, body)
    return client.post(f"{place}start-many/", content, content_type=MULTIPART_CONTENT, headers=headers)


def csv_of(text: str) -> SimpleUploadedFile:
    """Make a file."""
    return SimpleUploadedFile("people.csv", text.encode(), content_type="text/csv")


def test_start_many__by_list_file_and_segment__counted_and_led_in(admin_client: APIClient, now: datetime) -> None:
    place = make(admin_client)
    first, second, third = ground.make_people(3, now)
    told = send(admin_client, place, {"customers": [str(first), "nobody"], "dry_run": True}, key="")
    assert (told.status_code, told.json()) == (
        200,
        {
            "dry_run": True,
            "complete": True,
            "named": 2,
            "outcomes": [{"code": "entered", "people": 1}, {"code": "customer_unknown", "people": 1}],
            "unknown": [{"line": 2, "value": "nobody"}],
            "run": None,
        },
    )
    assert not Execution.objects.exists()
    listed = send(admin_client, place, {"customers": [str(first)], "reason": "Asked for it"}).json()
    assert listed["outcomes"] == [{"code": "entered", "people": 1}]
    file = csv_of(f"name,customer_id\nA,{first}\nB,{second}\n")
    filed = send(admin_client, place, {"file": file, "reason": "A list"}, key="k2", form="multipart").json()
    assert filed["outcomes"] == [{"code": "entered", "people": 1}, {"code": "already_inside", "people": 1}]
    segment = {"segment": str(make_segment(now, [second, third])), "context": {"shop": "x"}}
    assert send(admin_client, place, segment, key="k3").json()["outcomes"] == filed["outcomes"]
    assert send(admin_client, place, segment, key="k3").json()["outcomes"] == filed["outcomes"]
    assert Execution.objects.count() == 3


def test_start_many__more_than_one_piece__202_and_a_run(
    admin_client: APIClient, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naming_many, "PART_ROWS", 2)
    told = send(admin_client, make(admin_client), {"customers": [str(one) for one in ground.make_people(3, now)]})
    assert (told.status_code, told.json()["complete"], told.json()["outcomes"]) == (202, False, [])
    run = told.json()["run"]
    assert (run["kind"], run["status"]) == ("journeys.start_many", "PENDING")
    assert admin_client.get(f"/api/loyalty/v1/runs/{run['id']}/").json()["subject_kind"] == "journey_intake"


BAD: dict[str, tuple[dict[str, Any], str, int, str]] = {
    "nothing": ({}, "k1", 400, "customers"),
    "two": ({"customers": ["a"], "segment": str(uuid.uuid4())}, "k1", 400, "segment"),
    "empty": ({"customers": []}, "k1", 400, "customers"),
    "no list": ({"customers": "a"}, "k1", 400, "customers"),
    "no text": ({"customers": ["a", {}]}, "k1", 400, "customers"),
    "segment": ({"segment": "x"}, "k1", 400, "segment"),
    "context": ({"customers": ["a"], "context": []}, "k1", 400, "context"),
    "more": ({"customers": ["a"], "people": 1}, "k1", 400, "people"),
    "reason": ({"customers": ["a"], "reason": "x" * 301}, "k1", 400, "reason"),
}


@pytest.mark.parametrize("name", BAD)
def test_start_many__a_body_that_says_nothing_or_two_things__400_at_its_place(
    admin_client: APIClient, name: str
) -> None:
    body, key, status, place = BAD[name]
    told = send(admin_client, make(admin_client), body, key=key)
    assert told.status_code == status, told.json()
    assert place in str(told.json()["errors"])


def test_start_many__refused__each_with_its_code(
    admin_client: APIClient, client_with: ClientWith, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make(admin_client)
    [ada] = ground.make_people(1, now)
    body = {"customers": [str(ada)]}
    assert (send(admin_client, place, body, key="").json()["code"]) == "idempotency.key_missing"
    unknown = send(admin_client, place, {"segment": str(uuid.uuid4())})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "journeys.segment_unknown")
    headless = send(admin_client, place, {"file": csv_of(f"{ada}\n")}, form="multipart")
    assert (headless.status_code, headless.json()["code"]) == (400, "journeys.list_invalid")
    monkeypatch.setattr(naming_many, "BYTES_MAX", 3)
    long = send(admin_client, place, {"file": csv_of("ref\n1\n")}, form="multipart")
    assert (long.status_code, long.json()["code"]) == (413, "journeys.list_too_long")
    assert send(admin_client, place, body).status_code == 200
    reused = send(admin_client, place, {"customers": ["other"]})
    assert (reused.status_code, reused.json()["code"]) == (422, "journeys.key_reused")
    nowhere = send(admin_client, f"{place[:-37]}{uuid.uuid4()}/", body, key="k2")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "journeys.not_found")
    assert send(client_with("journeys.view", "journeys.operate"), place, body).status_code == 403
    assert send(client_with("journeys.start"), place, body, key="k3").status_code == 200
    admin_client.post(f"{place}pause/", {"timers": "run"}, format="json")
    paused = send(admin_client, place, body, key="k4")
    assert (paused.status_code, paused.json()["code"]) == (409, "journeys.state_wrong")


def test_start_many__a_list_of_as_many_as_a_body_may_name__taken_and_one_more_refused(
    admin_client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make(admin_client)
    names = [f"c-{number}" for number in range(starting.NAMES_MAX)]
    told = send(admin_client, place, {"customers": names, "dry_run": True})
    assert told.json()["outcomes"] == [{"code": "customer_unknown", "people": starting.NAMES_MAX}]
    assert len(told.json()["unknown"]) == naming_many.UNKNOWN_TOLD
    assert send(admin_client, place, {"customers": [*names, "x"]}).status_code == 400
