"""How a split draws: by which lot, among which branches, and under which name a customer's branch is kept."""

from collections.abc import Mapping
from dataclasses import dataclass

from loyalty.foundation.rules import api as rules
from loyalty.journeys.contracts import NEXT, Node, SplitMode
from loyalty.journeys.policy.graph import split_weights

# The longest name of an experiment; what is kept has a prefix before it.
EXPERIMENT_NAME_MAX = 64


@dataclass(frozen=True, slots=True)
class Draw:
    """What a split draws by.

    ``kept_as`` names where the branch is kept once it is drawn, and is empty where it is not; ``holdout`` is the branch
    of those whom the experiment leaves alone, or empty.
    """

    salt: str
    weights: Mapping[str, int]
    kept_as: str = ""
    holdout: str = ""

    @property
    def ceilings(self) -> list[int]:
        """The first bucket behind each branch; the last one is the number of buckets."""
        found: list[int] = []
        for weight in self.weights.values():
            found.append((found[-1] if found else 0) + weight)
        return found

    @property
    def total(self) -> int:
        """The number of buckets."""
        return sum(self.weights.values())

    def bucket_of(self, customer_id: str) -> int:
        """Give the bucket of a customer (public id as text); 0 where there are none."""
        return rules.bucket_of(self.salt, customer_id, self.total) if self.total > 0 else 0

    def branch_of(self, customer_id: str) -> str:
        """Give the branch that a customer is drawn to by the weights of now."""
        if self.total <= 0:
            return NEXT
        bucket = self.bucket_of(customer_id)
        return next(code for code, ceiling in zip(self.weights, self.ceilings, strict=True) if bucket < ceiling)


def draw_of(node: Node, journey_id: str) -> Draw:
    """Give how a split draws; ``journey_id`` is the public id of the journey that it stands in, as text.

    An experiment is kept by its name, the salt, over all journeys; a sticky split for its journey alone, over all of
    its versions. An experiment without a name can only be one of its journey.
    """
    mode, name = node.config.get("mode"), str(node.config.get("salt") or "")
    kept_as = ""
    if mode == SplitMode.EXPERIMENT and name:
        kept_as = f"experiment {name}"
    elif mode in (SplitMode.EXPERIMENT, SplitMode.STICKY):
        kept_as = f"journey {journey_id} {name or node.id}"
    holdout = str(node.config.get("holdout") or "") if mode == SplitMode.EXPERIMENT else ""
    return Draw(name or node.id, split_weights(node), kept_as, holdout)
