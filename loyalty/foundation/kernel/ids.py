"""Public identifiers: UUID version 7, ordered by time, so that index pages fill from one side."""

import secrets
import time
import uuid
from datetime import datetime

import uuid_utils

from loyalty.foundation.kernel.errors import Invalid

# Names that another system gave become ids within this namespace, so that every import of the same name, into any
# database, gives the same id without asking anyone. Changing it would cut the warehouse off from the customers.
REF_NAMESPACE = uuid.UUID("6b1f3f0a-5c1e-5d0e-9c39-3f6a8a0d7c11")


class PublicIdInvalid(Invalid):
    """A text that should name an object is not a UUID."""

    code = "id.invalid"
    title = "Not an identifier"


def new_public_id(at: datetime | None = None) -> uuid.UUID:
    """Give a new time-ordered identifier (RFC 9562, version 7), of this moment or of another instant.

    What is written at a given instant (a sandbox's, a replayed one) sorts by it and not by the machine's clock. Among
    ids of the same millisecond the clock decides: 36 bits of its microseconds follow, then chance.
    """
    if at is None:
        return uuid.UUID(int=uuid_utils.uuid7().int)
    ticks = time.time_ns() // 1000 % 2**36
    number = int(at.timestamp() * 1000) << 80 | 7 << 76 | ticks >> 24 << 64
    return uuid.UUID(int=number | 2 << 62 | ticks % 2**24 << 38 | secrets.randbits(38))


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
