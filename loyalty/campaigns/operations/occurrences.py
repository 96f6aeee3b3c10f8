"""One occurrence of a campaign: stopped for good before everybody was written to."""

import uuid
from datetime import datetime

from django.db import transaction

from loyalty.campaigns.errors import OccurrenceNotFound
from loyalty.campaigns.models import Occurrence
from loyalty.delivery import api as delivery
from loyalty.foundation.audit import api as audit
from loyalty.foundation.kernel.actor import Actor

ABORTED_REASON = "campaign.aborted"


@transaction.atomic
def abort(*, campaign_id: uuid.UUID, occurrence_id: uuid.UUID, actor: Actor, now: datetime) -> int:
    """Stop an occurrence: nobody else is placed, and what waits is dropped with the reason; give how many were.

    What was handed to a channel cannot be called back.

    :raises OccurrenceNotFound: the campaign has no such occurrence.
    """
    rows = Occurrence.objects.select_for_update(of=("self",)).filter(campaign__public_id=campaign_id)
    occurrence = rows.filter(public_id=occurrence_id).first()
    if occurrence is None:
        raise OccurrenceNotFound()
    if occurrence.aborted_at is not None:
        return 0
    Occurrence.objects.filter(pk=occurrence.pk).update(aborted_at=now, is_complete=True, falls_back_until=None)
    dropped = delivery.cancel(source_ref=campaign_id, occurrence_ref=occurrence_id, reason=ABORTED_REASON, now=now)
    audit.record(
        actor=actor, act="campaigns.trigger", subject_kind="campaign", subject_ref=str(campaign_id), at=now,
        after={"occurrence": occurrence.occurrence, "is_aborted": True, "dropped": dropped},
    )  # fmt: skip
    return dropped
