"""What segments does when something happened."""

from datetime import datetime

from loyalty.foundation.events.contracts import Envelope
from loyalty.segments import api


def on_features_changed(event: Envelope, *, now: datetime) -> None:
    """The warehouse has newer features: recalculate the segments that follow it."""
    api.refresh_after_features(now=now)
