"""Doorbells of delivery: look at the queue now."""

from celery import shared_task

from loyalty.delivery import api
from loyalty.foundation.kernel import clock
from loyalty.foundation.work import api as work

# One ring sends at most this many batches and then rings again, so that other bells get their turn in between.
BATCHES_PER_RING = 5


@shared_task(name="delivery.send_due", ignore_result=True)
def send_due() -> int:
    """Send what is due on every channel, and give up what a lost worker left behind."""
    api.give_up_unknown(now=clock.now())
    sent = 0
    is_more = False
    with api.sender_slot() as has_slot:
        for channel in api.list_channels() if has_slot else ():
            for batch in range(BATCHES_PER_RING):
                report = api.send_due(channel=channel, now=clock.now())
                sent += report.sent
                if not report.claimed or report.is_channel_down:
                    break
                is_more = is_more or batch == BATCHES_PER_RING - 1
    if is_more:
        work.ring("delivery.send_due")
    return sent


@shared_task(name="delivery.apply_receipts", ignore_result=True)
def apply_receipts() -> int:
    """Bring sends to what the providers' receipts say."""
    count = 0
    while applied := api.apply_receipts(now=clock.now()).applied:
        count += applied
    return count


@shared_task(name="delivery.forget_inbox", ignore_result=True)
def forget_inbox() -> int:
    """Delete messages of the app's inbox that nobody is shown any more."""
    count = 0
    while gone := api.forget_items(now=clock.now()):
        count += gone
    return count
