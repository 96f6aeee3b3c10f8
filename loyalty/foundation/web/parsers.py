"""JSON in and out with exact numbers; what cannot be stored later, or says two things at once, is refused here."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from loyalty.foundation.kernel.errors import Invalid, TooLarge
from loyalty.foundation.kernel.exact_json import dumps_exact

# A 64-bit whole number has at most 19 digits; nothing we store is longer.
WHOLE_DIGITS_MAX = 19
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
# Beyond this exponent a number is no amount of anything, and expanding it would cost memory.
EXPONENT_MAX = 40


class RequestTooLarge(TooLarge):
    """The body is longer than the stated limit."""

    code = "request.too_large"
    title = "Request too large"


class MemberRepeated(Invalid):
    """An object of the body names a member twice, and which of the two counts would be anybody's guess."""

    code = "request.member_repeated"
    title = "A member is named twice"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise MemberRepeated(f"The body names {twice[:100]!r} twice in one object.", member=twice[:100])
    return found


def _whole(text: str) -> int:
    if len(text) > WHOLE_DIGITS_MAX + 1:
        raise ParseError("A whole number has too many digits.")
    number = int(text)
    if not INT64_MIN <= number <= INT64_MAX:
        raise ParseError("A whole number is out of range.")
    return number


def _fraction(text: str) -> Decimal:
    number = Decimal(text)
    if number and abs(number.adjusted()) > EXPONENT_MAX or len(text) > 2 * EXPONENT_MAX:
        raise ParseError("A number is out of range.")
    return number


def _constant(text: str) -> Any:
    raise ParseError(f"{text} is not a JSON number.")


# One for all requests: making it costs as much as reading a body of ordinary size with it.
_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_float=_fraction, parse_int=_whole, parse_constant=_constant)


def check_text(value: Any) -> None:
    """Refuse NUL and lone surrogates anywhere: PostgreSQL cannot store them.

    :raises ParseError: such a character stands in a name or a value.
    """
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if "\x00" in item or any("\ud800" <= letter <= "\udfff" for letter in item):
                raise ParseError("A text has a character that cannot be stored.")
        elif isinstance(item, dict):
            waiting += item.keys()
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


class ExactJSONParser(BaseParser):
    """Reads JSON with Decimals for fractions, within the limit of size."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Read the body.

        :raises ParseError: not JSON, too deep, NaN or Infinity, or a character that cannot be stored.
        :raises MemberRepeated: an object names a member twice.
        :raises RequestTooLarge: longer than ``LOYALTY_REQUEST_BYTES_MAX``.
        """
        limit = settings.LOYALTY_REQUEST_BYTES_MAX
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise RequestTooLarge(f"A request has at most {limit} bytes.")
        try:
            text = raw.decode("utf-8")
            value = _DECODER.decode(text)
        except (UnicodeDecodeError, ValueError) as fault:
            raise ParseError(f"The body is not JSON: {fault}") from fault
        except RecursionError as fault:
            raise ParseError("The JSON is nested too deeply.") from fault
        if "\\u" in text or "\x00" in text:
            check_text(value)
        return value


class ExactJSONRenderer(BaseRenderer):
    """Writes JSON with Decimals as number literals."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Write the answer; no data gives an empty body."""
        return b"" if data is None else dumps_exact(data)
