"""Where customers finish, with an outcome."""

from collections.abc import Iterator

from loyalty.journeys.contracts import FieldKind, FieldSpec, Node, NodeKind, Problem
from loyalty.journeys.policy.validation import World


class EndNode:
    """``{"outcome": code, "is_goal": bool}``."""

    kind = NodeKind.END
    title = "End"
    description = "The journey is over, with an outcome that is counted."
    icon = "i-lucide-flag"
    fields = (
        FieldSpec("outcome", FieldKind.TEXT, "Outcome", maximum=64),
        FieldSpec("is_goal", FieldKind.BOOLEAN, "Counts as the goal", default=False),
    )

    def problems_of(self, node: Node, world: World) -> Iterator[Problem]:
        """Nothing beyond the fields."""
        yield from ()
