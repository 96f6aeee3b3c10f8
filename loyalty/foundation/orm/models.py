"""The columns that every object with a public name has."""

from django.db import models
from django.db.models.functions import Now

from loyalty.foundation.kernel.ids import new_public_id


class PublicModel(models.Model):
    """``id`` stays inside, ``public_id`` goes out, ``version`` counts edits and makes the ETag."""

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(unique=True, editable=False, default=new_public_id)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    version = models.PositiveIntegerField(default=1, db_default=1)

    class Meta:
        abstract = True
