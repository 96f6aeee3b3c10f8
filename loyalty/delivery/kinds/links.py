"""The signed public links of a message: open, click, unsubscribe, preferences. A link lives as long as the key."""

import hashlib
from functools import lru_cache
from urllib.parse import quote

from django.conf import settings
from django.core import signing
from django.db import connection

from loyalty.delivery.errors import LinkInvalid
from loyalty.delivery.kinds import tokens
from loyalty.delivery.models import TrackedLink

SHORT_SALT, PREFERENCES_SALT = "delivery.short", "delivery.preferences"
# As long as the token of send 100,000,000 and link 10,000, so that a preview counts what will be sent.
SAMPLE_TOKEN = "preview0000000000"
OPEN_SALT, CLICK_SALT, UNSUBSCRIBE_SALT = "delivery.open", "delivery.click", "delivery.unsubscribe"


def _url(path: str, value: object, salt: str) -> str:
    return f"{settings.PUBLIC_URL}/{path}/{signing.dumps(value, salt=salt)}"


def quoted(value: str) -> str:
    """Make a value safe inside of an address: it can be no host, no path and no second parameter."""
    return quote(value, safe="")


def open_url(send_id: int) -> str:
    """Give the address of the invisible picture."""
    return _url("t/o", send_id, OPEN_SALT)


def click_url(send_id: int, target: str) -> str:
    """Give the address that counts a click and leads on; the target is inside and signed, so it cannot be swapped."""
    return _url("t/c", [send_id, target], CLICK_SALT)


def unsubscribe_url(send_id: int) -> str:
    """Give the address that withdraws consent."""
    return _url("u", send_id, UNSUBSCRIBE_SALT)


def short_base() -> str:
    """Give where short links begin: the operator's short domain, or the platform's own address."""
    base: str = settings.LOYALTY_SHORT_LINK_URL or settings.PUBLIC_URL
    return base


def short_url(send_id: int | None, target: str) -> str:
    """Give the short address that counts a click and leads on to ``target``, which may hold placeholders.

    Without a ``send_id`` it is one to look at, as long as a real one.
    """
    if send_id is None:
        return f"{short_base()}/l/{SAMPLE_TOKEN}"
    return f"{short_base()}/l/{tokens.make([send_id, _link_id(target)], SHORT_SALT)}"


def _link_id(target: str) -> int:
    # What an open transaction made may be rolled back, so only what was committed is remembered.
    return _make_link(target) if connection.in_atomic_block else _known_link(target)


@lru_cache(maxsize=4096)
def _known_link(target: str) -> int:
    return _make_link(target)


def _make_link(target: str) -> int:
    digest = hashlib.sha256(target.encode()).digest()
    found = TrackedLink.objects.filter(digest=digest).values_list("pk", flat=True).first()
    if found is None:
        found = TrackedLink.objects.get_or_create(digest=digest, defaults={"target": target})[0].pk
    return found


def read_short(token: str) -> tuple[int, str]:
    """Give the send and the target, placeholders as written, behind a short link.

    :raises LinkInvalid: not signed by us.
    """
    match tokens.read(token, SHORT_SALT, 2):
        case (int(send_id), int(link_id)):
            target = TrackedLink.objects.filter(pk=link_id).values_list("target", flat=True).first()
            if target is not None:
                return send_id, target
    raise LinkInvalid()


def preferences_url(send_id: int | None) -> str:
    """Give the address of the customer's own choices; short, because it is written into text messages too."""
    return f"{short_base()}/p/{SAMPLE_TOKEN if send_id is None else preferences_token(send_id)}"


def preferences_token(send_id: int) -> str:
    """Give what signs that a customer's choices may be changed by who holds a message to them."""
    return tokens.make([send_id], PREFERENCES_SALT)


def read_preferences(token: str) -> int:
    """Give the send behind a link to the customer's choices.

    :raises LinkInvalid: not signed by us.
    """
    numbers = tokens.read(token, PREFERENCES_SALT, 1)
    if numbers is None:
        raise LinkInvalid()
    return numbers[0]


def _load(token: str, salt: str) -> object:
    try:
        return signing.loads(token, salt=salt)
    except signing.BadSignature as fault:
        raise LinkInvalid() from fault


def _read_id(token: str, salt: str) -> int:
    value = _load(token, salt)
    if not isinstance(value, int):
        raise LinkInvalid()
    return value


def read_open(token: str) -> int:
    """Give the send behind an open link.

    :raises LinkInvalid: not signed by us.
    """
    return _read_id(token, OPEN_SALT)


def read_unsubscribe(token: str) -> int:
    """Give the send behind an unsubscribe link.

    :raises LinkInvalid: not signed by us.
    """
    return _read_id(token, UNSUBSCRIBE_SALT)


def read_click(token: str) -> tuple[int, str]:
    """Give the send and the target behind a click link.

    :raises LinkInvalid: not signed by us, or the target is no web address.
    """
    value = _load(token, CLICK_SALT)
    match value:
        case [int(send_id), str(target)] if target.lower().startswith(("http://", "https://")):
            return send_id, target
        case _:
            raise LinkInvalid()
