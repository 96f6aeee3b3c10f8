"""What a platform does around the death of its database, in a process of its own:
``python -m tests.campaigns.crash_steps STEP …``.

``begin`` makes people and the occurrence of a campaign for all of them, ``place`` places its slice as a worker does,
``send`` sends what is due, ``end`` does what is left when the leases of the dead are over. Prints what the last tells.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import django

django.setup()

from loyalty.campaigns.models import AudienceSlice, Occurrence  # noqa: E402 - Django is set up by then
from loyalty.campaigns.operations import fan_out  # noqa: E402
from loyalty.delivery import api as delivery  # noqa: E402
from loyalty.delivery import tasks  # noqa: E402
from loyalty.delivery.models import Send  # noqa: E402
from tests.campaigns.scene import make_campaign, trigger  # noqa: E402
from tests.delivery.post import make_customers  # noqa: E402

PEOPLE = int(os.environ.get("LOYALTY_PROOF_PEOPLE", "120"))


def begin() -> dict[str, Any]:
    """Make everybody, and begin an occurrence of which nobody is placed yet."""
    now = datetime.now(UTC)
    make_customers(["Ada"] * PEOPLE, now)
    trigger(make_campaign(now), now)
    return look()


def place() -> dict[str, Any]:
    """Place every open slice; the process ends right after the commit."""
    for occurrence in Occurrence.objects.select_related("campaign"):
        while fan_out.place_next(occurrence, now=occurrence.triggered_at) is not None:
            pass
    return look()


def send() -> dict[str, Any]:
    """Send what is due, as the task does when its bell is rung."""
    while tasks.send_channel("email")[0]:
        pass
    return look()


def end() -> dict[str, Any]:
    """Place what is open again, give up what nobody knows of, and send the rest."""
    place()
    later = datetime.now(UTC) + timedelta(minutes=20)
    delivery.give_up_unknown(now=later)
    Send.objects.filter(state="QUEUED").update(due_at=later)
    while delivery.send_due(channel="email", now=later).claimed:
        pass
    return look()


def look() -> dict[str, Any]:
    """Tell what the ledger says of everybody, and how many slices are open."""
    states = dict(Send.objects.values_list("customer_id", "state"))
    addresses = {
        state: list(Send.objects.filter(state=state).values_list("address", flat=True)) for state in ("SENT", "UNKNOWN")
    }
    return {
        "placed": len(states),
        "rows": Send.objects.count(),
        "open": AudienceSlice.objects.filter(placed__isnull=True).count(),
        "others": sorted(set(states.values()) - {"SENT", "UNKNOWN"}),
        **addresses,
    }


STEPS: dict[str, Callable[[], dict[str, Any]]] = {one.__name__: one for one in (begin, place, send, end, look)}

if __name__ == "__main__":
    print(json.dumps([STEPS[name]() for name in sys.argv[1:]][-1]))
