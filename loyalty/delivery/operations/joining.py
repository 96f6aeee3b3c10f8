"""Customers' messages as a message centre brings them: told from what it brings again, and joined from their parts."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from loyalty.delivery.contracts import ChannelCode
from loyalty.delivery.kinds.sms.inbound import Inbound, Part, decoded
from loyalty.delivery.models import InboundMessage, InboundPart
from loyalty.delivery.operations.receiving import record_inbound
from loyalty.foundation.orm import sql

# What the centre did not see answered when the line broke it brings again within minutes.
AGAIN_WITHIN = timedelta(minutes=10)
# A telephone numbers its long messages by a byte; so long no other one has this number.
PARTS_FOR = timedelta(days=1)


@transaction.atomic
def keep_message(message: Inbound, *, line: str, now: datetime) -> None:
    """Keep a message, or a part of one, and do what its keyword asks once all its parts are there.

    :param line: a name of the line that it came by, so that what the centre brings again is not taken for a new one.
    """
    # Two lines may bring two parts at once, and each would find the other one missing.
    sql.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"inbound {message.from_address}"])
    reference = _reference_of(message, line, now)
    if message.part is None:
        _record(message.from_address, message.to_address, message.body, reference, now)
        return
    kept = _parts_of(message, message.part)
    if any(_is_same(one, message) for one in kept):
        return
    if any(one.number == message.part.number for one in kept):
        # Another message has the number now; of the one before no more will come.
        _let_go(kept, now)
        kept = []
    kept.append(_keep_part(message, message.part, now))
    if len(kept) == message.part.total:
        _record(message.from_address, message.to_address, _words_of(kept), reference, now)
        InboundPart.objects.filter(pk__in=[one.pk for one in kept]).update(joined_at=now)


@transaction.atomic
def sweep_parts(*, now: datetime) -> int:
    """Keep what there is of messages whose other parts did not come within a day, and forget the parts of all; give how
    many parts went."""
    old = InboundPart.objects.filter(received_at__lt=now - PARTS_FOR).order_by("id")
    first = old.select_for_update(skip_locked=True).first()
    if first is None:
        return 0
    return _let_go(list(_siblings(first.from_address, first.to_address, first.name, first.total)), now)


def _parts_of(message: Inbound, part: Part) -> list[InboundPart]:
    return list(_siblings(message.from_address, message.to_address, part.name, part.total))


def _siblings(from_address: str, to_address: str, name: int, total: int) -> QuerySet[InboundPart]:
    found = InboundPart.objects.filter(from_address=from_address, to_address=to_address, name=name, total=total)
    return found.order_by("number")


def _is_same(kept: InboundPart, message: Inbound) -> bool:
    """Tell whether the centre brings a part again."""
    part = message.part
    return part is not None and (kept.number, bytes(kept.coded), kept.coding) == (
        part.number,
        message.coded,
        message.coding,
    )


def _keep_part(message: Inbound, part: Part, now: datetime) -> InboundPart:
    return InboundPart.objects.create(
        from_address=message.from_address,
        to_address=message.to_address,
        name=part.name,
        total=part.total,
        number=part.number,
        coding=message.coding,
        coded=message.coded,
        received_at=now,
    )


def _let_go(parts: Sequence[InboundPart], now: datetime) -> int:
    """Forget parts; words that were never joined are kept as they are."""
    unjoined = [one for one in parts if one.joined_at is None]
    if unjoined:
        first = unjoined[0]
        reference = f"parts:{first.pk}:{first.received_at.timestamp():.6f}"
        _record(first.from_address, first.to_address, _words_of(unjoined), reference, now)
    InboundPart.objects.filter(pk__in=[one.pk for one in parts]).delete()
    return len(parts)


def _words_of(parts: Sequence[InboundPart]) -> str:
    return decoded([(bytes(one.coded), one.coding) for one in sorted(parts, key=lambda one: one.number)])


def _reference_of(message: Inbound, line: str, now: datetime) -> str:
    seed = (
        f"{now:%Y-%m-%d}\n{message.from_address}\n{message.to_address}\n{message.sequence}\n".encode() + message.coded
    )
    return f"{line}:{hashlib.sha256(seed).hexdigest()}"


def _record(from_address: str, to_address: str, body: str, reference: str, now: datetime) -> None:
    if not _is_again(from_address, to_address, body, reference, now):
        record_inbound(reference=reference, from_address=from_address, to_address=to_address, body=body, now=now)


def _is_again(from_address: str, to_address: str, body: str, reference: str, now: datetime) -> bool:
    """Tell whether the centre brings the last message of a number again over another line.

    It numbers its units anew on each line, so the words tell: of another message in between they are new ones.
    """
    sent = InboundMessage.objects.filter(
        channel=ChannelCode.SMS.value, from_address=from_address, to_address=to_address
    )
    last = sent.order_by("-id").first()
    return (
        last is not None
        and last.body == body.replace("\x00", "")
        and last.reference.partition(":")[0] != reference.partition(":")[0]
        and now - last.received_at < AGAIN_WITHIN
    )
