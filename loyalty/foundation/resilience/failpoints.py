"""Named places where a process may be made to die, so that a harness can prove what a death there leaves behind.

Off unless ``LOYALTY_FAILPOINT`` is set when the process starts: ``NAME:N`` kills the process with -9 at its N-th pass
of the point NAME (``*``: of any), ``LOYALTY_FAILPOINT_LOG`` is a file that gets one line for each such death. Without
the variable a point costs one comparison. A point is named once, by a literal ``<area>.<what has just been done>``,
because the harness reads the list of points from the source.
"""

import os
import signal
from dataclasses import dataclass

# As the name: whichever point it is, so that N counts the passes of all.
ANY = "*"
VARIABLE, LOG_VARIABLE = "LOYALTY_FAILPOINT", "LOYALTY_FAILPOINT_LOG"


@dataclass(slots=True)
class Failpoint:
    """The point at which this process is to die, and how many passes are left until then."""

    name: str
    passes_left: int
    log: str = ""


class _Armed:
    point: Failpoint | None = None


def maybe_fail(name: str) -> None:
    """Die here with -9, if this process was started to die at this pass of this point."""
    if _Armed.point is None:
        return
    _pass(_Armed.point, name)


def arm(point: Failpoint | None) -> None:
    """Choose where this process dies, or that it does not; for processes forked from one that has started already."""
    _Armed.point = point


def read(text: str, log: str) -> Failpoint | None:
    """Read ``NAME:N`` (N from 1; 1 when it is left out); an empty text is no point.

    :raises ValueError: N is not a whole number from 1.
    """
    if not text:
        return None
    name, _, passes = text.partition(":")
    number = int(passes or 1)
    if number < 1:
        raise ValueError(f"{VARIABLE} is {text!r}; the pass counts from 1.")
    return Failpoint(name, number, log)


def _pass(point: Failpoint, name: str) -> None:
    if point.name not in (name, ANY):
        return
    point.passes_left -= 1
    if point.passes_left > 0:
        return
    if point.log:
        # One short write to a file opened for appending is whole, whoever else writes, and outlives the process.
        descriptor = os.open(point.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(descriptor, f"{name} {os.getpid()}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)


arm(read(os.environ.get(VARIABLE, ""), os.environ.get(LOG_VARIABLE, "")))
