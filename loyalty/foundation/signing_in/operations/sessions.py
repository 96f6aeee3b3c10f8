"""Sessions: begun by a sign-in, looked at, ended one by one or all at once."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.foundation.access import api as access
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.signing_in import policy
from loyalty.foundation.signing_in.contracts import Entry, Visitor
from loyalty.foundation.signing_in.errors import SessionNotFound
from loyalty.foundation.signing_in.models import ProviderFlow, Session
from loyalty.foundation.signing_in.operations import counting
from loyalty.foundation.signing_in.operations.notes import note
from loyalty.foundation.signing_in.queries import lifetime, list_open_sessions


def begin(*, digest: bytes, user: Any, entry: Entry, visitor: Visitor, hint: str = "", now: datetime) -> str | None:
    """Give a fresh session its user, and a bearer token that ends with it; None while the session is limited."""
    token = None
    if not entry.limited_by:
        token = access.create_token(user_id=user.public_id, name="login", now=now, lifetime=lifetime())
    Session.objects.filter(digest=digest).update(
        user=user,
        kind=entry.kind,
        began_at=now,
        last_seen_at=now,
        expires_at=now + lifetime(),
        proved_at=now,
        has_second_factor=entry.has_second_factor,
        limited_by=entry.limited_by,
        address=visitor.address,
        agent=visitor.agent,
        provider_hint=hint,
        token_ref=token.id if token else None,
    )
    note("open_session", user=user, at=now, visitor=visitor, kind=entry.kind, second_factor=entry.has_second_factor)
    return token.secret if token else None


def see(*, session: Session, visitor: Visitor, now: datetime) -> None:
    """Remember that the session was used, at most once a minute or when the address changes."""
    if now - session.last_seen_at >= policy.LAST_SEEN_STEP or session.address != visitor.address:
        Session.objects.filter(pk=session.pk).update(last_seen_at=now, address=visitor.address, agent=visitor.agent)


@transaction.atomic
def prove(*, session: Session, user: Any, visitor: Visitor, now: datetime) -> None:
    """Remember that the person proved again who they are."""
    Session.objects.filter(pk=session.pk).update(proved_at=now)
    note("step_up", user=user, at=now, visitor=visitor, session=str(session.public_id))


def unlimit(*, session: Session, reason: str, then: str = "", has_second_factor: bool | None = None) -> None:
    """Take away what limited the session, once it is done; something else may be due after it."""
    rows = Session.objects.filter(pk=session.pk)
    rows.filter(limited_by=reason).update(limited_by=then)
    if has_second_factor is not None:
        rows.update(has_second_factor=has_second_factor)


@transaction.atomic
def end(*, rows: Sequence[Session], reason: str, now: datetime) -> int:
    """End sessions and their bearer tokens at once."""
    ids = [row.pk for row in rows]
    access.revoke_tokens(token_ids=[row.token_ref for row in rows if row.token_ref is not None], now=now)
    return Session.objects.filter(pk__in=ids, ended_at=None).update(
        ended_at=now, ended_by=reason, data="", provider_hint=""
    )


@transaction.atomic
def end_one(*, user: Any, session_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """End one session of a user.

    :raises SessionNotFound: there is none that is open.
    """
    found = list_open_sessions(user, now).filter(public_id=session_id).first()
    if found is None:
        raise SessionNotFound()
    end(rows=[found], reason="revoked", now=now)
    note("end_session", user=user, actor=actor, at=now, session=str(session_id))


@transaction.atomic
def end_others(*, user: Any, actor: Actor, but: int | None, now: datetime) -> int:
    """End all own sessions but the one that asks."""
    ended = end_all(user=user, reason="revoked", now=now, but=but)
    note("end_session", user=user, actor=actor, at=now, sessions_ended=ended)
    return ended


@transaction.atomic
def end_all(*, user: Any, reason: str, now: datetime, but: int | None = None) -> int:
    """End all open sessions of a user, but one; the number is given."""
    rows = list(list_open_sessions(user, now).select_for_update(of=("self",)).exclude(pk=but or 0))
    return end(rows=rows, reason=reason, now=now)


def clear(now: datetime) -> int:
    """Drop what is over: old sessions, sign-ins that never came back from the provider, counts of past windows."""
    over = Session.objects.filter(expires_at__lt=now - policy.SESSION_KEPT)
    nobody = Session.objects.filter(user=None, expires_at__lt=now)
    dropped = over.delete()[0] + nobody.delete()[0]
    dropped += ProviderFlow.objects.filter(expires_at__lt=now).delete()[0]
    return dropped + counting.forget_old(now)
