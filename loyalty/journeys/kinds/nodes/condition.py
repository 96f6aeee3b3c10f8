"""A question about the customer: yes, no, or not known."""

from collections.abc import Iterator

from loyalty.journeys.contracts import NO, YES, FieldKind, FieldSpec, Node, NodeKind, Problem
from loyalty.journeys.policy.validation import World


class ConditionNode:
    """``{"rule": JSONLogic over features, event.* and context.*, "unknown": "no" | "yes"}``."""

    kind = NodeKind.CONDITION
    title = "Condition"
    description = "Ask something about the customer and go one of two ways, or a third when it is not known."
    icon = "i-lucide-git-branch"
    fields = (
        FieldSpec("rule", FieldKind.RULE, "Rule", is_required=True),
        FieldSpec(
            *("unknown", FieldKind.CHOICE, "When it is not known"), choices=(NO, YES), default=NO,
            description="Which way is taken when a fact is missing and no connection leaves at “unknown”.",
        ),
    )  # fmt: skip

    def problems_of(self, node: Node, world: World) -> Iterator[Problem]:
        """Nothing beyond the fields; the rule is checked with all other rules of the graph."""
        yield from ()
