"""JSON columns that keep decimal numbers exact."""

from typing import Any

from django.db import models

from loyalty.foundation.kernel.exact_json import ExactDecoder, ExactEncoder


class ExactJSONField(models.JSONField):
    """A jsonb column that keeps decimal numbers exact."""

    def __init__(self, **options: Any) -> None:
        options["encoder"] = ExactEncoder
        options["decoder"] = ExactDecoder
        super().__init__(**options)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Leave the fixed encoder and decoder out of migrations."""
        name, path, arguments, options = super().deconstruct()
        options.pop("encoder", None)
        options.pop("decoder", None)
        return name, path, list(arguments), dict(options)
