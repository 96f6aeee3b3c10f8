"""Mails by SendGrid."""

from collections.abc import Mapping
from typing import Any

from anymail.backends.sendgrid import EmailBackend  # type: ignore[import-untyped]

from loyalty.delivery.kinds.email.providers.by_anymail import Ways, address_of, ask


def _make(section: Mapping[str, Any]) -> EmailBackend:
    return EmailBackend(api_key=section["api_key"], **address_of(section))


connect = Ways(_make).connect


def probe(values: Mapping[str, Any]) -> None:
    """Ask whether our key is known.

    :raises DeliveryError: it is refused, or no answer came.
    """
    ask(_make(values).api_url, "scopes", headers={"Authorization": f"Bearer {values['api_key']}"})
