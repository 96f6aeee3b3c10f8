"""Answers: messages that say the same, each to one customer at an occurrence of its own, opened and placed in sets."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from loyalty.delivery.contracts import Audience, MessageRequest, NewMessage
from loyalty.delivery.errors import OccurrenceContentDiffers
from loyalty.delivery.models import Message
from loyalty.delivery.operations.budgeting import keep_source_budget
from loyalty.delivery.operations.enqueue import BY_ANY, BY_KEYS, EACH, check_content, keep_content, place_rows
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work

OPEN = """
    INSERT INTO delivery_message (public_id, occurrence_key, channel, purpose, content_id, source_kind, source_ref,
        occurrence_ref, priority, is_test, is_complete, valid_until, program_ref, variants)
    SELECT n.id, n.key, %(channel)s, %(purpose)s, %(content)s, %(source_kind)s, %(source)s, n.ref, %(priority)s, false,
        %(is_complete)s, %(valid_until)s, %(program)s, %(variants)s::jsonb
    FROM unnest(%(ids)s::uuid[], %(keys)s::text[], %(refs)s::uuid[]) AS n (id, key, ref)
    ORDER BY n.key
    ON CONFLICT (occurrence_key, channel) DO NOTHING
"""


@transaction.atomic
def open_messages(*, request: MessageRequest, messages: Sequence[NewMessage], is_complete: bool) -> None:
    """Open messages that say the same, in one statement, each at an occurrence at which nothing was said before.

    :param request: what they have in common; its own occurrence is not read.
    :param is_complete: nobody comes to them after those who are placed next.
    :raises OccurrenceContentDiffers: something was said at one of the occurrences before.
    """
    for one in (request.content, *request.variants.values()):
        check_content(channel=request.channel, content=one, variables=request.variables)
    variants = {code: keep_content(request.channel, one).pk for code, one in request.variants.items()}
    opened = sql.execute(
        OPEN,
        {
            "channel": request.channel,
            "purpose": request.purpose,
            "content": keep_content(request.channel, request.content).pk,
            "source_kind": request.source_kind,
            "source": request.source_ref,
            "priority": request.priority,
            "is_complete": is_complete,
            "valid_until": request.valid_until,
            "program": request.program_ref,
            "variants": dumps_exact(variants).decode(),
            "ids": [one.id for one in messages],
            "keys": [one.occurrence_key for one in messages],
            "refs": [one.occurrence_ref for one in messages],
        },
    )
    if request.budget_amount is not None:
        keep_source_budget(source_ref=request.source_ref, amount=request.budget_amount)
    if opened != len(messages):
        raise OccurrenceContentDiffers("At one of these occurrences something was said before.")


@transaction.atomic
def enqueue_each(*, request: MessageRequest, audience: Audience, now: datetime) -> dict[uuid.UUID, str]:
    """Place customers, each with the message that their row of the audience names, in one statement.

    The caller has opened the messages in this transaction, for no more than one customer each.

    :param request: what the messages have in common.
    :return: by message the reason why its customer is not written to, or nothing where it was queued.
    """
    common = Message(
        channel=request.channel, purpose=request.purpose, source_ref=request.source_ref, priority=request.priority
    )
    sql.execute(BY_KEYS)
    rows = place_rows(common, audience, audience.sql, EACH, {}, now=now, is_held=False)
    sql.execute(BY_ANY)
    placed = {row["message"]: str(row["reason"]) for row in rows}
    if "" in placed.values():
        work.ring("delivery.send_due")
    return placed
