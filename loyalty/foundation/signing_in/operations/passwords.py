"""Passwords: changed by their owner, demanded anew or reset by an administrator."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password as fits
from django.db import transaction

from loyalty.foundation.access import api as access
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.kernel.errors import TooMany
from loyalty.foundation.signing_in import policy
from loyalty.foundation.signing_in.contracts import ResetToken, Visitor
from loyalty.foundation.signing_in.errors import (
    PasswordMissing,
    PasswordUsedBefore,
    PasswordWrong,
    ResetTokenInvalid,
    SignInSlowed,
)
from loyalty.foundation.signing_in.models import FormerPassword, PasswordState
from loyalty.foundation.signing_in.operations import counting, sessions
from loyalty.foundation.signing_in.operations.notes import note
from loyalty.foundation.web.addresses import network_of
from loyalty.foundation.web.limits import Standing, Want

RESET_PREFIX = "klr_"


def slowed(standing: Standing) -> TooMany:
    """Give the refusal of a spent budget."""
    seconds = standing.resets_in_s
    return SignInSlowed(f"Too many attempts; try again in {seconds} seconds.", retry_after_s=seconds)


def prove_password(*, user: Any, password: str, now: datetime) -> None:
    """Check the password of somebody who is signed in, as a proof.

    :raises SignInSlowed: too many wrong proofs.
    :raises PasswordMissing: the user has none.
    :raises PasswordWrong: it is another one.
    """
    wants = [Want(limit, str(user.public_id)) for limit in policy.PROOF]
    refused = counting.reserve(wants, now=now)
    if refused is not None:
        raise slowed(refused)
    if not user.has_usable_password():
        raise PasswordMissing()
    if not user.check_password(password):
        raise PasswordWrong("This is not your present password.")
    counting.give_back(wants)


def change(*, user: Any, old: str, new: str, keep: int | None, visitor: Visitor, now: datetime) -> None:
    """Replace the own password and end all other sessions; ``keep`` is the session that asks.

    :raises PasswordWrong: the old one is another one.
    :raises PasswordTooWeak: the policy refuses the new one.
    :raises PasswordUsedBefore: the new one is the present or a former one.
    """
    prove_password(user=user, password=old, now=now)
    with transaction.atomic():
        locked = get_user_model().objects.select_for_update().get(pk=user.pk)
        _replace(locked, new, now)
        ended = sessions.end_all(user=locked, but=keep, reason="password_changed", now=now)
        note("change_password", user=locked, at=now, visitor=visitor, sessions_ended=ended)
    user.password = locked.password


def _replace(user: Any, new: str, now: datetime) -> None:
    access.check_password(new, user.username, user.email)
    former = FormerPassword.objects.filter(user=user).order_by("-id")
    known = [user.password, *former.values_list("encoded", flat=True)[: policy.PASSWORDS_REMEMBERED]]
    if any(fits(new, encoded) for encoded in known):
        raise PasswordUsedBefore(f"Choose one that is not among your last {policy.PASSWORDS_REMEMBERED + 1}.")
    if user.has_usable_password():
        FormerPassword.objects.create(user=user, encoded=user.password, replaced_at=now)
        kept = former.values_list("id", flat=True)[: policy.PASSWORDS_REMEMBERED]
        FormerPassword.objects.filter(user=user).exclude(id__in=list(kept)).delete()
    user.set_password(new)
    user.save(update_fields=["password"])
    PasswordState.objects.update_or_create(
        user=user, defaults={"changed_at": now, "must_change": False, "reset_digest": None, "reset_expires_at": None}
    )


@transaction.atomic
def demand_change(*, user: Any, actor: Actor, now: datetime) -> None:
    """Have the user change the password at the next sign-in, and end the open sessions."""
    PasswordState.objects.update_or_create(user=user, defaults={"must_change": True})
    ended = sessions.end_all(user=user, reason="password_demanded", now=now)
    note("demand_password", user=user, actor=actor, at=now, sessions_ended=ended)


def demand_first_change(user: Any, now: datetime) -> None:
    """Have a user who was just made change the password at the first sign-in; the caller records the making."""
    PasswordState.objects.update_or_create(user=user, defaults={"must_change": True, "changed_at": now})


@transaction.atomic
def issue_reset(*, user: Any, actor: Actor, now: datetime, lifetime: timedelta = policy.RESET_LIFETIME) -> ResetToken:
    """Give a token with which the user sets a new password once; an older token ends. Only its hash is kept."""
    secret = RESET_PREFIX + secrets.token_urlsafe(32)
    PasswordState.objects.update_or_create(
        user=user, defaults={"reset_digest": _digest(secret), "reset_expires_at": now + lifetime}
    )
    note("reset_password", user=user, actor=actor, at=now, expires_at=(now + lifetime).isoformat())
    return ResetToken(secret=secret, expires_at=now + lifetime)


def reset(*, token: str, new: str, visitor: Visitor, now: datetime) -> None:
    """Set a new password with a token, use the token up, and end all sessions.

    :raises SignInSlowed: too many wrong tokens from this address.
    :raises ResetTokenInvalid: unknown, used, too old, or its user is switched off.
    :raises PasswordTooWeak: the policy refuses the password; the token stays good.
    """
    wants = [Want(limit, network_of(visitor.address)) for limit in policy.RESET]
    refused = counting.reserve(wants, now=now)
    if refused is not None:
        raise slowed(refused)
    with transaction.atomic():
        state = PasswordState.objects.select_for_update().filter(reset_digest=_digest(token)).first()
        if state is None or state.reset_expires_at is None or state.reset_expires_at <= now:
            raise ResetTokenInvalid("Ask your administrator for a new one.")
        user = get_user_model().objects.select_for_update().get(pk=state.user_id)
        if not user.is_active:
            raise ResetTokenInvalid("Ask your administrator for a new one.")
        _replace(user, new, now)
        ended = sessions.end_all(user=user, reason="password_reset", now=now)
        note("change_password", user=user, at=now, visitor=visitor, by_reset=True, sessions_ended=ended)
    counting.give_back(wants)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
