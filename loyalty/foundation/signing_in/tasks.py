"""The doorbells of signing in: send the letters that were asked for, drop what is over."""

from celery import shared_task

from loyalty.foundation.kernel import clock
from loyalty.foundation.signing_in import api


@shared_task(name="signing_in.clear", ignore_result=True)
def clear() -> int:
    """Drop old sessions, unanswered sign-ins and counts of past windows."""
    return api.clear(clock.now())


@shared_task(name="signing_in.mail_resets", ignore_result=True)
def mail_resets() -> int:
    """Send the letters with resets that were asked for."""
    return api.mail_resets(now=clock.now())
