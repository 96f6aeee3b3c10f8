"""Text messages over a centre that another hand wrote: what real centres send, and what none should."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from loyalty.customers.api import get_customer_by_ref
from loyalty.delivery import api
from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds.sms.providers.registry import Incoming
from loyalty.delivery.models import InboundMessage, InboundPart, ProviderReceipt, ProviderReference, Send
from loyalty.delivery.operations import erasing, sms_receiving
from loyalty.foundation.configuration import api as configuration
from loyalty.foundation.kernel import clock
from loyalty.foundation.kernel.actor import system_actor
from tests.delivery.post import states
from tests.delivery.raw_smsc import (
    ANSWER,
    BIND_TRANSCEIVER,
    BIND_TRANSMITTER,
    DATA,
    DELIVER,
    ENQUIRE,
    NACK,
    PAYLOAD,
    RECEIPTED,
    SAR_NAME,
    SAR_NUMBER,
    SAR_TOTAL,
    STATE,
    STATUS_TEXT,
    SUBMIT,
    UNBIND,
    VALIDITY,
    VENDOR,
    RawCentre,
    Unit,
    answered,
    data_sm,
    deliver,
    option,
    raw_centre,
    receipt_text,
)
from tests.delivery.smsc import consent_of, make_subscribers, queue_text, receive_until

pytestmark = pytest.mark.django_db

PATIENCE_S = 4.0


@pytest.fixture
def centre(settings: Settings) -> Iterator[RawCentre]:
    """The centre, and the settings that lead to it."""
    with raw_centre() as centre:
        settings.LOYALTY_SMS_PROVIDER, settings.LOYALTY_SMS_FROM = "smpp", "Khaywe"
        settings.LOYALTY_SMPP_HOST, settings.LOYALTY_SMPP_PORT = "127.0.0.1", centre.port
        settings.LOYALTY_SMPP_TIMEOUT = 1
        yield centre


def receive(is_enough: Callable[[], bool]) -> None:
    """Be bound as receiver until enough came, the line is over, or it took too long."""
    end = time.monotonic() + PATIENCE_S
    with suppress(DeliveryError):
        receive_until(lambda: is_enough() or time.monotonic() > end)
    assert is_enough()


# A receipt of our message "m1a2", however a centre may write it.
RECEIPTS: dict[str, Unit] = {
    "text": deliver(1, receipt_text("m1a2"), esm_class=0x04),
    "payload": deliver(1, b"", esm_class=0x04, options=option(PAYLOAD, receipt_text("m1a2"))),
    "parameters alone": deliver(1, b"", esm_class=0x04, options=option(RECEIPTED, b"m1a2\0") + option(STATE, b"\x02")),
    "id without its end": deliver(1, b"", esm_class=0x04, options=option(RECEIPTED, b"m1a2") + option(STATE, b"\x02")),
    "no mark of a receipt": deliver(1, b"", options=option(STATE, b"\x02") + option(RECEIPTED, b"m1a2\0")),
    "vendor's own": deliver(
        1, receipt_text("m1a2"), esm_class=0x04, options=option(VENDOR, b"\1\2\3") + option(0x0423, b"\3\0\0")
    ),
    "of another command": deliver(
        1, receipt_text("m1a2"), esm_class=0x04, options=option(VALIDITY, b"\1") + option(STATUS_TEXT, b"fine\0")
    ),
    "parameter of another length": deliver(
        1, receipt_text("m1a2"), esm_class=0x04, options=option(0x000E, b"\0\3") + option(0x0204, b"\0\0\0\7")
    ),
    "wide": deliver(1, receipt_text("m1a2").decode().encode("utf-16-be"), esm_class=0x04, coding=8),
    "data_sm": data_sm(1, esm_class=0x04, options=option(RECEIPTED, b"m1a2\0") + option(STATE, b"\x02")),
}


@pytest.mark.parametrize("how", RECEIPTS)
def test_receipt__however_written__is_matched(centre: RawCentre, now: datetime, how: str) -> None:
    centre.answers = lambda unit: [answered(unit, b"m1a2")]
    make_subscribers(["+9613000001"], now)
    queue_text(now, "Hello", purpose="service")
    assert api.send_due(channel="sms", now=now).sent == 1
    centre.to_receiver = [RECEIPTS[how].written()]
    receive(ProviderReceipt.objects.exists)
    assert api.apply_receipts(now=now).delivered == 1
    assert states() == {"DELIVERED": 1}
    (told,) = [unit for unit in centre.heard if unit.command in (DELIVER | ANSWER, DATA | ANSWER)]
    assert (told.sequence, told.status, told.command) == (1, 0, RECEIPTS[how].command | ANSWER)
    assert not InboundMessage.objects.exists()


def test_unit__that_nobody_can_read__is_refused_and_the_next_is_heard(centre: RawCentre, now: datetime) -> None:
    lying = deliver(2, b"Hello")
    centre.to_receiver = [
        Unit(0x0000_0777, 0, 1).written(),
        # It says that its text is longer than it is.
        Unit(DELIVER, 0, 2, lying.body[:-6] + b"\xc8Hello").written(),
        Unit(DELIVER, 0, 3, b"\0").written(),
        Unit(ENQUIRE, 0, 4).written(),
        deliver(5, b"Hello").written(),
    ]
    receive(InboundMessage.objects.exists)
    assert [(unit.sequence, unit.status) for unit in centre.of(NACK)] == [(1, 0x03), (2, 0x01), (3, 0x02)]
    assert [unit.sequence for unit in centre.of(ENQUIRE | ANSWER)] == [4]
    assert [(unit.sequence, unit.status) for unit in centre.of(DELIVER | ANSWER)] == [(5, 0)]


@pytest.mark.parametrize("cut", [2, 10, 30])
def test_unit__that_stops_in_its_middle__ends_the_line_and_nothing_is_read_from_there(
    centre: RawCentre, now: datetime, cut: int
) -> None:
    centre.to_receiver = [deliver(1, b"Hello").written()[:cut]]
    with pytest.raises(DeliveryError, match="middle of a unit"):
        receive_until(lambda: False)
    assert not centre.of(ENQUIRE)


@pytest.mark.parametrize("length", [0, 15, 0xFFFF_FFFF])
def test_unit__of_a_length_that_none_has__ends_the_line(centre: RawCentre, now: datetime, length: int) -> None:
    centre.to_receiver = [length.to_bytes(4, "big") + b"\0" * 12]
    with pytest.raises(DeliveryError, match="A unit of"):
        receive_until(lambda: False)


def test_centre__says_goodbye__is_answered(centre: RawCentre, now: datetime) -> None:
    centre.to_receiver = [Unit(UNBIND, 0, 9).written()]
    with pytest.raises(DeliveryError, match="goodbye"):
        receive_until(lambda: False)
    assert [unit.sequence for unit in centre.of(UNBIND | ANSWER)] == [9]


def test_acknowledgement__of_a_telephone_or_in_between__is_no_message_of_a_customer(
    centre: RawCentre, now: datetime
) -> None:
    told = receipt_text("m1", "ENROUTE")
    centre.to_receiver = [
        deliver(number, told, esm_class=kind).written() for number, kind in ((1, 0x20), (2, 0x08), (3, 0x10))
    ]
    centre.to_receiver.append(deliver(4, b"Hello").written())
    receive(InboundMessage.objects.exists)
    assert [message.body for message in InboundMessage.objects.all()] == ["Hello"]
    assert len(centre.of(DELIVER | ANSWER)) == 4


@pytest.mark.parametrize(
    ("coded", "coding", "words"),
    [
        (b"\x00 \x1b\x65 \x1b<ok\x1b>", 0x00, "@ € [ok]"),
        (b"a@b_c", 0x01, "a@b_c"),
        ("Arrêt".encode("iso-8859-1"), 0x03, "Arrêt"),
        ("стоп".encode("iso-8859-5"), 0x06, "стоп"),
        ("עצור".encode("iso-8859-8"), 0x07, "עצור"),
        ("إيقاف 👋".encode("utf-16-be"), 0x08, "إيقاف 👋"),
        # A network's own coding: UCS-2, shown at once.
        ("إيقاف".encode("utf-16-be"), 0x18, "إيقاف"),
        (b"stop", 0xF1, "stop"),
    ],
)
def test_message__in_any_coding__is_kept_word_for_word(
    centre: RawCentre, now: datetime, coded: bytes, coding: int, words: str
) -> None:
    centre.to_receiver = [deliver(1, coded, coding=coding).written()]
    receive(InboundMessage.objects.exists)
    assert InboundMessage.objects.get().body == words


LONG = "عرض جميل 👋 شكرا"


def in_parts(words: str, cuts: tuple[int, ...], how: str, name: int = 7) -> list[Unit]:
    """Write a message in parts, joined by a header with a number of one byte or of two, or by parameters."""
    coded = words.encode("utf-16-be")
    ends = (0, *cuts, len(coded))
    units = []
    for number, (start, end) in enumerate(zip(ends, ends[1:], strict=False), start=1):
        piece, total = coded[start:end], len(ends) - 1
        if how == "header":
            # Behind another part of a header, which joins nothing.
            units.append(
                deliver(number, bytes((8, 0x24, 1, 0, 0, 3, name, total, number)) + piece, esm_class=0x40, coding=8)
            )
        elif how == "wide header":
            header = bytes((6, 8, 4)) + name.to_bytes(2, "big") + bytes((total, number))
            units.append(deliver(number, header + piece, esm_class=0x40, coding=8))
        else:
            options = option(SAR_NAME, name.to_bytes(2, "big")) + option(SAR_TOTAL, bytes((total,)))
            units.append(deliver(number, piece, coding=8, options=options + option(SAR_NUMBER, bytes((number,)))))
    return units


@pytest.mark.parametrize("how", ["header", "wide header", "parameters"])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (0, 0, 2, 1)])
def test_message__in_parts__is_one_with_all_its_words(
    centre: RawCentre, now: datetime, how: str, order: tuple[int, ...]
) -> None:
    # The first cut tears a character of two units.
    units = in_parts(LONG, (20, 24), how)
    centre.to_receiver = [units[place].written() for place in order]
    receive(InboundMessage.objects.exists)
    assert [message.body for message in InboundMessage.objects.all()] == [LONG]


def test_part__that_is_a_keyword_by_itself__is_none(centre: RawCentre, now: datetime) -> None:
    make_subscribers(["+9613000001"], now)
    words = "Please do not stop"
    centre.to_receiver = [unit.written() for unit in in_parts(words, (2 * words.index("stop"),), "header")]
    receive(InboundMessage.objects.exists)
    assert (InboundMessage.objects.get().body, InboundMessage.objects.get().keyword) == (words, "")
    assert consent_of("+9613000001")


def test_parts__the_rest_never_comes__are_kept_as_they_are_after_a_day(centre: RawCentre, now: datetime) -> None:
    units = in_parts(LONG, (18, 24), "header")
    centre.to_receiver = [units[2].written(), units[0].written()]
    receive(lambda: InboundPart.objects.count() == 2)
    assert (api.sweep_parts(now=clock.now() + timedelta(hours=1)), InboundMessage.objects.count()) == (0, 0)
    assert api.sweep_parts(now=clock.now() + timedelta(hours=25)) == 2
    assert InboundMessage.objects.get().body == LONG.encode("utf-16-be")[:18].decode("utf-16-be") + "شكرا"
    assert (api.sweep_parts(now=clock.now() + timedelta(hours=25)), InboundPart.objects.count()) == (0, 0)


def test_parts__their_number_given_again__are_another_message(centre: RawCentre, now: datetime) -> None:
    first, second = in_parts("A long word", (4,), "header"), in_parts("A long way", (4,), "header")
    centre.to_receiver = [unit.written() for unit in (*first, *reversed(second))]
    receive(lambda: InboundMessage.objects.count() == 2)
    assert [message.body for message in InboundMessage.objects.order_by("id")] == ["A long word", "A long way"]


def test_message__again_over_a_new_line__is_told_from_the_same_words_written_again(
    centre: RawCentre, now: datetime
) -> None:
    def bring(*units: Unit) -> None:
        centre.to_receiver = [unit.written() for unit in units]
        so_far = len(centre.of(DELIVER | ANSWER))
        receive(lambda: len(centre.of(DELIVER | ANSWER)) == so_far + len(units))

    def kept() -> list[str]:
        return [message.body for message in InboundMessage.objects.order_by("id")]

    make_subscribers(["+9613000001"], now)
    # The same unit twice on a line; then once more over the next line, whose numbers begin anew.
    bring(deliver(7, b"STOP"), deliver(7, b"STOP"))
    bring(deliver(1, b"STOP"))
    assert kept() == ["STOP"]
    # Written twice on one line: the first was answered.
    bring(deliver(1, b"START"), deliver(2, b"HELP"), deliver(3, b"HELP"))
    assert kept() == ["STOP", "START", "HELP", "HELP"]
    # The same words and the same number as the first, and yet a new wish.
    bring(deliver(7, b"STOP"))
    assert kept() == ["STOP", "START", "HELP", "HELP", "STOP"]
    assert not consent_of("+9613000001")


def test_centre__counts_anew__the_receipt_is_for_the_message_that_has_the_id_now(
    centre: RawCentre, now: datetime
) -> None:
    make_subscribers(["+9613000001"], now)
    for number in (1, 2):
        queue_text(now, "Hello", occurrence=f"s-{number}", purpose="service")
        assert api.send_due(channel="sms", now=clock.now()).sent == 1
        centre.to_receiver = [deliver(1, receipt_text("m1"), esm_class=0x04).written()]
        so_far = len(centre.of(DELIVER | ANSWER))
        receive(lambda wanted=so_far + 1: len(centre.of(DELIVER | ANSWER)) == wanted)  # type: ignore[misc]
        api.apply_receipts(now=clock.now())
        assert states() == {"DELIVERED": number}


def test_centre__counts_anew_and_tells_at_once__the_receipt_is_for_the_newer_message(
    centre: RawCentre, now: datetime
) -> None:
    make_subscribers(["+9613000001"], now)
    early = api.ReceivedReceipt("m1", api.ReceiptOutcome.DELIVERED, now)
    queue_text(now, "Hello", occurrence="s-1", purpose="service")
    api.send_due(channel="sms", now=clock.now())
    api.record_receipts(channel="sms", receipts=[early], now=clock.now())
    assert api.apply_receipts(now=clock.now()).delivered == 1

    queue_text(now, "Hello", occurrence="s-2", purpose="service")
    began_at = clock.now()
    # Told and applied between the submit and its answer; what that does to the rows is the same before the settling.
    api.record_receipts(channel="sms", receipts=[early], now=began_at + timedelta(milliseconds=1))
    api.apply_receipts(now=clock.now())
    api.send_due(channel="sms", now=began_at)
    assert api.apply_receipts(now=clock.now()).delivered == 1
    assert states() == {"DELIVERED": 2}


def test_centre__answers_without_an_id__is_sent_and_the_next_too(centre: RawCentre, now: datetime) -> None:
    centre.answers = lambda unit: [answered(unit, b"")]
    make_subscribers(["+9613000001", "+9613000002"], now)
    queue_text(now, "Hello", purpose="service")
    assert api.send_due(channel="sms", now=now).sent == 2
    assert states() == {"SENT": 2}
    assert not ProviderReference.objects.exists()


def test_answer__with_parameters_and_among_other_units__counts(centre: RawCentre, now: datetime) -> None:
    def among_others(unit: Unit) -> list[bytes]:
        return [
            Unit(ENQUIRE, 0, 77).written(),
            Unit(0x0000_0777, 0, 78).written(),
            Unit(SUBMIT | ANSWER, 0, 0x7FFF_0000, b"other\0").written(),
            answered(unit, b"m1", options=option(STATUS_TEXT, b"fine\0") + option(VENDOR, b"")),
        ]

    centre.answers = among_others
    make_subscribers(["+9613000001"], now)
    queue_text(now, "Hello", purpose="service")
    assert api.send_due(channel="sms", now=now).sent == 1
    assert Send.objects.get().references.get().reference == "m1"
    assert [unit.sequence for unit in centre.of(ENQUIRE | ANSWER)] == [77]
    assert [unit.sequence for unit in centre.of(NACK)] == [78]


def test_erasure__of_who_wrote_to_us__finds_the_number_as_the_centre_writes_it(
    centre: RawCentre, now: datetime
) -> None:
    make_subscribers(["+9613000001", "+9613000002"], now)
    first, _ = in_parts("A long word", (4,), "header")
    other = deliver(9, b"It is me", sender=b"9613000002")
    centre.to_receiver = [deliver(8, b"HELP").written(), first.written(), other.written()]
    receive(lambda: InboundMessage.objects.count() == 2)
    assert api.send_due(channel="sms", now=clock.now()).sent == 1
    send = Send.objects.get()
    found = erasing.erase(get_customer_by_ref("t-+9613000001").id, send.customer_id, now=now)
    assert found["inbound"] == 2
    left = InboundMessage.objects.order_by("id").values_list("from_address", "body")
    assert list(left) == [("", ""), ("9613000002", "It is me")]
    assert not InboundPart.objects.exists()


def test_receiver__configuration_names_another_centre__goes_there(
    centre: RawCentre, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms_receiving, "LOOK_SECONDS", 0.0)
    with raw_centre() as other:
        other.to_receiver = [deliver(1, b"Hello").written()]
        # A first unit wakes the line up, so that it looks.
        centre.to_receiver = [Unit(ENQUIRE, 0, 1).written()]
        looks = iter((False, False))

        class Moves(threading.Event):
            def is_set(self) -> bool:
                if next(looks, True):
                    configuration.save(code="sms", values={"port": other.port}, actor=system_actor("tests"), now=now)
                return False

        sms_receiving.receive(Moves(), read_clock=clock.now)
        assert (len(centre.of(UNBIND)), InboundMessage.objects.count()) == (1, 0)
        receive(InboundMessage.objects.exists)
    assert InboundMessage.objects.get().body == "Hello"


def test_transceiver__receipts_and_messages_over_a_senders_line__are_kept(centre: RawCentre, now: datetime) -> None:
    centre.binds = (BIND_TRANSCEIVER,)
    make_subscribers(["+9613000001"], now)
    queue_text(now, "Hello", purpose="service")
    report = api.send_due(channel="sms", now=now)
    assert (report.is_channel_down, report.sent) == (True, 0)
    configuration.save(code="sms", values={"lines": "transceiver"}, actor=system_actor("tests"), now=now)
    words = deliver(8, "إيقاف".encode("utf-16-be"), coding=8)
    receipt = deliver(7, receipt_text("m1"), esm_class=0x04)
    centre.answers = lambda unit: [receipt.written(), words.written(), answered(unit, b"m1")]
    assert api.send_due(channel="sms", now=now + timedelta(minutes=1)).sent == 1
    assert [(unit.sequence, unit.status) for unit in centre.of(DELIVER | ANSWER)] == [(7, 0), (8, 0)]
    api.apply_receipts(now=clock.now())
    assert (Send.objects.earliest("id").state, consent_of("+9613000001")) == ("DELIVERED", False)
    # The receiver binds so as well.
    centre.to_receiver = [deliver(1, b"Hello").written()]
    receive(lambda: InboundMessage.objects.count() == 2)
    assert {unit.command for unit in centre.heard if unit.command in (1, 2, 9)} == {BIND_TRANSMITTER, BIND_TRANSCEIVER}


def test_transceiver__what_comes_cannot_be_kept__is_asked_for_again_and_the_text_is_settled(
    centre: RawCentre, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(unit: object, line: str, now: datetime) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Incoming, "keep", staticmethod(fails))
    configuration.save(code="sms", values={"lines": "transceiver"}, actor=system_actor("tests"), now=now)
    make_subscribers(["+9613000001"], now)
    queue_text(now, "Hello", purpose="service")
    centre.answers = lambda unit: [deliver(7, b"Hello").written(), answered(unit, b"m1")]
    assert api.send_due(channel="sms", now=now).sent == 1
    # 5.1.3: the receiver had a passing fault.
    assert [(unit.sequence, unit.status) for unit in centre.of(DELIVER | ANSWER)] == [(7, 0x64)]
