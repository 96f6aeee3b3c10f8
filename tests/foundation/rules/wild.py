"""Rules put together without regard for types; the checker keeps those that mean something."""

import random
from decimal import Decimal
from typing import Any

from loyalty.foundation.rules.api import list_operators
from tests.foundation.rules.world import SCHEMA

FIELDS = [field.name for field in SCHEMA.fields]
NAMES = [entry.name for entry in list_operators() if entry.is_compilable and entry.asks == "facts"]
DAY, INSTANT = "2026-11-20", "2026-10-21T14:30:00Z"
CONSTANTS: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, Decimal("0.1"), Decimal("30.5"), 10**20),
    *("", "a", "Paris", "gold", DAY, INSTANT, "5", "0.10"),
    *([], ["a", None], [0, 1], [DAY], [True, None], [None]),
]


class WildMaker:
    """Makes rules of any operator with any operands, so that oddities no careful maker thinks of appear."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def rule(self, depth: int) -> Any:
        """A rule, most often a meaningless one."""
        pick = self._chance
        if depth <= 0 or pick.random() < 0.35:
            return {"var": pick.choice(FIELDS)} if pick.random() < 0.6 else pick.choice(CONSTANTS)
        name = pick.choice(NAMES)
        return {name: self._operands(name, depth - 1)}

    def _operands(self, name: str, depth: int) -> list[Any]:
        """Operands of the number the operator takes where only constants are taken; any operands otherwise."""
        pick = self._chance
        match name:
            case "date" | "datetime":
                return [pick.choice([DAY, INSTANT])]
            case "today" | "now":
                return []
            case "days_ago":
                return [pick.choice([0, 1, 30])]
            case "within_days":
                return [self.rule(depth), pick.choice([1, 30, -30])]
            case "missing":
                return pick.sample(FIELDS, pick.choice([1, 2]))
            case "missing_some":
                return [1, pick.sample(FIELDS, 2)]
            case "var":
                return [pick.choice(FIELDS), self.rule(depth)]
            case "all" | "some" | "none":
                return [{"var": pick.choice(["tags", "scores"])}, self._body()]
        return [self.rule(depth) for _ in range(pick.choice([1, 2, 2, 2, 3]))]

    def _body(self) -> Any:
        pick = self._chance
        element = {"var": ""}
        test = {pick.choice(["==", "<", "in", "!", "starts_with", "cat", "+"]): [element, pick.choice(CONSTANTS)]}
        return pick.choice([element, test])
