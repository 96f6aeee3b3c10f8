"""Something is done for the customer; which thing is the action's own kind."""

from collections.abc import Iterator

from loyalty.journeys.contracts import FieldKind, FieldSpec, Node, NodeKind, Problem
from loyalty.journeys.policy.validation import World

RETRIES_MAX = 10
# A week: what does not work for so long is no fault that passes.
RETRY_MINUTES_MAX = 10_080


class ActionNode:
    """``{"action_type": …, the action's own fields, "retries_max", "retry_after_minutes"}``."""

    kind = NodeKind.ACTION
    title = "Action"
    description = "Do something for the customer: write, give points, start a campaign."
    icon = "i-lucide-zap"
    fields = (
        FieldSpec("action_type", FieldKind.CHOICE, "Action", is_required=True),
        FieldSpec(
            *("retries_max", FieldKind.INTEGER, "Tries again"), minimum=0, maximum=RETRIES_MAX, default=3,
            description="How often a failure that may pass is tried again before the failure branch is taken.",
        ),
        FieldSpec(
            *("retry_after_minutes", FieldKind.INTEGER, "Minutes between tries"), minimum=1, maximum=RETRY_MINUTES_MAX,
            default=15,
        ),
    )  # fmt: skip

    def problems_of(self, node: Node, world: World) -> Iterator[Problem]:
        """Ask the action's kind."""
        kind = node.config.get("action_type")
        if not kind:
            return
        action = world.actions.get(str(kind))
        if action is None:
            known = ", ".join(sorted(name for name, one in world.actions.items() if not one.unavailable_reason))
            yield Problem(
                "journeys.action_unknown", f"There is no action {str(kind)[:60]!r}.", f"Choose one of: {known}.",
                field="action_type",
            )  # fmt: skip
        elif action.unavailable_reason:
            yield Problem(
                "journeys.action_unavailable", action.unavailable_reason, "Choose another action.", field="action_type"
            )
        else:
            yield from action.problems_of(node.config)
