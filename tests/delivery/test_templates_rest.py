"""The routes of templates."""

from datetime import datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.conftest import ClientWith
from tests.delivery.post import make_customers

pytestmark = pytest.mark.django_db

ROOT = "/api/loyalty/v1/messageTemplates/"
WANTED: dict[str, Any] = {
    "code": "welcome",
    "channel": "email",
    "name": "Welcome",
    "fallback_languages": ["en"],
    "variables": [{"name": "first_name", "fallback": "friend"}, {"name": "balance", "sample": "1200"}],
    "content": {
        "en": {"subject": "Hello {{ first_name }}", "body": "You have {{ balance }} points."},
        "ar": {"subject": "مرحبا {{ first_name }}", "body": "لديك {{ balance }} نقطة."},
    },
}


def make(client: APIClient, **changes: Any) -> dict[str, Any]:
    """Make a template over its route."""
    answer = client.post(ROOT, {**WANTED, **changes}, format="json")
    assert answer.status_code == 201, answer.json()
    made: dict[str, Any] = answer.json()
    return made


def test_template__made_changed_published_and_read__goes_round(admin_client: APIClient) -> None:
    made = make(admin_client)
    address = f"{ROOT}{made['id']}/"
    assert (made["published"], made["version"], made["variables"][0]["fallback"]) == (None, 1, "friend")
    changed = admin_client.patch(address, {"name": "Hi"}, format="json", headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["name"], changed["ETag"]) == (200, "Hi", '"2"')
    assert changed.json()["content"] == WANTED["content"]
    late = admin_client.patch(address, {"name": "No"}, format="json", headers={"If-Match": '"1"'})
    assert late.status_code == 412
    published = admin_client.post(f"{address}publish/", {"note": "first"}, format="json")
    assert (published.status_code, published.json()["published"]) == (200, 1)
    again = admin_client.post(f"{address}publish/", {}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "template.nothing_new")
    versions = admin_client.get(f"{address}versions/").json()
    assert [(row["number"], row["note"], row["languages"]) for row in versions["results"]] == [
        (1, "first", ["ar", "en"])
    ]
    assert admin_client.get(f"{address}versions/1/").json()["content"] == WANTED["content"]
    assert admin_client.get(f"{address}versions/9/").status_code == 404
    assert admin_client.post(f"{address}restore/", {"number": 1}, format="json").status_code == 200
    gone = admin_client.delete(address)
    assert (gone.status_code, gone.json()["code"]) == (409, "template.in_use")
    listed = admin_client.get(f"{ROOT}?channel=email&is_published=true&search=welc").json()
    assert [row["id"] for row in listed["results"]] == [made["id"]]
    assert admin_client.get(f"{ROOT}?is_archived=true").json()["count"] == 0


def test_template__code_taken__is_a_conflict(admin_client: APIClient) -> None:
    make(admin_client)
    answer = admin_client.post(ROOT, WANTED, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "template.code_taken")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code": "Not Good"}, "invalid"),
        ({"channel": "pigeon"}, "channel.unknown"),
        ({"content": {"en": {"subject": "S", "body": "{{ nobody }}"}}}, "template.invalid"),
        ({"content": {"en": "text"}}, "invalid"),
        ({"surprise": 1}, "invalid"),
    ],
)
def test_template__wrong__is_refused(admin_client: APIClient, changes: dict[str, Any], code: str) -> None:
    answer = admin_client.post(ROOT, {**WANTED, **changes}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.json()


def test_preview__for_a_customer__is_in_their_language_with_findings(admin_client: APIClient, now: datetime) -> None:
    address = f"{ROOT}{make(admin_client)['id']}/preview/"
    (customer,) = make_customers(["Ada"], now)
    shown = admin_client.post(address, {"customer_id": str(customer)}, format="json").json()
    assert (shown["language"], shown["rendered"]["subject"]) == ("en", "Hello Ada")
    assert "You have 1200 points." in shown["rendered"]["text"]
    assert shown["figures"]["bytes"] > 0
    assert [finding["code"] for finding in shown["findings"]] == ["email.footer_added"]
    arabic = admin_client.post(address, {"customer_ref": "c-0", "language": "ar"}, format="json").json()
    assert (arabic["language"], arabic["rendered"]["subject"]) == ("ar", "مرحبا Ada")


def test_preview__unsaved_text__shows_it_and_keeps_nothing(admin_client: APIClient) -> None:
    made = make(admin_client)
    edited = {"content": {"en": {"subject": "New", "body": "{{ gone }}"}}, "variables": [{"name": "gone"}]}
    shown = admin_client.post(f"{ROOT}{made['id']}/preview/", edited, format="json").json()
    assert (shown["rendered"], shown["missing"]) == (None, "gone")
    assert admin_client.get(f"{ROOT}{made['id']}/").json()["content"] == WANTED["content"]
    wrong = admin_client.post(
        f"{ROOT}{made['id']}/preview/", {"content": {"en": {"subject": "{{", "body": "B"}}}, format="json"
    )
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "content.en.subject")


def test_preview__without_the_right_to_personal_data__is_masked(
    client_with: ClientWith, admin_client: APIClient, now: datetime
) -> None:
    made = make(admin_client)
    make_customers(["Ada"], now)
    client = client_with("delivery.view")
    shown = client.post(f"{ROOT}{made['id']}/preview/", {"customer_ref": "c-0"}, format="json").json()
    assert shown["rendered"]["subject"] == "Hello A•••"
    assert client.post(f"{ROOT}{made['id']}/preview/", {"customer_ref": "x"}, format="json").status_code == 404


def test_template__editor__may_not_publish(client_with: ClientWith) -> None:
    client = client_with("delivery.view", "delivery.edit_templates")
    made = make(client)
    assert client.post(f"{ROOT}{made['id']}/publish/", {}, format="json").status_code == 403
    assert client_with("delivery.view").post(ROOT, WANTED, format="json").status_code == 403
