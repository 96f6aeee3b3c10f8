"""The receiver: one line to the SMSC, bound as receiver, whose every unit is kept before it is answered."""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from smpplib.exceptions import ConnectionError as LineBroken
from smpplib.exceptions import PDUError

from loyalty.delivery.contracts import ChannelCode
from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds.sms.inbound import Inbound
from loyalty.delivery.kinds.sms.providers.registry import SMS
from loyalty.delivery.kinds.sms.providers.smpp import bound
from loyalty.delivery.kinds.sms.receiving import Receipt, listen_once, read
from loyalty.delivery.operations.joining import keep_message
from loyalty.delivery.operations.receiving import ReceivedReceipt, record_receipts
from loyalty.foundation.configuration import api as configuration

# The configuration is looked at no oftener than this, however much comes in; a silent line wakes up by its time-out.
LOOK_SECONDS = 2.0


def receive(stop: threading.Event, *, read_clock: Callable[[], datetime]) -> None:
    """Receive until told to stop, or until the configuration names another centre or another way of its.

    :raises DeliveryError: with ``is_channel_down``, when the line broke or there is none.
    """
    section = configuration.read(SMS)
    with bound("receiver", section) as line:
        looked_at = time.monotonic()
        while not stop.is_set():
            if time.monotonic() - looked_at >= LOOK_SECONDS:
                if configuration.read(SMS) is not section:
                    return
                looked_at = time.monotonic()
            try:
                listen_once(line, lambda unit: _keep(unit, read_clock(), section["message_ids"], line.name))
            except (LineBroken, PDUError, OSError) as fault:
                raise DeliveryError("sms.connection_lost", str(fault)[:300], is_channel_down=True) from fault


def keep_incoming(unit: Any, line: str, now: datetime) -> None:
    """Keep what a centre brings over a sender's line, which is bound for both."""
    _keep(unit, now, configuration.read(SMS)["message_ids"], line)


def _keep(unit: Any, now: datetime, ids: str, line: str) -> None:
    match read(unit, ids=ids):
        case Receipt(reference, outcome, detail):
            record_receipts(
                channel=ChannelCode.SMS.value, receipts=[ReceivedReceipt(reference, outcome, now, detail)], now=now
            )
        case Inbound() as message:
            keep_message(message, line=line, now=now)
        case None:
            pass
