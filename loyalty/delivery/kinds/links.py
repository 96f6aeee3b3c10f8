"""The signed public links of a message: open, click, unsubscribe. A link is valid as long as the key is."""

from urllib.parse import quote

from django.conf import settings
from django.core import signing

from loyalty.delivery.errors import LinkInvalid

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
