"""The second factor: a TOTP app (RFC 6238), and recovery codes for the day it is lost."""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from typing import Any

import pyotp
import segno
from django.conf import settings
from django.db import transaction

from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.signing_in import policy
from loyalty.foundation.signing_in.contracts import Enrolment, Visitor
from loyalty.foundation.signing_in.errors import (
    SecondFactorEnrolled,
    SecondFactorInvalid,
    SecondFactorMissing,
    SecondFactorRequired,
)
from loyalty.foundation.signing_in.models import RecoveryCode, SecondFactor
from loyalty.foundation.signing_in.operations import counting
from loyalty.foundation.signing_in.operations.notes import note
from loyalty.foundation.signing_in.operations.passwords import slowed
from loyalty.foundation.signing_in.operations.sealing import seal, unseal
from loyalty.foundation.web.limits import Limit, Want

# 160 bits, the length of the hash (RFC 4226, 4): 32 characters of base 32.
SECRET_CHARACTERS = 32
# 80 random bits in a form that can be copied by hand.
RECOVERY_BYTES = 10


def is_enrolled(user: Any) -> bool:
    """Tell whether the user has a second factor that was confirmed."""
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).exists()


def is_demanded(user: Any) -> bool:
    """Tell whether a role of the user demands a second factor."""
    demanding = settings.LOYALTY_SECOND_FACTOR_ROLES
    return bool(demanding) and policy.is_factor_demanded(user.roles.values_list("code", flat=True), demanding)


@transaction.atomic
def enrol(*, user: Any, now: datetime) -> Enrolment:
    """Make a secret that counts once a code of it was given; an unconfirmed one is replaced.

    :raises SecondFactorEnrolled: there is a confirmed one.
    """
    found = SecondFactor.objects.select_for_update().filter(user=user).first()
    if found is not None and found.confirmed_at is not None:
        raise SecondFactorEnrolled("Remove the present second factor first.")
    secret = pyotp.random_base32(SECRET_CHARACTERS)
    sealed = seal(secret, user_id=user.pk)
    SecondFactor.objects.update_or_create(user=user, defaults={"sealed": sealed, "began_at": now, "last_step": 0})
    uri = pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=settings.LOYALTY_SECOND_FACTOR_ISSUER)
    svg = segno.make(uri, micro=False).svg_inline(scale=4, border=2)
    return Enrolment(secret=secret, uri=uri, qr_svg=svg)


def confirm(*, user: Any, code: str, visitor: Visitor, now: datetime) -> list[str]:
    """Begin to count the secret, and give the recovery codes; their hashes alone are kept.

    :raises SecondFactorMissing: none was begun.
    :raises SecondFactorEnrolled: it counts already.
    :raises SecondFactorInvalid: the code is not of this secret.
    :raises SignInSlowed: too many wrong codes.
    """
    found = SecondFactor.objects.filter(user=user).first()
    if found is None:
        raise SecondFactorMissing()
    if found.confirmed_at is not None:
        raise SecondFactorEnrolled()
    verify_code(user=user, code=code, now=now, is_confirmed=False)
    with transaction.atomic():
        SecondFactor.objects.filter(user=user).update(confirmed_at=now)
        codes = _new_codes(user)
        note("enrol_second_factor", user=user, at=now, visitor=visitor)
    return codes


@transaction.atomic
def renew_codes(*, user: Any, visitor: Visitor, now: datetime) -> list[str]:
    """Give new recovery codes; the old ones end.

    :raises SecondFactorMissing: there is no second factor.
    """
    if not is_enrolled(user):
        raise SecondFactorMissing()
    codes = _new_codes(user)
    note("renew_recovery_codes", user=user, at=now, visitor=visitor)
    return codes


@transaction.atomic
def remove(*, user: Any, actor: Actor | None = None, now: datetime) -> None:
    """Take the second factor away: its owner, unless a role demands it, or an administrator when it was lost.

    :raises SecondFactorMissing: there is none.
    :raises SecondFactorRequired: the owner asks and a role demands it.
    """
    if actor is None and is_demanded(user):
        raise SecondFactorRequired()
    if not SecondFactor.objects.filter(user=user).delete()[0]:
        raise SecondFactorMissing()
    RecoveryCode.objects.filter(user=user).delete()
    note("remove_second_factor", user=user, actor=actor, at=now)


def verify_code(
    *, user: Any, code: str, now: datetime, is_confirmed: bool = True, budget: tuple[Limit, ...] = policy.CODE
) -> None:
    """Take a code of the user's secret, each time step once.

    :raises SignInSlowed: too many wrong codes; whether this one is right is not looked at.
    :raises SecondFactorInvalid: wrong, or its time step was used already.
    """
    wants = [Want(limit, str(user.public_id)) for limit in budget]
    refused = counting.reserve(wants, now=now)
    if refused is not None:
        raise slowed(refused)
    found = SecondFactor.objects.filter(user=user, confirmed_at__isnull=not is_confirmed).first()
    if found is None or not _take_step(user, found, code.replace(" ", ""), now):
        raise SecondFactorInvalid()
    counting.give_back(wants)


def _take_step(user: Any, found: SecondFactor, code: str, now: datetime) -> bool:
    totp = pyotp.TOTP(unseal(bytes(found.sealed), user_id=user.pk))
    fitting = None
    for step in policy.totp_steps(now):
        at = datetime.fromtimestamp(step * policy.TOTP_SECONDS, UTC)
        # Every step is compared, so that time tells nothing of which one fits.
        if hmac.compare_digest(totp.at(at).encode(), code.encode()):
            fitting = step
    if fitting is None:
        return False
    # One statement looks and moves on, so that the same code cannot be taken twice at the same instant.
    return bool(SecondFactor.objects.filter(user=user, last_step__lt=fitting).update(last_step=fitting))


def use_recovery_code(*, user: Any, code: str, visitor: Visitor, now: datetime) -> None:
    """Take a recovery code in place of the app's code, once.

    :raises SignInSlowed: too many wrong codes.
    :raises SecondFactorInvalid: wrong or used.
    """
    wants = [Want(limit, str(user.public_id)) for limit in policy.CODE]
    refused = counting.reserve(wants, now=now)
    if refused is not None:
        raise slowed(refused)
    digest = _code_digest(code)
    if not RecoveryCode.objects.filter(user=user, digest=digest, used_at=None).update(used_at=now):
        raise SecondFactorInvalid()
    counting.give_back(wants)
    note("use_recovery_code", user=user, at=now, visitor=visitor, left=count_codes(user))


def count_codes(user: Any) -> int:
    """Count the recovery codes that are left."""
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def _new_codes(user: Any) -> list[str]:
    codes = [_grouped(secrets.token_hex(RECOVERY_BYTES)) for _ in range(policy.RECOVERY_CODES)]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create([RecoveryCode(user=user, digest=_code_digest(code)) for code in codes])
    return codes


def _grouped(text: str) -> str:
    return "-".join(text[i : i + 5] for i in range(0, len(text), 5))


def _code_digest(code: str) -> bytes:
    # 80 random bits need no slow hash.
    return hashlib.sha256(code.replace("-", "").replace(" ", "").lower().encode()).digest()
