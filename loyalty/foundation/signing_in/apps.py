"""Registers signing in with Django, and its counters with the limits of the edge."""

from importlib import import_module
from typing import ClassVar

from django.apps import AppConfig


class SigningInConfig(AppConfig):
    """Passwords, second factors, sessions."""

    name = "loyalty.foundation.signing_in"
    label = "signing_in"
    permissions: ClassVar[dict[str, str]] = {}

    def ready(self) -> None:
        """Name the counters that hold without Redis, the section of the identity provider, and what is sealed."""
        import_module("loyalty.foundation.signing_in.rest.openapi")
        counting = import_module("loyalty.foundation.signing_in.operations.counting")
        limits = import_module("loyalty.foundation.web.limits")
        limits.use_counter(counting.count)
        passwords = import_module("loyalty.foundation.signing_in.operations.passwords")
        import_module("loyalty.foundation.access.api").register_demand(passwords.demand_first_change)
        configuration = import_module("loyalty.foundation.configuration.api")
        configuration.register_section(import_module("loyalty.foundation.signing_in.kinds.oidc_section").SECTION)
        configuration.register_sealed(import_module("loyalty.foundation.signing_in.operations.sealing").COLUMN)
