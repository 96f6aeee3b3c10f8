"""Writes of approvals: submit, decide, close, bypass; workflows and delegations."""
