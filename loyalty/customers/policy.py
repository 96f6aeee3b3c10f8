"""Decisions on consents, events from outside, whose word about a customer is the later, and attributes; purely."""

import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import available_timezones

from loyalty.customers.contracts import (
    AttributeKind,
    AttributeView,
    Channel,
    ConsentRecord,
    CustomerRecord,
    CustomerStatus,
    Mark,
    ProfileNews,
    Purpose,
)
from loyalty.foundation.kernel.errors import FieldProblem, Refusal
from loyalty.foundation.kernel.money import parse_amount

# Without an answer of the customer a message about their own service is lawful, advertising is not.
DEFAULT_CONSENT: Mapping[str, bool] = {Purpose.MARKETING: False, Purpose.SERVICE: True}

EVENT_TYPE = re.compile(r"customer\.[a-z][a-z0-9_]{0,60}")
# The platform says these itself; from outside they would be lies about our own tables.
EVENT_TYPES_RESERVED = frozenset(
    {"customer.created", "customer.updated", "customer.erased", "customer.merged", "customer.attribute_changed"}
)
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
# How sources call the three states.
STATUSES: Mapping[str, CustomerStatus] = {
    "active": CustomerStatus.ACTIVE,
    "approved": CustomerStatus.ACTIVE,
    "suspended": CustomerStatus.SUSPENDED,
    "closed": CustomerStatus.CLOSED,
    "terminated": CustomerStatus.CLOSED,
}
# What a source calls a way that has another name here.
CHANNEL_NAMES: Mapping[str, str] = {"phone": Channel.SMS}

CUSTOMER_CREATED = "bss.customer_created"
CUSTOMER_CHANGED = "bss.customer_changed"
STATUS_CHANGED = "bss.customer_status_changed"
CONSENT_CHANGED = "bss.consent_changed"
# By these alone somebody becomes known whom nobody knew.
MAKING_TYPES = frozenset({CUSTOMER_CREATED, CUSTOMER_CHANGED})
PROFILE_TYPES = MAKING_TYPES | {STATUS_CHANGED, CONSENT_CHANGED}
CONSENTS_MAX = 20
VERSION_MAX = 2**63 - 1
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{2,29}")
# PostgreSQL has no text with these.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
BORN_FIRST = date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class EventProblem:
    """Why an event is not taken in; ``field`` is the place in it, as the webhook names it."""

    code: str
    message: str
    field: str = ""


class ValueUnreadable(ValueError):
    """What a source tells at one place of a profile cannot be read."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = f"event_data.{field}" if field else "event_data"


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
        return EventProblem("event.in_the_future", "occurred_at lies in the future.", "occurred_at")
    if occurred_at < now - EVENT_AGE_MAX:
        message = f"occurred_at is older than {EVENT_AGE_MAX.days} days."
        return EventProblem("event.too_old", message, "occurred_at")
    return None


def check_event_type(event_type: object) -> EventProblem | None:
    """Say why an event's type is not accepted, or None."""
    if not isinstance(event_type, str) or not EVENT_TYPE.fullmatch(event_type):
        message = "event_type reads customer.<what happened>, as in customer.purchase."
        return EventProblem("event.type_invalid", message, "event_type")
    if event_type in EVENT_TYPES_RESERVED:
        return EventProblem("event.type_reserved", f"{event_type} is published by the platform alone.", "event_type")
    return None


def check_event_data(data: Mapping[str, Any]) -> EventProblem | None:
    """Say why an event's data is not accepted, or None; amounts are checked here, since every earning reads them."""
    if data.get("amount") is not None:
        try:
            amount = parse_amount(data["amount"])
        except Refusal as refusal:
            return EventProblem("event.amount_invalid", refusal.detail, "event_data.amount")
        if amount < 0:
            message = "amount is not negative; send a reversal for a return."
            return EventProblem("event.amount_invalid", message, "event_data.amount")
    currency = data.get("currency")
    if currency is not None and not (isinstance(currency, str) and CURRENCY.fullmatch(currency)):
        message = "currency is an ISO 4217 code such as EUR."
        return EventProblem("event.currency_invalid", message, "event_data.currency")
    return None


def is_later(told: Mark, held: Mark | None) -> bool:
    """Tell whether what is told counts beside what is held.

    Of one source that numbers its words the number decides, and otherwise the instant. Of equals the one that comes
    last counts: a topic keeps the order of one customer's messages, and clocks of sources may know whole seconds only.
    """
    if held is None:
        return True
    if told.version is not None and held.version is not None and told.source == held.source:
        return told.version >= held.version
    return told.at >= held.at


def take_news(
    values: MutableMapping[str, Any], marks: MutableMapping[str, Mark], imported_at: datetime | None, news: ProfileNews
) -> list[str]:
    """Put what a source told into the values and marks of one customer, field by field; give the fields that counted.

    :param imported_at: when an import told all fields at once; None when none did.
    """
    imported = None if imported_at is None else Mark(imported_at, None, "")
    taken = []
    for name, value in news.fields.items():
        held = marks.get(name)
        if imported is not None and (held is None or held.at < imported.at):
            held = imported
        if is_later(news.mark, held):
            values[name], marks[name] = value, news.mark
            taken.append(name)
    return taken


def read_profile(
    event_type: str, data: Mapping[str, Any], *, told_at: datetime, source: str, now: datetime
) -> ProfileNews | EventProblem:
    """Read what an event tells of a customer; what it does not name stays, and what it names as null is emptied."""
    if event_type not in PROFILE_TYPES:
        known = ", ".join(sorted(PROFILE_TYPES))
        return EventProblem("event.type_invalid", f"{event_type[:80]} is none of {known}.", "event_type")
    try:
        version = _read_version(data.get("version"))
        named = () if event_type == CONSENT_CHANGED else ("status",) if event_type == STATUS_CHANGED else READERS
        fields = {name: _read_field(name, data[name], now) for name in named if name in data}
        consents = () if event_type == STATUS_CHANGED else _read_consents(event_type, data, told_at, now)
        if event_type not in MAKING_TYPES and not fields and not consents:
            raise ValueUnreadable("", "It tells neither a status nor a consent.")
    except ValueUnreadable as fault:
        return EventProblem("customer.profile_invalid", str(fault), fault.field)
    return ProfileNews(Mark(told_at, version, source), fields, consents)


def _read_version(told: object) -> int | None:
    if told is None:
        return None
    if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) < 20:
        told = int(told)
    if isinstance(told, bool) or not isinstance(told, int) or not 0 <= told <= VERSION_MAX:
        raise ValueUnreadable("version", "version is a whole number that is not negative.")
    return told


def _read_field(name: str, told: object, now: datetime) -> Any:
    """Give a field's value; null and an empty text empty it."""
    if told is None or told == "":
        if name == "status":
            raise ValueUnreadable(name, "status is never empty.")
        return PROFILE_EMPTY[name]
    try:
        value = READERS[name](told)
    except ValueError as fault:
        raise ValueUnreadable(name, f"{name} {fault}") from fault
    if name == "birth_date" and not BORN_FIRST <= value <= now.date():
        raise ValueUnreadable(name, "birth_date lies in no lifetime.")
    return value


def _text(length_max: int, fitting: re.Pattern[str] | None = None) -> Callable[[object], str]:
    def read(told: object) -> str:
        if not isinstance(told, str) or len(told) > length_max or UNSTORABLE.search(told):
            raise ValueError(f"is a text of at most {length_max} characters that are characters.")
        if fitting is not None and not fitting.fullmatch(told):
            raise ValueError("does not read as one.")
        return told

    return read


def _phone(told: object) -> str:
    # Many a system keeps its numbers as numbers.
    text = str(told) if isinstance(told, int) and not isinstance(told, bool) else told
    return _text(40, PHONE)(text)


def _status(told: object) -> str:
    found = STATUSES.get(told.strip().lower()) if isinstance(told, str) else None
    if found is None:
        raise ValueError(f"is one of {', '.join(STATUSES)}.")
    return found.value


def _zone(told: object) -> str:
    found = ZONES.get(told.strip().casefold()) if isinstance(told, str) else None
    if found is None:
        raise ValueError("is a zone of the IANA database such as Asia/Beirut.")
    return found


def _date(told: object) -> date:
    try:
        return date.fromisoformat(told if isinstance(told, str) else "")
    except ValueError as fault:
        raise ValueError("is a date such as 1990-12-31.") from fault


# The fields that a source may tell, in the order in which they are read.
READERS: Mapping[str, Callable[[object], Any]] = {
    "first_name": _text(100),
    "last_name": _text(100),
    "status": _status,
    "language": _text(10, LANGUAGE),
    "time_zone": _zone,
    "city": _text(100),
    "gender": _text(20),
    "birth_date": _date,
    "customer_since": _date,
    "email": _text(254, EMAIL),
    "phone": _phone,
    "push_token": _text(254),
}
# What a field is when nobody told it: the same as for a record of an import.
PROFILE_EMPTY: Mapping[str, Any] = {name: getattr(CustomerRecord(customer_ref="-"), name) for name in READERS}


def _read_consents(
    event_type: str, data: Mapping[str, Any], told_at: datetime, now: datetime
) -> tuple[ConsentRecord, ...]:
    told = data.get("consents")
    if told is None:
        is_one = event_type == CONSENT_CHANGED and "channel" in data
        return (_read_consent(data, "", told_at, now),) if is_one else ()
    if not isinstance(told, list) or len(told) > CONSENTS_MAX or not all(isinstance(one, Mapping) for one in told):
        raise ValueUnreadable("consents", f"consents is a list of at most {CONSENTS_MAX} objects.")
    return tuple(_read_consent(one, f"consents[{place}].", told_at, now) for place, one in enumerate(told))


def _read_consent(told: Mapping[str, Any], place: str, told_at: datetime, now: datetime) -> ConsentRecord:
    channel, purpose, is_granted = told.get("channel"), told.get("purpose"), told.get("is_granted")
    channel = CHANNEL_NAMES.get(channel, channel) if isinstance(channel, str) else ""
    if not isinstance(purpose, str) or not is_consent(channel, purpose):
        wrong = "purpose" if any(is_consent(channel, purpose) for purpose in Purpose) else "channel"
        raise ValueUnreadable(f"{place}{wrong}", "A consent names a channel and a purpose that exist.")
    if not isinstance(is_granted, bool):
        raise ValueUnreadable(f"{place}is_granted", "is_granted of a consent is true or false.")
    changed_at = told_at if told.get("changed_at") is None else parse_instant(told["changed_at"])
    if changed_at is None or changed_at > now + EVENT_FUTURE_MAX:
        message = "changed_at of a consent is an RFC 3339 instant with its offset, and not in the future."
        raise ValueUnreadable(f"{place}changed_at", message)
    return ConsentRecord(channel, purpose, is_granted, changed_at)


def parse_instant(told: object) -> datetime | None:
    """Read an RFC 3339 instant with its offset; None for anything else."""
    if not isinstance(told, str) or len(told) > 40:
        return None
    try:
        instant = datetime.fromisoformat(told)
        return instant.astimezone(UTC) if instant.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


# A code is part of the name of a feature, and of a column.
ATTRIBUTE_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
# Each is a column of what rules may read of everybody.
ATTRIBUTES_MAX = 200
CHOICES_MAX, CHOICE_LENGTH_MAX, TEXT_LENGTH_MAX = 100, 100, 500
# What a decimal of a rule holds exactly on every side.
NUMBER_MAX, NUMBER_PLACES_MAX = Decimal("999999999999"), 6
TRUTHS: Mapping[str, bool] = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class ValueUnfit(Exception):
    """A value that is not of the kind of its attribute; the text says what it should be."""


def problems_of_attribute(code: str, label: str, kind: str, choices: Sequence[str]) -> list[FieldProblem]:
    """Give what is wrong with the definition of an attribute."""
    found = []
    if not ATTRIBUTE_CODE.fullmatch(code):
        found.append(FieldProblem("code", "invalid", "1 to 40 small letters, digits and _, beginning with a letter."))
    if not label.strip() or "\x00" in label:
        found.append(FieldProblem("label", "required", "Say what it is called."))
    if kind not in list(AttributeKind):
        found.append(FieldProblem("kind", "unknown", f"One of {', '.join(AttributeKind)}."))
    wants_choices = kind == AttributeKind.CHOICE
    odd = [one for one in choices if not one.strip() or len(one) > CHOICE_LENGTH_MAX or "\x00" in one]
    if wants_choices != bool(choices):
        why = "Say what may be chosen." if wants_choices else "Only a choice has these."
        found.append(FieldProblem("choices", "invalid", why))
    elif odd or len(set(choices)) != len(choices) or len(choices) > CHOICES_MAX:
        why = f"At most {CHOICES_MAX} different texts of 1 to {CHOICE_LENGTH_MAX} characters."
        found.append(FieldProblem("choices", "invalid", why))
    return found


def read_value(attribute: AttributeView, told: object) -> Any:
    """Give what was told as a value of an attribute, as it is kept; nothing, or an empty text, takes the value away.

    Texts of actions may name numbers, days and truths too, so that those are read out of texts as well.

    :raises ValueUnfit: it is none.
    """
    if told is None or (isinstance(told, str) and not told.strip()):
        return None
    if not isinstance(told, str | int | float | Decimal | date):
        raise ValueUnfit("This is a single value.")
    return _READERS[attribute.kind](attribute, told)


def _read_text(attribute: AttributeView, told: object) -> str:
    text = _as_text(told)
    if len(text) > TEXT_LENGTH_MAX or "\x00" in text:
        raise ValueUnfit(f"At most {TEXT_LENGTH_MAX} characters.")
    return text


def _read_choice(attribute: AttributeView, told: object) -> str:
    text = _as_text(told)
    if text not in attribute.choices:
        raise ValueUnfit(f"One of {', '.join(attribute.choices)}.")
    return text


def _read_number(attribute: AttributeView, told: object) -> Decimal:
    try:
        number = Decimal(str(told).strip()) if not isinstance(told, bool | date) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) > NUMBER_MAX or round(number, NUMBER_PLACES_MAX) != number:
        raise ValueUnfit(f"A number of at most {NUMBER_MAX:,} with at most {NUMBER_PLACES_MAX} decimals.")
    return number.normalize() + 0


def _read_boolean(attribute: AttributeView, told: object) -> bool:
    truth = told if isinstance(told, bool) else TRUTHS.get(str(told).strip().lower())
    if truth is None:
        raise ValueUnfit("True or false.")
    return truth


def _read_day(attribute: AttributeView, told: object) -> str:
    """Read a day, also of an instant, whose day it is in its own zone."""
    if isinstance(told, date):
        return (told.date() if isinstance(told, datetime) else told).isoformat()
    try:
        if not isinstance(told, str):
            raise ValueError
        return datetime.fromisoformat(told.strip()).date().isoformat()
    except ValueError:
        raise ValueUnfit("A day such as 2026-12-31.") from None


def _as_text(told: object) -> str:
    if isinstance(told, bool):
        return "true" if told else "false"
    return told.strip() if isinstance(told, str) else told.isoformat() if isinstance(told, date) else str(told)


_READERS: Mapping[AttributeKind, Callable[[AttributeView, object], Any]] = {
    AttributeKind.TEXT: _read_text,
    AttributeKind.CHOICE: _read_choice,
    AttributeKind.NUMBER: _read_number,
    AttributeKind.BOOLEAN: _read_boolean,
    AttributeKind.DATE: _read_day,
}
