"""STOP, START and HELP as people and their telephones write them, and what only looks like them."""

from datetime import datetime

import pytest

from loyalty.customers.models import Customer
from loyalty.delivery import api
from loyalty.delivery.models import InboundMessage
from loyalty.delivery.policy.keywords import Keyword, keyword_of

STOPS = [
    *(
        "STOP",
        "stop",
        "Stop.",
        " stop ",
        "STOP!!!",
        "«Stop»",
        "stop 🙏",
        "STOP\x00",
        "ＳＴＯＰ",
        "Stop stop",
        "STOP\r\n",
    ),
    *("STOPALL", "stop all", "Unsubscribe", "CANCEL", "End", "quit", "Revoke", "OPTOUT", "opt-out", "Opt out"),
    *(
        "Arrêt",
        "ARRET",
        "Arre\u0302t",
        "désabonner",
        "توقف",
        "توقّف",
        "\u200fتوقف\u200f",
        "إيقاف",
        "ايقاف",
        "إلغـــاء",
        "ﺗﻮﻗﻒ",
    ),
    *("إلغاء الاشتراك", "ﺗﻮﻗﻒ", "ＳＴＯＰ"),
]
OTHERS = [
    *(
        "",
        " ",
        "🙂",
        "?",
        "Please stop calling me",
        "stopping",
        "don't stop",
        "the end",
        "stop_now",
        "S T O P",
        "st op",
    ),
    *("stop help", "STOP START", "7726", "لا توقف الخدمة", "help me stop"),
]


@pytest.mark.parametrize("body", STOPS)
def test_keyword__stop_however_it_is_written__is_stop(body: str) -> None:
    assert keyword_of(body) is Keyword.STOP


@pytest.mark.parametrize("body", OTHERS)
def test_keyword__sentence_or_two_meanings__is_none(body: str) -> None:
    assert keyword_of(body) is None


@pytest.mark.parametrize(
    ("body", "keyword"),
    [
        *((one, Keyword.START) for one in ("START", "unstop", "Subscribe", "ابدأ", "اشتراك")),
        *((one, Keyword.HELP) for one in ("HELP", "Info?", "aide", "مساعدة", "مساعده", "İnfo")),
    ],
)
def test_keyword__start_and_help__are_told_apart(body: str, keyword: Keyword) -> None:
    assert keyword_of(body) is keyword


@pytest.mark.django_db
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
@pytest.mark.parametrize("known", ["+9613000001", "009613000001", "961 3 000-001", "+961\u00a03\u00a0000\u00a0001"])
def test_stop__of_a_number_however_the_source_writes_it__is_obeyed(channel: str, known: str, now: datetime) -> None:
    customers = []
    for number, address in enumerate((known, "+9613000002")):
        customer = Customer.objects.create(customer_ref=f"c-{number}", status="ACTIVE", source="test")
        customer.contact_points.create(channel="sms", address=address)
        # A number that only WhatsApp has.
        customer.contact_points.create(channel="whatsapp", address=f"+44790000000{number}")
        customer.consents.create(channel=channel, purpose="marketing", is_granted=True, changed_at=now)
        customers.append(customer)
    for number, sender in enumerate(("9613000001", "447900000001")):
        api.record_inbound(
            reference=f"r-{number}", from_address=sender, to_address="1234", body="STOP", now=now, channel=channel
        )
        assert [one.consents.get().is_granted for one in customers] == [False, number == 0]


@pytest.mark.django_db
def test_stop__of_a_sender_without_a_number__reaches_nobody(now: datetime) -> None:
    customer = Customer.objects.create(customer_ref="c-1", status="ACTIVE", source="test")
    customer.contact_points.create(channel="sms", address="none")
    api.record_inbound(reference="r-1", from_address="BANK", to_address="1234", body="STOP", now=now)
    assert InboundMessage.objects.get().customers == 0
