"""How a connector calls its warehouse: retries, breaker, watchdog, and faults said in our words."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import TypeVar

from loyalty.foundation.kernel.errors import Refusal
from loyalty.foundation.resilience.breaker import Breaker, BreakerOpen
from loyalty.foundation.resilience.retry import TryAgain, retrying
from loyalty.warehouse.errors import (
    WarehouseColumnMissing,
    WarehouseDenied,
    WarehouseMismatch,
    WarehouseTimeout,
    WarehouseTypeChanged,
    WarehouseUnavailable,
)

log = logging.getLogger("loyalty.warehouse")

Answer = TypeVar("Answer")

ATTEMPTS_MAX, FIRST_WAIT_SECONDS, TOTAL_SECONDS = 3, 0.1, 5.0
REASON_LENGTH_MAX = 300


class Fault(Enum):
    """What a driver's exception means; only the first two say that the warehouse is in trouble."""

    DOWN = "The warehouse does not answer"
    SLOW = "The warehouse stopped the statement"
    DENIED = "The warehouse's role may not do this"
    COLUMN_MISSING = "The warehouse has no such column"
    TYPE_CHANGED = "The warehouse's column has another type"
    OTHER = "The warehouse does not understand us"


_REFUSALS: dict[Fault, type[WarehouseUnavailable]] = {
    Fault.DOWN: WarehouseUnavailable,
    Fault.SLOW: WarehouseTimeout,
    Fault.DENIED: WarehouseDenied,
    Fault.COLUMN_MISSING: WarehouseColumnMissing,
    Fault.TYPE_CHANGED: WarehouseTypeChanged,
    Fault.OTHER: WarehouseMismatch,
}


def reason_of(fault: BaseException) -> str:
    """Give the first line of a driver's exception, short enough to be shown."""
    origin = getattr(fault, "orig", None) or fault
    return (str(origin).strip().splitlines() or [type(fault).__name__])[0].rstrip(".")[:REASON_LENGTH_MAX]


class Watchdog:
    """Ends a call from outside when it takes too long, whatever the warehouse does about its own limit."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        # Per thread, because several may read through one connector.
        self._fired = threading.local()

    @property
    def has_fired(self) -> bool:
        """Whether the last call of this thread was ended."""
        return bool(getattr(self._fired, "by_us", False))

    @contextmanager
    def watching(self, cancel: Callable[[], object]) -> Iterator[None]:
        """Call ``cancel`` when the block takes longer than the limit."""
        marks = self._fired
        state = {"fired": False}

        def bite() -> None:
            state["fired"] = True
            try:
                cancel()
            except Exception as fault:
                # The call still waits, and ends by the driver's own limit.
                log.warning("a statement of the warehouse could not be ended: %s", reason_of(fault))

        timer = threading.Timer(self.limit_s, bite)
        timer.daemon = True
        marks.by_us = False
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            marks.by_us = state["fired"]


class Guard:
    """Calls through the breaker of one warehouse, tries again what may pass, and refuses in our words."""

    def __init__(
        self,
        place: str,
        *,
        fault_of: Callable[[Exception], Fault],
        watchdog: Watchdog,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the breaker of a place.

        :param fault_of: tells what a driver's exception means.
        """
        self._fault_of = fault_of
        self._watchdog = watchdog
        self._sleep = sleep
        self._breaker = Breaker(f"warehouse:{place}", counts=self._is_trouble)

    @property
    def state(self) -> str:
        """``closed``, ``open`` or ``half-open``: the worst over all processes."""
        return self._breaker.worst_state

    def call(self, function: Callable[[], Answer]) -> Answer:
        """Call, and again when the warehouse was not there; three failed tries count as one failure.

        :raises WarehouseUnavailable: it does not answer, refuses, or is left alone for a while.
        """
        return self._said(lambda: self._breaker.call(lambda: self._persistently(function)))

    def call_once(self, function: Callable[[], Answer]) -> Answer:
        """Call what cannot be repeated, such as the next batch of an answer."""
        return self._said(lambda: self._breaker.call(function))

    def _said(self, call: Callable[[], Answer]) -> Answer:
        try:
            return call()
        except BreakerOpen as fault:
            raise WarehouseUnavailable("The warehouse failed repeatedly and is left alone for a moment.") from fault
        except Refusal:
            raise
        except Exception as fault:
            origin = fault.__cause__ if isinstance(fault, TryAgain) and fault.__cause__ is not None else fault
            assert isinstance(origin, Exception)
            raise self.refusal_of(origin) from origin

    def refusal_of(self, fault: Exception) -> WarehouseUnavailable:
        """Say a driver's exception in our words."""
        kind = self._kind_of(fault)
        return _REFUSALS[kind](f"{kind.value}: {reason_of(fault)}.")

    def _kind_of(self, fault: Exception) -> Fault:
        return Fault.SLOW if self._watchdog.has_fired else self._fault_of(fault)

    def _is_trouble(self, fault: BaseException) -> bool:
        if isinstance(fault, TryAgain):
            return True
        if isinstance(fault, Refusal) or not isinstance(fault, Exception):
            return False
        return self._kind_of(fault) in (Fault.DOWN, Fault.SLOW)

    def _persistently(self, function: Callable[[], Answer]) -> Answer:
        def attempt() -> Answer:
            try:
                return function()
            except Refusal:
                raise
            except Exception as fault:
                if self._kind_of(fault) is Fault.DOWN:
                    raise TryAgain(reason_of(fault)) from fault
                raise

        return retrying(
            attempt, attempts_max=ATTEMPTS_MAX, sleep=self._sleep, first_s=FIRST_WAIT_SECONDS, total_s=TOTAL_SECONDS
        )
