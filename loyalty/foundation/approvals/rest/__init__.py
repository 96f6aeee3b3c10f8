"""HTTP routes of approvals."""
