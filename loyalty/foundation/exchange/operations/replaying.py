"""Messages of topics that could not be taken in: tried again."""

from datetime import datetime

from django.db import transaction

from loyalty.foundation.audit import api as audit
from loyalty.foundation.exchange.contracts import IntakeReport, RefusedEvent
from loyalty.foundation.exchange.models import DeadMessage
from loyalty.foundation.exchange.operations.intake import take_in
from loyalty.foundation.exchange.policy import UNREADABLE, parse_message
from loyalty.foundation.kernel.actor import Actor


@transaction.atomic
def replay_message(*, message: DeadMessage, actor: Actor, now: datetime) -> IntakeReport:
    """Take a dead message in once more; it goes when it is taken, and tells the new reason when it is not."""
    held = DeadMessage.objects.select_for_update().get(pk=message.pk)
    headers = {str(name): str(text).encode() for name, text in held.headers.items()}
    try:
        raw = parse_message(held.body.encode(), headers)
    except ValueError as fault:
        report = IntakeReport(refused=(RefusedEvent(0, "", UNREADABLE, str(fault)[:500]),))
    else:
        report = take_in(raw=[raw], source=held.topic, actor=actor, now=now)
    if report.refused:
        held.code, held.message = report.refused[0].code, report.refused[0].message
        held.save(update_fields=["code", "message"])
    else:
        held.delete()
    audit.record(
        actor=actor,
        act="exchange.replay",
        subject_kind="dead_message",
        subject_ref=str(message.public_id),
        at=now,
        after={"is_taken": not report.refused},
    )
    return report
