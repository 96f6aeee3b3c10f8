"""The ledger as plain Python, to compare the real one with: all verbs over a few accounts, no database, no sets."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Policy = Literal["only_pending", "within_balance", "within_balance_or_none", "unlimited"]
Consumption = Literal["fifo", "lifo", "proportional"]


class Refused(Exception):
    """The model would refuse; the argument is the refusal's code."""


@dataclass(eq=False)
class ModelLot:
    """Points that came together into one account."""

    number: int
    account: "ModelAccount"
    earned_at: datetime
    until: datetime | None
    original: int
    remaining: int
    held: int = 0
    source: "ModelLot | None" = None

    @property
    def order(self) -> tuple[bool, datetime, datetime, int]:
        """What is spent first sorts first."""
        return (self.until is None, self.until or self.earned_at, self.earned_at, self.number)

    @property
    def free(self) -> int:
        """What no hold reserves."""
        return self.remaining - self.held

    def is_alive(self, now: datetime) -> bool:
        """Whether its time is not over."""
        return self.until is None or self.until > now


@dataclass(eq=False)
class ModelTransaction:
    """What a transaction moved or set aside, and what of it was taken back."""

    kind: Literal["earn", "burn", "transfer", "adjust", "expire", "reverse", "merge"]
    account: "ModelAccount"
    points: int
    window: str = ""
    made: list[ModelLot] = field(default_factory=list)
    taken: list[tuple[ModelLot, int]] = field(default_factory=list)
    other: "ModelAccount | None" = None
    fee: int = 0
    reversed: int = 0
    unrecovered: int = 0
    is_pending: bool = False
    earned_at: datetime | None = None
    until: datetime | None = None
    confirmed_by: "ModelTransaction | None" = None
    confirms: "ModelTransaction | None" = None

    @property
    def left(self) -> int:
        """What can still be reversed, or is still pending."""
        return self.points - self.reversed


@dataclass(eq=False)
class ModelHold:
    """Points set aside."""

    account: "ModelAccount"
    points: int
    expires_at: datetime
    lots: list[tuple[ModelLot, int]]
    is_active: bool = True


@dataclass(eq=False)
class ModelAccount:
    """One account with its lots and the use of its cap by window."""

    lots: list[ModelLot] = field(default_factory=list)
    cap_used: dict[str, int] = field(default_factory=dict)
    debt: int = 0
    held: int = 0
    pending: int = 0
    earned: int = 0
    redeemed: int = 0
    active_at: datetime | None = None
    merged_into: "ModelAccount | None" = None

    @property
    def balance(self) -> int:
        """The posted balance."""
        return sum(lot.remaining for lot in self.lots) - self.debt

    @property
    def standing(self) -> "ModelAccount":
        """The account that stands for this one."""
        return self if self.merged_into is None else self.merged_into.standing

    def open_lots(self) -> list[tuple[int, int, int]]:
        """Size, rest and held points of the lots with points left, in the order of spending."""
        lots = sorted(self.lots, key=lambda lot: lot.order)
        return [(lot.original, lot.remaining, lot.held) for lot in lots if lot.remaining]

    def check_active(self) -> None:
        """Refuse what a closed account does not take."""
        if self.merged_into is not None:
            raise Refused("account.not_active")


class ModelBook:
    """All accounts of one program, and the verbs."""

    def __init__(self, accounts: int, cap: int) -> None:
        self.accounts = [ModelAccount() for _ in range(accounts)]
        self.cap = cap
        self.holds: list[ModelHold] = []
        self.pending: list[ModelTransaction] = []
        self.numbers = 0

    def _lot(
        self,
        account: ModelAccount,
        earned_at: datetime,
        until: datetime | None,
        points: int,
        source: ModelLot | None = None,
    ) -> ModelLot:
        self.numbers += 1
        lot = ModelLot(self.numbers, account, earned_at, until, points, points, source=source)
        account.lots.append(lot)
        return lot

    def _settle(self, account: ModelAccount, came: list[tuple[ModelLot, int]]) -> None:
        for lot, points in sorted(came, key=lambda pair: pair[0].order):
            paid = min(points, account.debt)
            lot.remaining -= paid
            account.debt -= paid

    def _take(
        self, account: ModelAccount, points: int, now: datetime, consumption: Consumption = "fifo"
    ) -> list[tuple[ModelLot, int]]:
        """Take up to ``points`` from what is free and alive; give from which lots how much."""
        lots = [lot for lot in sorted(account.lots, key=lambda each: each.order) if lot.free and lot.is_alive(now)]
        points = min(points, sum(lot.free for lot in lots))
        if consumption == "proportional":
            parts = self._shares(lots, points)
        else:
            parts = []
            for lot in reversed(lots) if consumption == "lifo" else lots:
                parts.append((lot, min(lot.free, points)))
                points -= parts[-1][1]
        taken = [(lot, part) for lot, part in parts if part]
        for lot, part in taken:
            lot.remaining -= part
        return taken

    def _shares(self, lots: list[ModelLot], points: int) -> list[tuple[ModelLot, int]]:
        whole = sum(lot.free for lot in lots)
        shares = [points * lot.free // whole for lot in lots]
        by_remainder = sorted(range(len(lots)), key=lambda place: (-(points * lots[place].free % whole), place))
        for place in by_remainder[: points - sum(shares)]:
            shares[place] += 1
        return list(zip(lots, shares, strict=True))

    def _spend(
        self, account: ModelAccount, points: int, now: datetime, consumption: Consumption = "fifo"
    ) -> list[tuple[ModelLot, int]]:
        account.check_active()
        alive = sum(lot.free for lot in account.lots if lot.is_alive(now))
        if account.balance - account.held < points or alive < points:
            raise Refused("points.insufficient")
        return self._take(account, points, now, consumption)

    def earn(
        self, account: ModelAccount, points: int, now: datetime, until: datetime | None, window: str, is_pending: bool
    ) -> ModelTransaction:
        """Earn, under the cap when a window is named."""
        account.check_active()
        granted = points
        if window:
            granted = max(0, min(points, self.cap - account.cap_used.get(window, 0)))
            account.cap_used[window] = account.cap_used.get(window, 0) + granted
        made = ModelTransaction("earn", account, granted, window, earned_at=now, until=until)
        if is_pending:
            made.is_pending = True
            account.pending += granted
            if granted:
                self.pending.append(made)
        elif granted:
            self._post(account, made, now)
        return made

    def _post(self, account: ModelAccount, made: ModelTransaction, now: datetime) -> None:
        assert made.earned_at is not None
        lot = self._lot(account, made.earned_at, made.until, made.points)
        made.made.append(lot)
        account.earned += made.points
        account.active_at = now
        self._settle(account, [(lot, made.points)])

    def confirm(self, first: ModelTransaction, now: datetime) -> ModelTransaction:
        """Post what is left of a pending earn."""
        account = first.account.standing
        if first not in self.pending:
            raise Refused("pending.not_pending")
        self.pending.remove(first)
        account.pending -= first.left
        made = ModelTransaction(
            "earn", account, first.left, first.window, earned_at=first.earned_at, until=first.until, confirms=first
        )
        first.confirmed_by = made
        self._post(account, made, now)
        return made

    def burn(self, account: ModelAccount, points: int, now: datetime, consumption: Consumption) -> ModelTransaction:
        """Burn."""
        taken = self._spend(account, points, now, consumption)
        account.redeemed += points
        account.active_at = now
        return ModelTransaction("burn", account, points, taken=taken)

    def adjust(self, account: ModelAccount, change: int, now: datetime, until: datetime | None) -> ModelTransaction:
        """Add points, or take them."""
        account.check_active()
        if change < 0:
            return ModelTransaction("adjust", account, -change, taken=self._spend(account, -change, now))
        lot = self._lot(account, now, until, change)
        self._settle(account, [(lot, change)])
        return ModelTransaction("adjust", account, change, made=[lot])

    def transfer(
        self, account: ModelAccount, other: ModelAccount, points: int, fee: int, now: datetime
    ) -> ModelTransaction:
        """Move points to another account, with a fee on top."""
        account.check_active()
        if account.balance - account.held < points + fee:
            raise Refused("points.insufficient")
        other.check_active()
        taken = self._spend(account, points + fee, now)
        made, left = [], points
        for lot, part in taken:
            moved = min(part, left)
            left -= moved
            if moved:
                made.append(self._lot(other, lot.earned_at, lot.until, moved, lot))
        self._settle(other, [(lot, lot.original) for lot in made])
        account.active_at = other.active_at = now
        return ModelTransaction("transfer", account, points, made=made, taken=taken, other=other, fee=fee)

    def hold(self, account: ModelAccount, points: int, now: datetime, expires_at: datetime) -> ModelHold:
        """Set points aside."""
        lots = self._spend(account, points, now)
        for lot, part in lots:
            lot.remaining += part
            lot.held += part
        account.held += points
        made = ModelHold(account, points, expires_at, lots)
        self.holds.append(made)
        return made

    def _end(self, hold: ModelHold) -> None:
        for lot, part in hold.lots:
            lot.held -= part
        hold.account.held -= hold.points
        hold.is_active = False

    def capture(self, hold: ModelHold, points: int | None, now: datetime) -> ModelTransaction:
        """Burn held points."""
        if not hold.is_active or hold.expires_at <= now:
            raise Refused("hold.not_active")
        points = hold.points if points is None else points
        if points > hold.points:
            raise Refused("points.insufficient")
        self._end(hold)
        taken, left = [], points
        for lot, part in hold.lots:
            used = min(part, left)
            left -= used
            lot.remaining -= used
            if used:
                taken.append((lot, used))
        hold.account.redeemed += points
        hold.account.active_at = now
        return ModelTransaction("burn", hold.account, points, taken=taken)

    def release(self, hold: ModelHold) -> None:
        """Give held points back."""
        if not hold.is_active:
            raise Refused("hold.not_active")
        self._end(hold)

    def release_due(self, now: datetime) -> int:
        """End the holds whose time is over; give their number."""
        due = [hold for hold in self.holds if hold.is_active and hold.expires_at <= now]
        for hold in due:
            self._end(hold)
        return len(due)

    def _expire(self, account: ModelAccount, lots: list[ModelLot]) -> ModelTransaction:
        points = sum(lot.free for lot in lots)
        for lot in lots:
            lot.remaining = lot.held
        return ModelTransaction("expire", account, points)

    def expire(self, now: datetime) -> list[ModelTransaction]:
        """Expire what is due."""
        made = []
        for account in self.accounts:
            due = [lot for lot in account.lots if lot.free and not lot.is_alive(now)]
            if due:
                made.append(self._expire(account, due))
        return made

    def expire_inactive(self, since: datetime) -> list[ModelTransaction]:
        """Expire everything free of accounts without activity since."""
        made = []
        for account in self.accounts:
            free = [lot for lot in account.lots if lot.free]
            if free and (account.active_at is None or account.active_at < since):
                made.append(self._expire(account, free))
        return made

    def merge(self, account: ModelAccount, other: ModelAccount, now: datetime) -> ModelTransaction:
        """Move everything to another account."""
        account.check_active()
        other.check_active()
        moved, points = {}, account.balance
        for lot in sorted(account.lots, key=lambda each: each.order):
            if lot.remaining:
                new = moved[lot] = self._lot(other, lot.earned_at, lot.until, lot.remaining, lot)
                new.held, lot.remaining, lot.held = lot.held, 0, 0
        for hold in self.holds:
            if hold.is_active and hold.account is account:
                hold.account, hold.lots = other, [(moved[lot], part) for lot, part in hold.lots]
        for window, used in account.cap_used.items():
            other.cap_used[window] = other.cap_used.get(window, 0) + used
        other.held += account.held
        other.pending += account.pending
        other.debt += account.debt
        other.earned += account.earned
        other.redeemed += account.redeemed
        account.held = account.pending = account.debt = account.earned = account.redeemed = 0
        account.cap_used, account.merged_into = {}, other
        if points:
            account.active_at = other.active_at = now
        other.debt -= sum(part for _, part in self._take(other, other.debt, now))
        return ModelTransaction("merge", account, max(points, 0))

    def reverse(
        self, first: ModelTransaction, points: int | None, policy: Policy, now: datetime, until: datetime | None
    ) -> ModelTransaction:
        """Reverse; give what was done."""
        first = first.confirmed_by or first
        account = first.account.standing
        other = first.other.standing if first.other else None
        if first.kind in ("reverse", "merge") or other is account:
            raise Refused("transaction.not_reversible")
        if first.left == 0:
            raise Refused("transaction.already_reversed")
        if points is not None and points > first.left:
            raise Refused("transaction.reversal_exceeds")
        wanted = first.left if points is None else points
        if first.is_pending:
            account.pending -= wanted
            if wanted == first.left:
                self.pending.remove(first)
        elif other is not None or (first.kind in ("earn", "adjust") and not first.taken):
            wanted = self._take_back(first, other or account, points, policy, now)
        done = ModelTransaction("reverse", account, wanted)
        done.unrecovered = (first.left if points is None else points) - wanted
        if first.kind == "expire":
            lot = self._lot(account, now, until, wanted)
            self._settle(account, [(lot, wanted)])
        elif first.taken:
            self._give_back(first, account, wanted)
        first.reversed += wanted
        self._uncount(first, account, wanted)
        return done

    def _uncount(self, first: ModelTransaction, account: ModelAccount, points: int) -> None:
        if first.kind == "earn" and not first.is_pending:
            account.earned -= points
        if first.kind == "burn":
            account.redeemed -= points
        if first.window:
            account.cap_used[first.window] -= points

    def _take_back(
        self, first: ModelTransaction, account: ModelAccount, points: int | None, policy: Policy, now: datetime
    ) -> int:
        if policy == "only_pending" and first.kind == "earn":
            raise Refused("transaction.clawback_refused")
        wanted, available = first.left if points is None else points, account.balance - account.held
        may_be_none = policy == "within_balance_or_none" and first.kind == "earn"
        if policy != "unlimited" and available < wanted:
            if available <= 0 and may_be_none:
                return 0
            if available <= 0:
                raise Refused("points.insufficient")
            wanted = available
        own = sorted(self._own_lots(first, account), key=lambda lot: lot.order, reverse=True)
        alive = sum(lot.free for lot in account.lots if lot.is_alive(now) and lot not in own)
        reachable = sum(lot.free for lot in own) + (alive if policy != "only_pending" else 0)
        if policy != "unlimited" and reachable < wanted:
            if reachable == 0 and may_be_none:
                return 0
            if reachable == 0:
                raise Refused("transaction.clawback_refused" if policy == "only_pending" else "points.insufficient")
            wanted = reachable
        left = wanted
        for lot in own:
            part = min(lot.free, left)
            lot.remaining -= part
            left -= part
        if policy != "only_pending":
            left -= sum(part for _, part in self._take(account, left, now))
        account.debt += left
        return wanted

    def _own_lots(self, first: ModelTransaction, account: ModelAccount) -> list[ModelLot]:
        """The lots that a transaction made in an account, or what they became where it was merged into this one."""
        found, heirs = [], list(first.made)
        while heirs:
            lot = heirs.pop()
            if lot.account is account:
                found.append(lot)
            else:
                heirs += [heir for each in self.accounts for heir in each.lots if heir.source is lot]
        return found

    def _give_back(self, first: ModelTransaction, account: ModelAccount, points: int) -> None:
        """Put points back where they came from, what was taken last first; a transfer's fee in proportion."""
        fee_before = first.fee * first.reversed // first.points
        fee = first.fee * (first.reversed + points) // first.points - fee_before
        whole = first.points + first.fee
        came: list[tuple[ModelLot, int]] = []
        for begin, end in ((first.left - points, first.left), (whole - fee_before - fee, whole - fee_before)):
            place = whole
            for lot, part in reversed(first.taken):
                back = max(0, min(place, end) - max(place - part, begin))
                place -= part
                if back and lot.account is account:
                    lot.remaining += back
                    came.append((lot, back))
                elif back:
                    came.append((self._lot(account, lot.earned_at, lot.until, back, lot), back))
        self._settle(account, came)
