"""OpenAPI with the problem document on every route, so that clients know the shape of a refusal."""

from typing import Any

from drf_spectacular.openapi import AutoSchema

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}


class ProblemSchema(AutoSchema):
    """Adds a default answer of ``application/problem+json`` to every operation."""

    def get_operation(self, *arguments: Any, **options: Any) -> dict[str, Any] | None:
        """Describe one operation."""
        operation: dict[str, Any] | None = super().get_operation(*arguments, **options)
        if operation is not None:
            operation["responses"]["default"] = {
                "description": "Refused or failed",
                "content": {"application/problem+json": {"schema": PROBLEM}},
            }
        return operation
