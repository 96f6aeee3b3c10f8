"""What a provider says of a message counts the same in whatever order it comes, in one step or in several."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest

from loyalty.delivery import api
from loyalty.delivery.api import ReceiptOutcome
from loyalty.delivery.models import ProviderReceipt, ProviderReference, Send, Suppression
from loyalty.foundation.events.models import PublishedEvent
from tests.delivery.smsc import Smsc, make_subscribers, queue_text

pytestmark = pytest.mark.django_db

DELIVERED, FAILED, REFUSED, COMPLAINED = (
    ReceiptOutcome.DELIVERED, ReceiptOutcome.FAILED, ReceiptOutcome.REFUSED, ReceiptOutcome.COMPLAINED,
)  # fmt: skip
GRAVEST = {DELIVERED: "DELIVERED", FAILED: "FAILED", REFUSED: "BOUNCED", COMPLAINED: "COMPLAINED"}
ORDERS = [order for size in (2, 3, 4) for order in permutations((DELIVERED, FAILED, REFUSED, COMPLAINED), size)]


@pytest.fixture
def reference(smsc: Smsc, now: datetime) -> str:
    """A text that was handed over, by its reference."""
    make_subscribers(["+9613000001"], now)
    queue_text(now, "Hello", purpose="service")
    assert api.send_due(channel="sms", now=now).sent == 1
    return ProviderReference.objects.get().reference


def told(reference: str, *outcomes: ReceiptOutcome, now: datetime) -> None:
    """Take in reports."""
    receipts = [api.ReceivedReceipt(reference, outcome, now) for outcome in outcomes]
    api.record_receipts(channel="sms", receipts=receipts, now=now)


def gravest(outcomes: tuple[ReceiptOutcome, ...]) -> str:
    """Give the state that a send must have."""
    return GRAVEST[max(outcomes, key=list(GRAVEST).index)]


@pytest.mark.parametrize("is_at_once", [True, False])
def test_receipts__in_any_order__the_gravest_counts(reference: str, now: datetime, is_at_once: bool) -> None:
    for order in ORDERS:
        start_again(reference)
        for outcome in order:
            told(reference, outcome, now=now)
            if not is_at_once:
                api.apply_receipts(now=now)
        api.apply_receipts(now=now)
        assert Send.objects.get().state == gravest(order), order


def start_again(reference: str) -> None:
    """Bring the text back to where nothing was said of it."""
    ProviderReference.objects.update(outcome="")
    Send.objects.update(state="SENT", reason="", ended_at=None, delivered_at=None)
    ProviderReceipt.objects.all().delete()


def test_receipts__told_again_and_again__change_nothing(reference: str, now: datetime) -> None:
    told(reference, COMPLAINED, DELIVERED, COMPLAINED, now=now)
    assert api.apply_receipts(now=now).applied == 2
    before = PublishedEvent.objects.count()
    for minutes in (1, 2):
        told(reference, DELIVERED, COMPLAINED, now=now + timedelta(minutes=minutes))
        assert api.apply_receipts(now=now).applied == 0
    assert (PublishedEvent.objects.count(), Send.objects.get().state) == (before, "COMPLAINED")
    assert not Suppression.objects.exists()
