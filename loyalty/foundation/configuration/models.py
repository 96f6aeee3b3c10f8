"""Tables of configuration: what is saved, each version of it, sealed secrets, and the mark of the last change."""

import uuid

from django.db import models

from loyalty.foundation.orm.fields import ExactJSONField


class StoredSection(models.Model):
    """What was saved of a section; fields that were not saved come from the environment."""

    id = models.BigAutoField(primary_key=True)
    code = models.CharField(max_length=50, unique=True)
    version = models.PositiveIntegerField(default=0)
    values = ExactJSONField(default=dict)
    changed_at = models.DateTimeField(null=True)
    changed_by = models.CharField(max_length=200, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.code} {self.version}"


class SectionVersion(models.Model):
    """One change of a section: its values afterwards without secrets, and what was changed."""

    id = models.BigAutoField(primary_key=True)
    code = models.CharField(max_length=50)
    version = models.PositiveIntegerField()
    values = ExactJSONField()
    # [{"field", "before", "after", "is_secret"}]; of a secret only that it changed.
    changes = ExactJSONField()
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=200)
    reason = models.TextField(blank=True, default="")
    restored_from = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="configuration_version_once")]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"


class SealedSecret(models.Model):
    """A secret of a section, sealed for this row and no other."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    code = models.CharField(max_length=50)
    field = models.CharField(max_length=50)
    sealed = models.BinaryField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "field"], name="configuration_secret_once")]

    def __str__(self) -> str:
        return f"{self.code}.{self.field}"


class Stamp(models.Model):
    """The one row that every process looks at: a mark that no other change ever had."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    mark = models.UUIDField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="configuration_stamp_one_row")]

    def __str__(self) -> str:
        return str(self.mark)
