"""Master keys from the environment: one that seals, and older ones that still open."""

from collections.abc import Sequence

from django.conf import settings

from loyalty.foundation.configuration.policy.envelope import KeyWrapper, LocalKey


def keys() -> Sequence[KeyWrapper]:
    """Give the keys of the settings."""
    texts = [settings.LOYALTY_SECRETS_KEY, *settings.LOYALTY_SECRETS_KEYS_OLD]
    return [LocalKey(text) for text in texts if text]
