"""What customers do with a message: open it, follow a link, withdraw their consent; and what machines do with it."""

import hashlib
import uuid
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.customers import api as customers
from loyalty.delivery.contracts import WayOut
from loyalty.delivery.errors import LinkInvalid
from loyalty.delivery.events import MessageClicked, MessageFact, MessageOpened
from loyalty.delivery.kinds import links
from loyalty.delivery.kinds.email.markup import quoted_for_link
from loyalty.delivery.policy.machines import Machine, Visitor, machine_of
from loyalty.delivery.policy.templates import Variable, one_line, parse, text_of
from loyalty.delivery.policy.variables import OWN_VARIABLES
from loyalty.foundation.events import api as events
from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.exact_json import ExactDecoder
from loyalty.foundation.orm import sql

# An open or a click proves that the message arrived, also when the outcome of sending was not known.
OPENED = """
    UPDATE delivery_send SET opened_at = %(now)s,
        state = CASE WHEN state IN ('SENDING', 'SENT', 'DELIVERED', 'UNKNOWN') THEN 'OPENED' ELSE state END
    WHERE id = %(id)s AND opened_at IS NULL RETURNING id
"""
CLICKED = """
    UPDATE delivery_send SET clicked_at = %(now)s,
        state = CASE WHEN state IN ('SENDING', 'SENT', 'DELIVERED', 'OPENED', 'UNKNOWN') THEN 'CLICKED' ELSE state END
    WHERE id = %(id)s AND clicked_at IS NULL RETURNING id
"""
VALUES = """
    SELECT s.variables, d.first_name, d.last_name, d.customer_ref
    FROM delivery_send s LEFT JOIN customers_directory d ON d.customer_id = s.customer_id WHERE s.id = %s
"""
UNSUBSCRIBED = "UPDATE delivery_send SET unsubscribed_at = coalesce(unsubscribed_at, %(now)s) WHERE id = %(id)s"
READ = """
    SELECT s.public_id, s.channel, m.purpose, m.is_test, m.occurrence_key, m.source_kind, m.source_ref,
        d.public_id AS customer_public_id, coalesce(nullif(f.language, ''), d.language, '') AS language
    FROM delivery_send s JOIN delivery_message m ON m.id = s.message_id
    LEFT JOIN customers_directory d ON d.customer_id = s.customer_id
    LEFT JOIN delivery_preference f ON f.customer_id = s.customer_id WHERE s.id = %s
"""


VISITED = """
    INSERT INTO delivery_visit AS v
        (send_id, action, target, target_digest, machine, user_agent, visits, first_at, last_at)
    VALUES (%(id)s, %(action)s, %(target)s, %(digest)s, %(machine)s, %(agent)s, 1, %(now)s, %(now)s)
    ON CONFLICT (send_id, action, target_digest, machine)
        DO UPDATE SET visits = v.visits + 1, last_at = greatest(v.last_at, excluded.last_at)
"""
USER_AGENT_LENGTH_MAX = 300


@transaction.atomic
def open_by(*, token: str, visitor: Visitor, now: datetime) -> None:
    """Note the first open of a message; a machine's is marked and counts nowhere.

    :raises LinkInvalid: the link is not ours.
    """
    send_id = links.read_open(token)
    machine = _look_at(send_id, visitor, is_open=True, now=now)
    if machine:
        _mark(send_id, "open", "", machine, visitor, now)
        return
    _note(send_id, OPENED, MessageOpened, now)


@transaction.atomic
def note_shown(*, send_id: uuid.UUID, now: datetime) -> None:
    """Note that the app showed a message, by its public id."""
    row = sql.fetch_one("SELECT id FROM delivery_send WHERE public_id = %s", [send_id])
    if row is not None:
        _note(row["id"], OPENED, MessageOpened, now)


@transaction.atomic
def click_by(*, token: str, visitor: Visitor, now: datetime) -> str:
    """Note a click in a message and give the address that it leads to; a machine's is marked and counts nowhere.

    :raises LinkInvalid: the link is not ours.
    """
    send_id, target = links.read_click(token)
    _click(send_id, target, visitor, now)
    return target


@transaction.atomic
def short_click_by(*, token: str, visitor: Visitor, now: datetime) -> str:
    """Note a click on a short link and give the address that it leads to, with the customer's values in it.

    :raises LinkInvalid: the link is not ours.
    """
    send_id, written = links.read_short(token)
    target = _filled(send_id, written)
    _click(send_id, target, visitor, now)
    return target


def _click(send_id: int, target: str, visitor: Visitor, now: datetime) -> None:
    machine = _look_at(send_id, visitor, is_open=False, now=now)
    _mark(send_id, "click", target, machine, visitor, now)
    if not machine:
        _note(send_id, OPENED, MessageOpened, now)
        _note(send_id, CLICKED, MessageClicked, now, target=target)


def _look_at(send_id: int, visitor: Visitor, *, is_open: bool, now: datetime) -> Machine:
    """Tell what shows that a visit is a machine's.

    :raises LinkInvalid: the message is gone.
    """
    row = sql.fetch_one("SELECT sent_at FROM delivery_send WHERE id = %s", [send_id])
    if row is None:
        raise LinkInvalid()
    return machine_of(visitor, is_open=is_open, sent_at=row["sent_at"], now=now)


def _mark(send_id: int, action: str, target: str, machine: Machine, visitor: Visitor, now: datetime) -> None:
    params = {
        "id": send_id,
        "action": action,
        "target": target,
        "digest": hashlib.sha256(target.encode()).digest(),
        "machine": machine.value,
        "agent": one_line(visitor.user_agent)[:USER_AGENT_LENGTH_MAX],
        "now": now,
    }
    sql.execute(VISITED, params)


def _filled(send_id: int, written: str) -> str:
    """Put the customer's values into a link; one that is gone since leaves its place empty."""
    row = sql.fetch_one(VALUES, [send_id])
    if row is None:
        raise LinkInvalid()
    variables: dict[str, Any] = ExactDecoder().decode(row["variables"]) if row["variables"] else {}
    values = {**variables, **{name: row[name] for name in OWN_VARIABLES}}
    return "".join(
        quoted_for_link(text_of(values.get(part.name)) or part.fallback or "") if isinstance(part, Variable) else part
        for part in parse(written).parts
    )


def _note(send_id: int, statement: str, kind: type[MessageFact], now: datetime, **more: str) -> None:
    if not sql.fetch_all(statement, {"id": send_id, "now": now}):
        return
    row = _read(send_id)
    if row["is_test"]:
        return
    fact = kind(
        send_id=str(row["public_id"]),
        channel=row["channel"],
        customer_id=str(row["customer_public_id"] or ""),
        occurrence_key=row["occurrence_key"],
        source_kind=row["source_kind"],
        source_ref=str(row["source_ref"]),
        **more,
    )
    key = str(row["customer_public_id"] or "")
    events.publish(fact, key=key, subject_kind="customer", subject_ref=key, occurred_at=now)


def _read(send_id: int) -> dict[str, Any]:
    row = sql.fetch_one(READ, [send_id])
    if row is None:
        raise LinkInvalid()
    return row


def find_way_out(*, token: str) -> WayOut:
    """Give what an unsubscribe link is about.

    :raises LinkInvalid: the link is not ours.
    """
    send_id = links.read_unsubscribe(token)
    row = _read(send_id)
    return WayOut(row["channel"], row["purpose"], row["language"], links.preferences_token(send_id))


@transaction.atomic
def unsubscribe_by(*, token: str, now: datetime) -> None:
    """Withdraw the customer's consent for the message's channel and purpose; doing it again changes nothing.

    A test message withdraws nobody's consent: the person who reads it is not the customer it was rendered for.

    :raises LinkInvalid: the link is not ours.
    """
    row = _read(links.read_unsubscribe(token))
    customer: uuid.UUID | None = row["customer_public_id"]
    if customer is not None and not row["is_test"]:
        customers.withdraw_consent(
            customer_id=customer,
            channel=row["channel"],
            purpose=row["purpose"],
            source="unsubscribe_link",
            reason=f"message {row['public_id']}",
            actor=system_actor("delivery.unsubscribe"),
            now=now,
        )
        sql.execute(UNSUBSCRIBED, {"id": links.read_unsubscribe(token), "now": now})
