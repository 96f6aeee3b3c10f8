"""What is shown about a person to those who may not see it: enough to tell two apart, too little to use.

The domain that knows persons registers the permission that reveals, and what writes down that somebody looked. Every
answer that may carry personal data asks ``reveal`` once, which writes one row for the whole answer.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from rest_framework.request import Request

from loyalty.foundation.kernel.exact_json import ExactDecoder, dumps_exact
from loyalty.foundation.web.permissions import holds, require

MASK = "•••"
# Names, without case and punctuation, of what identifies a person or says where they are reached.
PERSONAL = frozenset({
    "firstname", "lastname", "middlename", "fullname", "givenname", "familyname", "displayname", "customername",
    "contactname", "mail", "mobile", "telephone", "fax", "street", "postalcode", "postcode", "zip", "zipcode", "dob",
    "nationalid", "idnumber", "identitynumber", "passportnumber", "ssn", "taxid", "iban", "contactpoints",
})  # fmt: skip
# Whatever has one of these within its name is personal too: `home_phone`, `emailAddress`, `birth_date`.
PERSONAL_PARTS = ("email", "phone", "msisdn", "mobilenumber", "birth", "passport", "nationalid", "streetaddress")

DATES = ("birth", "dob")
# The operators of JSONLogic that read a field by its name.
READERS = frozenset({"var", "val", "exists", "missing", "missing_some"})

# Who looked (the request), and the public ids that were shown.
Note = Callable[[Request, Sequence[str]], None]


class _Registry:
    """The permission that reveals personal data, and what notes a look; set when the platform starts."""

    code: str = ""
    note: Note | None = None


def register_reveal(code: str, note: Note) -> None:
    """Take in the permission that reveals personal data, and the function that writes down who looked at whom."""
    _Registry.code, _Registry.note = code, note


def may_reveal(request: Request) -> bool:
    """Tell whether the caller may see personal data; nothing is noted."""
    known: bool | None = getattr(request, "may_reveal", None)
    if known is None:
        known = bool(_Registry.code) and holds(request, _Registry.code)
        request.may_reveal = known  # type: ignore[attr-defined]
    return known


def reveal(request: Request, refs: Sequence[str]) -> bool:
    """Tell whether the caller may see the personal data of these people, and if so write down that they are shown.

    One row is written for all of them; nobody is nothing to note.
    """
    if not may_reveal(request):
        return False
    if refs and _Registry.note is not None:
        _Registry.note(request, refs)
    return True


def require_reveal(request: Request, refs: Sequence[str]) -> None:
    """Refuse a call whose outcome cannot be masked to a caller who may not see personal data; note it else.

    :raises PermissionMissing: the caller may not.
    """
    require(request, _Registry.code)
    if refs and _Registry.note is not None:
        _Registry.note(request, refs)


def is_personal(name: str, also: Collection[str] = ()) -> bool:
    """Tell whether a name is one of personal data; ``also`` adds names, without case and punctuation."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return plain in PERSONAL or plain in also or any(part in plain for part in PERSONAL_PARTS)


def mentions_personal(value: Any) -> bool:
    """Tell whether a rule reads a personal field anywhere."""
    return any(is_personal(text.rpartition(".")[2]) for text in _fields_read(value))


def masked(value: Any, *, also: Collection[str] = ()) -> Any:
    """Give a copy of an answer in which everything under a personal name is masked, at any depth."""
    if isinstance(value, Mapping):
        return {
            name: _covered(str(name), inner) if is_personal(str(name), also) else masked(inner, also=also)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(inner, also=also) for inner in value]
    return value


def masked_text(text: str) -> str:
    """Give a text that is JSON with everything under a personal name masked; of any other text nothing is left."""
    try:
        read = json.loads(text, cls=ExactDecoder)
        return dumps_exact(masked(read)).decode() if isinstance(read, dict | list) else MASK
    except (ValueError, RecursionError, TypeError):
        # What cannot be read, or not be written again (half a surrogate pair), may hold anything.
        return MASK if text else text


def _covered(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {inner: _covered(str(inner), kept) for inner, kept in value.items()}
    if isinstance(value, list | tuple):
        return [_covered(name, inner) for inner in value]
    if value is None or isinstance(value, bool):
        return value
    if not isinstance(value, str) or any(part in name.lower() for part in DATES):
        # Of a date nothing is left: even the year of a birth tells apart in a small group.
        return None
    return mask_address(value) if "@" in value or value[:1] in "+0123456789" else mask_text(value)


def _fields_read(rule: Any) -> Iterator[str]:
    if isinstance(rule, Mapping):
        for operator, operands in rule.items():
            if operator in READERS:
                yield from _texts(operands)
            yield from _fields_read(operands)
    elif isinstance(rule, list | tuple):
        for inner in rule:
            yield from _fields_read(inner)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def mask_text(value: str | None) -> str | None:
    """Give a text as its first letter and the mask; empty and None stay as they are."""
    return f"{value[0]}{MASK}" if value else value


def mask_email(value: str | None) -> str | None:
    """Give an e-mail address as its first letter, the mask and the top of its domain."""
    if not value:
        return value
    name, _, domain = value.partition("@")
    top = domain.rpartition(".")[2]
    return f"{name[:1]}{MASK}@{MASK}.{top}" if domain else mask_text(value)


def mask_phone(value: str | None) -> str | None:
    """Give a phone number as its last two digits behind the mask."""
    return f"{MASK}{value[-2:]}" if value and len(value) > 4 else (MASK if value else value)


def mask_address(value: str | None) -> str | None:
    """Give an address on any channel: an e-mail's way when it has an @, else a number's."""
    return mask_email(value) if value and "@" in value else mask_phone(value)
