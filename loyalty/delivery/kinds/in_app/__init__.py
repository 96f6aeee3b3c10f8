"""The inbox in the operator's app."""
