"""A member's account for tests, with the verbs in short form."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from loyalty.foundation.kernel.actor import system_actor
from loyalty.foundation.kernel.ids import new_public_id
from loyalty.ledger import api

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SCOPE = "tests"


@dataclass(frozen=True)
class Book:
    """One member's account; ``now`` is the instant of every posting unless another is given."""

    account_id: uuid.UUID
    owner_ref: uuid.UUID
    program_ref: uuid.UUID
    now: datetime = NOW

    def at(self, **later: float) -> "Book":
        """The same account at a later instant."""
        return replace(self, now=self.now + timedelta(**later))

    def earn_posting(self, points: int, key: str = "", *, days: float | None = None, **fields: Any) -> api.EarnPosting:
        """Say what to earn; ``days`` until it expires."""
        values = {
            "account_id": self.account_id,
            "points_amount": points,
            "idempotency_scope": SCOPE,
            "idempotency_key": key or str(new_public_id()),
            "occurred_at": self.now,
            "expires_at": None if days is None else self.now + timedelta(days=days),
        }
        return api.EarnPosting(**{**values, **fields})

    def earn(self, points: int, key: str = "", *, days: float | None = None, **fields: Any) -> api.Receipt:
        """Earn points."""
        return api.earn(self.earn_posting(points, key, days=days, **fields), now=self.now)

    def earn_all(self, postings: Sequence[api.EarnPosting]) -> list[api.BatchLine]:
        """Earn in one batch."""
        return api.earn_batch(postings, now=self.now)

    def burn(self, points: int, key: str = "", **fields: Any) -> api.Receipt:
        """Burn points."""
        values = {
            "account_id": self.account_id,
            "points_amount": points,
            "idempotency_scope": SCOPE,
            "idempotency_key": key or str(new_public_id()),
            "occurred_at": self.now,
        }
        return api.burn(api.BurnPosting(**{**values, **fields}), now=self.now)

    def reverse(self, receipt: api.Receipt, points: int | None = None, key: str = "", **fields: Any) -> api.Receipt:
        """Reverse a transaction."""
        values = {
            "reverses": receipt.transaction_id,
            "points_amount": points,
            "idempotency_scope": SCOPE,
            "idempotency_key": key or str(new_public_id()),
            "occurred_at": self.now,
        }
        return api.reverse(api.ReversePosting(**{**values, **fields}), now=self.now)

    def _values(self, key: str, **fields: Any) -> dict[str, Any]:
        return {
            "idempotency_scope": SCOPE,
            "idempotency_key": key or str(new_public_id()),
            "occurred_at": self.now,
            **fields,
        }

    def transfer(self, other: "Book", points: int, key: str = "", *, fee: int = 0, **fields: Any) -> api.Receipt:
        """Transfer points to another account."""
        values = self._values(
            key,
            account_id=self.account_id,
            to_account_id=other.account_id,
            points_amount=points,
            fee_points=fee,
            **fields,
        )
        return api.transfer(api.TransferPosting(**values), now=self.now)

    def hold(self, points: int, key: str = "", *, hours: float = 24, **fields: Any) -> api.HoldReceipt:
        """Set points aside for some hours."""
        values = self._values(
            key,
            account_id=self.account_id,
            points_amount=points,
            expires_at=self.now + timedelta(hours=hours),
            **fields,
        )
        return api.hold(api.HoldPosting(**values), now=self.now)

    def capture(self, hold: api.HoldReceipt, points: int | None = None, key: str = "", **fields: Any) -> api.Receipt:
        """Burn held points."""
        values = self._values(key, hold_id=hold.hold_id, points_amount=points, **fields)
        return api.capture(api.CapturePosting(**values), now=self.now)

    def release(self, hold: api.HoldReceipt, key: str = "", **fields: Any) -> api.HoldReceipt:
        """Give held points back."""
        return api.release(api.ReleasePosting(**self._values(key, hold_id=hold.hold_id, **fields)), now=self.now)

    def merge_into(self, other: "Book", key: str = "", **fields: Any) -> api.Receipt:
        """Merge this account into another."""
        values = self._values(key, account_id=self.account_id, to_account_id=other.account_id, **fields)
        return api.merge_accounts(api.MergePosting(**values), actor=system_actor("tests"), now=self.now)

    def adjust_posting(
        self, change: int, key: str = "", *, days: float | None = None, **fields: Any
    ) -> api.AdjustPosting:
        """Say what to adjust; ``days`` until what is added expires."""
        expires_at = None if days is None else self.now + timedelta(days=days)
        values = {"account_id": self.account_id, "points_change": change, "reason_code": "goodwill"}
        return api.AdjustPosting(**self._values(key, **{**values, "expires_at": expires_at, **fields}))

    def adjust(self, change: int, key: str = "", *, days: float | None = None, **fields: Any) -> api.Receipt:
        """Add or take points for a reason."""
        return api.adjust(self.adjust_posting(change, key, days=days, **fields), now=self.now)

    def confirm(self, pending: api.Receipt, key: str = "", **fields: Any) -> api.Receipt:
        """Confirm a pending earn."""
        return api.confirm(
            api.ConfirmPosting(**self._values(key, confirms=pending.transaction_id, **fields)), now=self.now
        )

    def cancel(self, pending: api.Receipt, points: int | None = None, key: str = "", **fields: Any) -> api.Receipt:
        """Cancel a pending earn."""
        values = {"cancels": pending.transaction_id, "points_amount": points, **fields}
        return api.cancel(api.CancelPosting(**self._values(key, **values)), now=self.now)

    def cap(self, points_max: int, ref: str = "daily") -> tuple[api.CapLine, ...]:
        """One cap with its window on this day."""
        return (api.CapLine(cap_ref=ref, window_start=self.now.date(), units_max=points_max),)

    @property
    def balance(self) -> int:
        """The posted balance."""
        return api.get_account(self.account_id).points_posted

    @property
    def lots(self) -> list[tuple[int, int]]:
        """Size and rest of the open lots, in the order of spending."""
        return [(lot.points_original, lot.points_remaining) for lot in api.list_lots(self.account_id)]


def open_book(*, program_ref: uuid.UUID | None = None, now: datetime = NOW) -> Book:
    """Open an account of a new member."""
    owner, program = new_public_id(), program_ref or new_public_id()
    account = api.open_account(owner_ref=owner, program_ref=program, now=now)
    return Book(account_id=account, owner_ref=owner, program_ref=program, now=now)


def broken(now: datetime = NOW) -> dict[str, int]:
    """The invariants that do not hold, with the number of violations."""
    return {result.code: result.violations for result in api.check_invariants(now=now) if result.violations}


def run(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    """Run one statement and give its rows, if it gives any."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        return list(cursor.fetchall()) if cursor.description else []


def event_of(transaction_id: uuid.UUID) -> tuple[str, dict[str, Any]]:
    """The type and the data of the one event of a transaction."""
    ((type_, key, event_id, data),) = run(
        "SELECT type, key, event_id, data::text FROM events_outbox "
        "WHERE subject_kind = 'transaction' AND subject_ref = %s",
        str(transaction_id),
    )
    values = json.loads(data)
    assert key == values["customer_id"]
    assert event_id == transaction_id
    return type_, values
