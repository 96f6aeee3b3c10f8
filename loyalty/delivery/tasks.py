"""Doorbells of delivery: look at the queue now."""

import time
from concurrent.futures import ThreadPoolExecutor

from celery import shared_task
from django.conf import settings
from django.db import connections

from loyalty.delivery import api
from loyalty.foundation.kernel import clock
from loyalty.foundation.work import api as work

# One ring sends at most this many batches on each line and then rings again, so that other bells get their turn.
BATCHES_PER_RING = 5
# Nor longer than this, but for the batch that is under way: a provider that takes few messages a second would keep
# every worker, and with it the other channels and what campaigns have to place.
RING_SECONDS = 2.0


@shared_task(name="delivery.send_due", ignore_result=True)
def send_due() -> int:
    """Send what is due on every channel, and give up what a lost worker left behind."""
    api.give_up_unknown(now=clock.now())
    sent = 0
    is_more = False
    with api.sender_slot() as has_slot:
        for channel in api.list_channels() if has_slot else ():
            sent_here, is_more_here = send_channel(channel)
            sent += sent_here
            is_more = is_more or is_more_here
    if is_more:
        work.ring("delivery.send_due")
    return sent


def send_channel(channel: str) -> tuple[int, bool]:
    """Send some batches of one channel; give how many messages went and whether there may be more.

    While one line waits for its provider another one works: where the first batch shows that there is much to send, the
    further lines of ``LOYALTY_SENDER_LINES`` send beside it, each with its own connections.
    """
    began = time.monotonic()
    first = api.send_due(channel=channel, now=clock.now())
    if first.claimed < api.BATCH_ROWS or first.is_channel_down:
        return first.sent, False
    if time.monotonic() - began > RING_SECONDS:
        return first.sent, True
    further = settings.LOYALTY_SENDER_LINES - 1
    if not further:
        sent, is_more = _send_batches(channel, BATCHES_PER_RING - 1)
        return first.sent + sent, is_more
    with ThreadPoolExecutor(further) as others:
        lines = [others.submit(_send_on_a_line, channel) for _ in range(further)]
        sent, is_more = _send_batches(channel, BATCHES_PER_RING - 1)
    done = [line.result() for line in lines]
    return first.sent + sent + sum(one for one, _ in done), is_more or any(more for _, more in done)


def _send_on_a_line(channel: str) -> tuple[int, bool]:
    try:
        return _send_batches(channel, BATCHES_PER_RING)
    finally:
        connections.close_all()


def _send_batches(channel: str, batches: int) -> tuple[int, bool]:
    sent = 0
    end = time.monotonic() + RING_SECONDS
    for _ in range(batches):
        report = api.send_due(channel=channel, now=clock.now())
        sent += report.sent
        if not report.claimed or report.is_channel_down:
            return sent, False
        if time.monotonic() > end:
            break
    return sent, True


@shared_task(name="delivery.apply_receipts", ignore_result=True)
def apply_receipts() -> int:
    """Bring sends to what the providers' receipts say."""
    count = 0
    while applied := api.apply_receipts(now=clock.now()).applied:
        count += applied
    return count


@shared_task(name="delivery.replan_held", ignore_result=True)
def replan_held() -> int:
    """Plan what quiet hours hold anew where they changed."""
    return api.replan_held(now=clock.now())


@shared_task(name="delivery.forget_inbox", ignore_result=True)
def forget_inbox() -> int:
    """Delete messages of the app's inbox that nobody is shown any more."""
    count = 0
    while gone := api.forget_items(now=clock.now()):
        count += gone
    return count


@shared_task(name="delivery.sweep_parts", ignore_result=True)
def sweep_parts() -> int:
    """Keep what there is of customers' messages whose parts did not all come."""
    count = 0
    while gone := api.sweep_parts(now=clock.now()):
        count += gone
    return count
