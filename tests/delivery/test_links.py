"""The signed links in messages: opens, clicks, the way out."""

import re
from datetime import datetime

import pytest
from django.core import signing
from django.test import Client

from loyalty.customers.api import list_consents
from loyalty.delivery.kinds import links
from loyalty.delivery.models import Send
from loyalty.foundation.events.models import PublishedEvent
from tests.delivery.post import CONTENT, Post, make_customers, queue_all
from tests.delivery.test_sending import send

pytestmark = pytest.mark.django_db

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def client() -> Client:
    """A person's browser."""
    return Client(headers={"User-Agent": BROWSER})


def path_of(url: str) -> str:
    """Give the path of one of our addresses."""
    return url.removeprefix("https://loyalty.test")


@pytest.fixture
def sent(post: Post, now: datetime) -> Send:
    """A mail that was sent."""
    make_customers(["Ada"], now)
    queue_all(now)
    send(now)
    return Send.objects.get()


def facts() -> list[str]:
    """Give the types of the facts after the sending."""
    rows = (
        PublishedEvent.objects.filter(type__startswith="message.").exclude(type="message.sent").order_by("recorded_at")
    )
    return list(rows.values_list("type", flat=True))


def test_open__twice__is_noted_once(sent: Send, client: Client) -> None:
    address = path_of(links.open_url(sent.pk))
    answers = [client.get(address), client.get(address)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0]["Content-Type"] == "image/gif"
    assert "no-store" in answers[0]["Cache-Control"]
    sent.refresh_from_db()
    assert sent.state == "OPENED"
    assert facts() == ["message.opened"]


def test_open__head__is_not_counted(sent: Send, client: Client) -> None:
    assert client.head(path_of(links.open_url(sent.pk))).status_code == 200
    sent.refresh_from_db()
    assert (sent.state, facts()) == ("SENT", [])


def test_click__of_the_mail__leads_on_and_counts_open_and_click(sent: Send, client: Client, post: Post) -> None:
    html = post.mails()[0].get_body(("html",))
    assert html is not None
    found = re.search(r'href="(https://loyalty\.test/t/c/[^"]+)"', html.get_content())
    assert found is not None
    answer = client.get(path_of(found[1]))
    assert (answer.status_code, answer["Location"]) == (302, "https://shop.test/a?x=1&y=2")
    client.get(path_of(found[1]))
    sent.refresh_from_db()
    assert sent.state == "CLICKED"
    assert facts() == ["message.opened", "message.clicked"]


def test_click__after_an_unknown_outcome__proves_that_it_arrived(sent: Send, client: Client) -> None:
    Send.objects.update(state="UNKNOWN", reason="send.outcome_unknown")
    client.get(path_of(links.click_url(sent.pk, "https://shop.test/")))
    sent.refresh_from_db()
    assert sent.state == "CLICKED"


@pytest.mark.parametrize("kind", ["t/o", "t/c", "u"])
def test_link__not_ours__is_not_found(client: Client, kind: str) -> None:
    assert client.get(f"/{kind}/made-up").status_code == 404
    assert client.post(f"/{kind}/made-up").status_code in (404, 405)


def test_link__of_another_kind__is_not_found(sent: Send, client: Client) -> None:
    token = links.open_url(sent.pk).rpartition("/")[2]
    assert client.post(f"/u/{token}").status_code == 404


def test_click__signed_target_of_another_scheme__is_not_found(sent: Send, client: Client) -> None:
    token = signing.dumps([sent.pk, "javascript:alert(1)"], salt=links.CLICK_SALT)
    assert client.get(f"/t/c/{token}").status_code == 404


def consent_of(sent: Send) -> bool:
    """Tell whether the customer of the send still agrees to marketing mail."""
    row = PublishedEvent.objects.get(type="message.sent")
    consents = list_consents(row.data["customer_id"])
    return next(one.is_granted for one in consents if (one.channel, one.purpose) == ("email", "marketing"))


def test_unsubscribe__get_and_head__change_nothing(sent: Send, client: Client) -> None:
    address = path_of(links.unsubscribe_url(sent.pk))
    page = client.get(address)
    assert page.status_code == 200
    assert '<html lang="en" dir="ltr">' in page.content.decode()
    assert "<button type='submit'>" in page.content.decode()
    assert "href='/p/" in page.content.decode()
    assert client.head(address).status_code == 200
    assert consent_of(sent) is True


def test_unsubscribe__one_click_post__withdraws_consent_without_a_cookie(sent: Send, now: datetime) -> None:
    client = Client(enforce_csrf_checks=True)
    address = path_of(links.unsubscribe_url(sent.pk))
    answers = [client.post(address, {"List-Unsubscribe": "One-Click"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert consent_of(sent) is False
    queue_all(now, occurrence="o-2", content={**CONTENT, "subject": "Again"})
    assert Send.objects.filter(reason="no_consent").count() == 1
