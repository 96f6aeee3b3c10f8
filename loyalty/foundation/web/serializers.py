"""Serializers that refuse what they do not know, and fields that are strict about their type."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers
from rest_framework.fields import SkipField, empty, get_error_detail

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
            if type(data) is dict:
                return self._read(data)
        return super().to_internal_value(data)

    def _read(self, data: dict[str, Any]) -> dict[str, Any]:
        """Read a JSON object as DRF does, without asking the fields that may be left out and were.

        Bodies have many of those, and each takes as long as a field that is there.
        """
        read: dict[str, Any] = {}
        problems: dict[str, Any] = {}
        for field in self._writable_fields:
            name = str(field.field_name)
            if name not in data and name in self._idle:
                continue
            check = getattr(self, f"validate_{name}", None)
            try:
                value = field.run_validation(field.get_value(data))
                if check is not None:
                    value = check(value)
            except serializers.ValidationError as refused:
                problems[name] = refused.detail
            except DjangoValidationError as refused:
                problems[name] = get_error_detail(refused)
            except SkipField:
                continue
            else:
                self.set_value(read, field.source_attrs, value)
        if problems:
            raise serializers.ValidationError(problems)
        return read

    @cached_property
    def _idle(self) -> frozenset[str]:
        """Fields that say nothing when they are left out: neither asked for nor with a value of their own."""
        return frozenset(
            name
            for name, field in self.fields.items()
            if not field.required and field.default is empty and type(field).get_value is serializers.Field.get_value
        )

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
