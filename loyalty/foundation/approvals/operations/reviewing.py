"""Reviewing: what a review of a bypass comes to; nothing is changed by it but that somebody looked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loyalty.foundation.approvals import policy
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.phrases import Phrase


def apply(payload: Mapping[str, Any], *, actor: Actor, now: datetime) -> Mapping[str, Any]:
    """Say that the bypass was found right."""
    return {"reviewed_request": payload["request_id"]}


def is_still_valid(payload: Mapping[str, Any], *, now: datetime) -> bool:
    """Tell that what was done stays to be reviewed."""
    return True


def describe(payload: Mapping[str, Any]) -> Phrase:
    """Say what is asked for."""
    return Phrase(policy.REVIEW, {"of": payload["request_id"]})
