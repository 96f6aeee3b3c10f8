"""Anchoring: what the chain's last block is, said in a file outside of the database and in the outbox."""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from loyalty.foundation.audit.contracts import Anchor
from loyalty.foundation.audit.events import AuditAnchored
from loyalty.foundation.audit.queries import last_anchor_told, last_block
from loyalty.foundation.events import api as events
from loyalty.foundation.resilience.failpoints import maybe_fail

SUBJECT, KEY = "audit", "audit"


def anchor_due(*, now: datetime) -> Anchor | None:
    """Anchor the chain when the last anchor is old enough and the chain has grown; give the anchor."""
    told = last_anchor_told()
    if told is not None and now - told.at < timedelta(seconds=settings.LOYALTY_AUDIT_ANCHOR_SECONDS):
        return None
    return anchor(now=now)


@transaction.atomic
def anchor(*, now: datetime) -> Anchor | None:
    """Write the last committed block to the file and publish it; None when it is anchored already.

    The file comes first: an anchor that the outbox has and the file lacks would be an alarm.
    """
    block, told = last_block(), last_anchor_told()
    if block is None or (told is not None and (told.block, told.hash) == (block.block, block.hash)):
        return None
    made = Anchor(at=now, block=block.block, hash=block.hash)
    _append(Path(settings.LOYALTY_AUDIT_ANCHOR_FILE), made)
    maybe_fail("audit.anchored_outside")
    fact = AuditAnchored(block=made.block, hash=made.hash)
    events.publish(fact, key=KEY, subject_kind=SUBJECT, subject_ref=KEY, occurred_at=now)
    return made


def _append(path: Path, made: Anchor) -> None:
    """Append one line and have it on the disk before going on; only the owner may read or write the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"at": made.at.isoformat(), "block": made.block, "hash": made.hash}) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
