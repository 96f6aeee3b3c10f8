"""Configuration over HTTP: each answer's status, shapes, and not one secret in any of them."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.foundation.configuration.contracts import SectionSpec, TestReport
from loyalty.foundation.configuration.operations import testing
from tests.conftest import ClientWith
from tests.foundation.configuration.conftest import Tried

pytestmark = pytest.mark.django_db
URL = "/api/loyalty/v1/config/stand-in/"
SECRET = "hunter2-and-more"


@pytest.fixture
def client(client_with: ClientWith, stand_in: SectionSpec) -> APIClient:
    """A client that may do all with configuration."""
    return client_with("configuration.view", "configuration.manage", "configuration.test")


def post(client: APIClient, values: dict[str, Any], **more: Any) -> Any:
    """Save."""
    return client.post(URL, {"values": values, **more}, format="json")


def test_get_all__sections__with_fields_and_no_secret(client: APIClient) -> None:
    post(client, {"host": "good.example", "password": SECRET})
    answer = client.get("/api/loyalty/v1/config/get_all/")
    assert answer.status_code == 200
    codes = [one["code"] for one in answer.json()["sections"]]
    assert {"egress", "stand-in", "system"} <= set(codes)
    assert SECRET not in answer.content.decode()


def test_section__read_changed_and_read_again__etag_and_sources(client: APIClient) -> None:
    first = client.get(URL)
    assert (first.status_code, first["ETag"]) == (200, '"0"')
    fields = {one["name"]: one for one in first.json()["fields"]}
    assert (fields["host"]["source"], fields["host"]["value"]) == ("environment", "env.example")
    assert fields["password"] == {**fields["password"], "value": None, "is_set": True, "is_secret": True}
    saved = post(client, {"note": "x"}, reason="because")
    assert (saved.status_code, saved["ETag"], saved.json()["changed"]) == (200, '"1"', ["note"])
    again = {one["name"]: one for one in client.get(URL).json()["fields"]}
    assert (again["note"]["source"], again["note"]["value"]) == ("saved", "x")


def test_change__on_an_older_version__412(client: APIClient) -> None:
    post(client, {"note": "x"})
    by_body = post(client, {"note": "y"}, expected_version=0)
    by_header = [
        client.post(URL, {"values": {"note": "y"}}, format="json", headers={"If-Match": tag})
        for tag in ('"0"', '"x"', 'W/"1"', '"99999999999"')
    ]
    for answer in (by_body, *by_header):
        assert (answer.status_code, answer.json()["code"]) == (412, "configuration.changed_meanwhile")


def test_change__bad_values__400_and_no_secret_in_the_answer(client: APIClient) -> None:
    answer = post(client, {"port": 99999, "password": SECRET})
    assert (answer.status_code, answer.json()["code"]) == (400, "configuration.invalid")
    assert [one["field"] for one in answer.json()["errors"]] == ["port"]
    assert SECRET not in answer.content.decode()
    assert post(client, {"password": {"deep": SECRET}}).status_code == 400
    assert client.post(URL, {"values": 5}, format="json").status_code == 400
    assert client.post(URL, {}, format="json").status_code == 400


def test_endpoint__changed__answer_tells_which_secrets_are_gone(client: APIClient) -> None:
    post(client, {"host": "good.example", "password": SECRET})
    assert post(client, {"port": 8443}).json()["secrets_cleared"] == ["password"]


def test_versions_and_rollback__over_http(client: APIClient) -> None:
    post(client, {"note": "one"}, reason="first")
    post(client, {"note": "two"})
    back = client.post(f"{URL}rollback/", {"version": 1, "reason": "back"}, format="json")
    assert (back.status_code, back.json()["version"]) == (200, 3)
    rows = client.get(f"{URL}versions/").json()
    assert rows["count"] == 3
    assert [one["version"] for one in rows["results"]] == [3, 2, 1]
    assert rows["results"][0]["changes"] == [{"field": "note", "before": "two", "after": "one", "is_secret": False}]
    unknown = client.post(f"{URL}rollback/", {"version": 44}, format="json")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "configuration.version_unknown")


def test_section__unknown__404(client: APIClient) -> None:
    for path in ("nothing/", "nothing/test/", "nothing/versions/"):
        answer = client.get(f"/api/loyalty/v1/config/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "configuration.section_unknown")


def test_permissions__each_for_its_own(client_with: ClientWith, stand_in: SectionSpec) -> None:
    viewer = client_with("configuration.view")
    assert viewer.get(URL).status_code == 200
    assert post(viewer, {"note": "x"}).status_code == 403
    assert viewer.get(f"{URL}test/").status_code == 403
    assert viewer.post(f"{URL}rollback/", {"version": 0}, format="json").status_code == 403
    assert client_with("audit.view").get(URL).status_code == 403


def test_test__stored_secret__goes_only_where_it_was_meant_for(client: APIClient) -> None:
    post(client, {"host": "good.example", "password": SECRET})
    assert client.get(f"{URL}test/").json()["is_successful"] is True
    assert Tried.values["password"] == SECRET
    for moved in ({"host": "evil.example"}, {"port": 1}, {"is_tls": False}, {"username": "x"}, {"host": None}):
        client.post(f"{URL}test/", {"values": moved}, format="json")
        assert Tried.values["password"] == "", moved
    client.post(f"{URL}test/", {"values": {"host": "other.example", "password": "candidate"}}, format="json")
    assert (Tried.values["host"], Tried.values["password"]) == ("other.example", "candidate")
    assert client.get(URL).json()["version"] == 1, "candidates are not saved"


def test_test__nobody_there__one_time_and_one_text_for_all(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(testing.pace, "pause", waited.append)
    Tried.report = testing.no_answer("A connection was opened")
    answer = client.get(f"{URL}test/").json()
    assert (answer["is_successful"], answer["outcome"]) == (False, "no_answer")
    assert "firewall" in answer["advice"]
    assert waited and waited[0] > testing.pace.seconds - 1
    Tried.report = TestReport(is_successful=False, outcome="credentials_refused", tried="Signed in")
    client.get(f"{URL}test/")
    assert len(waited) == 1


def test_test__bad_candidate_or_nothing_to_test__said_at_once(client: APIClient) -> None:
    bad = client.post(f"{URL}test/", {"values": {"port": 0}}, format="json")
    assert (bad.status_code, bad.json()["code"]) == (400, "configuration.invalid")
    none = client.get("/api/loyalty/v1/config/egress/test/")
    assert (none.status_code, none.json()["code"]) == (409, "configuration.no_test")


def test_egress__bad_network__400_with_its_field(client: APIClient) -> None:
    answer = client.post("/api/loyalty/v1/config/egress/", {"values": {"networks": ["10.0.0.1/8"]}}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "networks")
