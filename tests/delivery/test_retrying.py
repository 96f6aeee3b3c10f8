"""What is tried again and what failed for good, over the routes."""

from datetime import datetime, timedelta

import pytest
from rest_framework.test import APIClient

from loyalty.delivery import api
from loyalty.delivery.kinds import links
from loyalty.delivery.models import Send
from loyalty.foundation.audit.models import AuditEntry
from tests.conftest import ClientWith
from tests.delivery.post import SOURCE, Post, make_customers, queue_all, states

pytestmark = pytest.mark.django_db

ROOT = "/api/loyalty/v1/sends/"


def send_failing(post: Post, now: datetime, how: str, occurrence: str = "o-1") -> Send:
    """Send Ada a mail that the server answers so."""
    make_customers(["Ada"], now)
    post.fail(how)
    queue_all(now, occurrence=occurrence)
    api.send_due(channel="email", now=now)
    post.work()
    return Send.objects.latest("id")


def ids(client: APIClient, query: str) -> list[str]:
    """Give the ids of a list."""
    return [row["id"] for row in client.get(f"{ROOT}?{query}").json()["results"]]


def test_lists__each__holds_its_own(post: Post, now: datetime, admin_client: APIClient) -> None:
    retried = send_failing(post, now, "RCPT 450 busy", "o-1")
    failed = send_failing(post, now, "BODY 554 spam", "o-2")
    unknown = send_failing(post, now, "DROP", "o-3")
    lists = {name: ids(admin_client, f"list={name}") for name in ("retried", "failed", "unknown")}
    assert lists == {
        "retried": [str(retried.public_id)],
        "failed": [str(failed.public_id)],
        "unknown": [str(unknown.public_id)],
    }
    assert len(ids(admin_client, f"source={SOURCE}&channel=email")) == 3
    assert ids(admin_client, "reason=email.refused") == [str(failed.public_id)]
    assert admin_client.get(f"{ROOT}?list=nothing").status_code == 400
    (row,) = admin_client.get(f"{ROOT}?list=retried").json()["results"]
    assert (row["attempts"], row["address"], "450" in row["detail"]) == (1, "c0@mail.test", True)
    assert datetime.fromisoformat(row["next_try_at"]) == now + timedelta(seconds=30)


def test_retry__waiting_one__is_due_at_once(post: Post, now: datetime, admin_client: APIClient) -> None:
    held = send_failing(post, now, "RCPT 450 busy")
    answer = admin_client.post(f"{ROOT}{held.public_id}/retry/")
    assert (answer.status_code, answer.json()["state"]) == (200, "QUEUED")
    assert api.send_due(channel="email", now=datetime.now(tz=now.tzinfo)).sent == 1
    assert AuditEntry.objects.filter(act="delivery.retry").count() == 1


def test_retry__refused_for_good__goes_once_more_from_the_start(
    post: Post, now: datetime, admin_client: APIClient
) -> None:
    failed = send_failing(post, now, "BODY 554 spam")
    assert admin_client.post(f"{ROOT}{failed.public_id}/retry/").status_code == 200
    assert api.send_due(channel="email", now=datetime.now(tz=now.tzinfo)).sent == 1
    assert len(post.mails()) == 1
    again = admin_client.post(f"{ROOT}{failed.public_id}/retry/")
    assert (again.status_code, again.json()["code"]) == (409, "send.not_retryable")


def test_retry__bounced_whose_address_is_suppressed__is_skipped_by_the_policy(
    post: Post, now: datetime, admin_client: APIClient
) -> None:
    bounced = send_failing(post, now, "RCPT 550 no such user")
    assert admin_client.post(f"{ROOT}{bounced.public_id}/retry/").status_code == 200
    api.send_due(channel="email", now=datetime.now(tz=now.tzinfo))
    bounced.refresh_from_db()
    assert (bounced.state, bounced.reason) == ("SKIPPED", "suppressed")


def test_retry__outcome_unknown__is_refused_because_it_could_go_twice(
    post: Post, now: datetime, admin_client: APIClient
) -> None:
    unknown = send_failing(post, now, "DROP")
    answer = admin_client.post(f"{ROOT}{unknown.public_id}/retry/")
    assert (answer.status_code, answer.json()["code"]) == (409, "send.not_retryable")
    assert states() == {"UNKNOWN": 1}


def test_give_up__waiting_one__is_tried_no_more(post: Post, now: datetime, admin_client: APIClient) -> None:
    held = send_failing(post, now, "RCPT 450 busy")
    answer = admin_client.post(f"{ROOT}{held.public_id}/give-up/")
    assert (answer.json()["state"], answer.json()["reason"]) == ("SKIPPED", "send.given_up")
    assert api.send_due(channel="email", now=now + timedelta(days=1)).claimed == 0
    assert admin_client.post(f"{ROOT}{held.public_id}/give-up/").status_code == 409


def test_retry_all__of_a_channel__is_due_at_once(post: Post, now: datetime, admin_client: APIClient) -> None:
    soon = datetime.now(tz=now.tzinfo) + timedelta(hours=1)
    make_customers(["Ada", "Bob"], now)
    queue_all(now)
    post.fail("RCPT 450 busy")
    api.send_due(channel="email", now=now)
    Send.objects.update(due_at=soon)
    assert admin_client.post(f"{ROOT}retry/", {"channel": "sms"}, format="json").json() == {"messages": 0}
    assert admin_client.post(f"{ROOT}retry/", {"channel": "email"}, format="json").json() == {"messages": 2}
    post.work()
    assert api.send_due(channel="email", now=datetime.now(tz=now.tzinfo)).sent == 2


def test_retry_all__with_what_failed__goes_once_more_but_not_what_bounced_or_is_unknown(
    post: Post, now: datetime, admin_client: APIClient
) -> None:
    failed = send_failing(post, now, "BODY 554 spam", "o-1")
    unknown = send_failing(post, now, "DROP", "o-2")
    bounced = send_failing(post, now, "RCPT 550 no such user", "o-3")
    asked = {"channel": "email"}
    assert admin_client.post(f"{ROOT}retry/", asked, format="json").json() == {"messages": 0}
    asked_all = {**asked, "is_failed_included": True}
    assert admin_client.post(f"{ROOT}retry/", asked_all, format="json").json() == {"messages": 1}
    states_now = {row.pk: (row.state, row.attempts) for row in Send.objects.all()}
    assert states_now == {failed.pk: ("QUEUED", 0), unknown.pk: ("UNKNOWN", 1), bounced.pk: ("BOUNCED", 1)}
    told = AuditEntry.objects.filter(act="delivery.retry").latest("id").after
    assert (told["messages"], told["is_failed_included"]) == (1, True)


def test_send__one__tells_who_came(post: Post, now: datetime, admin_client: APIClient) -> None:
    make_customers(["Ada"], now)
    queue_all(now)
    api.send_due(channel="email", now=now)
    row = Send.objects.get()
    path = links.click_url(row.pk, "https://shop.test/").removeprefix("https://loyalty.test")
    APIClient(headers={"User-Agent": "curl/8"}).get(path)
    shown = admin_client.get(f"{ROOT}{row.public_id}/").json()
    assert shown["send"]["state"] == "SENT"
    assert [(one["target"], one["machine"]) for one in shown["visits"]] == [("https://shop.test/", "known_agent")]


def test_lists__without_rights__are_masked_and_cannot_be_changed(
    post: Post, now: datetime, client_with: ClientWith
) -> None:
    held = send_failing(post, now, "RCPT 450 busy: <c0@mail.test> and ada.other@mail.test")
    client = client_with("delivery.view")
    (row,) = client.get(ROOT).json()["results"]
    assert row["address"] == "c•••@•••.test"
    # What a server says often names whom it is about.
    assert "450" in row["detail"]
    assert "mail.test" not in row["detail"]
    assert client.post(f"{ROOT}{held.public_id}/retry/").status_code == 403
    assert client_with().get(ROOT).status_code == 403
