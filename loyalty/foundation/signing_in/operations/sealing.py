"""Sealing TOTP secrets for their rows with the platform's master key (`manage rotate_secrets_key` changes it)."""

from loyalty.foundation.configuration import api as configuration

# The rows' key is the user, and the seal is good for that user alone.
COLUMN = configuration.SealedColumn(
    table="signing_in_secondfactor", column="sealed", id_column="user_id", associated="signing_in.second_factor"
)


def seal(plain: str, *, user_id: int) -> bytes:
    """Seal a secret for one user: for another it cannot be opened.

    :raises KeyMissing: no master key is set.
    """
    return configuration.seal(plain.encode(), associated=_associated(user_id))


def unseal(sealed: bytes, *, user_id: int) -> str:
    """Open what ``seal`` made.

    :raises KeyWrong: no key at hand sealed it, or it was moved or changed.
    """
    return configuration.unseal(sealed, associated=_associated(user_id)).decode()


def _associated(user_id: int) -> bytes:
    return f"{COLUMN.associated}:{user_id}".encode()
