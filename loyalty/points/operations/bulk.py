"""Points for many at once that may wait for others: a batch of earns, and a file of opening points."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from loyalty.foundation.approvals import api as approvals
from loyalty.foundation.kernel.actor import Actor
from loyalty.foundation.orm import sql
from loyalty.foundation.work import api as work
from loyalty.points.contracts import EarnLine, EarnRequest, Key, MemberRef
from loyalty.points.errors import BulkChanged
from loyalty.points.models import MemberImport
from loyalty.points.operations.batches import earn_batch

KIND = "points.bulk_earn"
IMPORT_RUN_KIND = "points.import"
BATCH, FILE = "batch", "file"
WORDS: approvals.Words = {
    "en": {
        "batch": "Give {points} points in {lines} lines",
        "file": "Take {rows} rows with {points} points in from {name}",
        "nameless_file": "Take {rows} rows with {points} points in from a file",
    },
    "ar": {
        "batch": "منح {points} من النقاط في {lines} من البنود",
        "file": "استيراد {rows} من الصفوف فيها {points} من النقاط من الملف {name}",
        "nameless_file": "استيراد {rows} من الصفوف فيها {points} من النقاط من ملف",
    },
}
# What the rows that will be taken in come to; the sum of their hashes tells whether one of them was touched.
STAGED = """
    SELECT count(*) AS rows, COALESCE(sum(r.points_balance), 0)::bigint AS points,
        COALESCE(sum(hashtextextended(r::text, 0)::numeric), 0)::text AS mark
    FROM points_import_row r WHERE r.import_id = %s AND r.code = ''
"""


class _Undone(Exception):
    """Ends a savepoint so that nothing of it stays; carries what the lines came to."""

    def __init__(self, lines: list[EarnLine]) -> None:
        super().__init__()
        self.lines = lines


# -- A batch ---------------------------------------------------------------------------------------------------------


def earn_batch_or_ask(*, requests: Sequence[EarnRequest], key: Key, actor: Actor, now: datetime) -> list[EarnLine]:
    """Earn for many purchases as ``earn_batch`` does, or ask for all of them.

    :param key: names the batch; the same one again gives the same request while it waits.
    :raises BatchInvalid: more lines than the ledger takes at once.
    :raises WaitsForApproval: a workflow has so many points wait for others; nothing was posted.
    """
    if not approvals.is_demanded(KIND):
        return earn_batch(requests=requests, actor=actor, now=now)
    with transaction.atomic():
        tried = _tried(requests, actor, now)
        waiting = None
        if _points_of(tried):
            waiting = approvals.submit(_batch_proposal(requests, tried, key, actor, now))
        outcome = waiting or earn_batch(requests=requests, actor=actor, now=now)
    return approvals.settled(outcome)


def _tried(requests: Sequence[EarnRequest], actor: Actor, now: datetime) -> list[EarnLine]:
    """Do the lines and undo them: how many points they are is only known when caps and rules have spoken."""
    try:
        with transaction.atomic():
            raise _Undone(earn_batch(requests=requests, actor=actor, now=now))
    except _Undone as undone:
        return undone.lines


def _points_of(lines: Sequence[EarnLine]) -> int:
    """Count the points that are given anew, in all wallets."""
    fresh = [one.receipt for one in lines if one.receipt is not None and not one.receipt.is_replay]
    return sum(one.points_amount + sum(other.points_amount for other in one.other_wallets) for one in fresh)


def _batch_proposal(
    requests: Sequence[EarnRequest], tried: Sequence[EarnLine], key: Key, actor: Actor, now: datetime
) -> approvals.Proposal:
    points = _points_of(tried)
    members = {one.receipt.account_id for one in tried if one.receipt is not None}
    return approvals.Proposal(
        kind=KIND, subject_kind="ledger", subject_ref="batch", amount=points, actor=actor, now=now,
        payload={
            "way": BATCH, "points": points, "is_direct": any(one.points is not None for one in requests),
            "requests": [_stored(one, now) for one in requests],
        },
        after={
            "lines": len(requests), "members": len(members), "points": points,
            "lines_refused": sum(one.receipt is None for one in tried),
        },
        key=f"{key.scope}:{key.key}",
    )  # fmt: skip


def _stored(request: EarnRequest, now: datetime) -> dict[str, Any]:
    """Give a line as JSON; one without an instant of its own happens when it is approved."""
    member = request.member
    return {
        "member": {
            "account_id": _text(member.account_id), "customer_id": _text(member.customer_id),
            "customer_ref": member.customer_ref, "program_id": _text(member.program_id),
        },
        "key": {
            "scope": request.key.scope, "key": request.key.key, "request_hash": request.key.request_hash.hex(),
        },
        "occurred_at": None if request.occurred_at == now else request.occurred_at.isoformat(),
        "amount": None if request.amount is None else str(request.amount),
        "currency": request.currency, "points": request.points, "context": dict(request.context),
        "event_type": request.event_type, "wallet": request.wallet, "is_capped": request.is_capped,
    }  # fmt: skip


def _read(stored: Mapping[str, Any], now: datetime) -> EarnRequest:
    member, key = stored["member"], stored["key"]
    return EarnRequest(
        member=MemberRef(
            account_id=_id(member["account_id"]), customer_id=_id(member["customer_id"]),
            customer_ref=member["customer_ref"], program_id=_id(member["program_id"]),
        ),
        key=Key(scope=key["scope"], key=key["key"], request_hash=bytes.fromhex(key["request_hash"])),
        occurred_at=datetime.fromisoformat(stored["occurred_at"]) if stored["occurred_at"] else now,
        amount=None if stored["amount"] is None else Decimal(stored["amount"]),
        currency=stored["currency"], points=stored["points"], context=stored["context"],
        event_type=stored["event_type"], wallet=stored["wallet"], is_capped=stored["is_capped"],
    )  # fmt: skip


def _text(value: uuid.UUID | None) -> str | None:
    return None if value is None else str(value)


def _id(text: str | None) -> uuid.UUID | None:
    return None if text is None else uuid.UUID(text)


# -- A file ----------------------------------------------------------------------------------------------------------


def start_or_ask(made: MemberImport, *, key: str, actor: Actor, now: datetime) -> approvals.Waiting | None:
    """Put the taking in of a staged file in line, or ask for it; the caller holds the transaction."""
    if approvals.is_demanded(KIND):
        staged = sql.fetch_all(STAGED, [made.pk])[0]
        waiting = approvals.submit(_file_proposal(made, staged, key, actor, now))
        if waiting is not None:
            return waiting
    _start(made, actor, now)
    return None


def _start(made: MemberImport, actor: Actor, now: datetime) -> None:
    run = work.start(
        kind=IMPORT_RUN_KIND, subject_kind="import", subject_ref=str(made.public_id), params={}, actor=actor, now=now
    )
    made.run_public_id = run.id
    made.save(update_fields=["run_public_id"])


def _file_proposal(
    made: MemberImport, staged: Mapping[str, Any], key: str, actor: Actor, now: datetime
) -> approvals.Proposal:
    return approvals.Proposal(
        kind=KIND, subject_kind="import", subject_ref=str(made.public_id), amount=int(staged["points"]), actor=actor,
        now=now,
        payload={
            "way": FILE, "import": str(made.public_id), "program": str(made.program_public_id),
            "file_name": made.file_name, "digest": bytes(made.request_hash).hex(), "rows": staged["rows"],
            "points": staged["points"], "mark": staged["mark"],
        },
        after={
            "file_name": made.file_name, "program": str(made.program_public_id), "rows": staged["rows"],
            "rows_refused": made.rows_total - int(staged["rows"]), "points": staged["points"],
        },
        key=f"import:{key}",
    )  # fmt: skip


def _held(payload: Mapping[str, Any]) -> MemberImport | None:
    """Hold the file, if it still waits."""
    rows = MemberImport.objects.select_for_update().filter(public_id=uuid.UUID(payload["import"]))
    return rows.filter(run_public_id=None, rows_done=0).first()


# -- What approvals calls --------------------------------------------------------------------------------------------


def apply(payload: Mapping[str, Any], *, actor: Actor, now: datetime) -> Mapping[str, Any]:
    """Give the points that were approved, as whoever asked for them, and no more than that.

    :raises BulkChanged: rules, caps or staged rows have changed so that it would be more, or something else.
    """
    return _apply_file(payload, actor, now) if payload["way"] == FILE else _apply_batch(payload, actor, now)


def _apply_batch(payload: Mapping[str, Any], actor: Actor, now: datetime) -> Mapping[str, Any]:
    lines = earn_batch(requests=[_read(one, now) for one in payload["requests"]], actor=actor, now=now)
    points = _points_of(lines)
    if points > payload["points"]:
        raise BulkChanged(f"It would be {points} points now, and {payload['points']} were asked for.", points=points)
    done = [one for one in lines if one.receipt is not None]
    return {"points": points, "lines_done": len(done), "lines_refused": len(lines) - len(done)}


def _apply_file(payload: Mapping[str, Any], actor: Actor, now: datetime) -> Mapping[str, Any]:
    made = _held(payload)
    staged = sql.fetch_all(STAGED, [made.pk])[0] if made else {}
    if made is None or any(staged[name] != payload[name] for name in ("rows", "points", "mark")):
        raise BulkChanged("The rows of the file are others than those that were asked for.")
    _start(made, actor, now)
    return {"import_id": str(made.public_id), "run_id": str(made.run_public_id)}


def is_still_valid(payload: Mapping[str, Any], *, now: datetime) -> bool:
    """Hold the file and tell whether nothing of it was taken in; lines of a batch are held by the ledger itself."""
    return payload["way"] == BATCH or _held(payload) is not None


def describe(payload: Mapping[str, Any]) -> approvals.Phrase:
    """Say what is asked for."""
    if payload["way"] == FILE:
        code = "file" if payload["file_name"] else "nameless_file"
        return approvals.Phrase(
            code, {"rows": payload["rows"], "points": payload["points"], "name": payload["file_name"]}
        )
    return approvals.Phrase("batch", {"points": payload["points"], "lines": len(payload["requests"])})


def permission_of(payload: Mapping[str, Any]) -> str:
    """Give what whoever asks must hold."""
    if payload["way"] == FILE:
        return "points.import"
    return "points.earn_direct" if payload["is_direct"] else "points.earn"
