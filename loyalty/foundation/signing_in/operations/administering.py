"""What an administrator sees and does about the sign-in of others."""

from datetime import datetime
from typing import Any

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.signing_in.contracts import SignInState
from loyalty.foundation.signing_in.operations import entering, second_factor, sessions
from loyalty.foundation.signing_in.operations.notes import note
from loyalty.foundation.signing_in.queries import get_password_state


def get_state(user: Any, now: datetime) -> SignInState:
    """Tell how somebody signs in."""
    password = get_password_state(user)
    return SignInState(
        user_id=user.public_id,
        has_password=user.has_usable_password(),
        password_changed_at=password.changed_at,
        must_change_password=password.must_change,
        has_second_factor=second_factor.is_enrolled(user),
        is_slowed_until=entering.slowed_until(user=user, now=now),
    )


def unlock(*, user: Any, actor: Actor, now: datetime) -> None:
    """Let attempts for the account begin anew."""
    entering.forget_attempts(user=user)
    note("unlock", user=user, actor=actor, at=now)


def end_all(*, user: Any, actor: Actor, now: datetime) -> int:
    """End every session of a user."""
    ended = sessions.end_all(user=user, reason="revoked", now=now)
    note("end_session", user=user, actor=actor, at=now, sessions_ended=ended)
    return ended
