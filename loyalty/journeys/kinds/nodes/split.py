"""Customers are led several ways by lot; who was drawn keeps the way, if the split is sticky or an experiment."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loyalty.journeys.contracts import FieldKind, FieldSpec, Node, NodeKind, Problem, Severity, SplitMode
from loyalty.journeys.policy.graph import split_weights
from loyalty.journeys.policy.validation import World

BRANCHES_MIN, BRANCHES_MAX = 2, 20
WEIGHT_MAX = 10_000


class SplitNode:
    """``{"mode": "random" | "sticky" | "experiment", "branches": [{"code", "weight"}], "salt", "holdout"}``.

    ``salt`` is also the name of an experiment; ``holdout`` is the code of the branch of those whom it leaves alone.
    """

    kind = NodeKind.SPLIT
    title = "Split"
    description = (
        "Lead customers several ways by lot, in proportion to weights. In a sticky split and in an experiment a "
        "customer keeps the way once drawn, whatever becomes of the weights."
    )
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
            description="Two splits with the same salt lead a customer the same way; the node's id when it is empty. "
            "An experiment has it for its name.",
        ),
        FieldSpec(
            *("holdout", FieldKind.TEXT, "Holdout"), maximum=64,
            description="The branch of those whom the experiment leaves alone.",
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
        yield from _experiment(node.config, codes, world)


def _experiment(config: Mapping[str, Any], codes: Sequence[str], world: World) -> Iterator[Problem]:
    """Hold what only an experiment has: its name, its holdout, the same branches wherever it is led by."""
    name, holdout = str(config.get("salt") or ""), config.get("holdout")
    if config.get("mode") != SplitMode.EXPERIMENT:
        if holdout:
            yield _wrong(
                "holdout", "Only an experiment has a holdout.", "Make it an experiment, or remove the holdout."
            )
        return
    if not name:
        yield _wrong("salt", "The experiment has no name.", "Name it; splits of the same name are one experiment.")
    if holdout and holdout not in codes:
        yield _wrong("holdout", f"The holdout {holdout!r} is no branch of the split.", "Choose one of its branches.")
    elsewhere = world.experiments.get(name, frozenset())
    if elsewhere and elsewhere != set(codes):
        yield Problem(
            "journeys.experiment_differs",
            f"The experiment {name!r} leads by other branches now: {', '.join(sorted(elsewhere))}. Who has a branch "
            "that is not here is drawn again, and counts as mixed.",
            "Use the same branches; a weight of 0 takes nobody new.", severity=Severity.WARNING, field="branches",
        )  # fmt: skip


def _wrong(field: str, message: str, repair: str) -> Problem:
    return Problem("journeys.split_invalid", message, repair, field=field)
