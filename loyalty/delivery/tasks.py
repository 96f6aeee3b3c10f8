"""Doorbells of delivery: look at the queue now."""

from celery import shared_task

from loyalty.delivery import api
from loyalty.foundation.kernel import clock

# One ring sends at most this many batches, so that other rings get their turn; the next one goes on.
BATCHES_PER_RING = 20


@shared_task(name="delivery.send_due", ignore_result=True)
def send_due() -> int:
    """Send what is due on every channel, and give up what a lost worker left behind."""
    api.give_up_unknown(now=clock.now())
    sent = 0
    for channel in api.list_channels():
        for _ in range(BATCHES_PER_RING):
            report = api.send_due(channel=channel, now=clock.now())
            sent += report.sent
            if not report.claimed or report.is_channel_down:
                break
    return sent
