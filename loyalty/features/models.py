"""The tables of the field catalogue and of the store's one row of state."""

from django.db import models
from django.db.models.functions import Now

from loyalty.features.contracts import NullKind, Origin
from loyalty.foundation.orm.models import PublicModel
from loyalty.foundation.rules.contracts import FieldType

NULL_KINDS = [(kind.value, kind.value) for kind in NullKind]
PRECEDENCES = [(one.value, one.value) for one in (Origin.DWH, Origin.XIVA)]


class CatalogueField(PublicModel):
    """A field: what its source says of it, and what a person says of it."""

    name = models.CharField(max_length=100, unique=True)
    type = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in FieldType])
    is_nullable = models.BooleanField(default=True)
    data_source = models.CharField(max_length=20)
    # The group of platform facts it belongs to; empty for the warehouse and the BSS.
    group = models.CharField(max_length=63, blank=True, default="", db_default="")
    label = models.CharField(max_length=100)
    unit = models.CharField(max_length=30, blank=True, default="")
    category = models.CharField(max_length=50)
    description = models.CharField(max_length=500, blank=True, default="")
    null_kind = models.CharField(
        max_length=20, choices=NULL_KINDS, default=NullKind.UNKNOWN, db_default=NullKind.UNKNOWN.value
    )
    null_meaning = models.CharField(max_length=300, blank=True, default="", db_default="")
    # Whose value goes before the other's, whatever the strategy; empty follows the strategy.
    precedence = models.CharField(max_length=10, choices=PRECEDENCES, blank=True, default="", db_default="")
    is_available = models.BooleanField(default=True)
    freshness = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(null_kind__in=[kind.value for kind in NullKind]), name="features_field_null_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(precedence__in=["", Origin.DWH.value, Origin.XIVA.value]),
                name="features_field_precedence",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StoreState(models.Model):
    """The one row: how fresh the warehouse is.

    ``generation`` counts what makes all remembered answers old at once.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    reference_instant = models.DateTimeField(null=True)
    oldest_instant = models.DateTimeField(null=True)
    # How many rows the warehouse had when it was last seen to have others.
    row_count = models.BigIntegerField(null=True)
    generation = models.BigIntegerField(default=0, db_default=0)
    version = models.PositiveIntegerField(default=1, db_default=1)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="features_state_one_row")]

    def __str__(self) -> str:
        return f"features of {self.reference_instant}"
