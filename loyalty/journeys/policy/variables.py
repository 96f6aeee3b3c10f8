"""Values in texts of actions, such as ``{{customer.first_name}}`` and ``{{account.points_balance}}``.

A path begins with ``customer``, ``account``, ``event``, ``context`` or ``feature``; what it names is put in as text,
and a text that is one path alone keeps the type of its value.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from loyalty.journeys.policy.conditions import value_at

ROOTS = ("customer", "account", "event", "context", "feature", "journey")
CUSTOMER = ("first_name", "last_name", "customer_ref", "language", "time_zone", "id")
ACCOUNT = ("points_balance", "tier_name", "tier_code", "program_name")
JOURNEY = ("id", "name")
_KNOWN = {"customer": CUSTOMER, "account": ACCOUNT, "journey": JOURNEY}
PLACE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_-]+)*)\s*\}\}")
NAME = re.compile(r"[a-z_][a-z0-9_]{0,63}\Z", re.ASCII)


def paths_in(value: Any) -> Iterator[str]:
    """Give the paths that a text, or the texts inside lists and objects, name."""
    if isinstance(value, str):
        yield from (match[1] for match in PLACE.finditer(value))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from paths_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from paths_in(one)


def why_unknown(path: str) -> str:
    """Say why a path names nothing; empty when it names something."""
    root, _, rest = path.partition(".")
    if root not in ROOTS or not rest:
        return f"{path} names nothing; begin with one of {', '.join(ROOTS)}."
    if root in _KNOWN and rest not in _KNOWN[root]:
        return f"{path} names nothing; {root} has {', '.join(_KNOWN[root])}."
    return ""


def features_in(paths: Iterable[str]) -> list[str]:
    """Give the features that paths name."""
    return sorted({path.partition(".")[2] for path in paths if path.startswith("feature.")})


def fill(value: Any, known: Mapping[str, Any]) -> Any:
    """Put values into a text, or into the texts inside lists and objects; what is not known becomes nothing."""
    if isinstance(value, str):
        whole = PLACE.fullmatch(value.strip())
        if whole is not None:
            return value_at(known, whole[1])
        return PLACE.sub(lambda match: _told(value_at(known, match[1])), value)
    if isinstance(value, Mapping):
        return {name: fill(one, known) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [fill(one, known) for one in value]
    return value


def _told(value: Any) -> str:
    return "" if value is None else str(value)
