"""JSON in and out with exact numbers; what cannot be stored later, or says two things at once, is refused here."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from loyalty.foundation.kernel.errors import Invalid, TooLarge
from loyalty.foundation.kernel.exact_json import dumps_exact
from loyalty.foundation.kernel.strict_json import JsonRefused, MemberTwice, read_strictly


class RequestTooLarge(TooLarge):
    """The body is longer than the stated limit."""

    code = "request.too_large"
    title = "Request too large"


class MemberRepeated(Invalid):
    """An object of the body names a member twice, and which of the two counts would be anybody's guess."""

    code = "request.member_repeated"
    title = "A member is named twice"


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
            return read_strictly(raw)
        except MemberTwice as refusal:
            raise MemberRepeated(str(refusal), member=refusal.member) from refusal
        except JsonRefused as refusal:
            raise ParseError(str(refusal)) from refusal


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
