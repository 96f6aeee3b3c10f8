"""Decisions of signing in as pure functions: how often may be tried, and how long a proof counts."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from loyalty.foundation.web.limits import Limit

# Wrong passwords for one account from devices that never signed in to it: five at once, then slowly, 20 an hour, so
# that a list of leaked passwords gets nowhere. Right ones give their permit back.
ACCOUNT = (Limit("sign_in_account_minute", 5, 60), Limit("sign_in_account", 20, 3600))
# A device that signed in to the account before has a budget of its own, which strangers cannot use up.
DEVICE = (Limit("sign_in_device", 10, 900),)
# One address tries many accounts; an office behind one address mistypes less than this.
ADDRESS = (Limit("sign_in_address", 50, 900),)
# Six digits, three of a million fit: five tries make 1 in 67,000.
CODE = (Limit("second_factor", 5, 900),)
# The way in while strangers slow the account down: a code together with the password, counted by itself.
CODE_WHILE_SLOWED = (Limit("second_factor_slowed", 5, 300),)
# Proofs asked of somebody who is signed in.
PROOF = (Limit("step_up", 5, 900),)
RESET = (Limit("password_reset_address", 20, 900),)
# Letters asked for at the door: an office behind one address forgets less than this; nobody's box is filled.
FORGOTTEN_ADDRESS = (Limit("password_forgotten_address", 10, 3600),)
FORGOTTEN_NAME = (Limit("password_forgotten_name", 3, 3600),)
# Sign-ins that one address sends to the identity provider.
FLOW = (Limit("oidc_address", 100, 900),)

CHALLENGE_LIFETIME = timedelta(minutes=5)
RESET_LIFETIME = timedelta(hours=24)
# A mailbox is open to more people than an administrator's hand.
MAILED_RESET_LIFETIME = timedelta(hours=1)
# Whoever waits longer than this for a letter has asked again.
LETTER_TRIED = timedelta(minutes=15)
DEVICE_LIFETIME = timedelta(days=180)
# OWASP ASVS 5.0, 7.5.1 and 7.5.3: a sensitive act needs a proof that is not older.
PROOF_LIFETIME = timedelta(minutes=10)
# What is seen of a session is written down once in this time.
LAST_SEEN_STEP = timedelta(minutes=1)
# Ended sessions can be looked at this long.
SESSION_KEPT = timedelta(days=30)
PASSWORDS_REMEMBERED = 4

TOTP_SECONDS = 30
# One step of clock difference either way (RFC 6238, 5.2).
TOTP_STEPS_AROUND = 1
RECOVERY_CODES = 10


def totp_steps(now: datetime) -> tuple[int, ...]:
    """Give the time steps whose code counts now, the present one first."""
    step = int(now.timestamp()) // TOTP_SECONDS
    around = [step + sign * distance for distance in range(1, TOTP_STEPS_AROUND + 1) for sign in (-1, 1)]
    return (step, *around)


def is_recent(proved_at: datetime | None, now: datetime) -> bool:
    """Tell whether a proof still counts for a sensitive act."""
    return proved_at is not None and now - proved_at <= PROOF_LIFETIME


def is_factor_demanded(roles: Iterable[str], demanding: Iterable[str]) -> bool:
    """Tell whether one of the roles held demands a second factor; ``*`` demands it of everybody."""
    wanted = set(demanding)
    return "*" in wanted or not wanted.isdisjoint(roles)


def has_idled_out(last_seen_at: datetime, now: datetime, idle: timedelta) -> bool:
    """Tell whether nobody was seen for too long."""
    return now - last_seen_at >= idle


def roles_of_claims(claims: object, mapping: dict[str, str]) -> tuple[str, ...]:
    """Give the roles that the groups of an identity map to, each once, in the order of the mapping."""
    groups = {str(group) for group in claims} if isinstance(claims, list) else {str(claims)} if claims else set()
    return tuple(dict.fromkeys(role for group, role in mapping.items() if group in groups))


def safe_path(text: str) -> str:
    """Give a path of this site to return to; anything that could lead elsewhere becomes the first page."""
    is_path = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable() and "\\" not in text
    return text if is_path and len(text) <= 500 else "/"
