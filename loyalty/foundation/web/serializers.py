"""Serializers that refuse what they do not know, and fields that are strict about their type."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from rest_framework import serializers

from loyalty.foundation.kernel.exact_json import ExactEncoder
from loyalty.foundation.kernel.points import POINTS_MAX


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that names every field it was given and does not have."""

    def to_internal_value(self, data: Any) -> Any:
        """Validate; an unknown field is an error, so that a typing mistake is never silently dropped."""
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self._known]
            if unknown:
                problem = serializers.ErrorDetail("This field is not known here.", code="unknown_field")
                raise serializers.ValidationError({name: [problem] for name in unknown})
            # DRF would read a number as an identifier of 128 bits.
            numbers = [name for name, value in data.items() if isinstance(value, int) and name in self._ids]
            if numbers:
                problem = serializers.ErrorDetail("An identifier is a text.", code="invalid")
                raise serializers.ValidationError({name: [problem] for name in numbers})
        return super().to_internal_value(data)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(name for name, field in self.fields.items() if not field.read_only)

    @cached_property
    def _ids(self) -> frozenset[str]:
        return frozenset(name for name, field in self.fields.items() if isinstance(field, serializers.UUIDField))


class WholeNumberField(serializers.IntegerField):
    """A whole number given as a JSON number; a text, a fraction or a boolean is refused."""

    def to_internal_value(self, data: Any) -> int:
        """Read the number."""
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class PointsField(WholeNumberField):
    """A number of points to move: from 1 to the bound."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": POINTS_MAX, **options})


class AmountField(serializers.DecimalField):
    """An amount of money as a decimal text; a JSON fraction is exact here too, because bodies are read as Decimals."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_digits": 20, "decimal_places": 6, "coerce_to_string": True, **options})

    def to_internal_value(self, data: Any) -> Decimal:
        """Read the amount; digits of other scripts are not read as numbers, because few people would notice them."""
        if isinstance(data, bool) or (isinstance(data, str) and not data.isascii()):
            self.fail("invalid")
        return super().to_internal_value(data)


class ExactJSONField(serializers.JSONField):
    """Free JSON whose decimal numbers stay exact."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"encoder": ExactEncoder, **options})

    def to_representation(self, value: Any) -> Any:
        """Give the value as it stands."""
        return value
