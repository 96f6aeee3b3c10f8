"""Lines on the terminal: what is being done, and how many seconds it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_BEGAN = time.monotonic()


def say(text: str) -> None:
    """One line of progress with the seconds since the start, on stderr so that stdout stays for answers."""
    sys.stderr.write(f"[{time.monotonic() - _BEGAN:6.1f} s] {text}\n")
    sys.stderr.flush()


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a long step and say when it is done. A step that raises says nothing more; the error will."""
    say(f"{text} …")
    began = time.monotonic()
    yield
    say(f"{text}: done in {time.monotonic() - began:.1f} s")
