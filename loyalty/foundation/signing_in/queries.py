"""Reads of signing in."""

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from loyalty.foundation.signing_in import policy
from loyalty.foundation.signing_in.models import PasswordState, Session


def lifetime() -> timedelta:
    """How long a session lasts at most, from the sign-in on."""
    return timedelta(hours=settings.LOYALTY_SESSION_HOURS)


def idle() -> timedelta:
    """How long a session lasts while nobody is seen."""
    return timedelta(minutes=settings.LOYALTY_SESSION_IDLE_MINUTES)


def list_open_sessions(user: Any, now: datetime) -> QuerySet[Session]:
    """Give the sessions of a user that are open, the newest first."""
    rows = Session.objects.filter(user=user, ended_at=None, expires_at__gt=now, last_seen_at__gt=now - idle())
    return rows.order_by("-id")


def find_session(key: str, now: datetime) -> Session | None:
    """Find the open session of a cookie's key; ended, too old and idle ones are none."""
    row = Session.objects.filter(digest=digest_of(key)).first()
    if row is None or row.ended_at is not None or row.expires_at <= now:
        return None
    return None if policy.has_idled_out(row.last_seen_at, now, idle()) else row


def find_session_of_token(token_id: uuid.UUID, now: datetime) -> Session | None:
    """Find the open session that a sign-in's bearer token belongs to; a token of another kind has none."""
    return Session.objects.filter(token_ref=token_id, ended_at=None, expires_at__gt=now).first()


def digest_of(key: str) -> bytes:
    """Give what is kept of a cookie's key."""
    return hashlib.sha256(key.encode()).digest()


def get_password_state(user: Any) -> PasswordState:
    """Give what is known of a user's password; an unsaved one where nothing is."""
    return PasswordState.objects.filter(user=user).first() or PasswordState(user=user)
