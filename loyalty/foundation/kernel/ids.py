"""Public identifiers: UUID version 7, ordered by time, so that index pages fill from one side."""

import uuid

import uuid_utils

from loyalty.foundation.kernel.errors import Invalid

# Names that another system gave become ids within this namespace, so that every import of the same name, into any
# database, gives the same id without asking anyone. Changing it would cut the warehouse off from the customers.
REF_NAMESPACE = uuid.UUID("6b1f3f0a-5c1e-5d0e-9c39-3f6a8a0d7c11")


class PublicIdInvalid(Invalid):
    """A text that should name an object is not a UUID."""

    code = "id.invalid"
    title = "Not an identifier"


def new_public_id() -> uuid.UUID:
    """Give a new time-ordered identifier (RFC 9562, version 7)."""
    return uuid.UUID(bytes=uuid_utils.uuid7().bytes)


def public_id_of_ref(ref: str) -> uuid.UUID:
    """Give the identifier of something that another system named (RFC 9562, version 5)."""
    return uuid.uuid5(REF_NAMESPACE, ref)


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
