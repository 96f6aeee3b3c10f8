"""The inbox in the operator's app: a message is delivered when its row is written, and written twice it is one."""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from loyalty.delivery.contracts import ChannelCode, Outgoing, Receipt, Rendered
from loyalty.delivery.errors import DeliveryError
from loyalty.delivery.kinds import addresses, notices
from loyalty.delivery.kinds.http import instant_of_call
from loyalty.foundation.kernel.errors import FieldProblem
from loyalty.foundation.orm import sql

BODY_LENGTH_MAX = 10_000
# How long a message is shown unless it says so itself, and at most.
DAYS, DAYS_MAX = 30, 365
EXPIRES = "expires_days"

WRITE = """
    WITH given AS (
        SELECT * FROM unnest(%(ids)s::uuid[], %(customers)s::uuid[], %(titles)s::text[], %(bodies)s::text[],
            %(urls)s::text[], %(ends)s::timestamptz[]) AS g (send_id, customer, title, body, url, expires_at)
    ), known AS (
        SELECT g.*, d.customer_id FROM given g JOIN customers_directory d ON d.public_id = g.customer
    ), written AS (
        INSERT INTO delivery_inboxitem (public_id, customer_id, title, body, url, expires_at, created_at)
        SELECT send_id, customer_id, title, body, url, expires_at, %(now)s FROM known ON CONFLICT DO NOTHING
    )
    SELECT send_id FROM known
"""


class InAppChannel:
    """Messages that the operator's app shows."""

    code = ChannelCode.IN_APP.value
    address_words = addresses.CUSTOMER_WORDS
    # One statement writes them all.
    window = 50
    is_repeatable = True

    def is_configured(self) -> bool:
        """Tell that the inbox is always there."""
        return True

    def is_address(self, text: str) -> bool:
        """Tell whether it is the id of a customer."""
        return addresses.is_customer(text)

    def problems_of(self, content: Mapping[str, object], field: str, known: Collection[str]) -> list[FieldProblem]:
        """Tell what is wrong with a content; ``expires_days`` may be left out."""
        notice = {name: value for name, value in content.items() if name != EXPIRES}
        found = notices.problems_of(notice, field, known, body_length_max=BODY_LENGTH_MAX)
        days = content.get(EXPIRES, str(DAYS))
        if not (isinstance(days, str) and days.isascii() and days.isdigit() and 1 <= int(days[:6]) <= DAYS_MAX):
            message = f"A whole number of days from 1 to {DAYS_MAX}, as a text."
            found.append(FieldProblem(f"{field}.{EXPIRES}", "invalid", message))
        return found

    def variables_of(self, content: Mapping[str, str]) -> tuple[str, ...]:
        """Give the names that a content uses."""
        return notices.variables_of(content)

    def render(
        self, content: Mapping[str, str], values: Mapping[str, object], *, send_id: int | None, is_marketing: bool
    ) -> Rendered:
        """Give the message of one customer."""
        rendered = notices.render(content, values, send_id=send_id)
        return replace(rendered, parts={EXPIRES: content.get(EXPIRES, str(DAYS))})

    def headers(self, *, send_id: int, is_marketing: bool) -> Mapping[str, str]:
        """Give nothing: there is no envelope."""
        return {}

    @contextmanager
    def connect(self) -> Iterator["Inbox"]:
        """Give the inbox."""
        yield Inbox()


class Inbox:
    """The table of messages."""

    def hand_over(self, messages: Sequence[Outgoing]) -> Sequence[Receipt | DeliveryError]:
        """Write a window of messages in one statement; those that are written already stay as they are."""
        now = instant_of_call()
        named = [(one, customer) for one in messages if (customer := _customer_of(one.address)) is not None]
        rows = sql.fetch_all(
            WRITE,
            {
                "ids": [one.send_id for one, _ in named],
                "customers": [customer for _, customer in named],
                "titles": [one.rendered.subject for one, _ in named],
                "bodies": [one.rendered.text for one, _ in named],
                "urls": [one.rendered.url for one, _ in named],
                "ends": [_end_of(one, now) for one, _ in named],
                "now": now,
            },
        )
        known = {row["send_id"] for row in rows}
        return [_receipt_of(one.send_id in known) for one in messages]


def _receipt_of(is_written: bool) -> Receipt | DeliveryError:
    if is_written:
        return Receipt(is_final=True)
    return DeliveryError("in_app.no_customer", "The address names no customer.", is_permanent=True)


def _end_of(message: Outgoing, now: datetime) -> datetime:
    return now + timedelta(days=int(message.rendered.parts[EXPIRES]))


def _customer_of(address: str) -> uuid.UUID | None:
    # A test message has an address of the operator's own choice; it may name a customer, too.
    try:
        return uuid.UUID(address)
    except ValueError:
        return None
