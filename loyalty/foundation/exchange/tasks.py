"""Doorbells of exchange."""

from datetime import timedelta

from celery import shared_task

from loyalty.foundation.exchange import api
from loyalty.foundation.kernel import clock

# One ring sends at most this many, so that other rings get their turn.
SENT_PER_RING = 200
# How long ended deliveries stay in the log.
LOG_KEPT = timedelta(days=30)


@shared_task(name="exchange.send_webhooks", ignore_result=True)
def send_webhooks() -> int:
    """Make deliveries of newer facts, and send what is due."""
    api.fan_out(now=clock.now())
    sent = 0
    while sent < SENT_PER_RING and api.send_one(now=clock.now()):
        sent += 1
    return sent


@shared_task(name="exchange.forget_deliveries", ignore_result=True)
def forget_deliveries() -> None:
    """Forget old deliveries."""
    while api.forget_deliveries(before=clock.now() - LOG_KEPT):
        pass
