"""Front door of the base models."""

from django.db import models
from django.db.models.functions import Now

from loyalty.foundation.orm.models import PublicModel

__all__ = ["PublicModel", "bump_version"]


def bump_version(instance: PublicModel) -> None:
    """Count one edit of a row that the caller holds locked, and stamp its time by the database's clock."""
    type(instance)._default_manager.filter(pk=instance.pk).update(version=models.F("version") + 1, updated_at=Now())
    instance.refresh_from_db(fields=["version", "updated_at"])
