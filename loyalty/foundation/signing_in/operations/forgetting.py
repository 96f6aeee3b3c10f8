"""Passwords that were forgotten: asked for at the door, answered by mail, alike for known and unknown names."""

from datetime import datetime
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet

from loyalty.foundation.orm import sql
from loyalty.foundation.resilience.failpoints import maybe_fail
from loyalty.foundation.signing_in import policy, registry
from loyalty.foundation.signing_in.contracts import Letter, Visitor
from loyalty.foundation.signing_in.models import PasswordState
from loyalty.foundation.signing_in.operations import counting
from loyalty.foundation.signing_in.operations.notes import DOOR, hash_of_name, note, note_stranger
from loyalty.foundation.signing_in.operations.passwords import issue_reset, slowed
from loyalty.foundation.web.addresses import network_of
from loyalty.foundation.web.limits import Want
from loyalty.foundation.work import api as work

DOORBELL = "signing_in.mail_resets"
# One statement whoever is meant, so that the time it takes tells nothing. Who signs in elsewhere has no password to
# reset (Django marks that with an exclamation mark), and who has no address cannot be written to.
ASK = """
    INSERT INTO signing_in_passwordstate AS s (user_id, must_change, reset_asked_at)
    SELECT u.id, false, %(now)s FROM access_user u
    WHERE u.username = %(username)s AND u.is_active AND u.email <> '' AND u.password NOT LIKE '!%%'
    ON CONFLICT (user_id) DO UPDATE SET reset_asked_at = %(now)s
    RETURNING s.user_id
"""


def ask_reset(*, username: str, visitor: Visitor, now: datetime) -> None:
    """Have a letter with a reset sent to whoever has this name and an address; nothing tells whether anybody has.

    :raises SignInSlowed: too many were asked for from this address or for this name, known or not.
    """
    name_hash = hash_of_name(username)
    wants = [Want(limit, network_of(visitor.address)) for limit in policy.FORGOTTEN_ADDRESS]
    wants += [Want(limit, name_hash) for limit in policy.FORGOTTEN_NAME]
    refused = counting.reserve(wants, now=now)
    if refused is not None:
        raise slowed(refused)
    with transaction.atomic():
        row = sql.fetch_one(ASK, {"username": username, "now": now})
        user = get_user_model().objects.filter(pk=row["user_id"] if row else 0).first()
        if user is None:
            note_stranger("ask_reset", name_hash=name_hash, at=now, visitor=visitor)
        else:
            note("ask_reset", user=user, actor=DOOR, at=now, visitor=visitor)
        work.ring(DOORBELL)


def mail_resets(*, now: datetime) -> int:
    """Send the letters that were asked for; give how many went.

    The token is committed before its letter goes, so no letter has a token that does not count. A letter that nobody
    takes over is tried again until it is too old; a worker lost between the two loses it, and it is asked for anew.
    """
    sent = 0
    # What cannot go now waits for the next look.
    for user_id in list(_waiting().values_list("user_id", flat=True)):
        letter = _letter_for(user_id, now)
        maybe_fail("signing_in.reset_issued")
        if letter is None:
            continue
        if registry.carry(letter):
            sent += 1
        else:
            PasswordState.objects.filter(user_id=user_id, reset_asked_at__isnull=True).update(
                reset_asked_at=letter.asked_at
            )
    return sent


def _waiting() -> QuerySet[PasswordState]:
    return PasswordState.objects.filter(reset_asked_at__isnull=False).order_by("reset_asked_at", "user_id")


@transaction.atomic
def _letter_for(user_id: int, now: datetime) -> Letter | None:
    """Take what was asked for and issue its token; None when another worker has it, or it is too old by now."""
    state = _waiting().select_for_update(skip_locked=True).filter(user_id=user_id).first()
    asked_at = state.reset_asked_at if state else None
    if asked_at is None:
        return None
    PasswordState.objects.filter(user_id=user_id).update(reset_asked_at=None)
    user = get_user_model().objects.get(pk=user_id)
    if now - asked_at > policy.LETTER_TRIED or not (user.is_active and user.email and user.has_usable_password()):
        return None
    token = issue_reset(user=user, actor=DOOR, now=now, lifetime=policy.MAILED_RESET_LIFETIME)
    link = f"{settings.PUBLIC_URL}/login?reset={quote(token.secret)}"
    return Letter(to=user.email, name=user.username, link=link, asked_at=asked_at)
