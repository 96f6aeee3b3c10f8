"""Customers are led several ways by lot; the same customer always the same way."""

from collections.abc import Iterator, Mapping

from loyalty.journeys.contracts import FieldKind, FieldSpec, Node, NodeKind, Problem, SplitMode
from loyalty.journeys.policy.graph import split_weights
from loyalty.journeys.policy.validation import World

BRANCHES_MIN, BRANCHES_MAX = 2, 20
WEIGHT_MAX = 10_000


class SplitNode:
    """``{"mode": "random" | "experiment", "branches": [{"code", "weight"}], "salt"}``."""

    kind = NodeKind.SPLIT
    title = "Split"
    description = "Lead customers several ways by lot, in proportion to weights. A customer keeps the way once drawn."
    icon = "i-lucide-split"
    fields = (
        FieldSpec(
            *("mode", FieldKind.CHOICE, "Kind"), choices=tuple(one.value for one in SplitMode), default="random"
        ),
        FieldSpec(
            *("branches", FieldKind.LIST, "Branches"), is_required=True, minimum=BRANCHES_MIN, maximum=BRANCHES_MAX
        ),
        FieldSpec(
            *("salt", FieldKind.TEXT, "Salt"), maximum=64,
            description="Two splits with the same salt lead a customer the same way; the node's id when it is empty.",
        ),
    )  # fmt: skip

    def problems_of(self, node: Node, world: World) -> Iterator[Problem]:
        """Hold the branches against their form."""
        given = node.config.get("branches")
        codes: list[str] = []
        for place, one in enumerate(given if isinstance(given, list | tuple) else ()):
            field = f"branches.{place}"
            code = one.get("code") if isinstance(one, Mapping) else None
            weight = one.get("weight", 1) if isinstance(one, Mapping) else None
            if not isinstance(code, str) or not 0 < len(code) <= 64:
                yield _wrong(field, "A branch has a code.", "Give the branch a short name.")
            elif code in codes:
                yield _wrong(field, f"Two branches are called {code!r}.", "Give each branch a name of its own.")
            else:
                codes.append(code)
            if isinstance(weight, bool) or not isinstance(weight, int) or not 0 <= weight <= WEIGHT_MAX:
                yield _wrong(field, "A weight is a whole number from 0 to 10,000.", "Correct the weight.")
        weights = split_weights(node)
        if weights and not any(weights.values()):
            yield _wrong("branches", "All weights are 0.", "Give at least one branch a weight.")


def _wrong(field: str, message: str, repair: str) -> Problem:
    return Problem("journeys.split_invalid", message, repair, field=field)
