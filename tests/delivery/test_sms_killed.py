"""A sender of text messages killed with -9 in mid-window: nobody gets a text twice, and nobody is forgotten."""

import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from loyalty.delivery import api
from loyalty.delivery.kinds.sms.channel import SmsChannel
from loyalty.delivery.models import Send
from tests.delivery.post import states
from tests.delivery.smsc import Smsc, make_subscribers, queue_text
from tests.delivery.test_killed import SENDER, address_of_database, await_arrivals

SUBSCRIBERS = 150
KILLS = 3


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_senders__killed_in_mid_window__double_nobody_and_lose_nobody(smsc: Smsc) -> None:
    begun = datetime.now(UTC)
    make_subscribers([f"+9613{number:06d}" for number in range(SUBSCRIBERS)], begun)
    queue_text(begun, "Hello {{ first_name }}")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "loyalty.config.settings.test",
        "DATABASE_URL": address_of_database(),
        "LOYALTY_SMS_PROVIDER": "smpp",
        "LOYALTY_SMPP_HOST": "127.0.0.1",
        "LOYALTY_SMPP_PORT": str(smsc.port),
    }
    for _ in range(KILLS):
        before = len(smsc.texts())
        sender = subprocess.Popen([sys.executable, "-c", SENDER], env=environment)
        await_arrivals(sender, lambda: len(smsc.texts()), before + 7)
        sender.kill()
        sender.wait(timeout=10)
        # The dead worker's claims are over; the next one takes them up at once.
        Send.objects.filter(state="QUEUED").update(due_at=begun)
    later = datetime.now(UTC) + timedelta(minutes=20)
    api.give_up_unknown(now=later)
    while api.send_due(channel="sms", now=later).claimed:
        pass
    arrived = Counter(f"+{text['to']}" for text in smsc.texts())
    unknown = set(Send.objects.filter(state="UNKNOWN").values_list("address", flat=True))
    sent = set(Send.objects.filter(state="SENT").values_list("address", flat=True))
    assert set(states()) <= {"SENT", "UNKNOWN"}
    assert set(arrived.values()) == {1}
    assert sent <= set(arrived)
    assert set(arrived) - sent <= unknown
    assert len(unknown) <= KILLS * SmsChannel.window
    assert len(sent) + len(unknown) == SUBSCRIBERS
