"""Which function does which kind of run; filled when the platform starts."""

from collections.abc import Callable
from typing import Any

Execute = Callable[[Any], dict[str, Any]]


class _Registry:
    kinds: dict[str, Execute] = {}  # noqa: RUF012 - one registry for the process


def register(kind: str, execute: Execute) -> None:
    """Have runs of a kind done by a function that takes a RunContext and gives the result."""
    _Registry.kinds[kind] = execute


def find(kind: str) -> Execute | None:
    """Give the function of a kind, or None when this version has none."""
    return _Registry.kinds.get(kind)
