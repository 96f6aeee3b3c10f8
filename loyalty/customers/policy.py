"""Decisions on consents and on events from outside, as pure functions."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from loyalty.customers.contracts import Channel, Purpose
from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.kernel.money import parse_amount

# Without an answer of the customer a message about their own service is lawful, advertising is not.
DEFAULT_CONSENT: Mapping[str, bool] = {Purpose.MARKETING: False, Purpose.SERVICE: True}

EVENT_TYPE = re.compile(r"customer\.[a-z][a-z0-9_]{0,60}")
# The platform says these itself; from outside they would be lies about our own tables.
EVENT_TYPES_RESERVED = frozenset({"customer.created", "customer.updated"})
EVENT_ID_LENGTH_MAX = 200
# A sender's clock may run ahead of ours by this much.
EVENT_FUTURE_MAX = timedelta(minutes=5)
# Older events would earn points in programs that have long been settled.
EVENT_AGE_MAX = timedelta(days=365)
EVENT_DATA_BYTES_MAX = 8_000
CURRENCY = re.compile(r"[A-Z]{3}")
# By their names without regard to case, as sources write them.
ZONES: Mapping[str, str] = {name.casefold(): name for name in available_timezones()}
ZONE_DEFAULT = "UTC"


@dataclass(frozen=True, slots=True)
class EventProblem:
    """Why an event is not taken in."""

    code: str
    message: str


def zone_of(told: str) -> str:
    """Give the IANA zone that a source tells; ``ZONE_DEFAULT`` where it tells none that exists.

    One customer's impossible zone must not stop the messages of all others that are placed with it.
    """
    return ZONES.get(told.strip().casefold(), ZONE_DEFAULT)


def is_consent(channel: str, purpose: str) -> bool:
    """Tell whether the pair of channel and purpose exists."""
    return channel in set(Channel) and purpose in set(Purpose)


def all_consents() -> Iterable[tuple[str, str]]:
    """Give every pair of channel and purpose."""
    return [(str(channel), str(purpose)) for channel in Channel for purpose in Purpose]


def check_event_time(occurred_at: datetime, now: datetime) -> EventProblem | None:
    """Say why an event's time is not accepted, or None."""
    if occurred_at > now + EVENT_FUTURE_MAX:
        return EventProblem("event.in_the_future", "occurred_at lies in the future.")
    if occurred_at < now - EVENT_AGE_MAX:
        return EventProblem("event.too_old", f"occurred_at is older than {EVENT_AGE_MAX.days} days.")
    return None


def check_event_type(event_type: object) -> EventProblem | None:
    """Say why an event's type is not accepted, or None."""
    if not isinstance(event_type, str) or not EVENT_TYPE.fullmatch(event_type):
        return EventProblem("event.type_invalid", "event_type reads customer.<what happened>, as in customer.purchase.")
    if event_type in EVENT_TYPES_RESERVED:
        return EventProblem("event.type_reserved", f"{event_type} is published by the platform alone.")
    return None


def check_event_data(data: Mapping[str, Any]) -> EventProblem | None:
    """Say why an event's data is not accepted, or None; amounts are checked here, since every earning reads them."""
    if data.get("amount") is not None:
        try:
            amount = parse_amount(data["amount"])
        except Refusal as refusal:
            return EventProblem("event.amount_invalid", refusal.detail)
        if amount < 0:
            return EventProblem("event.amount_invalid", "amount is not negative; send a reversal for a return.")
    currency = data.get("currency")
    if currency is not None and not (isinstance(currency, str) and CURRENCY.fullmatch(currency)):
        return EventProblem("event.currency_invalid", "currency is an ISO 4217 code such as EUR.")
    return None
