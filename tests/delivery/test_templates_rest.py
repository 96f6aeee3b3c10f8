"""The routes of templates."""

from datetime import datetime
from email.message import EmailMessage
from typing import Any

import pytest
from rest_framework.test import APIClient

from loyalty.delivery import api
from loyalty.delivery.models import Send
from loyalty.foundation.audit.models import AuditEntry
from loyalty.foundation.kernel import clock
from tests.conftest import ClientWith
from tests.delivery.post import Post, make_customers

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


def text_of(mail: EmailMessage) -> str:
    """Give the text part of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def sent(client: APIClient, made: dict[str, Any], **changes: Any) -> Any:
    """Send a test of a template over its route."""
    wanted = {"to": "me@operator.test", **changes}
    return client.post(f"{ROOT}{made['id']}/test-send/", wanted, format="json")


def test_test_send__of_a_draft_for_nobody__shows_the_samples_and_counts_nowhere(
    post: Post, admin_client: APIClient, now: datetime
) -> None:
    make_customers(["Ada"], now)
    made = make(admin_client)
    answer = sent(admin_client, made)
    assert (answer.status_code, answer.json()["to"]) == (202, "me@operator.test")
    api.send_due(channel="email", now=clock.now())
    (mail,) = post.mails()
    assert (str(mail["To"]), mail["Subject"]) == ("me@operator.test", "Hello friend")
    assert "You have 1200 points." in text_of(mail)
    row = Send.objects.select_related("message").get()
    assert (row.state, row.message.is_test, row.message.source_kind) == ("SENT", True, "template_test")
    entry = AuditEntry.objects.get(act="delivery.test_templates")
    assert (entry.subject_ref, entry.after["test_id"]) == (made["id"], answer.json()["test_id"])


def test_test_send__for_a_customer_with_unsaved_text__is_written_to_them_in_their_language(
    post: Post, admin_client: APIClient, now: datetime
) -> None:
    make_customers(["Lina"], now)
    made = make(admin_client)
    edited = {**WANTED["content"], "ar": {"subject": "أهلا {{ first_name }}", "body": "{{ balance }}"}}
    answer = sent(admin_client, made, customer_ref="c-0", language="ar", content=edited, values={"balance": "7"})
    assert answer.status_code == 202, answer.json()
    api.send_due(channel="email", now=clock.now())
    (mail,) = post.mails()
    assert (mail["Subject"], text_of(mail).splitlines()[0]) == ("أهلا Lina", "7")
    kept = admin_client.get(f"{ROOT}{made['id']}/").json()
    assert kept["content"] == WANTED["content"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"to": "me"}, 400, "template.test_address_invalid"),
        ({"to": ""}, 400, "invalid"),
        ({"to": "a@b.test\r\nBcc: c@d.test"}, 400, "template.test_address_invalid"),
        ({"customer_ref": "nobody"}, 404, "customer.not_found"),
        ({"version": 9}, 404, "template.not_found"),
        ({"variables": [{"name": "first_name"}, {"name": "balance"}]}, 422, "template.test_value_missing"),
        ({"content": {"en": {"subject": "S", "body": "{{ nobody }}"}}}, 400, "template.invalid"),
        ({"too": "me@operator.test"}, 400, "invalid"),
    ],
)
def test_test_send__wrong__is_refused_and_nothing_is_queued(
    admin_client: APIClient, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = sent(admin_client, make(admin_client), **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Send.objects.count() == 0


def test_test_send__without_the_right__is_forbidden(client_with: ClientWith, now: datetime) -> None:
    make_customers(["Ada"], now)
    editor = client_with("delivery.view", "delivery.edit_templates")
    made = make(editor)
    assert sent(editor, made).status_code == 403
    tester = client_with("delivery.view", "delivery.test_templates")
    # Names of people are in what goes out.
    assert sent(tester, made, customer_ref="c-0").status_code == 403
    assert sent(tester, made).status_code == 202
