"""Links in text messages: short, counted, with the customer's values put in when they are followed."""

import re
from datetime import datetime

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from loyalty.customers.api import ConsentRecord, CustomerRecord, upsert_many
from loyalty.delivery import api
from loyalty.delivery.kinds import links
from loyalty.delivery.kinds.sms.content import problems_of, render
from loyalty.delivery.models import Send, TrackedLink
from loyalty.foundation.kernel.actor import system_actor
from tests.delivery.post import queue_all
from tests.delivery.smsc import Smsc
from tests.delivery.test_links import BROWSER, facts

pytestmark = pytest.mark.django_db

BODY = "Dear {{ first_name }}, see https://shop.test/o?c={{ customer_ref }}&x=1. Only today!"


@pytest.fixture(autouse=True)
def short_domain(settings: Settings) -> None:
    """The operator's short domain."""
    settings.LOYALTY_SHORT_LINK_URL = "https://khw.test"


def test_render__links__are_short_and_the_sentence_around_them_stays() -> None:
    text = render(BODY, {"first_name": "Ada", "customer_ref": "c 1"}, "", 7)
    assert re.fullmatch(r"Dear Ada, see https://khw\.test/l/[0-9A-Za-z]{9,17}\. Only today!", text)
    assert TrackedLink.objects.get().target == "https://shop.test/o?c={{ customer_ref }}&x=1"


def test_render__same_link_for_many__is_one_row_and_a_token_for_each() -> None:
    texts = {render("https://shop.test/a", {}, "", number) for number in (1, 2, 3)}
    assert (len(texts), TrackedLink.objects.count()) == (3, 1)


def test_render__preview__is_as_long_as_what_is_sent_and_tracks_nothing() -> None:
    shown = render("https://shop.test/a", {}, "")
    assert shown == f"https://khw.test/l/{links.SAMPLE_TOKEN}"
    assert len(render("https://shop.test/a", {}, "", 100_000_000)) <= len(shown)


@pytest.mark.parametrize(
    "body",
    [
        # A value must not choose the host; private-use marks are no placeholders of ours.
        "https://{{ first_name }}/a",
        "https://shop.test/\ue0007\ue001",
        "ftp://shop.test/a",
        "shop.test/a",
    ],
)
def test_render__what_is_no_fixed_web_address__stays_as_written(body: str) -> None:
    assert render(body, {"first_name": "evil.test"}, "", 7) == body.replace("{{ first_name }}", "evil.test")


def test_render__arabic_sentence__keeps_its_marks() -> None:
    text = render("هل رأيت https://shop.test/a؟ نعم، https://shop.test/b،", {}, "", 7)
    assert re.fullmatch(r"هل رأيت https://khw\.test/l/\w+؟ نعم، https://khw\.test/l/\w+،", text)


def test_render__value_of_a_link_missing__skips_the_customer() -> None:
    with pytest.raises(api.VariableMissing):
        render("https://shop.test/{{ code }}", {}, "", 7)


def test_content__long_link__counts_as_a_short_one() -> None:
    body = "x" * 1_400 + " https://shop.test/" + "y" * 100
    assert problems_of({"body": body}, "content", ()) == []


def test_click__on_a_short_link__leads_on_with_the_values_and_counts(smsc: Smsc, now: datetime) -> None:
    consent = ConsentRecord("sms", "marketing", True, now)
    record = CustomerRecord(customer_ref="c/1", first_name="Ada", phone="+9613000001", consents=(consent,))
    upsert_many([record], source="tests", actor=system_actor("tests"), now=now)
    queue_all(now, channel="sms", content={"body": BODY})
    assert api.send_due(channel="sms", now=now).sent == 1
    (text,) = (message["text"] for message in smsc.texts())
    found = re.search(r"https://khw\.test(/l/\w+)", text)
    assert found is not None
    scanner = Client(headers={"User-Agent": "TelegramBot (like TwitterBot)"})
    assert scanner.get(found[1])["Location"] == "https://shop.test/o?c=c%2F1&x=1"
    assert facts() == []
    answer = Client(headers={"User-Agent": BROWSER}).get(found[1])
    assert (answer.status_code, answer["Location"]) == (302, "https://shop.test/o?c=c%2F1&x=1")
    assert (Send.objects.get().state, facts()) == ("CLICKED", ["message.opened", "message.clicked"])


@pytest.mark.parametrize("token", ["x", "0" * 17, "a" * 300, "%00", "-_"])
def test_click__on_what_we_did_not_sign__is_not_found(client: Client, token: str) -> None:
    assert client.get(f"/l/{token}").status_code == 404
    assert client.post(f"/l/{token}").status_code in (404, 405)
