"""Master keys from a file: one a line, the first seals; read again when a key is asked for that is not known yet."""

from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from loyalty.foundation.configuration.errors import KeyMissing
from loyalty.foundation.configuration.policy.envelope import KeyWrapper, LocalKey

KEY_BYTES_MIN = 32
OTHERS_MAY = 0o077


def keys() -> Sequence[KeyWrapper]:
    """Give the keys of the file.

    :raises KeyMissing: it cannot be read, others may read it, or a line is too short to be a key.
    """
    path = Path(settings.LOYALTY_SECRETS_KEY_FILE)
    try:
        if path.stat().st_mode & OTHERS_MAY:
            raise KeyMissing("The file of LOYALTY_SECRETS_KEY_FILE may be read by others; take that right away (0600).")
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as fault:
        raise KeyMissing("The file of LOYALTY_SECRETS_KEY_FILE cannot be read.") from fault
    texts = [line for line in lines if line and not line.startswith("#")]
    if any(len(text.encode()) < KEY_BYTES_MIN for text in texts):
        raise KeyMissing(f"A key in the file of LOYALTY_SECRETS_KEY_FILE has less than {KEY_BYTES_MIN} bytes.")
    return [LocalKey(text) for text in texts]
