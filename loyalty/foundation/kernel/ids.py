"""Public identifiers: UUID version 7, ordered by time, so that index pages fill from one side."""

import uuid

import uuid_utils

from loyalty.foundation.kernel.errors import Invalid


class PublicIdInvalid(Invalid):
    """A text that should name an object is not a UUID."""

    code = "id.invalid"
    title = "Not an identifier"


def new_public_id() -> uuid.UUID:
    """Give a new time-ordered identifier (RFC 9562, version 7)."""
    return uuid.UUID(bytes=uuid_utils.uuid7().bytes)


def parse_public_id(text: object) -> uuid.UUID:
    """Read an identifier.

    :raises PublicIdInvalid: the text is not a UUID.
    """
    if isinstance(text, uuid.UUID):
        return text
    try:
        return uuid.UUID(str(text))
    except ValueError as fault:
        raise PublicIdInvalid(f"{str(text)[:64]!r} is not an identifier.") from fault
