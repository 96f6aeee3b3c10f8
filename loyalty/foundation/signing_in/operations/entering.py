"""Coming in by name and password: slowed for strangers, open for the owner, alike for known and unknown names."""

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core import signing

from loyalty.foundation.signing_in import policy
from loyalty.foundation.signing_in.contracts import Challenge, Entry, LimitedBy, Visitor
from loyalty.foundation.signing_in.errors import CredentialsInvalid, SecondFactorInvalid, SignInSlowed
from loyalty.foundation.signing_in.models import KnownDevice, PasswordState
from loyalty.foundation.signing_in.operations import counting, second_factor
from loyalty.foundation.signing_in.operations.notes import DOOR, hash_of_name, note, note_stranger
from loyalty.foundation.signing_in.operations.passwords import slowed
from loyalty.foundation.web.addresses import network_of
from loyalty.foundation.web.limits import Standing, Want

SALT = "signing_in.challenge"


def enter(*, username: str, password: str, code: str, visitor: Visitor, now: datetime) -> Entry | Challenge:
    """Look at a name and a password; a user with a second factor and no code gets a challenge.

    Each attempt takes a permit before the password is looked at, and gets it back when it was right, so parallel
    attempts cannot slip through together. A name that nobody has costs the same permits and the same hashing.

    :raises SignInSlowed: too many wrong attempts; whether this one was right is not looked at.
    :raises CredentialsInvalid: wrong, unknown or switched off.
    :raises SecondFactorInvalid: the password is right, the code is not.
    """
    user = get_user_model().objects.filter(username=username).first()
    is_known = user is not None and _is_known_device(user, visitor, now)
    wants = _wants(username, visitor, is_known=is_known)
    refused = counting.reserve(wants, now=now)
    is_code_taken = False
    if refused is not None:
        wants = _prove_by_code(refused, user, code, visitor, now)
        is_code_taken = True
    if not _fits(user, password):
        _note_failure(user, username, wants, visitor, now)
        raise CredentialsInvalid()
    assert user is not None
    counting.give_back(wants)
    if not second_factor.is_enrolled(user):
        return Entry(user.pk, "password", has_second_factor=False, limited_by=limit_of(user, has_second_factor=False))
    if not is_code_taken:
        if not code:
            return _challenge(user, now)
        _verify(user, code, visitor, now)
    return Entry(user.pk, "password", has_second_factor=True, limited_by=limit_of(user, has_second_factor=True))


def answer(*, token: str, code: str, recovery_code: str, visitor: Visitor, now: datetime) -> Entry:
    """Take the code that a challenge asked for.

    :raises SecondFactorInvalid: the code is wrong or used, or the challenge is too old.
    :raises SignInSlowed: too many wrong codes.
    """
    user = _user_of(token, now)
    if recovery_code:
        second_factor.use_recovery_code(user=user, code=recovery_code, visitor=visitor, now=now)
    else:
        _verify(user, code, visitor, now)
    return Entry(user.pk, "password", has_second_factor=True, limited_by=limit_of(user, has_second_factor=True))


def limit_of(user: Any, *, has_second_factor: bool) -> LimitedBy:
    """Tell what the user must do before anything else."""
    if PasswordState.objects.filter(user=user, must_change=True).exists():
        return "password"
    return "second_factor" if not has_second_factor and second_factor.is_demanded(user) else ""


def remember_device(*, user: Any, visitor: Visitor, now: datetime) -> str:
    """Give the secret by which this browser is known for the account from now on; its hash alone is kept."""
    secret = visitor.device if _is_known_device(user, visitor, now) else secrets.token_urlsafe(32)
    KnownDevice.objects.update_or_create(
        user=user,
        digest=_digest(secret),
        defaults={"last_used_at": now, "expires_at": now + policy.DEVICE_LIFETIME},
    )
    return secret


def forget_attempts(*, user: Any) -> None:
    """Let attempts for the account begin anew."""
    counting.forget(_account_wants(user.username) + [Want(limit, str(user.public_id)) for limit in policy.CODE])


def slowed_until(*, user: Any, now: datetime) -> datetime | None:
    """Give until when strangers' attempts for the account are refused, or None."""
    return counting.slowed_until(_account_wants(user.username), now)


def _wants(username: str, visitor: Visitor, *, is_known: bool) -> list[Want]:
    by_address = [Want(limit, network_of(visitor.address)) for limit in policy.ADDRESS]
    if is_known:
        device = _digest(visitor.device).hex()[:16]
        return [*(Want(limit, f"{hash_of_name(username)}:{device}") for limit in policy.DEVICE), *by_address]
    return [*_account_wants(username), *by_address]


def _account_wants(username: str) -> list[Want]:
    return [Want(limit, hash_of_name(username)) for limit in policy.ACCOUNT]


def _prove_by_code(refused: Standing, user: Any, code: str, visitor: Visitor, now: datetime) -> list[Want]:
    """Let the owner in while strangers slow the account down: the code is looked at before the password.

    Whoever has no code, or a wrong one, hears what everybody hears.
    """
    if refused.limit in policy.ADDRESS or user is None or not code:
        raise slowed(refused)
    try:
        second_factor.verify_code(user=user, code=code, now=now, budget=policy.CODE_WHILE_SLOWED)
    except (SecondFactorInvalid, SignInSlowed) as fault:
        raise slowed(refused) from fault
    wants = [Want(limit, network_of(visitor.address)) for limit in policy.ADDRESS]
    again = counting.reserve(wants, now=now)
    if again is not None:
        raise slowed(again)
    return wants


def _fits(user: Any, password: str) -> bool:
    if user is None:
        # As long as looking at a real hash, so that names cannot be told apart by time.
        make_password(password)
        return False
    # A hash made with other parameters than today's is made anew here, when its password is right.
    return bool(user.check_password(password)) and bool(user.is_active)


def _verify(user: Any, code: str, visitor: Visitor, now: datetime) -> None:
    try:
        second_factor.verify_code(user=user, code=code, now=now)
    except SecondFactorInvalid:
        note("refuse", user=user, actor=DOOR, at=now, visitor=visitor, reason="second_factor")
        raise
    except SignInSlowed:
        note("lock_out", user=user, actor=DOOR, at=now, visitor=visitor, reason="second_factor")
        raise


def _note_failure(user: Any, username: str, wants: list[Want], visitor: Visitor, now: datetime) -> None:
    """Record a wrong password, and when it was the last one allowed, that the account is slowed from now on."""
    acts = ["refuse"]
    if counting.slowed_until([want for want in wants if want.limit not in policy.ADDRESS], now) is not None:
        acts.append("lock_out")
    for act in acts:
        if user is None:
            note_stranger(act, name_hash=hash_of_name(username), at=now, visitor=visitor, reason="unknown")
        else:
            note(
                act,
                user=user,
                actor=DOOR,
                at=now,
                visitor=visitor,
                reason="password" if user.is_active else "switched_off",
            )


def _challenge(user: Any, now: datetime) -> Challenge:
    expires_at = now + policy.CHALLENGE_LIFETIME
    told = {"user": str(user.public_id), "until": expires_at.timestamp(), "mark": _mark(user)}
    return Challenge(token=signing.dumps(told, salt=SALT), expires_at=expires_at)


def _user_of(token: str, now: datetime) -> Any:
    try:
        told = signing.loads(token, salt=SALT)
    except signing.BadSignature as fault:
        raise SecondFactorInvalid() from fault
    user = get_user_model().objects.filter(public_id=told["user"], is_active=True).first()
    if user is None or told["until"] <= now.timestamp() or told["mark"] != _mark(user):
        raise SecondFactorInvalid("Begin the sign-in again.")
    return user


def _mark(user: Any) -> str:
    """What changes with the password, so that a challenge does not outlive it."""
    return str(user.get_session_auth_hash())[:16]


def _is_known_device(user: Any, visitor: Visitor, now: datetime) -> bool:
    if not visitor.device:
        return False
    return KnownDevice.objects.filter(user=user, digest=_digest(visitor.device), expires_at__gt=now).exists()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
