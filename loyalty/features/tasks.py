"""Doorbell of features: is the warehouse younger than what we remember?"""

import logging

from celery import shared_task

from loyalty.features import api
from loyalty.foundation.kernel.errors import Unavailable

log = logging.getLogger("loyalty.features")


@shared_task(name="features.refresh", ignore_result=True)
def refresh() -> None:
    """Take in new columns and the freshness; a warehouse that is away is asked again at the next ring."""
    try:
        if not api.sync_when_changed():
            api.refresh_when_due()
    except Unavailable as refusal:
        log.info("features are not refreshed: %s", refusal.detail)
