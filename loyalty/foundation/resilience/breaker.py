"""Circuit breakers by name: after repeated failures a system that is down is left alone for a while."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pybreaker

from loyalty.foundation.resilience import shared

log = logging.getLogger("loyalty.resilience")

Answer = TypeVar("Answer")

FAILURES_MAX = 5
RESET_SECONDS = 20.0

BreakerOpen = pybreaker.CircuitBreakerError


@dataclass(frozen=True, slots=True)
class BreakerView:
    """How a breaker stands in this process: ``closed`` (calls go through), ``open`` (none), ``half-open`` (one)."""

    name: str
    state: str
    failures: int


class _Announcer(pybreaker.CircuitBreakerListener):
    """Tells the log and the other processes when a breaker changes."""

    def state_change(
        self,
        cb: pybreaker.CircuitBreaker,
        old_state: pybreaker.CircuitBreakerState | None,
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        """Log the change and tell it; the breaker itself still names the state that it leaves."""
        log.warning("breaker %s: %s", cb.name, new_state.name)
        shared.tell(str(cb.name), new_state.name, rest_s=cb.reset_timeout)


class _Registry:
    breakers: dict[str, pybreaker.CircuitBreaker] = {}  # noqa: RUF012 - one registry for the process
    lock = threading.Lock()


class Breaker:
    """One breaker; all holders of a name in a process share it."""

    def __init__(
        self,
        name: str,
        *,
        counts: Callable[[BaseException], bool],
        failures_max: int = FAILURES_MAX,
        reset_s: float = RESET_SECONDS,
    ) -> None:
        """Take the breaker of a name.

        :param counts: tells which exceptions mean that the system is down; a refused input does not.
        """
        with _Registry.lock:
            self._inner = _Registry.breakers.setdefault(
                name,
                pybreaker.CircuitBreaker(
                    name=name,
                    fail_max=failures_max,
                    reset_timeout=reset_s,
                    exclude=[lambda fault: not counts(fault)],
                    listeners=[_Announcer()],
                    throw_new_error_on_trip=False,
                ),
            )

    def call(self, function: Callable[[], Answer]) -> Answer:
        """Call through the breaker.

        :raises BreakerOpen: the system failed too often and is left alone.
        """
        answer: Answer = self._inner.call(function)
        return answer

    @property
    def view(self) -> BreakerView:
        """How it stands."""
        return BreakerView(str(self._inner.name), self._inner.current_state, self._inner.fail_counter)

    @property
    def worst_state(self) -> str:
        """How it stands where it stands worst, in this process or another."""
        return shared.worst(str(self._inner.name), self._inner.current_state)

    def reset(self) -> None:
        """Close it, for example after its system was configured anew."""
        self._inner.close()


def list_breakers() -> list[BreakerView]:
    """Give all breakers of this process, by name."""
    held = sorted(_Registry.breakers.items())
    return [BreakerView(name, inner.current_state, inner.fail_counter) for name, inner in held]
