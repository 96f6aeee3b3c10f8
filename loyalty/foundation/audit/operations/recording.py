"""The one write of audit, by itself or as a part of the statement that makes the change."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from loyalty.foundation.kernel import origin
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.foundation.orm import sql

# Written by hand, because every posting of points writes a row here and building it as a model costs more than the row.
RECORD = """
    INSERT INTO audit_auditentry (public_id, at, actor_kind, actor_ref, actor_name, act, subject_kind, subject_ref,
        before, after, reason, request_id, remote_address, user_agent)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb, %s, %s, %s, %s)
"""
# The same as a part of the statement that makes the change, which stands there as `posted`: one round trip for both.
RECORD_POSTED = """
    INSERT INTO audit_auditentry (public_id, at, actor_kind, actor_ref, actor_name, act, subject_kind, subject_ref,
        before, after, reason, request_id, remote_address, user_agent)
    SELECT %(audit_id)s::uuid, %(audit_at)s::timestamptz, %(audit_actor_kind)s, %(audit_actor_ref)s,
        %(audit_actor_name)s, %(audit_act)s, %(audit_subject_kind)s, posted.{subject}::text, NULL,
        jsonb_build_object({after}), '', %(audit_request_id)s,
        %(audit_remote_address)s, %(audit_user_agent)s
    FROM posted WHERE NOT posted.is_replay
"""


def record(
    *,
    actor: Actor,
    act: str,
    subject_kind: str,
    subject_ref: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Write one row in the caller's transaction; ``act`` is the permission that the change needed."""
    came_from = origin.current()
    sql.execute(
        RECORD,
        [
            *(new_public_id(), at, actor.kind, actor.ref, actor.name, act, subject_kind, subject_ref),
            *(_json(before), _json(after), reason, came_from.request_id, came_from.address, came_from.agent),
        ],
    )


def recording(
    *, actor: Actor, act: str, subject_kind: str, subject: str, after: tuple[str, ...], at: datetime
) -> sql.Following:
    """Give the statement that writes the row of a posting as a part of the statement that posts.

    ``subject`` and ``after`` name columns of what was posted. A replay posts nothing and is not recorded.
    """
    came_from = origin.current()
    return sql.Following(
        statement=_record_posted(subject, after),
        params={
            "audit_id": new_public_id(),
            "audit_at": at,
            "audit_actor_kind": actor.kind,
            "audit_actor_ref": actor.ref,
            "audit_actor_name": actor.name,
            "audit_act": act,
            "audit_subject_kind": subject_kind,
            "audit_request_id": came_from.request_id,
            "audit_remote_address": came_from.address,
            "audit_user_agent": came_from.agent,
        },
    )


@cache
def _record_posted(subject: str, after: tuple[str, ...]) -> str:
    told = ", ".join(f"'{name}', posted.{name}" for name in after)
    return RECORD_POSTED.format(subject=subject, after=told)


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else dumps_exact(value).decode()
