"""The table of the field catalogue."""

from django.db import models

from loyalty.foundation.orm.models import PublicModel
from loyalty.foundation.rules.contracts import FieldType


class CatalogueField(PublicModel):
    """A field: what the warehouse says of it, and what a person says of it."""

    name = models.CharField(max_length=100, unique=True)
    type = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in FieldType])
    is_nullable = models.BooleanField(default=True)
    data_source = models.CharField(max_length=20)
    label = models.CharField(max_length=100)
    unit = models.CharField(max_length=30, blank=True, default="")
    category = models.CharField(max_length=50)
    description = models.CharField(max_length=500, blank=True, default="")
    is_available = models.BooleanField(default=True)
    freshness = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
