"""Tells OpenAPI how one signs in with a token."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes ``Authorization: Bearer <token>``."""

    target_class = "loyalty.foundation.access.rest.authentication.BearerToken"
    name = "bearerToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Give the scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "klt_…"}
