"""What is tried again and what failed for good: a second chance where it cannot double a message, or giving up."""

import uuid
from datetime import datetime

from django.db import transaction

from loyalty.delivery.contracts import SendState
from loyalty.delivery.errors import SendNotFound, SendNotRetryable
from loyalty.delivery.models import Send
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work

GIVEN_UP = "send.given_up"
# In these the provider said no, so nothing of the message is on its way.
REFUSED = frozenset({SendState.FAILED.value, SendState.BOUNCED.value})
# A worker that holds such a row finds it taken when it begins, because the claim is another one by then.
RETRY_ALL = """
    UPDATE delivery_send s SET due_at = %(now)s FROM (
        SELECT id FROM delivery_send WHERE state = 'QUEUED' AND attempts > 0 AND due_at > %(now)s
            AND channel = %(channel)s AND (%(source)s::uuid IS NULL OR source_ref = %(source)s) ORDER BY id FOR UPDATE
    ) w WHERE s.id = w.id
"""
# As retry_send does it with one. A bounced address is suppressed, so trying it again is left to who looks at that one.
RETRY_FAILED = """
    UPDATE delivery_send s SET state = 'QUEUED', reason = '', due_at = %(now)s, claim = NULL, ended_at = NULL,
        queued_at = %(now)s, attempts = 0
    FROM (
        SELECT id FROM delivery_send WHERE state = 'FAILED' AND channel = %(channel)s
            AND (%(source)s::uuid IS NULL OR source_ref = %(source)s) ORDER BY id FOR UPDATE
    ) w WHERE s.id = w.id
"""


@transaction.atomic
def retry_send(*, send_id: uuid.UUID, actor: Actor, now: datetime) -> Send:
    """Try a message again at once: one that waits for its next try, or one that was refused for good.

    The contact policy is asked again, so an address that is suppressed meanwhile is skipped.

    :raises SendNotFound: there is none.
    :raises SendNotRetryable: it went, may have gone, or was never to go.
    """
    send = _lock(send_id)
    if send.state in REFUSED:
        _again(send, now)
    elif _is_retried(send):
        send.due_at = now
        send.save(update_fields=["due_at"])
    else:
        raise SendNotRetryable(
            f"A message that is {send.state} is not tried again; it could go twice.", state=send.state
        )
    _record(send, "retry", actor, now)
    work.ring("delivery.send_due")
    return send


@transaction.atomic
def give_up(*, send_id: uuid.UUID, actor: Actor, now: datetime) -> Send:
    """Try a message no more that waits for its next try.

    :raises SendNotFound: there is none.
    :raises SendNotRetryable: it does not wait for a next try.
    """
    send = _lock(send_id)
    if not _is_retried(send):
        raise SendNotRetryable(f"A message that is {send.state} does not wait for a next try.", state=send.state)
    Send.objects.filter(pk=send.pk).update(
        state=SendState.SKIPPED, reason=GIVEN_UP, due_at=None, claim=None, ended_at=now
    )
    send.refresh_from_db()
    _record(send, "give_up", actor, now)
    return send


@transaction.atomic
def retry_all(
    *, channel: str, source_ref: uuid.UUID | None, actor: Actor, now: datetime, is_failed_included: bool = False
) -> int:
    """Try at once everything on a channel that waits for its next try, for one source or for all; give how many.

    With ``is_failed_included`` also what its provider refused for good: after a mistake of ours is mended.
    """
    params = {"channel": channel, "source": source_ref, "now": now}
    count = sql.execute(RETRY_ALL, params)
    count += sql.execute(RETRY_FAILED, params) if is_failed_included else 0
    audit.record(
        actor=actor,
        act="delivery.retry",
        subject_kind="channel",
        subject_ref=channel,
        at=now,
        after={
            "messages": count,
            "source": str(source_ref) if source_ref else None,
            "is_failed_included": is_failed_included,
        },
    )
    work.ring("delivery.send_due")
    return count


def _lock(send_id: uuid.UUID) -> Send:
    found = Send.objects.select_for_update().filter(public_id=send_id).first()
    if found is None:
        raise SendNotFound()
    return found


def _is_retried(send: Send) -> bool:
    return send.state == SendState.QUEUED and send.attempts > 0 and send.due_at is not None


def _again(send: Send, now: datetime) -> None:
    Send.objects.filter(pk=send.pk).update(
        state=SendState.QUEUED, reason="", due_at=now, claim=None, ended_at=None, queued_at=now, attempts=0
    )
    send.refresh_from_db()


def _record(send: Send, what: str, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor,
        act="delivery.retry",
        subject_kind="send",
        subject_ref=str(send.public_id),
        at=now,
        after={"what": what, "state": send.state, "channel": send.channel},
    )
