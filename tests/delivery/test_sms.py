"""Text messages over a real message centre by SMPP: once each, joined segments, receipts, keywords, every failure."""

from datetime import datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from loyalty.delivery import api
from loyalty.delivery.kinds.sms import message_ids
from loyalty.delivery.kinds.sms.channel import SmsChannel
from loyalty.delivery.models import InboundMessage, ProviderReceipt, Send
from loyalty.foundation.events.models import PublishedEvent
from loyalty.foundation.kernel import clock
from tests.delivery.post import states
from tests.delivery.smsc import Smsc, consent_of, make_subscribers, queue_text, receive_until

pytestmark = pytest.mark.django_db

ARABIC = "عرض خاص لك يا {{ first_name }}: " + "ضاعف نقاطك اليوم واستبدلها بهدايا من شركائنا. " * 3


def send(now: datetime) -> api.BatchReport:
    """Send one batch."""
    return api.send_due(channel="sms", now=now)


def test_text__queued__reaches_the_centre_once_each_with_a_way_out(smsc: Smsc, now: datetime) -> None:
    make_subscribers(["+9613000001", "+9613000002"], now)
    queue_text(now, "Hello {{ first_name }}")
    assert (send(now).sent, send(now).claimed) == (2, 0)
    texts = sorted(smsc.texts(), key=lambda text: text["to"])
    assert [text["to"] for text in texts] == ["9613000001", "9613000002"]
    assert texts[0]["text"] == "Hello Name0\nReply STOP to stop."
    assert (texts[0]["from"], texts[0]["segments"]) == ("Khaywe", 1)
    assert states() == {"SENT": 2}


def test_text__long_arabic__arrives_as_one_in_joined_segments(smsc: Smsc, now: datetime) -> None:
    make_subscribers(["+9613000001"], now)
    queue_text(now, ARABIC, purpose="service")
    assert send(now).sent == 1
    (text,) = smsc.texts()
    assert text["text"] == ARABIC.replace("{{ first_name }}", "Name0")
    assert text["segments"] == 3
    assert Send.objects.get().references.count() == 3


def test_receipt__of_every_segment__is_delivered_with_the_last(smsc: Smsc, now: datetime) -> None:
    make_subscribers(["+9613000001"], now)
    queue_text(now, ARABIC, purpose="service")
    send(now)
    receive_until(lambda: ProviderReceipt.objects.count() == 3)
    assert api.apply_receipts(now=now, limit=2).delivered == 0
    assert states() == {"SENT": 1}
    assert api.apply_receipts(now=now).delivered == 1
    assert (states(), api.apply_receipts(now=now).applied) == ({"DELIVERED": 1}, 0)
    assert PublishedEvent.objects.filter(type="message.delivered").count() == 1


@pytest.mark.parametrize(
    ("how", "in_answer", "in_receipt", "kept"),
    [
        ("hex_then_decimal", "{:010X}", "{:d}", "{:d}"),
        ("hex_then_decimal", "0x{:x}", "{:020d}", "{:d}"),
        ("decimal_then_hex", "{:d}", "{:08x}", "{:d}"),
        ("as_told", "{:x}", "{:x}", "{:x}"),
    ],
)
def test_receipt__id_in_another_base_than_in_the_answer__is_matched_where_it_is_said_so(
    smsc: Smsc, now: datetime, settings: Settings, monkeypatch: pytest.MonkeyPatch,
    how: str, in_answer: str, in_receipt: str, kept: str,
) -> None:  # fmt: skip
    settings.LOYALTY_SMPP_MESSAGE_IDS = how
    number = 0x5F3A12B7
    monkeypatch.setattr(smsc.centre, "new_name", lambda: in_answer.format(number))
    monkeypatch.setattr(smsc.centre, "name_in_receipt", lambda name: in_receipt.format(number))
    make_subscribers(["+9613000001"], now)
    queue_text(now, "Hello", purpose="service")
    assert send(now).sent == 1
    receive_until(ProviderReceipt.objects.exists)
    assert ProviderReceipt.objects.get().reference == kept.format(number)
    assert api.apply_receipts(now=now).delivered == 1
    assert states() == {"DELIVERED": 1}


def test_ids__that_are_no_number_of_the_base__stay_as_they_are() -> None:
    assert message_ids.of_answer("m-1f", "hex_then_decimal") == "m-1f"
    assert message_ids.of_receipt("1f", "hex_then_decimal") == "1f"
    assert message_ids.of_receipt("1_0", "hex_then_decimal") == "1_0"
    assert message_ids.of_answer("", "decimal_then_hex") == ""


def test_receipt__undeliverable__bounces(smsc: Smsc, now: datetime) -> None:
    make_subscribers(["+9613000001"], now)
    queue_text(now, "Hello")
    smsc.fail("UNDELIVERABLE")
    send(now)
    receive_until(ProviderReceipt.objects.exists)
    assert api.apply_receipts(now=now).failed == 1
    row = Send.objects.get()
    assert (row.state, row.reason) == ("BOUNCED", "sms.number_refused")


def test_receipt__before_its_reference_is_known__waits_and_counts_once(smsc: Smsc, now: datetime) -> None:
    make_subscribers(["+9613000001"], now)
    queue_text(now, "Hello")
    early = api.ReceivedReceipt("m00000001", api.ReceiptOutcome.DELIVERED, now)
    assert api.record_receipts(channel="sms", receipts=[early, early], now=now) == 1
    assert api.apply_receipts(now=now).applied == 0
    send(now)
    assert api.apply_receipts(now=now).delivered == 1
    assert api.record_receipts(channel="sms", receipts=[early], now=now) == 0
    assert states() == {"DELIVERED": 1}


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [(0x0B, "BOUNCED", "sms.number_refused"), (0x45, "FAILED", "sms.refused"), (0x58, "QUEUED", "")],
)
def test_centre__refuses__ends_or_waits_as_the_status_says(
    smsc: Smsc, now: datetime, status: int, state: str, reason: str
) -> None:
    make_subscribers(["+9613000001"], now)
    queue_text(now, "Hello")
    smsc.fail(f"STATUS {status}")
    send(now)
    row = Send.objects.get()
    assert (row.state, row.reason) == (state, reason)
    if state == "QUEUED":
        smsc.work()
        assert send(now + timedelta(minutes=1)).sent == 1
        assert len(smsc.texts()) == 1


@pytest.mark.parametrize("how", ["DROP", "SILENT", "GARBAGE"])
def test_centre__takes_it_and_gives_no_answer__is_unknown_and_never_sent_again(
    smsc: Smsc, now: datetime, how: str
) -> None:
    make_subscribers(["+9613000001"], now)
    queue_text(now, "Hello")
    smsc.fail(how)
    assert send(now).unknown == 1
    smsc.work()
    assert send(now + timedelta(days=1)).claimed == 0
    assert (states(), len(smsc.texts())) == ({"UNKNOWN": 1}, 1)


def test_line__broke_in_one_window__the_next_ones_texts_wait_and_are_not_unknown(
    smsc: Smsc, now: datetime, settings: Settings
) -> None:
    # The whole window is under way before the first answer is read.
    settings.LOYALTY_SMPP_WINDOW = 2 * SmsChannel.window
    make_subscribers([f"+9613{number:06d}" for number in range(SmsChannel.window + 5)], now)
    queue_text(now, "Hello")
    smsc.fail("DROP")
    report = send(now)
    assert report.is_channel_down
    # How many of the window were written before the line was found broken is the network's affair.
    assert states()["QUEUED"] >= 5
    smsc.work()
    send(now + timedelta(seconds=15))
    arrived = [text["to"] for text in smsc.texts()]
    assert len(arrived) == len(set(arrived))
    assert set(states()) == {"UNKNOWN", "SENT"}
    assert states()["SENT"] >= 5


@pytest.mark.parametrize("how", ["BIND 13", "closed"])
def test_centre__not_there__costs_nobody_an_attempt(smsc: Smsc, now: datetime, settings: Settings, how: str) -> None:
    make_subscribers(["+9613000001", "+9613000002"], now)
    queue_text(now, "Hello")
    if how == "closed":
        settings.LOYALTY_SMPP_PORT = 1
    else:
        smsc.fail(how)
    assert send(now).is_channel_down
    assert (states(), set(Send.objects.values_list("attempts", flat=True))) == ({"QUEUED": 2}, {0})
    smsc.work()
    settings.LOYALTY_SMPP_PORT = smsc.port
    assert send(now + timedelta(seconds=15)).sent == 2
    assert len(smsc.texts()) == 2


def test_text__made_too_long_by_a_value__fails_and_the_others_go(smsc: Smsc, now: datetime) -> None:
    make_subscribers(["+9613000001", "+9613000002"], now, names=["م" * 50, "Ada"])
    queue_text(now, "م" * 640 + " {{ first_name }}", purpose="service")
    assert (send(now).sent, send(now).claimed) == (1, 0)
    assert set(Send.objects.values_list("state", "reason")) == {("SENT", ""), ("FAILED", "sms.too_long")}
    assert [text["to"] for text in smsc.texts()] == ["9613000002"]


def test_text__body_too_long_by_itself__is_refused_when_it_is_saved(smsc: Smsc) -> None:
    for body in ("x" * 1_531, "م" * 671, "", "Hello {{ nobody_knows }}"):
        with pytest.raises((api.ContentInvalid, api.TemplateInvalid)):
            api.check_content(channel="sms", content={"body": body}, variables=())


@pytest.mark.parametrize("word", ["STOP", "stop.", " Arrêt ", "إيقاف"])
def test_keyword__stop__withdraws_marketing_and_is_answered_once(smsc: Smsc, now: datetime, word: str) -> None:
    make_subscribers(["+9613000001", "+9613000002"], now)
    smsc.write_to_us("9613000001", word)
    receive_until(InboundMessage.objects.exists)
    assert (consent_of("+9613000001"), consent_of("+9613000002")) == (False, True)
    assert send(clock.now()).sent == 1
    (reply,) = smsc.texts()
    assert reply["to"] == "9613000001"
    assert reply["text"].startswith("You will get no more")
    queue_text(now, "Offer")
    send(now)
    assert [text["to"] for text in smsc.texts()[1:]] == ["9613000002"]


def test_keyword__start_after_stop__grants_again(smsc: Smsc, now: datetime) -> None:
    make_subscribers(["+9613000001"], now)
    for number, word in enumerate(("STOP", "START"), start=1):
        smsc.write_to_us("9613000001", word)
        receive_until(lambda wanted=number: InboundMessage.objects.count() == wanted)  # type: ignore[misc]
    assert consent_of("+9613000001")


def test_message__without_keyword__is_kept_and_changes_nothing(smsc: Smsc, now: datetime) -> None:
    make_subscribers(["+9613000001"], now)
    smsc.write_to_us("9613000001", "Please stop calling me at night")
    receive_until(InboundMessage.objects.exists)
    message = InboundMessage.objects.get()
    assert (message.body, message.keyword, message.customers) == ("Please stop calling me at night", "", 1)
    assert consent_of("+9613000001")
    assert send(clock.now()).claimed == 0


def test_channel__no_provider_named__is_refused(settings: Settings) -> None:
    settings.LOYALTY_SMS_PROVIDER = ""
    with pytest.raises(api.ChannelNotAvailable):
        api.check_content(channel="sms", content={"body": "Hello"}, variables=())
    assert "sms" not in api.list_channels()
