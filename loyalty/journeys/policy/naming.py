"""The names under which effects happen once and results are found."""

import uuid


def effect_key(execution_id: uuid.UUID, node_id: str, visit: int) -> str:
    """Give the name under which the effect of a step happens once."""
    return f"journey:{execution_id}:{node_id}:{visit}"


def result_name(node_id: str) -> str:
    """Give the name in the context under which later nodes find what a node came to."""
    return f"action_result_{node_id}"
