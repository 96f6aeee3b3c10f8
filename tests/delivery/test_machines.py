"""Machines that follow links are marked and count nowhere; people count."""

from datetime import datetime, timedelta

import pytest
from django.test import Client

from loyalty.delivery.kinds import links
from loyalty.delivery.models import Send, Visit
from loyalty.delivery.policy.machines import Machine, Visitor, machine_of
from tests.delivery.post import Post, make_customers, queue_all
from tests.delivery.test_links import BROWSER, facts, path_of
from tests.delivery.test_sending import send

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"


@pytest.mark.parametrize(
    ("visitor", "machine"),
    [
        (Visitor(user_agent=BROWSER), ""),
        (Visitor(user_agent=IPHONE), ""),
        # The picture proxy of a mail service fetches when the person opens the mail.
        (Visitor(user_agent="Mozilla/5.0 (Windows NT 5.1) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"), ""),
        (Visitor(user_agent="Mozilla/5.0"), "known_agent"),
        (Visitor("HEAD", BROWSER), "head"),
        (Visitor("GET", BROWSER, "prefetch;prerender"), "prefetch"),
        (Visitor(), "no_agent"),
        (Visitor(user_agent="Mozilla/5.0 (compatible; Googlebot/2.1)"), "known_agent"),
        (Visitor(user_agent="facebookexternalhit/1.1"), "known_agent"),
        (Visitor(user_agent="Barracuda Sentinel (EE)"), "known_agent"),
        (Visitor(user_agent="python-requests/2.32"), "known_agent"),
        (Visitor(user_agent="WhatsApp/2.23"), "known_agent"),
    ],
)
def test_machine__by_what_it_says__is_told(now: datetime, visitor: Visitor, machine: str) -> None:
    assert machine_of(visitor, is_open=True, sent_at=now - timedelta(days=1), now=now) == Machine(machine)


def test_machine__faster_than_anybody_reads__is_told(now: datetime) -> None:
    def told(after: timedelta) -> Machine:
        return machine_of(Visitor(user_agent=BROWSER), is_open=False, sent_at=now, now=now + after)

    assert told(timedelta(milliseconds=999)) is Machine.TOO_FAST
    assert told(timedelta(seconds=1)) is Machine.NONE
    # Two clocks may differ; a visit before the sending says nothing.
    assert told(-timedelta(seconds=1)) is Machine.NONE


@pytest.fixture
def sent(post: Post, now: datetime) -> Send:
    """A mail that was sent."""
    make_customers(["Ada"], now)
    queue_all(now)
    send(now)
    return Send.objects.get()


def visits() -> list[tuple[str, str, str, int]]:
    """Give what was noted."""
    rows = Visit.objects.order_by("action", "machine", "target")
    return list(rows.values_list("action", "target", "machine", "visits"))


@pytest.mark.django_db
def test_click__of_a_gateway__is_marked_leads_on_and_counts_nowhere(sent: Send) -> None:
    gateway = Client(headers={"User-Agent": "Mimecast-URL-Protect"})
    address = path_of(links.click_url(sent.pk, "https://shop.test/a"))
    answers = [gateway.get(address), gateway.get(address), gateway.head(address)]
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [(302, "https://shop.test/a")] * 3
    sent.refresh_from_db()
    assert (sent.state, sent.clicked_at, sent.opened_at, facts()) == ("SENT", None, None, [])
    assert visits() == [
        ("click", "https://shop.test/a", "head", 1),
        ("click", "https://shop.test/a", "known_agent", 2),
    ]


@pytest.mark.django_db
def test_click__of_a_person_after_a_machine__counts(sent: Send) -> None:
    address = path_of(links.click_url(sent.pk, "https://shop.test/a"))
    Client(headers={"User-Agent": "curl/8.0"}).get(address)
    person = Client(headers={"User-Agent": BROWSER})
    person.get(address)
    person.get(path_of(links.click_url(sent.pk, "https://shop.test/b")))
    person.get(address)
    sent.refresh_from_db()
    assert (sent.state, facts()) == ("CLICKED", ["message.opened", "message.clicked"])
    assert visits() == [
        ("click", "https://shop.test/a", "", 2),
        ("click", "https://shop.test/b", "", 1),
        ("click", "https://shop.test/a", "known_agent", 1),
    ]


@pytest.mark.django_db
def test_open__of_a_privacy_proxy__is_marked_and_counts_nowhere(sent: Send) -> None:
    address = path_of(links.open_url(sent.pk))
    assert Client(headers={"User-Agent": "Mozilla/5.0"}).get(address).status_code == 200
    sent.refresh_from_db()
    assert (sent.state, sent.opened_at) == ("SENT", None)
    assert visits() == [("open", "", "known_agent", 1)]
